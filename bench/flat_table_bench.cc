// FlatTable against the maps we could have used: GROUP BY a 64-bit key with COUNT and SUM.
//
// update  keys drawn uniformly from those in the table, 1,024 a batch: the steady state of a
// window. build   every key once, in random order, from an empty table: the first moments of one.
// Hashing is part of the time of everyone. memory_bytes is per key; what std and Boost hold is
// counted by their allocator.

#include "bench/bench.h"
#include "state/base/hash.h"
#include "state/base/random.h"
#include "state/flat_table.h"

#include <benchmark/benchmark.h>
#include <boost/unordered/unordered_flat_map.hpp>

#include <array>
#include <cstring>
#include <memory>
#include <unordered_map>
#include <vector>

namespace thalweg {
namespace {

constexpr std::size_t kBatchRows = 1024;

struct Aggregate {
    std::int64_t count = 0;
    std::int64_t sum = 0;
};

// An allocator that counts what it hands out, peak included.
struct Meter {
    std::size_t bytes = 0;
    std::size_t bytes_max = 0;
};

template <class T>
struct MeteredAllocator {
    using value_type = T;
    Meter* meter;

    explicit MeteredAllocator(Meter* target) : meter(target) {}

    template <class U>
    explicit MeteredAllocator(const MeteredAllocator<U>& other) : meter(other.meter) {}

    T* allocate(std::size_t count) {
        meter->bytes += count * sizeof(T);
        meter->bytes_max = std::max(meter->bytes, meter->bytes_max);
        return std::allocator<T>().allocate(count);
    }

    void deallocate(T* block, std::size_t count) {
        meter->bytes -= count * sizeof(T);
        std::allocator<T>().deallocate(block, count);
    }

    template <class U>
    bool operator==(const MeteredAllocator<U>& other) const {
        return meter == other.meter;
    }
};

// The rivals get our hash, so that the tables are what is compared.
struct SeededHash {
    using is_avalanching = void;
    HashSeed seed = HashSeed::from(1);

    std::size_t operator()(std::int64_t key) const {
        return hash_word(seed, static_cast<std::uint64_t>(key));
    }
};

using Pair = std::pair<const std::int64_t, Aggregate>;
using StdMap = std::
    unordered_map<std::int64_t, Aggregate, SeededHash, std::equal_to<>, MeteredAllocator<Pair>>;
using BoostMap = boost::unordered_flat_map<std::int64_t,
                                           Aggregate,
                                           SeededHash,
                                           std::equal_to<>,
                                           MeteredAllocator<Pair>>;

// One interface for all: add 1 and the value to the aggregate of each key of a batch.
template <class Map>
class MapGroups {
  public:
    void update(std::span<const std::int64_t> keys, std::span<const std::int64_t> values) {
        for (std::size_t row = 0; row < keys.size(); ++row) {
            Aggregate& aggregate = map_[keys[row]];
            ++aggregate.count;
            aggregate.sum += values[row];
        }
    }

    [[nodiscard]] Aggregate total() const {
        Aggregate total;
        for (const auto& [key, aggregate] : map_) {
            total.count += aggregate.count;
            total.sum += aggregate.sum * key;
        }
        return total;
    }

    [[nodiscard]] std::size_t memory_bytes() const { return meter_.bytes; }

    [[nodiscard]] std::size_t memory_bytes_max() const { return meter_.bytes_max; }

  private:
    Meter meter_;
    Map map_{MeteredAllocator<Pair>(&meter_)};
};

class FlatGroups {
  public:
    void update(std::span<const std::int64_t> keys, std::span<const std::int64_t> values) {
        const std::span hashes = std::span(hashes_).first(keys.size());
        const std::span positions = std::span(positions_).first(keys.size());
        hash_column(seed_, keys, hashes);
        table_.find_or_insert(std::as_bytes(keys), hashes, positions);
        for (std::size_t row = 0; row < keys.size(); ++row) {
            auto* const aggregate = reinterpret_cast<Aggregate*>(table_.payload(positions[row]));
            ++aggregate->count;
            aggregate->sum += values[row];
        }
        memory_bytes_max_ = std::max(memory_bytes_max_, table_.memory_bytes());
    }

    [[nodiscard]] Aggregate total() const {
        Aggregate total;
        table_.for_each([&](std::uint32_t position) {
            std::int64_t key = 0;
            Aggregate aggregate;
            std::memcpy(&key, table_.entry(position), sizeof key);
            std::memcpy(&aggregate, table_.payload(position), sizeof aggregate);
            total.count += aggregate.count;
            total.sum += aggregate.sum * key;
        });
        return total;
    }

    [[nodiscard]] std::size_t memory_bytes() const { return table_.memory_bytes(); }

    [[nodiscard]] std::size_t memory_bytes_max() const { return memory_bytes_max_; }

