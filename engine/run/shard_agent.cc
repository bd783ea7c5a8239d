#include "engine/run/shard_agent.h"

#include "state/base/assertion.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace thalweg {

void deliver(const EdgeItem& item, StageInstance& target) {
    switch (item.kind) {
        case ItemKind::kData: target.process(item.port, item.channel, item.batch->view()); break;
        case ItemKind::kWatermark: target.advance(item.port, item.channel, item.watermark); break;
        case ItemKind::kIdle: target.idle(item.port, item.channel); break;
        case ItemKind::kBarrier: target.barrier(item.port, item.channel); break;
        case ItemKind::kEnd: target.end(item.port, item.channel); break;
    }
}

ShardAgent::ShardAgent(Settings settings)
    : settings_(std::move(settings)), home_(settings_.home_capacity) {
    ASSERT(settings_.clock != nullptr);
    ASSERT(settings_.turn != nullptr);
    ASSERT(settings_.control != nullptr);
}

std::size_t ShardAgent::do_work(std::size_t budget) {
    if (settings_.control->finished()) return 0;
    settings_.turn->now_ns = settings_.clock->wall_now_ns();
    std::size_t work = home_.collect();
    for (std::size_t i = stages_.size(); i > 0; --i)  // The last stage first: it makes room.
        work += stages_[i - 1]->resume() ? 1U : 0U;
    for (const Inbound& inbound : inbound_)
        work += drain(inbound, budget);
    if (epoch_ != nullptr) work += work_on_epoch();
    // In a pause, what waits for company goes. In a fused query the stages are flushed by those
    // before them.
    if (work == 0 && !inbound_.empty()) {
        for (StageInstance* const stage : stages_)
            stage->flush();
    }
    for (StageInstance* const stage : stages_)
        stage->publish();
    return work;
}

std::size_t ShardAgent::work_on_epoch() {
    if (!epoch_->is_active() && epoch_->is_wanted()) epoch_->begin();
    const std::size_t work = epoch_->work();
    if (epoch_->is_ready_to_finish()) epoch_->finish(true);
    return work;
}

bool ShardAgent::is_barred(const Inbound& inbound) {
    return std::all_of(
        inbound.channels.begin(), inbound.channels.end(), [&](const Channel& channel) {
            return inbound.target->is_barred(channel.port, channel.number);
        });
}

std::size_t ShardAgent::drain(const Inbound& inbound, std::size_t budget) {
    std::size_t done = 0;
    while (done < budget && !is_barred(inbound) && inbound.target->ready()) {
        Batch* batch = nullptr;
        const std::size_t count = inbound.ring->drain(1, [&](const EdgeItem& item) {
            deliver(item, *inbound.target);
            batch = item.batch;
        });
        if (count == 0) break;
        if (batch != nullptr) inbound.home->send(std::unique_ptr<Batch>(batch));
        ++done;
    }
    return done;
}

}  // namespace thalweg
