#pragma once

#include "ingest/made_streams.h"
#include "ingest/nexmark_columns.h"
#include "ingest/nexmark_generator.h"
#include "ingest/source.h"
#include "state/batch.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace thalweg {

// The stream of the Nexmark benchmark, made up, straight into columns; bounded by 'events.num' or
// 'stop-at'. Events are divided among streams, as many as there were instances when the table was
// first read: stream i of n has events [1024 i, 1024 i + 1024) and so many every 1024 n. What the
// events are does not depend on that.
//
// Replay    The streams are divided among the instances that there are now, and go on there at
// once. Contract  Paced, an event is offered when it is due, counted from the first that this
// process
//           makes; one that is behind catches up.
// Threads   The ingest agent's.
class NexmarkSource final : public Source {
  public:
    NexmarkSource(const NexmarkSettings& settings,
                  std::vector<NexmarkColumn> columns,
                  const FormatSpec& format,
                  SourceInstance instance);

    Result<void> open(Outlet& outlet) override;
    std::size_t poll(std::int64_t now_ns, std::size_t budget, Outlet& outlet) override;

    void stop() override { is_stopping_ = true; }

    [[nodiscard]] bool finished() const override { return is_finished_; }

    [[nodiscard]] bool is_bounded() const override {
        return settings_.event_count.has_value() && !settings_.stays;
    }

    [[nodiscard]] const SourceCounters& counters() const override { return counters_; }

    [[nodiscard]] std::int64_t next_poll_ns() const override;

    [[nodiscard]] Replay replay() const override { return Replay::kPositions; }

    [[nodiscard]] Result<void> restore(const std::vector<SourcePosition>& positions) override;

    void seal(std::uint64_t epoch, std::vector<SourcePosition>& positions) override;

  private:
    [[nodiscard]] std::uint64_t events_of(const MadeStream& stream) const;
    [[nodiscard]] MadeStream* next_stream();
    [[nodiscard]] bool is_over() const;
    [[nodiscard]] std::int64_t due_ns(std::uint64_t event) const;
    [[nodiscard]] std::size_t how_many(const MadeStream& stream, std::size_t limit) const;
    void start(std::int64_t now_ns);
    void make(MadeStream& stream, std::size_t count);
    void finish(Outlet& outlet);

    NexmarkSettings settings_;
    std::vector<NexmarkColumn> columns_;
    SourceInstance instance_;
    NexmarkGenerator generator_;
    Batch batch_;
    std::vector<MadeStream> streams_;  // Of this instance.
    SourceCounters counters_;
    SplitId split_{};
    std::optional<std::int64_t> started_at_ns_;
    std::uint64_t first_event_ = 0;  // That this instance made.
    std::int64_t now_ns_ = 0;        // Of the latest poll().
    bool is_stopping_ = false;
    bool is_finished_ = false;
};

}  // namespace thalweg
