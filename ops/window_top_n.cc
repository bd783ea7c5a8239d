#include "ops/window_top_n.h"

#include "ops/local_time.h"
#include "ops/progress_table.h"
#include "ops/rank_partitions.h"
#include "ops/ranked_output.h"
#include "ops/row_slicer.h"
#include "ops/window_fields.h"
#include "state/base/assertion.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace thalweg {

namespace {

class WindowTopN final : public Op {
  public:
    explicit WindowTopN(const WindowTopNSpec& spec)
        : zone_(spec.zone),
          plan_(spec.rank),
          slicer_(attached_window(spec.start_column, spec.end_column), true),
          out_(spec.rank) {
        ASSERT(!spec.rank.is_changing);
    }

    void process(std::size_t, const BatchView& rows, OpContext& context, Emitter&) override {
        for (const RowSlicer::Part& part : slicer_.cut(rows, context)) {
            if (watermark_.passes(part.id.end)) {
                context.counters.late_rows += part.rows.size();
                continue;
            }
            add(partitions_of(part.id), rows, part.rows);
        }
    }

    Progress advance(Watermark watermark, OpContext&, Emitter& out) override {
        const Watermark limit = std::max(watermark_, local_watermark(watermark, zone_));
        std::size_t work = 0;
        while (!windows_.empty() && limit.passes(windows_.begin()->first.end)) {
            RankPartitions& window = windows_.begin()->second;
            for (; fired_ < window.size(); ++fired_) {
                if (work >= kEmitRowsMax) {
                    out_.flush(out);
                    return Progress::kMore;
                }
                window.for_each_ranked(static_cast<std::uint32_t>(fired_),
                                       [&](const Record* record, std::uint64_t number) {
                                           out_.put(*record, number, RowKind::kInsert, out);
                                           ++work;
                                       });
                ++work;
            }
            while (window.is_frozen())
                window.save(kBatchRows);
            windows_.erase(windows_.begin());
            fired_ = 0;
        }
        out_.flush(out);
        watermark_ = limit;
        return Progress::kDone;
    }

    [[nodiscard]] Watermark next_fire() override {
        if (windows_.empty()) return Watermark::max();
        return watermark_that_passes(windows_.begin()->first.end, zone_);
    }

    [[nodiscard]] std::vector<StateTable> state_tables() const override {
        return {plan_.rows_table(), progress_table({"passed", "arrival"})};
    }

    void freeze(StateOut& out) override {
        for (auto& [id, window] : windows_)
            window.freeze(out);
        write_progress(out, 1, {watermark_.nanos, static_cast<std::int64_t>(plan_.next_arrival)});
    }

    Progress save(std::size_t rows_max) override {
        std::size_t saved = 0;
        for (auto& [id, window] : windows_) {
            while (window.is_frozen()) {
                if (saved >= rows_max) return Progress::kMore;
                saved += window.save(rows_max - saved);
            }
        }
        return Progress::kDone;
    }

    void load(std::size_t table,
              const BatchView& rows,
              Watermark watermark,
              OpContext& context) override {
        watermark_ = std::max(watermark_, local_watermark(watermark, zone_));
        if (table == 0) {
            for (const RowSlicer::Part& part : slicer_.cut(rows, context))
                partitions_of(part.id).restore(rows, part.rows);
            return;
        }
        plan_.next_arrival = greatest_progress(rows, 1, plan_.next_arrival);
    }

    [[nodiscard]] std::size_t memory_bytes() const override {
        std::size_t total = plan_.memory_bytes() + out_.memory_bytes();
        for (const auto& [id, window] : windows_)
            total += window.memory_bytes();
        return total;
    }

  private:
    RankPartitions& partitions_of(const SliceId& id) {
        return windows_.try_emplace(id, plan_).first->second;
    }

    void add(RankPartitions& window, const BatchView& rows, Selection selected) {
        window.locate(rows, selected);
        plan_.codec.write(rows, selected);
        dropped_.clear();
        for (std::size_t i = 0; i < selected.size(); ++i) {
            const std::uint32_t position = plan_.positions[i];
            const std::span<const std::byte> key = plan_.keys.key(i);
            if (window.is_beyond(position, key)) continue;
            window.save_before(position);
            Record* const record = plan_.records.make(key, plan_.codec.row(i));
            record->arrival = plan_.place_of(plan_.next_arrival++);
            window.insert(position, record, dropped_);
            window.trim(position, dropped_);
        }
        for (Record* const record : dropped_)
            plan_.records.give_back(record);
    }

    TimeZonePtr zone_;
    RankPlan plan_;
    std::map<SliceId, RankPartitions> windows_;  // Behind the plan, whose records they hold.
    RowSlicer slicer_;
    RankedOutput out_;
    Watermark watermark_;
    std::size_t fired_ = 0;  // Partitions of the first window that are told.
    std::vector<Record*> dropped_;
};

}  // namespace

std::unique_ptr<Op> make_window_top_n(const WindowTopNSpec& spec) {
    return std::make_unique<WindowTopN>(spec);
}

}  // namespace thalweg
