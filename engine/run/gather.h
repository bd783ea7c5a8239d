#pragma once

#include "engine/run/edge_item.h"
#include "engine/run/mailbox.h"
#include "state/base/assertion.h"
#include "state/base/cacheline.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace thalweg {

// The way from all producers to one stage of the merge agent: a mailbox, and for each channel as
// many credits as it may have items on the way or held back.
//
// Shape
//   A channel takes a credit with each item and gets it back when the merge agent is done with the
//   item, not when it has merely taken it out: what an ordered gather holds back counts. No channel
//   can use up what another needs, not even one of the same agent (two INSERTs into one table), so
//   that the one everybody waits for gets through.
//
// Threads   try_push: that of the channel's producer. drain, release: the merge agent's.
// Ordering  Items of one producer stay in order.
class Gather {
  public:
    // `channels`: for each port of the stage, how many.
    Gather(const std::vector<std::size_t>& channels, std::size_t credits)
        : credits_(static_cast<std::int64_t>(credits)),
          first_of_port_(first_channels(channels)),
          used_(std::make_unique<Used[]>(first_of_port_.back())),
          mailbox_(first_of_port_.back() * credits) {}

    [[nodiscard]] bool try_push(const EdgeItem& item) {
        std::atomic<std::int64_t>& used = used_of(item);
        // Acquire: the merge agent is done with what it released.
        if (used.load(std::memory_order_acquire) >= credits_) return false;
        if (!mailbox_.try_push(item)) return false;
        used.fetch_add(1, std::memory_order_relaxed);  // Relaxed: the mailbox orders the item.
        return true;
    }

    template <class Visit>
    std::size_t drain(Visit&& visit) {
        return mailbox_.drain(mailbox_.capacity(), visit);
    }

    void release(const EdgeItem& item) noexcept {
        used_of(item).fetch_sub(1, std::memory_order_release);  // Release: see try_push.
    }

  private:
    struct alignas(kFalseSharingBytes) Used {
        std::atomic<std::int64_t> count{0};
    };

    // Where the channels of each port begin, and how many there are in all.
    [[nodiscard]] static std::vector<std::size_t> first_channels(
        const std::vector<std::size_t>& channels) {
        std::vector<std::size_t> first{0};
        for (const std::size_t count : channels)
            first.push_back(first.back() + count);
        return first;
    }

    [[nodiscard]] std::atomic<std::int64_t>& used_of(const EdgeItem& item) noexcept {
        return used_[first_of_port_[item.port] + item.channel].count;
    }

    const std::int64_t credits_;
    const std::vector<std::size_t> first_of_port_;
    std::unique_ptr<Used[]> used_;
    Mailbox<EdgeItem> mailbox_;
};

}  // namespace thalweg
