#include "engine/run/epoch/recovery.h"

#include "engine/run/epoch/epoch_part.h"
#include "state/batch_codec.h"
#include "state/store/journal_files.h"
#include "state/store/state_reader.h"

#include <array>

namespace thalweg {

namespace {

// The rest of a section, which is no more than a part was.
Result<std::vector<std::byte>> read_rest(StateReader& reader, std::uint64_t size) {
    std::vector<std::byte> bytes(size);
    reader.raw(bytes);
    TRY_VOID(reader.finish());
    return bytes;
}

}  // namespace

Result<RecoveredEpoch> RecoveredEpoch::read(const SnapshotReader& snapshot) {
    static constexpr std::array<std::string_view, 7> kKnown = {kManifestKind,
                                                               kOperatorKind,
                                                               kPositionsKind,
                                                               kOutboxKind,
                                                               kOutboxStartKind,
                                                               kNumbersKind,
                                                               kCopiedKind};
    TRY_VOID(snapshot.refuse_unknown(kKnown));
    RecoveredEpoch recovered(snapshot);
    for (std::size_t i = 0; i < snapshot.sections().size(); ++i)
        TRY_VOID(recovered.read_section(i));
    return recovered;
}

const RecoveredEpoch::SourceStates& RecoveredEpoch::source(const std::string& name) const {
    static const SourceStates kNone;
    const auto found = sources_.find(name);
    return found == sources_.end() ? kNone : found->second;
}

ResultCount RecoveredEpoch::result_count(const std::string& name) const {
    const auto found = result_counts_.find(name);
    return found == result_counts_.end() ? ResultCount{} : found->second;
}

Result<void> RecoveredEpoch::read_section(std::size_t index) {
    const SectionEntry& entry = snapshot_->sections()[index];
    if (entry.label.kind == kOperatorKind) return {};  // When it is asked for.
    BlockStream stream = snapshot_->stream(index);
    StateReader reader(stream);
    if (entry.label.kind == kManifestKind) {
        is_fresh_ = false;
        manifest_ = read_manifest(reader);
    } else if (entry.label.kind == kPositionsKind) {
        sources_[entry.label.owner][entry.label.part] = read_source_state(reader);
    } else if (entry.label.kind == kCopiedKind) {
        copied_through_ = reader.u64();
    } else if (entry.label.kind == kOutboxStartKind) {
        TRY(const std::vector<std::byte> bytes, read_rest(reader, entry.length));
        outboxes_[entry.label.owner].start.assign(reinterpret_cast<const char*>(bytes.data()),
                                                  bytes.size());
    } else if (entry.label.kind == kNumbersKind) {
        result_counts_[entry.label.owner] = read_result_count(reader);
    } else if (entry.label.kind == kOutboxKind) {
        return read_outbox(entry, reader);
    }
    return reader.finish();
}

Result<void> RecoveredEpoch::read_outbox(const SectionEntry& entry, StateReader& reader) {
    constexpr std::uint64_t kHeadBytes = 16;
    const std::uint64_t epoch = reader.u64();
    const std::int64_t sealed_ns = reader.i64();
    TRY_VOID(reader.finish());
    std::deque<OutboxEpoch>& epochs = outboxes_[entry.label.owner].epochs;
    if (epochs.empty() || epochs.back().epoch != epoch) {
        epochs.emplace_back();
        epochs.back().epoch = epoch;
        epochs.back().sealed_ns = sealed_ns;
    }
    TRY(std::vector<std::byte> bytes, read_rest(reader, entry.length - kHeadBytes));
    if (bytes.empty()) return {};
    epochs.back().bytes += bytes.size();
    epochs.back().pieces.push_back(std::move(bytes));
    return {};
}

Result<void> RecoveredEpoch::read_table(const std::string& owner,
                                        const SchemaPtr& schema,
                                        const VisitRows& visit) const {
    Batch rows(schema);
    for (std::size_t i = 0; i < snapshot_->sections().size(); ++i) {
        const SectionLabel& label = snapshot_->sections()[i].label;
        if (label.kind != kOperatorKind || label.owner != owner) continue;
        BlockStream stream = snapshot_->stream(i);
        StateReader reader(stream);
        const Watermark watermark{reader.i64()};
        const Schema written = read_schema(reader);
        TRY_VOID(reader.finish());
        if (written != *schema)
            return fail(Code::kInvalid,
                        stream.name() + ": the state of " + owner +
                            " was written with other columns than this query has; another state "
                            "directory starts from nothing");
        rows.clear();
        TRY_VOID(visit(rows, watermark));
        while (!reader.at_end()) {
            rows.clear();
            read_rows(reader, rows);
            TRY_VOID(reader.finish());
            TRY_VOID(visit(rows, watermark));
        }
        TRY_VOID(reader.finish());
    }
    return {};
}

}  // namespace thalweg
