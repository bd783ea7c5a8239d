#pragma once

#include "engine/run/epoch/barrier_meeting.h"
#include "engine/run/published.h"
#include "engine/run/query_control.h"
#include "engine/run/stage_output.h"
#include "engine/run/topology.h"
#include "ops/op.h"
#include "ops/op_state.h"
#include "state/base/status.h"
#include "state/base/time.h"
#include "state/batch.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace thalweg {

class StageSaver;
class StateHandover;

// What a stage counts. Written by its thread.
struct StageCounters {
    std::uint64_t rows_in = 0;
    std::uint64_t rows_out = 0;
    OpCounters ops;
    Watermark watermark;             // Reached.
    std::uint64_t memory_bytes = 0;  // Of its operators' state; looked at now and then.
};

// One stage of a topology on one agent: its operators, chained, with input channels in front and
// outputs behind.
//
// Shape
//   port 0: channel 0, 1, ...  \                                           / output 0
//   port 1: channel 0, 1, ...  -> op 0 -> emitter -> op 1 -> ... -> emitter -> output 1 ...
//
//   A channel is one producer of the input (an agent's instance of the stage before). The watermark
//   of the stage is the minimum over the channels of all ports, idle ones left out; when none is
//   left, the furthest of them: as if that one had been the last to fall idle, so that all shards
//   come to rest at the same watermark, whichever channel they hear first. A channel that ended
//   counts with its last word: Watermark::max() when its end fires everything, and otherwise what
//   it had reached, so that nothing fires. An idle channel holds the watermark back all the same
//   while one of its wakers is not idle or has come further: then its producer has work, or will
//   hear of it, and what comes of that must not be late. And a channel on a longer way moves the
//   watermark no further than its origins have: they may have been idle, and bring their rows yet.
//   Where some have ended at max() and all others are idle, it is the furthest of the idle ones:
//   whoever hears of the ends first gets no further ahead.
//
// Barriers
//   A channel whose barrier has come is barred: whoever feeds the stage gives it nothing more from
//   there until all channels that have not ended have brought theirs. Then the instances of the
//   stage agree on a watermark and a time of day (BarrierMeeting), the operators are
//   flushed and frozen (Op::freeze), and the barrier goes on to the outputs: what the stage has
//   emitted before is of the epoch, what it emits later is not. save() then writes the frozen state
//   piece by piece, between other work. Where key groups change hands behind the barrier the state
//   goes to its new owners before it is passed (StateHandover).
//
// Contract
//   Whatever emits in bulk is resumable. While such work is unfinished the stage is busy: nobody
//   calls process() then (ready() says so), but watermarks, idleness and ends are taken down at any
//   time and acted upon in order. resume() goes on as far as the outputs have room.
//   ready() is false while the stage is busy or an output, or a stage called directly, is full.
//   With `stepwise`, a watermark that fires several windows is passed on in as many steps, so that
//   an ordered gather can tell their rows apart (Op::next_fire).
//
// Threads   Its agent's; totals() any.
// Failure   An operator's failure fails the query; rows emitted after it go nowhere.
class StageInstance {
  public:
    struct ChannelId {
        std::size_t port = 0;
        std::size_t channel = 0;
    };

    // Some channels, for each port and channel. None where there is no entry.
    using ChannelSets = std::vector<std::vector<std::vector<ChannelId>>>;

    struct Settings {
        std::vector<std::size_t> channels;  // For each port, how many.
        // Those that get rows from no source that the channel gets none from: it cannot stay idle
        // when one of them is not.
        ChannelSets wakers = {};
        // Those that hear first, and together all, of what moves the channel's watermark.
        ChannelSets origins = {};
        bool is_stepwise = false;
        const TurnClock* clock = nullptr;  // Borrowed, as is the next.
        QueryControl* control = nullptr;
        LookupTables lookup_tables = {};
    };

    StageInstance(const Stage& stage, Settings settings);
    StageInstance(const StageInstance&) = delete;
    StageInstance& operator=(const StageInstance&) = delete;
    ~StageInstance();

    // One that `is_aside` gets what the last operator emits aside, and all words about time.
    void add_output(std::unique_ptr<StageOutput> output, bool is_aside = false);

    // May go on with unfinished work to find out.
    [[nodiscard]] bool ready();

    void process(std::size_t port, std::size_t channel, const BatchView& rows);
    void advance(std::size_t port, std::size_t channel, Watermark watermark);
    void idle(std::size_t port, std::size_t channel);
    void end(std::size_t port, std::size_t channel);

    // The end of an epoch on a channel; the channel is barred from now on.
    void barrier(std::size_t port, std::size_t channel);

    [[nodiscard]] bool is_barred(std::size_t port, std::size_t channel) const {
        return channels_[port][channel].is_barred;
    }

    // How many barriers have gone through.
    [[nodiscard]] std::uint64_t barriers_passed() const noexcept { return barriers_passed_; }

    // Where its instances, of which it is the one with this number, meet at barriers; borrowed,
    // before the first one. Null: it has no other.
    void set_meeting(BarrierMeeting* meeting, std::size_t instance) {
        meeting_ = meeting;
        instance_ = instance;
    }

