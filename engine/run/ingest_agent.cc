#include "engine/run/ingest_agent.h"

#include "state/base/assertion.h"

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
    work += settings_.door.poll();
    work += poll_all(budget);
    flush_in_time();
    publish();
    return work;
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
    if (input.has_ended) return 0;
    input.outlet->begin_turn();
    auto work = static_cast<std::size_t>(input.outlet->resume());
    if (!input.is_stopped && settings_.control->stop_requested()) {
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
    if (input.source->finished() && !input.outlet->is_holding()) {
        finish(input);
        ++work;
    }
    return work;
}

// A source that was stopped has not come to its end: its open windows stay silent.
void IngestAgent::finish(Input& input) {
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
