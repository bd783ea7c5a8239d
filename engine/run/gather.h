#pragma once

#include "engine/run/edge_item.h"
#include "engine/run/mailbox.h"
#include "state/base/assertion.h"
#include "state/base/cacheline.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace thalweg {

// The way from all producers to one stage of the merge agent: a mailbox, and for each producer as
// many credits as it may have items on the way or held back.
//
// Shape
//   A producer takes a credit with each item and gets it back when the merge agent is done with the
//   item, not when it has merely taken it out: what an ordered gather holds back counts. No
//   producer can use up what another needs, so that the one everybody waits for gets through.
//
// Threads   try_push: the producer's. drain, release: the merge agent's.
// Ordering  Items of one producer stay in order.
class Gather {
  public:
    Gather(std::size_t producers, std::size_t credits)
        : credits_(static_cast<std::int64_t>(credits)),
          used_(std::make_unique<Used[]>(producers)),
          mailbox_(producers * credits) {}

    [[nodiscard]] bool try_push(const EdgeItem& item) {
        std::atomic<std::int64_t>& used = used_[item.producer].count;
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

    void release(std::uint16_t producer) noexcept {
        used_[producer].count.fetch_sub(1, std::memory_order_release);  // Release: see try_push.
    }

  private:
    struct alignas(kFalseSharingBytes) Used {
        std::atomic<std::int64_t> count{0};
    };

    const std::int64_t credits_;
    std::unique_ptr<Used[]> used_;
    Mailbox<EdgeItem> mailbox_;
};

}  // namespace thalweg
