#pragma once

#include "engine/run/epoch/manifest.h"
#include "engine/run/epoch/result_numbers.h"
#include "engine/run/epoch/source_state.h"
#include "state/batch.h"
#include "state/store/snapshot_reader.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace thalweg {

// A snapshot as recovery reads it. What is small is read when it is opened; the state of operators
// when it is asked for.
//
// Threads  One at a time.
// Failure  kCorrupt for bytes that are damaged or that no version of this program has written,
//          kUnsupported for sections that only a later one knows.
class RecoveredEpoch {
  public:
    [[nodiscard]] static Result<RecoveredEpoch> read(const SnapshotReader& snapshot);

    // Whether there is anything to go on from: a new store has a generation without sections.
    [[nodiscard]] bool is_fresh() const noexcept { return is_fresh_; }

    [[nodiscard]] const Manifest& manifest() const noexcept { return manifest_; }

    // Of a snapshot that was copied here: journal segments up to this number are not its own.
    [[nodiscard]] const std::optional<Generation>& copied_through() const noexcept {
        return copied_through_;
    }

    // By the agent that wrote it.
    using SourceStates = std::map<std::uint32_t, SourceState>;

    // Of a source by its name; empty if it was not there.
    [[nodiscard]] const SourceStates& source(const std::string& name) const;

    struct Outbox {
        std::string start;  // OutboxTarget::position() before the first epoch.
        std::deque<OutboxEpoch> epochs;
    };

    // By the name of the sink.
    [[nodiscard]] const std::map<std::string, Outbox>& outboxes() const noexcept {
        return outboxes_;
    }

    [[nodiscard]] std::map<std::string, Outbox> take_outboxes() { return std::move(outboxes_); }

    // Of a sink by its name; from the beginning if it was not numbered.
    [[nodiscard]] ResultCount result_count(const std::string& name) const;

    // Calls `visit` for the rows of a table of state, in batches of `schema`, each with the
    // watermark of the instance that wrote it; also once for a part without rows. A table that has
    // another schema in the snapshot is an error that names it.
    using VisitRows = std::function<Result<void>(const Batch& rows, Watermark watermark)>;
    [[nodiscard]] Result<void> read_table(const std::string& owner,
                                          const SchemaPtr& schema,
                                          const VisitRows& visit) const;

  private:
    explicit RecoveredEpoch(const SnapshotReader& snapshot) : snapshot_(&snapshot) {}

    [[nodiscard]] Result<void> read_section(std::size_t index);
    [[nodiscard]] Result<void> read_outbox(const SectionEntry& entry, StateReader& reader);

    const SnapshotReader* snapshot_;
    bool is_fresh_ = true;
    Manifest manifest_;
    std::optional<Generation> copied_through_;
    std::map<std::string, SourceStates> sources_;
    std::map<std::string, Outbox> outboxes_;
    std::map<std::string, ResultCount> result_counts_;
};

}  // namespace thalweg