    // Where the state goes; borrowed, before the first barrier. Null: nowhere.
    void set_saver(StageSaver* saver) { saver_ = saver; }

    // Where its instances give one another their state; borrowed, as above, and needs a meeting and
    // a saver.
    void set_handover(StateHandover* handover) { handover_ = handover; }

    // For a stage that has ended: no barrier comes there any more.
    void pass_ended_barrier();

    // Writes frozen state, about `rows_max` rows of it. kDone: nothing is frozen.
    [[nodiscard]] Progress save(std::size_t rows_max);

    // --- Recovery, before anything else ---

    [[nodiscard]] std::size_t op_count() const noexcept { return ops_.size(); }

    [[nodiscard]] std::vector<StateTable> state_tables(std::size_t op) const {
        return ops_[op]->state_tables();
    }

    // Rows of a table of an operator. An error is that of the rows.
    [[nodiscard]] Result<void> load(std::size_t op,
                                    std::size_t table,
                                    const BatchView& rows,
                                    Watermark watermark);

    // The watermark that the stage had reached: nothing fires.
    void restore_watermark(Watermark watermark);

    // Tells those behind the stage, when all have their state.
    void announce_watermark();

    // The input has paused. Does nothing when nothing came since the last time.
    void flush();

    // Goes on with unfinished work, and starts what processing time makes due. Returns whether
    // anything was done.
    bool resume();

    [[nodiscard]] bool is_busy() const noexcept { return work_ != Work::kNone; }

    // Every channel has ended, and the outputs know.
    [[nodiscard]] bool has_ended() const noexcept { return has_ended_; }

    [[nodiscard]] Watermark watermark() const noexcept { return watermark_; }

    // When processing time makes something due; Op::kNever if it does not.
    [[nodiscard]] std::int64_t next_tick_ns() const;

    [[nodiscard]] StageCounters counters() const;

    // Makes the counters visible to others; once a turn.
    void publish();

    // As published.
    [[nodiscard]] StageCounters totals() const noexcept { return totals_.read(); }

  private:
    class Link;
    enum class Work : std::uint8_t { kNone, kAdvance, kTick, kFlush, kBarrier, kMove, kEnd };

    struct Channel {
        Watermark watermark;
        bool is_idle = false;
        bool is_barred = false;
        bool has_ended = false;
    };

    [[nodiscard]] Channel& channel_at(std::size_t port, std::size_t channel);
    [[nodiscard]] bool outputs_ready();
    [[nodiscard]] Watermark next_step() const;
    void begin(Work work);
    bool continue_work();
    void step();
    [[nodiscard]] Progress step_op(Op& op, Emitter& out);
    void finish_advance();
    void finish_flush();
    void finish_barrier();
    void freeze(bool moves);
    void pass_barrier();
    void continue_move();
    [[nodiscard]] bool is_waiting_for_state() const;
    [[nodiscard]] bool is_aligned() const;
    [[nodiscard]] bool has_met();
    void settle();
    [[nodiscard]] bool settle_watermark();
    [[nodiscard]] Watermark believed_watermark(std::size_t port, std::size_t channel) const;
    [[nodiscard]] bool is_about_to_wake(std::size_t port, std::size_t channel) const;
    void emit(const BatchView& rows, bool is_aside);
    void after_call();
    [[nodiscard]] std::uint64_t measure_memory() const;

    // Immutable after the outputs were added.
    Settings settings_;
    std::vector<std::unique_ptr<Op>> ops_;
    std::vector<std::unique_ptr<Link>> links_;  // links_[i] stands behind ops_[i].
    std::vector<std::unique_ptr<StageOutput>> outputs_;
    std::vector<bool> is_aside_;  // For each output.
    StageSaver* saver_ = nullptr;
    BarrierMeeting* meeting_ = nullptr;
    StateHandover* handover_ = nullptr;
    std::size_t instance_ = 0;

    std::vector<std::vector<Channel>> channels_;
    OpContext context_;
    std::uint64_t rows_in_ = 0;
    std::uint64_t rows_out_ = 0;
    std::uint64_t memory_bytes_ = 0;
    std::uint32_t publish_count_ = 0;
    Published<StageCounters> totals_;

    Watermark watermark_;  // Reached by all operators and passed on.
    Watermark target_;     // What the channels allow.
    Watermark step_;       // Being advanced to: watermark_ < step_ <= target_.
    Work work_ = Work::kNone;
    std::size_t op_index_ = 0;  // The operator that the unfinished work has come to.
    std::uint64_t barriers_passed_ = 0;
    std::size_t save_index_ = SIZE_MAX;  // The operator that is being saved; SIZE_MAX: none.
    bool has_given_ = false;             // Its state has gone, and it takes what is its own now.
    bool is_meeting_ = false;  // It has said how far it has come, and waits for the others.
    bool is_idle_ = false;
    bool is_dirty_ = false;         // Something came since the last flush.
    bool is_flush_wanted_ = false;  // While busy.
    bool has_ended_ = false;
};

}  // namespace thalweg
