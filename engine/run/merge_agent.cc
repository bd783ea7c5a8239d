#include "engine/run/merge_agent.h"

#include "engine/run/shard_agent.h"
#include "state/base/assertion.h"
#include "state/base/time.h"

#include <algorithm>
#include <utility>

namespace thalweg {

GatherQueue::GatherQueue(Gather& gather,
                         StageInstance& target,
                         std::vector<std::vector<std::size_t>> groups)
    : gather_(&gather), target_(&target) {
    for (const std::vector<std::size_t>& port : groups) {
        index_.emplace_back();
        for (const std::size_t group : port) {
            const std::size_t number = index_.back().size();
            index_.back().push_back(channels_.size());
            Channel& channel = channels_.emplace_back();
            channel.group = group;
            channel.port = index_.size() - 1;
            channel.number = number;
        }
    }
}

GatherQueue::~GatherQueue() {
    for (const Channel& channel : channels_) {
        for (const EdgeItem& item : channel.items)
            std::unique_ptr<Batch>(item.batch).reset();
    }
    if (channels_.empty()) return;  // Moved from.
    gather_->drain([](EdgeItem&& item) { std::unique_ptr<Batch>(item.batch).reset(); });
}

std::size_t GatherQueue::work(std::size_t budget,
                              const std::vector<BatchHome*>& homes,
                              std::int64_t now_ns) {
    const std::size_t came = gather_->drain([this](EdgeItem&& item) {
        Channel& channel = channels_[index_[item.port][item.channel]];
        channel.items.push_back(item);
        channel.is_awake = item.kind != ItemKind::kIdle;  // Where one ends, all will.
    });
    std::size_t done = 0;
    for (; done < budget && target_->ready(); ++done) {
        Channel* const channel = next_channel();
        if (channel == nullptr) break;
        deliver_front(*channel, homes);
    }
    if (came + done != 0) moved_ns_ = now_ns;
    look_for_stall(now_ns);
    return done;
}

// Whoever has said nothing for so long, while others wait for it, is taken to have come as far.
void GatherQueue::look_for_stall(std::int64_t now_ns) {
    Watermark held = Watermark::min();
    for (const Channel& channel : channels_) {
        for (const EdgeItem& item : channel.items)
            held = std::max(held, item.watermark);
    }
    if (held == Watermark::min() || !target_->ready()) moved_ns_ = now_ns;
    if (now_ns - moved_ns_ < kStallNs) return;
    for (Channel& channel : channels_) {
        if (channel.items.empty()) channel.watermark = std::max(channel.watermark, held);
    }
}

GatherQueue::Channel* GatherQueue::next_channel() {
    for (std::size_t i = 0; i < channels_.size(); ++i) {
        Channel& channel = channels_[(next_ + i) % channels_.size()];
        if (channel.items.empty() || is_barred(channel) || !may_go(channel)) continue;
        next_ = (next_ + i + 1) % channels_.size();
        return &channel;
    }
    return nullptr;
}

bool GatherQueue::is_barred(const Channel& channel) const {
    return target_->is_barred(channel.port, channel.number);
}

bool GatherQueue::may_go(const Channel& channel) const {
    const EdgeItem& front = channel.items.front();
    if (channel.group == kUnordered || front.kind != ItemKind::kData) return true;
    return std::all_of(channels_.begin(), channels_.end(), [&](const Channel& other) {
        return &other == &channel || may_pass(other, front.watermark);
    });
}

// Whether nothing before `step` can come from the channel any more.
bool GatherQueue::may_pass(const Channel& other, Watermark step) const {
    if (other.group == kUnordered || other.has_ended || is_barred(other)) return true;
    const bool has_rows = !other.items.empty() && other.items.front().kind == ItemKind::kData;
    if (has_rows) return other.items.front().watermark >= step;
    if (other.watermark >= step) return true;
    return other.is_idle && !is_group_awake(other.group);
}

bool GatherQueue::is_group_awake(std::size_t group) const {
    return std::any_of(channels_.begin(), channels_.end(), [group](const Channel& channel) {
        return channel.group == group && channel.is_awake;
    });
}

void GatherQueue::deliver_front(Channel& channel, const std::vector<BatchHome*>& homes) {
    const EdgeItem item = channel.items.front();
    channel.items.pop_front();
    channel.is_idle = item.kind == ItemKind::kIdle;
    channel.has_ended = item.kind == ItemKind::kEnd;
    if (item.kind == ItemKind::kWatermark)
        channel.watermark = std::max(channel.watermark, item.watermark);
    deliver(item, *target_);
    if (item.batch != nullptr) homes[item.producer]->send(std::unique_ptr<Batch>(item.batch));
    gather_->release(item);
}

MergeAgent::MergeAgent(Settings settings) : settings_(std::move(settings)) {
    ASSERT(settings_.clock != nullptr);
    ASSERT(settings_.turn != nullptr);
    ASSERT(settings_.control != nullptr);
}

Sink& MergeAgent::add_sink(std::string name, std::unique_ptr<Sink> sink) {
    outlets_.push_back(std::make_unique<Outgoing>());
    outlets_.back()->name = std::move(name);
    outlets_.back()->sink = std::move(sink);
    return *outlets_.back()->sink;
}

Result<void> MergeAgent::open() {
    for (const std::unique_ptr<Outgoing>& outlet : outlets_) {
        Result<void> opened = outlet->sink->open();
        if (!opened) return opened;
    }
    return {};
}

std::size_t MergeAgent::do_work(std::size_t budget) {
    if (settings_.control->finished()) return 0;
    settings_.turn->now_ns = settings_.clock->wall_now_ns();
    const bool has_ended = have_stages_ended();
    poll_sinks(has_ended);
    std::size_t work = 0;
    for (StageInstance* const stage : stages_)
        work += stage->resume() ? 1U : 0U;
    for (GatherQueue& queue : queues_)
        work += queue.work(budget, homes_, settings_.turn->now_ns);
    if (epoch_ != nullptr) work += work_on_epoch();
    if (work == 0 && !queues_.empty()) {
        for (StageInstance* const stage : stages_)
            stage->flush();
    }
    publish();
    finish_in_time(have_stages_ended());
    return work;
}

bool MergeAgent::have_stages_ended() const {
    return std::all_of(stages_.begin(), stages_.end(), [](const StageInstance* stage) {
        return stage->has_ended();
    });
}

void MergeAgent::finish_in_time(bool has_ended) {
    if (epoch_ == nullptr) {
        if (has_ended) close();
        return;
    }
    if (has_ended) epoch_->desk().announce_end();
    if (epoch_->desk().is_finished()) close();
}

// Sinks without an outbox take part by their seals: closed until what they took has left.
std::size_t MergeAgent::work_on_epoch() {
    if (!epoch_->is_active() && epoch_->is_wanted()) epoch_->begin();
    const std::size_t work = epoch_->work();
    if (!epoch_->is_ready_to_finish()) return work;
    const bool are_lifted = std::all_of(outlets_.begin(), outlets_.end(), [](const auto& outlet) {
        return outlet->seal.is_lifted(*outlet->sink);
    });
    if (are_lifted) epoch_->finish(true);
    return work;
}

void MergeAgent::poll_sinks(bool has_ended) {
    for (const std::unique_ptr<Outgoing>& outlet : outlets_) {
        const Result<void> polled = outlet->sink->poll(settings_.turn->now_ns);
        if (!polled) settings_.control->fail(polled.error().message);
        if (has_ended || settings_.control->stop_requested()) give_up_on_full(*outlet);
    }
}

void MergeAgent::give_up_on_full(Outgoing& outlet) {
    constexpr std::int64_t kPatienceNs = 5 * kNanosPerSecond;
    if (outlet.sink->ready() && outlet.seal.is_lifted(*outlet.sink)) {
        outlet.full_since_ns = 0;
        return;
    }
    const std::int64_t now_ns = settings_.clock->steady_now_ns();
    if (outlet.full_since_ns == 0) outlet.full_since_ns = now_ns;
    if (now_ns - outlet.full_since_ns < kPatienceNs) return;
    settings_.control->fail("sink '" + outlet.name +
                            "': gave up at the end: it took nothing for 5 s");
}

void MergeAgent::close() {
    for (const std::unique_ptr<Outgoing>& outlet : outlets_) {
        const Result<void> closed = outlet->sink->close();
        if (!closed) settings_.control->fail(closed.error().message);
    }
    publish();
    settings_.control->finish();
}

void MergeAgent::give_up() {
    for (const std::unique_ptr<Outgoing>& outlet : outlets_) {
        outlet->sink->flush();
        static_cast<void>(outlet->sink->poll(settings_.turn->now_ns));
    }
    publish();
}

void MergeAgent::publish() {
    for (StageInstance* const stage : stages_)
        stage->publish();
    for (const std::unique_ptr<Outgoing>& outlet : outlets_)
        outlet->totals.write(outlet->sink->counters());
}

}  // namespace thalweg
