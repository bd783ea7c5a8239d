#pragma once

#include "state/base/cacheline.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace thalweg {

// The published counters of one agent, named by an enum whose last enumerator is kCount:
//
//     enum class IngestCounter : std::uint8_t { kReceived, kMalformed, kShed, kCount };
//     Counters<IngestCounter> counters;
//     counters.add(IngestCounter::kReceived, rows);
//
// Counting costs one load, one addition and one store, without a locked instruction, because there
// is one writer; add per batch, not per row.
//
// Threads
//   owner  add(), set()
//   any    value(), snapshot()
//
// Ordering
//   Each counter alone is exact and never torn. Between counters there is no order: a snapshot
//   taken while the owner works may see a batch in one and not yet in another. Balances are checked
//   when the owner rests.
template <class Name>
    requires std::is_enum_v<Name>
class Counters {
  public:
    static constexpr std::size_t kSize = static_cast<std::size_t>(Name::kCount);
    using Snapshot = std::array<std::uint64_t, kSize>;

    Counters() = default;
    Counters(const Counters&) = delete;
    Counters& operator=(const Counters&) = delete;
    ~Counters() = default;

    // Owner.
    void add(Name name, std::uint64_t amount = 1) noexcept { set(name, value(name) + amount); }

    // Owner. For what goes up and down, such as a size.
    void set(Name name, std::uint64_t value) noexcept {
        // Relaxed: see Ordering.
        values_[static_cast<std::size_t>(name)].store(value, std::memory_order_relaxed);
    }

    // Any thread.
    [[nodiscard]] std::uint64_t value(Name name) const noexcept {
        // Relaxed: see Ordering.
        return values_[static_cast<std::size_t>(name)].load(std::memory_order_relaxed);
    }

    // Any thread.
    [[nodiscard]] Snapshot snapshot() const noexcept {
        Snapshot result{};
        for (std::size_t i = 0; i < kSize; ++i)
            result[i] = value(static_cast<Name>(i));
        return result;
    }

  private:
    // Written by the owner, away from what others write.
    alignas(kFalseSharingBytes) std::array<std::atomic<std::uint64_t>, kSize> values_{};
};

}  // namespace thalweg