  private:
    HashSeed seed_ = HashSeed::from(1);
    FlatTable table_{8, sizeof(Aggregate)};
    std::array<std::uint64_t, kBatchRows> hashes_{};
    std::array<std::uint32_t, kBatchRows> positions_{};
    std::size_t memory_bytes_max_ = 0;
};

// All keys once, shuffled; keys are multiples of a large number, as ids often are.
std::vector<std::int64_t> all_keys(std::size_t count) {
    std::vector<std::int64_t> keys(count);
    for (std::size_t i = 0; i < count; ++i)
        keys[i] = static_cast<std::int64_t>(i) * 1'000;
    Random random(2);
    for (std::size_t i = count; i > 1; --i)
        std::swap(keys[i - 1], keys[random.below(i)]);
    return keys;
}

// Enough draws that a large table is never asked the same again while it is cached.
std::vector<std::int64_t> drawn_keys(std::size_t count, std::size_t draws) {
    Random random(3);
    std::vector<std::int64_t> keys(draws);
    for (std::int64_t& key : keys)
        key = static_cast<std::int64_t>(random.below(count)) * 1'000;
    return keys;
}

template <class Groups>
void update_all(Groups& groups, const std::vector<std::int64_t>& keys) {
    for (std::size_t at = 0; at < keys.size(); at += kBatchRows) {
        const std::size_t rows = std::min(kBatchRows, keys.size() - at);
        const std::span batch = std::span(keys).subspan(at, rows);
        groups.update(batch, batch);
    }
}

template <class Groups>
void check(const Groups& groups, const std::vector<std::int64_t>& keys) {
    std::uint64_t expected = 0;
    for (const std::int64_t key : keys)
        expected += static_cast<std::uint64_t>(key) * static_cast<std::uint64_t>(key);
    const Aggregate total = groups.total();
    require_equal(static_cast<std::uint64_t>(total.count), keys.size(), "count");
    require_equal(static_cast<std::uint64_t>(total.sum), expected, "sum");
}

std::size_t key_count(const benchmark::State& state) {
    return static_cast<std::size_t>(bench_size(state.range(0), 1'000));
}

template <class Groups>
void update(benchmark::State& state) {
    const std::size_t count = key_count(state);
    Groups groups;
    const std::vector<std::int64_t> keys = all_keys(count);
    update_all(groups, keys);
    check(groups, keys);
    const std::vector<std::int64_t> draws =
        drawn_keys(count, is_tiny_run() ? 4 * kBatchRows : 4096 * kBatchRows);
    std::size_t at = 0;
    for (auto _ : state) {
        const std::span batch = std::span(draws).subspan(at, kBatchRows);
        groups.update(batch, batch);
        at = (at + kBatchRows) % draws.size();
    }
    report_per_record(state, kBatchRows);
    state.counters["bytes_per_key"] =
        static_cast<double>(groups.memory_bytes()) / static_cast<double>(count);
}

template <class Groups>
void build(benchmark::State& state) {
    const std::size_t count = key_count(state);
    const std::vector<std::int64_t> keys = all_keys(count);
    std::size_t memory_bytes_max = 0;
    for (auto _ : state) {
        Groups groups;
        update_all(groups, keys);
        memory_bytes_max = groups.memory_bytes_max();
        benchmark::DoNotOptimize(groups);
    }
    report_per_record(state, static_cast<std::int64_t>(count));
    state.counters["bytes_per_key_max"] =
        static_cast<double>(memory_bytes_max) / static_cast<double>(count);
}

void keys_of_all_sizes(benchmark::internal::Benchmark* bench) {
    for (const std::int64_t count : {100, 10'000, 1'000'000, 10'000'000})
        bench->Arg(count);
}

void hash_words_column(benchmark::State& state) {
    const HashSeed seed = HashSeed::from(1);
    const std::vector<std::int64_t> keys = drawn_keys(1'000'000, kBatchRows);
    std::vector<std::uint64_t> hashes(kBatchRows);
    for (auto _ : state) {
        hash_column(seed, keys, hashes);
        benchmark::ClobberMemory();
    }
    report_per_record(state, kBatchRows);
}

void hash_texts(benchmark::State& state) {
    const HashSeed seed = HashSeed::from(1);
    const std::string text(static_cast<std::size_t>(state.range(0)) + kBatchRows, 'x');
    for (auto _ : state) {
        std::uint64_t sum = 0;
        for (std::size_t i = 0; i < kBatchRows; ++i)
            sum += hash_bytes(seed, {text.data() + i, static_cast<std::size_t>(state.range(0))});
        benchmark::DoNotOptimize(sum);
    }
    report_per_record(state, kBatchRows);
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(kBatchRows) *
                            state.range(0));
}

BENCHMARK(hash_words_column);
BENCHMARK(hash_texts)->Arg(8)->Arg(16)->Arg(40)->Arg(1024);
BENCHMARK_TEMPLATE(update, FlatGroups)->Apply(keys_of_all_sizes);
BENCHMARK_TEMPLATE(update, MapGroups<BoostMap>)->Apply(keys_of_all_sizes);
BENCHMARK_TEMPLATE(update, MapGroups<StdMap>)->Apply(keys_of_all_sizes);
BENCHMARK_TEMPLATE(build, FlatGroups)->Apply(keys_of_all_sizes);
BENCHMARK_TEMPLATE(build, MapGroups<BoostMap>)->Apply(keys_of_all_sizes);
BENCHMARK_TEMPLATE(build, MapGroups<StdMap>)->Apply(keys_of_all_sizes);

}  // namespace
}  // namespace thalweg

BENCHMARK_MAIN();
