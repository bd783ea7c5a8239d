#include "engine/run/stage_instance.h"

#include "engine/run/epoch/stage_saver.h"
#include "engine/run/epoch/state_handover.h"
#include "state/base/assertion.h"

#include <algorithm>
#include <utility>

namespace thalweg {

// What stands behind an operator: the next one, or the outputs.
class StageInstance::Link final : public Emitter {
  public:
    Link(StageInstance& stage, std::size_t next) : stage_(stage), next_(next) {}

    void emit(const BatchView& rows) override {
        if (rows.selection.empty() || stage_.context_.failed()) return;
        if (next_ == stage_.ops_.size()) {
            stage_.emit(rows, false);
        } else {
            stage_.ops_[next_]->process(0, rows, stage_.context_, *stage_.links_[next_]);
        }
    }

    void emit_aside(const BatchView& rows) override {
        ASSERT(next_ == stage_.ops_.size());
        if (!rows.selection.empty() && !stage_.context_.failed()) stage_.emit(rows, true);
    }

  private:
    StageInstance& stage_;
    std::size_t next_;
};

StageInstance::StageInstance(const Stage& stage, Settings settings)
    : settings_(std::move(settings)) {
    ASSERT(settings_.channels.size() == stage.port_count);
    ASSERT(settings_.clock != nullptr);
    ASSERT(settings_.control != nullptr);
    for (const OpFactory& make : stage.ops) {
        ops_.push_back(make(settings_.lookup_tables));
        links_.push_back(std::make_unique<Link>(*this, ops_.size()));
    }
    for (const std::size_t count : settings_.channels)
        channels_.emplace_back(count);
}

StageInstance::~StageInstance() = default;

void StageInstance::add_output(std::unique_ptr<StageOutput> output, bool is_aside) {
    outputs_.push_back(std::move(output));
    is_aside_.push_back(is_aside);
}

StageInstance::Channel& StageInstance::channel_at(std::size_t port, std::size_t channel) {
    ASSERT(port < channels_.size());
    ASSERT(channel < channels_[port].size());
    return channels_[port][channel];
}

bool StageInstance::outputs_ready() {
    bool ready = true;
    for (const std::unique_ptr<StageOutput>& output : outputs_)
        ready = output->ready() && ready;  // All are asked: asking moves what waits in them.
    return ready;
}

bool StageInstance::ready() {
    if (work_ != Work::kNone) static_cast<void>(continue_work());
    return work_ == Work::kNone && outputs_ready();
}

void StageInstance::process(std::size_t port, std::size_t channel, const BatchView& rows) {
    ASSERT(work_ == Work::kNone);
    Channel& from = channel_at(port, channel);
    ASSERT(!from.has_ended);
    ASSERT(!from.is_barred);
    if (rows.selection.empty()) return;
    from.is_idle = false;
    is_dirty_ = true;
    rows_in_ += rows.size();
    context_.now_ns = settings_.clock->now_ns;
    step_ = watermark_;
    if (ops_.empty()) {
        DEBUG_ASSERT(port == 0);
        emit(rows, false);
    } else {
        ops_.front()->process(port, rows, context_, *links_.front());
    }
    after_call();
}

void StageInstance::advance(std::size_t port, std::size_t channel, Watermark watermark) {
    Channel& from = channel_at(port, channel);
    ASSERT(!from.has_ended);
    from.is_idle = false;
    from.watermark = std::max(from.watermark, watermark);
    settle();
}

void StageInstance::idle(std::size_t port, std::size_t channel) {
    Channel& from = channel_at(port, channel);
    if (from.has_ended) return;
    from.is_idle = true;
    settle();
}

void StageInstance::end(std::size_t port, std::size_t channel) {
    channel_at(port, channel).has_ended = true;
    settle();
}

void StageInstance::barrier(std::size_t port, std::size_t channel) {
    Channel& from = channel_at(port, channel);
    ASSERT(!from.has_ended);
    ASSERT(!from.is_barred);
    from.is_barred = true;
    settle();
}

// At least one barrier has come, and none is missing.
bool StageInstance::is_aligned() const {
    bool any_barred = false;
    for (const std::vector<Channel>& port : channels_) {
        for (const Channel& channel : port) {
            any_barred = any_barred || channel.is_barred;
            if (!channel.is_barred && !channel.has_ended) return false;
        }
    }
    return any_barred;
}

// Whether all instances have come to this barrier, and this one as far as the furthest of them, by
// its watermark and by the clock.
bool StageInstance::has_met() {
    if (meeting_ == nullptr) return true;
    const std::uint64_t barrier = barriers_passed_ + 1;
    if (!std::exchange(is_meeting_, true))
        meeting_->arrive(instance_, barrier, watermark_, settings_.clock->now_ns);
    if (!meeting_->is_complete(barrier)) return false;
    if (const Watermark furthest = meeting_->furthest(barrier); furthest > watermark_) {
        target_ = furthest;
        begin(Work::kAdvance);
        return false;
    }
    if (next_tick_ns() > meeting_->latest_ns(barrier)) return true;
    begin(Work::kTick);
    return false;
}

void StageInstance::freeze(bool moves) {
    is_meeting_ = false;
    if (saver_ == nullptr) return;
    ASSERT(save_index_ == SIZE_MAX);
    StageSaver::Witness give;
    if (moves)
        give = [this](std::size_t op, std::size_t table, const Batch& rows) {
            handover_->give(instance_, op, table, rows);
        };
    saver_->begin(barriers_passed_ + 1, watermark_, std::move(give));
    for (std::size_t i = 0; i < ops_.size(); ++i) {
        if (StateOut* const out = saver_->out(i); out != nullptr) ops_[i]->freeze(*out);
    }
    save_index_ = 0;
}

void StageInstance::pass_ended_barrier() {
    ASSERT(has_ended_);
    // All others end in front of this barrier, too, and do not wait.
    if (meeting_ != nullptr)
        meeting_->arrive(instance_, barriers_passed_ + 1, Watermark::min(), INT64_MIN);
    freeze(false);
    ++barriers_passed_;
    for (const std::unique_ptr<StageOutput>& output : outputs_)
        output->barrier_after_end();
}

Progress StageInstance::save(std::size_t rows_max) {
    if (save_index_ == SIZE_MAX) return Progress::kDone;
    for (; save_index_ < ops_.size(); ++save_index_) {
        if (saver_->out(save_index_) != nullptr &&
            ops_[save_index_]->save(rows_max) == Progress::kMore)
            return Progress::kMore;
    }
    saver_->finish();
    save_index_ = SIZE_MAX;
    return Progress::kDone;
}

Result<void> StageInstance::load(std::size_t op,
                                 std::size_t table,
                                 const BatchView& rows,
                                 Watermark watermark) {
    context_.now_ns = settings_.clock->now_ns;
    ops_[op]->load(table, rows, watermark, context_);
    context_.scratch.reset();
    if (!context_.failed()) return {};
    return fail(Code::kCorrupt, std::exchange(context_.error, {}));
}

void StageInstance::restore_watermark(Watermark watermark) {
    ASSERT(work_ == Work::kNone);
    watermark_ = std::max(watermark_, watermark);
    target_ = watermark_;
}

void StageInstance::announce_watermark() {
    if (watermark_ == Watermark::min()) return;
    for (const std::unique_ptr<StageOutput>& output : outputs_)
        output->advance(watermark_);
}

void StageInstance::flush() {
    if (!is_dirty_ || has_ended_) return;
    if (work_ != Work::kNone) {
        is_flush_wanted_ = true;
        return;
    }
    begin(Work::kFlush);
    static_cast<void>(continue_work());
}

bool StageInstance::resume() {
    bool worked = false;
    const bool may_tick = work_ == Work::kNone && !has_ended_ && !is_meeting_;
    if (may_tick && next_tick_ns() <= settings_.clock->now_ns) {
        begin(Work::kTick);
        worked = true;
    }
    if (work_ == Work::kNone && is_meeting_) settle();
    if (work_ == Work::kNone) static_cast<void>(outputs_ready());  // Words may wait in them.
    return continue_work() || worked;
}

// Does steps while the outputs have room, but not for ever: an agent has sources and sinks to look
// after while a million keys fire. The rest is for the next ready() or resume().
bool StageInstance::continue_work() {
    constexpr int kStepsMax = 32;
    int steps = 0;
    for (; steps < kStepsMax && work_ != Work::kNone && outputs_ready(); ++steps) {
        if (is_waiting_for_state()) break;
        step();
    }
    return steps != 0;
}

void StageInstance::begin(Work work) {
    work_ = work;
    op_index_ = 0;
    step_ = work == Work::kAdvance ? next_step() : watermark_;
    const bool is_flush = work == Work::kFlush || work == Work::kBarrier || work == Work::kEnd;
    is_dirty_ = !is_flush;
    if (is_flush) is_flush_wanted_ = false;
}

// As far as one advance() goes: to the target, or, stepwise, to the first window before it.
Watermark StageInstance::next_step() const {
    if (!settings_.is_stepwise) return target_;
    Watermark next = target_;
    for (const std::unique_ptr<Op>& op : ops_) {
        const Watermark fire = op->next_fire();
        if (fire > watermark_) next = std::min(next, fire);
    }
    return next;
}

void StageInstance::step() {
    if (op_index_ < ops_.size()) {
        const bool is_agreed = is_meeting_ && work_ == Work::kTick;
        context_.now_ns =
            is_agreed ? meeting_->latest_ns(barriers_passed_ + 1) : settings_.clock->now_ns;
        const Progress progress = step_op(*ops_[op_index_], *links_[op_index_]);
        after_call();
        if (progress == Progress::kDone) ++op_index_;
        return;
    }
    switch (work_) {
        case Work::kAdvance: finish_advance(); break;
        case Work::kFlush:
        case Work::kEnd: finish_flush(); break;
        case Work::kBarrier: finish_barrier(); break;
        case Work::kMove: continue_move(); break;
        case Work::kTick:
        case Work::kNone: work_ = Work::kNone; break;
    }
    settle();
}

Progress StageInstance::step_op(Op& op, Emitter& out) {
    if (work_ == Work::kAdvance) return op.advance(step_, context_, out);
    if (work_ == Work::kTick) return op.tick(context_, out);
    op.flush(context_, out);
    return Progress::kDone;
}

void StageInstance::finish_advance() {
    ASSERT(step_ > watermark_);
    watermark_ = step_;
    is_idle_ = false;
    for (const std::unique_ptr<StageOutput>& output : outputs_)
        output->advance(watermark_);
    if (watermark_ < target_) {
        begin(Work::kAdvance);
    } else {
        work_ = Work::kNone;
    }
}

void StageInstance::finish_flush() {
    for (const std::unique_ptr<StageOutput>& output : outputs_)
        output->flush();
    has_ended_ = work_ == Work::kEnd;
    work_ = Work::kNone;
    if (!has_ended_) return;
    publish();  // Nothing will be counted any more, and the query may be over before the next turn.
    for (const std::unique_ptr<StageOutput>& output : outputs_)
        output->end();
}

void StageInstance::finish_barrier() {
    const bool moves =
        handover_ != nullptr && handover_->is_affected(instance_, barriers_passed_ + 1);
    freeze(moves);
    if (moves) {
        work_ = Work::kMove;
    } else {
        pass_barrier();
    }
}

void StageInstance::pass_barrier() {
    ++barriers_passed_;
    for (std::vector<Channel>& port : channels_) {
        for (Channel& channel : port)
            channel.is_barred = false;
    }
    work_ = Work::kNone;
    for (const std::unique_ptr<StageOutput>& output : outputs_)
        output->barrier();
}

// Key groups change hands. All of the state goes, as it goes into the snapshot, and what comes back
// is that of the groups that are the instance's behind the barrier.
void StageInstance::continue_move() {
    constexpr std::size_t kRowsOfStep = 1024;
    if (save(kRowsOfStep) == Progress::kMore) return;
    if (!has_given_) {
        for (std::size_t i = 0; i < ops_.size(); ++i) {
            std::unique_ptr<Op> renewed = handover_->renewed(i, settings_.lookup_tables);
            if (renewed != nullptr) ops_[i] = std::move(renewed);
        }
        has_given_ = true;
        handover_->arrive();
    } else if (const auto piece = handover_->take(instance_); piece != nullptr) {
        const Result<void> loaded = load(piece->op, piece->table, piece->rows.view(), watermark_);
        if (!loaded) settings_.control->fail(loaded.error().message);
    } else {
        has_given_ = false;
        pass_barrier();
    }
}

bool StageInstance::is_waiting_for_state() const {
    return work_ == Work::kMove && has_given_ && !handover_->is_complete();
}

// Acts upon what was taken down while the stage was busy, or just now.
void StageInstance::settle() {
    if (work_ != Work::kNone || has_ended_) return;
    const bool all_ended = settle_watermark();
    if (work_ == Work::kNone && all_ended) begin(Work::kEnd);
    if (work_ == Work::kNone && is_aligned() && has_met()) begin(Work::kBarrier);
    if (work_ == Work::kNone && is_flush_wanted_) begin(Work::kFlush);
    static_cast<void>(continue_work());
}

// Begins to advance if the channels allow it. Returns whether all of them have ended.
bool StageInstance::settle_watermark() {
    Watermark least = Watermark::max();
    Watermark greatest_idle;
    bool any_holds = false;
    bool any_idle = false;
    bool all_ended = true;
    for (std::size_t port = 0; port < channels_.size(); ++port) {
        for (std::size_t i = 0; i < channels_[port].size(); ++i) {
            const Channel& channel = channels_[port][i];
            all_ended = all_ended && channel.has_ended;
            const Watermark word = believed_watermark(port, i);
            if (channel.is_idle && !is_about_to_wake(port, i)) {
                any_idle = true;
                greatest_idle = std::max(greatest_idle, word);
                continue;
            }
            any_holds = true;
            least = std::min(least, word);
        }
    }
    ASSERT(any_holds || any_idle);
    // Those at their end do not speak for the idle ones, and nobody else has a word.
    const bool only_idle = !any_holds || (least.is_max() && any_idle);
    const Watermark reached = only_idle ? greatest_idle : least;
    if (reached > watermark_) {
        target_ = reached;
        begin(Work::kAdvance);
    } else if (any_holds && is_idle_) {
        is_idle_ = false;
        for (const std::unique_ptr<StageOutput>& output : outputs_)
            output->advance(watermark_);
    } else if (!any_holds && is_dirty_ && !all_ended) {
        begin(Work::kFlush);  // Nothing that is held back may be late once others go on.
    } else if (!any_holds && !is_idle_ && !all_ended) {
        is_idle_ = true;
        for (const std::unique_ptr<StageOutput>& output : outputs_)
            output->idle();
    }
    return all_ended;
}

// What a channel has said, as far as it has been heard on the shorter ways: what moved it further
// is still on its way there, with rows that must not be late.
Watermark StageInstance::believed_watermark(std::size_t port, std::size_t channel) const {
    const Watermark said = channels_[port][channel].watermark;
    if (settings_.origins.empty() || settings_.origins[port][channel].empty()) return said;
    Watermark furthest;
    for (const ChannelId& id : settings_.origins[port][channel])
        furthest = std::max(furthest, channels_[id.port][id.channel].watermark);
    return std::min(said, furthest);
}

bool StageInstance::is_about_to_wake(std::size_t port, std::size_t channel) const {
    if (settings_.wakers.empty() || channels_[port][channel].has_ended) return false;
    const std::vector<ChannelId>& wakers = settings_.wakers[port][channel];
    const Watermark known = channels_[port][channel].watermark;
    return std::any_of(wakers.begin(), wakers.end(), [&](const ChannelId& id) {
        const Channel& waker = channels_[id.port][id.channel];
        return !waker.has_ended && (!waker.is_idle || waker.watermark > known);
    });
}

void StageInstance::emit(const BatchView& rows, bool is_aside) {
    rows_out_ += rows.size();
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
        if (is_aside_[i] == is_aside) outputs_[i]->emit(rows, step_);
    }
}

// After a call into an operator from outside: nothing borrows from the scratch arena any more.
void StageInstance::after_call() {
    context_.scratch.reset();
    if (context_.failed()) settings_.control->fail(context_.error);
}

std::int64_t StageInstance::next_tick_ns() const {
    std::int64_t next = Op::kNever;
    for (const std::unique_ptr<Op>& op : ops_)
        next = std::min(next, op->next_tick_ns());
    return next;
}

StageCounters StageInstance::counters() const {
    return {rows_in_, rows_out_, context_.counters, watermark_, memory_bytes_};
}

void StageInstance::publish() {
    constexpr std::uint32_t kTurnsBetweenLooks = 4096;  // Measuring may walk over all tables.
    if (publish_count_++ % kTurnsBetweenLooks == 0 || has_ended_) memory_bytes_ = measure_memory();
    totals_.write(counters());
}

std::uint64_t StageInstance::measure_memory() const {
    std::uint64_t total = context_.scratch.memory_bytes();
    for (const std::unique_ptr<Op>& op : ops_)
        total += op->memory_bytes();
    return total;
}

}  // namespace thalweg
