#include "engine/run/split_watermarks.h"

#include "state/base/assertion.h"

#include <algorithm>
#include <limits>

namespace thalweg {

SplitId SplitWatermarks::open(std::int64_t now_ns) {
    const std::uint32_t id = next_id_++;
    splits_[id] = {Watermark::min(), now_ns, true, false};
    active_.insert({Watermark::min(), id});
    return {id};
}

void SplitWatermarks::close(SplitId split) {
    const auto found = splits_.find(split.value);
    ASSERT(found != splits_.end());
    active_.erase({found->second.watermark, split.value});
    splits_.erase(found);
}

void SplitWatermarks::touch(SplitId split, std::int64_t now_ns) {
    Split& found = splits_.at(split.value);
    found.touched_ns = now_ns;
    found.has_sent = true;
    if (found.is_active) return;
    found.is_active = true;
    active_.insert({found.watermark, split.value});
}

void SplitWatermarks::raise(SplitId split, Watermark watermark) {
    Split& found = splits_.at(split.value);
    if (watermark <= found.watermark) return;
    ASSERT(found.is_active);
    auto node = active_.extract({found.watermark, split.value});  // Reused: nothing is allocated.
    node.value().first = watermark;
    active_.insert(std::move(node));
    found.watermark = watermark;
}

Watermark SplitWatermarks::others(SplitId split) const {
    auto first = active_.begin();
    if (first != active_.end() && first->second == split.value) ++first;
    return first == active_.end() ? Watermark::max() : first->first;
}

std::optional<Watermark> SplitWatermarks::least() const {
    if (active_.empty()) return std::nullopt;
    return active_.begin()->first;
}

bool SplitWatermarks::is_overdue(const Split& split, std::int64_t now_ns) const {
    const std::int64_t silent_ns = now_ns - split.touched_ns;
    if (settings_.idle_timeout_ns != 0 && silent_ns >= settings_.idle_timeout_ns) return true;
    return !split.has_sent && settings_.silent_start_ns != 0 &&
           silent_ns >= settings_.silent_start_ns;
}

bool SplitWatermarks::expire(std::int64_t now_ns) {
    if (now_ns < next_look_ns_ || active_.empty()) return false;
    std::int64_t shortest = std::numeric_limits<std::int64_t>::max();
    for (const std::int64_t timeout : {settings_.idle_timeout_ns, settings_.silent_start_ns}) {
        if (timeout != 0) shortest = std::min(shortest, timeout);
    }
    // An eighth late at most, and ten thousand splits are not looked at in every turn.
    next_look_ns_ = saturating_add(now_ns, shortest / 8);
    bool expired = false;
    for (auto& [id, split] : splits_) {
        if (!split.is_active || !is_overdue(split, now_ns)) continue;
        split.is_active = false;
        active_.erase({split.watermark, id});
        expired = true;
    }
    return expired;
}

}  // namespace thalweg
