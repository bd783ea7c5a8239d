#pragma once

#include "state/base/assertion.h"
#include "state/base/cacheline.h"

#include <concurrentqueue/concurrentqueue.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

// ThreadSanitizer cannot see the fences inside moodycamel::ConcurrentQueue, so it reports races in
// the reuse of its blocks, and misses the edge from enqueue to dequeue. Mailbox states that edge by
// hand, and this header, which every program that uses the queue includes, silences the former.
#if defined(__SANITIZE_THREAD__)
#define THALWEG_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define THALWEG_TSAN 1
#endif
#endif

#ifdef THALWEG_TSAN
extern "C" {
void __tsan_acquire(void* address);
void __tsan_release(void* address);

[[gnu::used, gnu::visibility("default")]] inline const char* __tsan_default_suppressions() {
    return "race:moodycamel::\n";
}
}
#endif

namespace thalweg {

// Carries items from any number of producer threads to one consumer thread, bounded by credits: the
// outputs of shards to the merge agent, commands to an agent, empty batches going home. The only
// user of moodycamel::ConcurrentQueue.
//
// Shape
//   The queue underneath is unbounded, so a count of free places goes beside it: a push takes one
//   credit or is refused, a drain gives back as many as it took. Full is an answer.
//
// Threads
//   any       try_push(), free_approx(), size_approx()
//   consumer  drain()
//
// Ordering
//   A  try_push -> visit: what the producer wrote before pushing is visible to the visitor.
//   B  drain -> try_push by way of a credit: the visitor is done before its place is taken again.
//   Items of one producer thread arrive in the order they were pushed. Items of different threads
//   arrive in any order, whatever else orders the pushes: the queue is not linearizable.
//
// Failure
//   bad_alloc ends the process. Items still inside at destruction are destroyed.
template <class T>
class Mailbox {
    static_assert(std::is_nothrow_move_assignable_v<T>, "a throw in mid-drain would lose items");
    static_assert(std::is_default_constructible_v<T>, "drain() moves items out in bulk");

  public:
    explicit Mailbox(std::size_t capacity)
        : capacity_(static_cast<std::int64_t>(capacity)), credits_(capacity_) {
        ASSERT(capacity > 0);
    }

    Mailbox(const Mailbox&) = delete;
    Mailbox& operator=(const Mailbox&) = delete;
    ~Mailbox() = default;

    // Any thread. Moves from `item` and returns true, or leaves it alone and returns false: full.
    [[nodiscard]] bool try_push(T&& item) {
        // Acquire: edge B.
        if (credits_.fetch_sub(1, std::memory_order_acquire) <= 0) {
            // Relaxed: a credit that was never used has nothing to publish.
            credits_.fetch_add(1, std::memory_order_relaxed);
            return false;
        }
        publish();  // Edge A, for ThreadSanitizer; the queue has it for the machine.
        const bool taken = queue_.enqueue(std::move(item));
        ASSERT(taken);
        return true;
    }

    [[nodiscard]] bool try_push(const T& item) {
        T copy = item;
        return try_push(std::move(copy));
    }

    // Consumer. Calls visit(T&&) for at most `limit` items and returns how many. Zero means that
    // nothing was seen, not that no push has returned: one may become visible a moment later.
    template <class Visit>
    std::size_t drain(std::size_t limit, Visit&& visit) {
        std::size_t drained = 0;
        while (drained < limit) {
            const std::size_t wanted = std::min(limit - drained, block_.size());
            const std::size_t count = queue_.try_dequeue_bulk(token_, block_.begin(), wanted);
            if (count == 0) break;
            observe();  // Edge A.
            for (std::size_t i = 0; i < count; ++i) {
                visit(std::move(block_[i]));
                block_[i] = T();
            }
            // Release: edge B.
            credits_.fetch_add(static_cast<std::int64_t>(count), std::memory_order_release);
            drained += count;
        }
        return drained;
    }

    // Any thread. How many pushes would be taken at some moment about now: an agent asks before it
    // makes what it could not deliver. With one producer, a promise that only grows.
    [[nodiscard]] std::size_t free_approx() const noexcept {
        // Acquire: edge B, for a producer that goes by the answer.
        const std::int64_t credits = credits_.load(std::memory_order_acquire);
        return static_cast<std::size_t>(std::max<std::int64_t>(credits, 0));
    }

    // Any thread. Items pushed and not yet visited to the end: for metrics, not for decisions.
    [[nodiscard]] std::size_t size_approx() const noexcept { return capacity() - free_approx(); }

    [[nodiscard]] std::size_t capacity() const noexcept {
        return static_cast<std::size_t>(capacity_);
    }

  private:
    static constexpr std::size_t kBlockItems = 32;

    void publish() noexcept {
#ifdef THALWEG_TSAN
        __tsan_release(&queue_);
#endif
    }

    void observe() noexcept {
#ifdef THALWEG_TSAN
        __tsan_acquire(&queue_);
#endif
    }

    const std::int64_t capacity_;
    moodycamel::ConcurrentQueue<T> queue_;

    // Written by every producer and the consumer.
    alignas(kFalseSharingBytes) std::atomic<std::int64_t> credits_;

    // Written by the consumer.
    alignas(kFalseSharingBytes) moodycamel::ConsumerToken token_{queue_};
    std::array<T, kBlockItems> block_{};
};

}  // namespace thalweg
