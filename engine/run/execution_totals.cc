// How an execution sums what its agents have counted.

#include "engine/run/execution.h"

#include <numeric>

namespace thalweg {

std::uint64_t QueryTotals::malformed_sum() const noexcept {
    return std::accumulate(malformed.begin(), malformed.end(), std::uint64_t{0});
}

QueryTotals Execution::totals() const {
    QueryTotals totals;
    for (const std::unique_ptr<IngestAgent>& agent : ingest_) {
        for (std::size_t i = 0; i < topology_->sources.size(); ++i) {
            const SourceTotals source = agent->totals(i);
            totals.rows_in += source.source.received_records;
            totals.bytes_in += source.source.received_bytes;
            totals.emitted += source.rows_delivered;
            totals.shed += source.source.shed_records;
            totals.kernel_dropped += source.source.kernel_dropped;
            totals.repeated += source.source.repeated_records;
            totals.refused += source.source.refused_connections;
            totals.journal_bytes += source.source.journal_bytes;
            totals.journal_groups += source.source.journal_groups;
            for (std::size_t k = 0; k < kRejectReasonCount; ++k)
                totals.malformed[k] += source.rejected[k];
        }
    }
    totals.state_bytes = lookup_bytes_;
    if (epochs_ != nullptr) {
        totals.moved_groups = epochs_->mover().moved_groups();
        totals.load_permille = epochs_->mover().load_permille();
    }
    for (const auto& instances : stages_) {
        for (const std::unique_ptr<StageInstance>& stage : instances) {
            const StageCounters counters = stage->totals();
            totals.late += counters.ops.late_rows;
            totals.filtered += counters.ops.filtered_rows;
            totals.null_time += counters.ops.null_time_rows;
            totals.state_bytes += counters.memory_bytes;
        }
    }
    for (std::size_t i = 0; i < topology_->sinks.size(); ++i) {
        const SinkCounters sink = merge_->sink_totals(i);
        totals.rows_out += sink.rows;
        totals.bytes_out += sink.bytes;
        totals.sink_dropped += sink.dropped;
    }
    return totals;
}

}  // namespace thalweg
