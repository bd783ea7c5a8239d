#pragma once

#include "engine/run/epoch/epoch_part.h"
#include "engine/run/idle.h"
#include "engine/run/mailbox.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace thalweg {

// Where the agents of a query and the coordinator of its epochs meet.
//
// Epochs are numbered 1, 2, ... from the start of the process. The coordinator requests one at a
// time; every agent sees it through and says so with its last part, whatever becomes of the epoch
// on the disk. When one is durable, so is all that came before it.
//
// Threads   request, announce_durable, finish, drain, release_outbox: the coordinator's. All else:
//           any.
// Ordering  What the coordinator did before an announcement is visible to who sees the number.
class EpochDesk {
  public:
    // Results that may wait in memory for their epoch to become durable; from the half on an epoch
    // is due. Beyond it sinks with an outbox are not ready, but for what is in front of a barrier
    // that was asked for: all results of a window, if they fire there.
    static constexpr std::size_t kOutboxBytesMax = 64U << 20U;

    EpochDesk() : parts_(kPartsMax) {}

    // --- Agents ---

    [[nodiscard]] std::uint64_t requested() const noexcept {
        return requested_.load(std::memory_order_acquire);  // Acquire: see Ordering.
    }

    [[nodiscard]] std::uint64_t durable() const noexcept {
        return durable_.load(std::memory_order_acquire);  // Acquire: see Ordering.
    }

    // Whether the last epoch is durable and published: the query may end.
    [[nodiscard]] bool is_finished() const noexcept {
        return finished_.load(std::memory_order_acquire);  // Acquire: see Ordering.
    }

    // Moves from `part`, or leaves it alone: full.
    [[nodiscard]] bool try_push(EpochPartPtr&& part) {
        if (!parts_.try_push(std::move(part))) return false;
        wake();
        return true;
    }

    void add_outbox(std::size_t bytes) noexcept {
        outbox_bytes_.fetch_add(bytes, std::memory_order_relaxed);  // Relaxed: a count.
    }

    [[nodiscard]] std::size_t outbox_bytes() const noexcept {
        return outbox_bytes_.load(std::memory_order_relaxed);  // Relaxed: a count.
    }

    // All inputs have come to their ends, and all results have been given.
    void announce_end() noexcept {
        if (ended_.exchange(true, std::memory_order_relaxed)) return;  // Relaxed: no data.
        wake();
    }

    // An input has come to its end, and its channel stays open; once for each.
    void announce_rest() noexcept {
        resting_.fetch_add(1, std::memory_order_relaxed);  // Relaxed: a count.
        wake();
    }

    // The runners of all agents.
    void wake_agents() {
        if (wake_agents_) wake_agents_();
    }

    // --- Coordinator ---

    void request(std::uint64_t epoch) noexcept {
        requested_.store(epoch, std::memory_order_release);  // Release: see Ordering.
        wake_agents();
    }

    void announce_durable(std::uint64_t epoch) noexcept {
        durable_.store(epoch, std::memory_order_release);  // Release: see Ordering.
        wake_agents();
    }

    void finish() noexcept {
        finished_.store(true, std::memory_order_release);  // Release: see Ordering.
        wake_agents();
    }

    [[nodiscard]] bool has_ended() const noexcept {
        return ended_.load(std::memory_order_relaxed);  // Relaxed: carries no data.
    }

    // Inputs that rest, without having been asked to stop.
    [[nodiscard]] std::size_t resting() const noexcept {
        return resting_.load(std::memory_order_relaxed);  // Relaxed: a count.
    }

    void release_outbox(std::size_t bytes) noexcept {
        outbox_bytes_.fetch_sub(bytes, std::memory_order_relaxed);  // Relaxed: a count.
    }

    template <class Visit>
    std::size_t drain(Visit&& visit) {
        return parts_.drain(parts_.capacity(), visit);
    }

    // --- Setting up ---

    // Wakes the runners of all agents.
    void set_wake_agents(std::function<void()> wake) { wake_agents_ = std::move(wake); }

    // Wakes the coordinator's runner.
    void set_wake_signal(WakeSignal& signal) { wake_ = &signal; }

  private:
    void wake() noexcept {
        if (wake_ != nullptr) wake_->signal();
    }

    static constexpr std::size_t kPartsMax = 128;  // 32 MiB of state on its way.

    std::atomic<std::uint64_t> requested_{0};
    std::atomic<std::uint64_t> durable_{0};
    std::atomic<std::size_t> outbox_bytes_{0};
    std::atomic<std::size_t> resting_{0};
    std::atomic<bool> ended_{false};
    std::atomic<bool> finished_{false};
    std::function<void()> wake_agents_;
    WakeSignal* wake_ = nullptr;
    Mailbox<EpochPartPtr> parts_;
};

}  // namespace thalweg
