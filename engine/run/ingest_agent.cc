#include "engine/run/ingest_agent.h"

#include "engine/run/epoch/byte_sink.h"
#include "engine/run/epoch/source_state.h"
#include "state/base/assertion.h"
#include "state/store/state_writer.h"

#include <algorithm>
#include <utility>

namespace thalweg {

IngestAgent::IngestAgent(Settings settings)
    : settings_(std::move(settings)), home_(settings_.home_capacity) {
    ASSERT(settings_.clock != nullptr);
    ASSERT(settings_.turn != nullptr);
    ASSERT(settings_.control != nullptr);
}

void IngestAgent::add_source(std::unique_ptr<Source> source, SourceOutlet::Settings outlet) {
    auto input = std::make_unique<Input>();
    input->name = outlet.source->source.name;
    outlet.is_bounded = source->is_bounded();
    input->outlet = std::make_unique<SourceOutlet>(std::move(outlet));
    input->source = std::move(source);
    inputs_.push_back(std::move(input));
}

Result<void> IngestAgent::open() {
    settings_.turn->now_ns = settings_.clock->wall_now_ns();
    for (const std::unique_ptr<Input>& input : inputs_) {
        Result<void> opened = input->source->open(*input->outlet);
        if (!opened) return opened;
    }
    for (const std::unique_ptr<Input>& input : inputs_) {
        input->outlet->set_slow_start(inputs_.size() > 1);
        if (input->source->finished()) finish(*input);
    }
    return {};
}

std::size_t IngestAgent::do_work(std::size_t budget) {
    if (settings_.control->finished()) return 0;
    settings_.turn->now_ns = settings_.clock->wall_now_ns();
    std::size_t work = home_.collect();
    for (StageInstance* const stage : stages_)
        work += static_cast<std::size_t>(stage->resume());
    if (epoch_ != nullptr) work += work_on_epoch();
    work += settings_.door.poll();
    work += poll_all(budget);
    flush_in_time();
    publish();
    return work;
}

std::size_t IngestAgent::work_on_epoch() {
    const std::uint64_t durable = epoch_->desk().durable();
    if (durable != committed_) {
        committed_ = durable;
        for (const std::unique_ptr<Input>& input : inputs_)
            input->source->commit(durable);
    }
    if (!epoch_->is_active() && epoch_->is_wanted() && !is_replaying()) {
        epoch_->begin();
        are_all_at_rest_ = true;
    }
    std::size_t work = epoch_->work();
    bool are_all_sealed = true;
    for (const std::unique_ptr<Input>& input : inputs_)
        are_all_sealed = seal(*input) && are_all_sealed;
    if (are_all_sealed && epoch_->is_ready_to_finish() && is_sealed())
        epoch_->finish(are_all_at_rest_);
    return work;
}

// What was journalled in an earlier life is delivered again before anything is written down.
bool IngestAgent::is_replaying() const {
    return std::any_of(inputs_.begin(), inputs_.end(), [](const auto& input) {
        return input->source->is_replaying();
    });
}

// All of them are asked: each may have to go on with it.
bool IngestAgent::is_sealed() {
    bool is_sealed = true;
    for (const std::unique_ptr<Input>& input : inputs_)
        is_sealed = input->source->is_sealed() && is_sealed;
    return is_sealed;
}

// Each input by itself, when nothing of it is on its way here: one that is held up by its results
// holds up no other. Returns whether it is sealed.
bool IngestAgent::seal(Input& input) {
    if (!epoch_->is_active() || input.sealed_epoch == epoch_->epoch()) return true;
    if (!input.has_ended) {
        input.outlet->begin_turn();
        static_cast<void>(input.outlet->resume());
        if (!input.outlet->is_quiet()) return false;
        input.outlet->send_watermark();
    }
    input.sealed_epoch = epoch_->epoch();
    are_all_at_rest_ = are_all_at_rest_ && (input.has_ended || input.is_at_rest);
    SourceState state;
    state.watermark = input.outlet->watermark();
    state.has_had_split = input.outlet->has_had_split();
    input.source->seal(epoch_->epoch(), state.positions);
    auto part = std::make_unique<EpochPart>();
    part->epoch = epoch_->epoch();
    part->label = {std::string(kPositionsKind), input.name, 1, index_, true};
    ByteSink sink(part->bytes);
    StateWriter writer(sink);
    write_source_state(writer, state);
    static_cast<void>(writer.finish());  // Memory takes everything.
    epoch_->sender().send(std::move(part));
    if (!input.has_ended) input.outlet->barrier();
    return true;
}

// From the request of an epoch until the barrier is through, nothing is read.
bool IngestAgent::is_between(const Input& input) const {
    return epoch_ == nullptr || !epoch_->is_active() ||
           (input.sealed_epoch == epoch_->epoch() && !input.outlet->is_barred());
}

Result<void> IngestAgent::restore(std::size_t source_index,
                                  const std::vector<SourcePosition>& positions,
                                  Watermark watermark,
                                  bool has_had_split) {
    settings_.turn->now_ns = settings_.clock->wall_now_ns();
    Input& input = *inputs_[source_index];
    if (input.source->replay() == Replay::kNone && input.source->is_bounded())
        return fail(Code::kInvalid,
                    "table '" + input.name +
                        "': its input would be read from the beginning again, on top of the state "
                        "that has it; give the query another state directory");
    input.outlet->resume_from(watermark, has_had_split);
    return input.source->restore(positions);
}

// A source that never pauses never flushes, and a row for a shard that gets few would wait in an
// open batch for company. Rare enough to leave local aggregation its effect.
void IngestAgent::flush_in_time() {
    constexpr std::int64_t kFlushNs = 20'000'000;
    const std::int64_t now_ns = settings_.turn->now_ns;
    if (now_ns >= flushed_at_ns_ && now_ns - flushed_at_ns_ < kFlushNs) return;
    flushed_at_ns_ = now_ns;
    for (const std::unique_ptr<Input>& input : inputs_)
        input->outlet->flush();
}

std::size_t IngestAgent::poll_all(std::size_t budget) {
    const bool is_gentle = inputs_.size() > 1 && gentle_turns_left_ > 0;
    std::size_t work = 0;
    for (const std::unique_ptr<Input>& input : inputs_)
        work += poll(*input, is_gentle ? 1 : budget * kBatchRows);
    if (is_gentle && work > 0) --gentle_turns_left_;
    return work;
}

std::size_t IngestAgent::poll(Input& input, std::size_t records_max) {
    if (input.has_ended || !is_between(input)) return 0;
    input.outlet->begin_turn();
    auto work = static_cast<std::size_t>(input.outlet->resume());
    // What a replay closes has come to its end, whatever is asked for meanwhile.
    if (!input.is_stopped && settings_.control->stop_requested() && !input.source->is_replaying()) {
        input.is_stopped = !input.source->finished();
        if (input.is_stopped) {
            input.outlet->stop();
            input.source->stop();
        }
    }
    // Also while the outlet is not ready: a source that cannot wait sheds then.
    work += input.source->poll(settings_.turn->now_ns, records_max, *input.outlet);
    if (const std::string_view failure = input.source->failure(); !failure.empty()) {
        settings_.control->fail("table '" + input.name + "': " + std::string(failure));
        return work;
    }
    if (input.source->finished() && !input.outlet->is_holding() && !input.is_at_rest) {
        finish(input);
        ++work;
    }
    return work;
}

// A source that was stopped has not come to its end: its open windows stay silent, and where there
// are epochs, they are kept for the next life. So are those of a source at its end when windows are
// to stay open: the next life reads what has been added to it by then.
void IngestAgent::finish(Input& input) {
    const bool stays_open = settings_.drain == DrainPolicy::kNever ||
                            (settings_.drain == DrainPolicy::kAuto && input.is_stopped);
    if (epoch_ != nullptr && stays_open) {
        input.is_at_rest = true;
        if (input.is_stopped) return;
        input.outlet->rest();
        epoch_->desk().announce_rest();
        return;
    }
    const bool fires_all = settings_.drain == DrainPolicy::kAlways ||
                           (settings_.drain == DrainPolicy::kAuto && !input.is_stopped);
    input.has_ended = true;
    input.outlet->end(fires_all);
}

void IngestAgent::publish() {
    for (StageInstance* const stage : stages_)
        stage->publish();
    for (const std::unique_ptr<Input>& input : inputs_) {
        input->totals.write({input->source->counters(),
                             input->outlet->rows_delivered(),
                             input->outlet->rejected()});
    }
}

}  // namespace thalweg
