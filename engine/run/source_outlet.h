#pragma once

#include "engine/run/query_control.h"
#include "engine/run/split_watermarks.h"
#include "engine/run/stage_instance.h"
#include "engine/run/topology.h"
#include "engine/run/window_grid.h"
#include "ingest/outlet.h"
#include "ops/expr/program.h"
#include "state/value_range.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace thalweg {

// What ends a query whose table `name` may not have a record like this.
[[nodiscard]] std::string unread_record_text(const std::string& name, const Rejected& record);

// What the instances of one source on all ingest agents know of each other.
struct SourceShared {
    std::atomic<std::uint64_t> splits_opened{0};
};

// The engine's side of the door: takes the batches of one source on one agent, computes the columns
// that the query wants, and delivers them to the first stage in segments, with watermarks between.
//
// Time
//   The watermark of a split is the running maximum of the WATERMARK expression over its rows; that
//   of the source, the least of its active splits. Rows with a NULL time do not move it. A batch is
//   cut before a row that would fare differently under the watermark in force before it
//   (WindowGrid), so that the results are those of rows processed one at a time. A watermark that
//   passes the end of no window fires nothing and makes no row late: it is kept until the source
//   pauses, so that batches fill behind the exchange. Where the expression is the time minus a
//   constant it is not evaluated: the latest time of a batch says how far the watermark moves.
//   An unbounded source that has no active split here does not hold others back, once it has opened
//   a split on any agent.
//
// Contract  While the stage has no room, what is left of the batch is held, and ready() is false.
// Threads   Its ingest agent's.
// Failure   A failing expression, and a rejected record of a source that ignores none, fail the
//           query.
class SourceOutlet final : public Outlet {
  public:
    struct Settings {
        const SourceStage* source = nullptr;  // Borrowed from the topology.
        StageInstance* stage = nullptr;       // Borrowed, as are the next three.
        SourceShared* shared = nullptr;
        const TurnClock* clock = nullptr;
        QueryControl* control = nullptr;
        std::size_t channel = 0;  // Of the stage's port 0.
        std::size_t segment_rows_max = kBatchRows;
        bool is_bounded = false;
        // For each rejected record, with the name of its source.
        std::function<void(const std::string& name, const Rejected& record)> on_reject;
    };

    explicit SourceOutlet(Settings settings);

    SplitId open_split() override;
    void close_split(SplitId split) override;
    [[nodiscard]] bool ready() override;
    void offer(SplitId split, const Batch& rows) override;
    void reject(const Rejected& record) override;
    void flush() override;

    // The source was stopped: a split that closes from now on has not come to its end, and goes on
    // holding the watermark back.
    void stop() noexcept { is_stopped_ = true; }

    // Goes on with a held batch, and lets silent splits go. Returns whether anything was done.
    bool resume();

    // Where several sources share an agent they are read in step at first: a row each in a turn,
    // twice as many after every so many turns. Inputs that begin together then meet as they would
    // have live, and a join need not keep the whole of one before it sees the other.
    void set_slow_start(bool is_slow) noexcept { turn_rows_ = is_slow ? 1 : kBatchRows; }

    // The agent's next turn: again so many rows may be delivered.
    void begin_turn() noexcept;

    // The source has delivered everything: the stage's channel ends, after Watermark::max() when
    // open windows shall fire. Called once, when ready().
    void end(bool fires_all);

    // The source has delivered everything for now: open windows stay as they are, and the channel
    // too. Called when ready().
    void rest();

    // Whether nothing is held, and the stage is not at work.
    [[nodiscard]] bool is_quiet() const noexcept {
        return !held_ && !settings_.stage->is_busy() && !is_barred();
    }

    // A barrier has been sent and is not through: what is said about time waits.
    [[nodiscard]] bool is_barred() const noexcept {
        return settings_.stage->is_barred(0, settings_.channel);
    }

    // Tells the stage how far time has come, though no window ends there.
    void send_watermark();

    // The end of an epoch, while nothing is held: what was offered so far belongs to it.
    void barrier();

    // What the stage has been told about time, and whether there was anything to say.
    [[nodiscard]] Watermark watermark() const noexcept { return sent_; }

    [[nodiscard]] bool has_had_split() const noexcept { return has_had_split_; }

    // Goes on from there; before the first split.
    void resume_from(Watermark watermark, bool has_had_split);

    [[nodiscard]] bool is_holding() const noexcept { return held_.has_value(); }

    [[nodiscard]] std::uint64_t rows_delivered() const noexcept { return rows_delivered_; }

    [[nodiscard]] const std::array<std::uint64_t, kRejectReasonCount>& rejected() const noexcept {
        return rejected_;
    }

  private:
    // A batch on its way: what is left of it begins at `position`.
    struct Held {
        SplitId split;
        std::span<const Column* const> columns;
        const RowKind* kinds = nullptr;      // Null: all are insertions.
        const Column* times = nullptr;       // Null: rows without a time.
        const Column* watermarks = nullptr;  // Of these the delay is to be taken off.
        std::optional<ValueRange> range;     // Of the watermarks.
        OwedCells* owed = nullptr;
        std::size_t position = 0;
        std::size_t size = 0;
        Watermark running;  // Of the split, after the rows delivered.
        bool is_closing = false;
    };

    void evaluate(SplitId split, const Batch& rows);
    void fill_owed();
    void deliver_segment();
    void finish_batch();
    [[nodiscard]] std::size_t segment_limit() const;
    [[nodiscard]] std::size_t segment_end(Watermark others, Watermark& running) const;
    [[nodiscard]] std::size_t find_cut(std::size_t limit,
                                       Watermark others,
                                       Watermark& running) const;
    [[nodiscard]] std::size_t find_cut_in_order(std::size_t limit,
                                                Watermark others,
                                                Watermark& running) const;
    [[nodiscard]] bool is_in_order(std::size_t limit) const;
    [[nodiscard]] bool is_behind(Watermark others) const;
    [[nodiscard]] Watermark after_rows(std::size_t end) const;
    void raise(Watermark watermark);
    void follow_splits();

    Settings settings_;
    Program columns_program_;
    std::optional<std::int64_t> delay_ns_;      // The watermark is the time minus this: most are.
    std::optional<Program> watermark_program_;  // Where it is something else.
    WindowGrid grid_;
    SplitWatermarks splits_;
    OpContext context_;
    std::optional<Held> held_;
    Watermark current_;  // Of the source, as if after every row.
    Watermark sent_;     // What the stage has been told.
    bool is_idle_ = false;
    bool is_flush_wanted_ = false;
    bool is_stopped_ = false;
    bool has_ended_ = false;
    bool has_had_split_ = false;
    std::size_t turn_rows_ = kBatchRows;       // Delivered in one turn, at most.
    std::size_t turn_rows_left_ = kBatchRows;  // In this one. Whole batches are not counted.
    std::size_t turns_ = 0;
    std::uint64_t rows_delivered_ = 0;
    std::array<std::uint64_t, kRejectReasonCount> rejected_{};
};

}  // namespace thalweg
