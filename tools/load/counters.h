#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace thalweg::load {

// What one connection has sent so far. Written by its thread; read by any, for the progress line.
struct alignas(128) Counters {
    std::atomic<std::uint64_t> records{0};    // Handed to the kernel, whole.
    std::atomic<std::uint64_t> bytes{0};      //
    std::atomic<std::uint64_t> datagrams{0};  //
    std::atomic<std::uint64_t> late{0};    // Records handed over 1 ms or more after they were due.
    std::atomic<std::uint64_t> errors{0};  // A connection that broke, a datagram that was refused.
    std::atomic<std::int64_t> behind_ns_max{0};
};

// Of all connections together.
struct Totals {
    std::uint64_t records = 0;
    std::uint64_t bytes = 0;
    std::uint64_t datagrams = 0;
    std::uint64_t late = 0;
    std::uint64_t errors = 0;
    std::int64_t behind_ns_max = 0;

    void add(const Counters& counters) noexcept {
        const auto get = [](const auto& value) { return value.load(std::memory_order_relaxed); };
        records += get(counters.records);
        bytes += get(counters.bytes);
        datagrams += get(counters.datagrams);
        late += get(counters.late);
        errors += get(counters.errors);
        behind_ns_max = std::max(behind_ns_max, get(counters.behind_ns_max));
    }
};

// Adds to a counter that has a single writer: no locked instruction.
inline void bump(std::atomic<std::uint64_t>& counter, std::uint64_t by) noexcept {
    counter.store(counter.load(std::memory_order_relaxed) + by, std::memory_order_relaxed);
}

}  // namespace thalweg::load
