// The lookup join alone: batches of columns whose ids are looked up in a table of 1,000 ads to
// learn their campaign, of 100; and of 1 million, to see memory. One id in ten is not there.
//
// near          BIGINT ids from 0 on
// far           BIGINT ids all over
// binary        BINARY(16) ids
// Each beside by_hand, written for exactly this join: a table of a quarter's load with linear
// probing, one loop over the rows. Both sum up what they find, which must be equal.

#include "bench/bench.h"
#include "ops/lookup_join.h"
#include "state/base/hash.h"
#include "state/base/random.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace thalweg {
namespace {

enum class Ids : std::int64_t { kNear, kFar, kBinary };

constexpr std::uint64_t kFarMultiplier = 0x9e3779b97f4a7c15ULL;

struct Id16 {
    std::uint64_t low;
    std::uint64_t high;

    friend bool operator==(const Id16&, const Id16&) = default;
};

std::int64_t word_of(Ids ids, std::uint64_t number) {
    return static_cast<std::int64_t>(ids == Ids::kNear ? number : number * kFarMultiplier);
}

Id16 id_of(std::uint64_t number) {
    return {number * kFarMultiplier, (number + 1) * 0xd1342543de82ef95ULL | 1ULL << 63U};
}

std::int64_t campaign_of(std::uint64_t ad) {
    return static_cast<std::int64_t>(ad / 10);
}

// Numbers of ads, a tenth of them of none.
struct Stream {
    std::vector<std::uint64_t> ads;
    std::vector<Id16> ids;  // What BINARY columns borrow.
    std::vector<std::unique_ptr<Batch>> batches;
    std::uint64_t sum = 0;
};

void set_id(Batch& batch, std::size_t row, Ids ids, std::uint64_t number, const Id16& bytes) {
    if (ids == Ids::kBinary) {
        batch.column(0).data<StringRef>()[row] =
            StringRef({reinterpret_cast<const char*>(&bytes), sizeof bytes});
    } else {
        batch.column(0).data<std::int64_t>()[row] = word_of(ids, number);
    }
    batch.column(1).data<std::int64_t>()[row] = campaign_of(number);
}

SchemaPtr schema_of(Ids ids) {
    const Type id =
        ids == Ids::kBinary ? Type{TypeKind::kBinary, true, 16, 0, nullptr} : Type::bigint();
    return make_schema({{"ad", id}, {"campaign", Type::bigint()}});
}

Stream make_stream(Ids ids, std::size_t count, std::size_t ads) {
    Stream stream;
    Random random(3);
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t ad =
            random.below(10) == 0 ? ads + random.below(ads) : random.below(ads);
        stream.ads.push_back(ad);
        stream.ids.push_back(id_of(ad));
        if (ad < ads) stream.sum += static_cast<std::uint64_t>(campaign_of(ad)) + 1;
    }
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t row = i % kBatchRows;
        if (row == 0) stream.batches.push_back(std::make_unique<Batch>(schema_of(ids)));
        set_id(*stream.batches.back(), row, ids, stream.ads[i], stream.ids[i]);
        stream.batches.back()->set_size(row + 1);
    }
    return stream;
}

std::shared_ptr<const LookupTable> make_table(Ids ids, std::size_t ads) {
    const auto table =
        std::make_shared<LookupTable>(LookupTableSpec{schema_of(ids), {0}, HashSeed::from(1)});
    for (std::size_t first = 0; first < ads; first += kBatchRows) {
        Batch batch(schema_of(ids));
        std::array<Id16, kBatchRows> bytes{};
        const std::size_t count = std::min(kBatchRows, ads - first);
        for (std::size_t row = 0; row < count; ++row) {
            bytes[row] = id_of(first + row);
            set_id(batch, row, ids, first + row, bytes[row]);
        }
        batch.set_size(count);
        table->add(batch.view());
    }
    table->finish();
    return table;
}

// Adds up the campaigns that are found, and counts them.
struct Adder final : Emitter {
    std::uint64_t sum = 0;

    void emit(const BatchView& rows) override {
        const auto* const campaigns = rows.columns.back()->data<std::int64_t>();
        std::uint64_t local = rows.size();
        rows.selection.for_each(
            [&](std::size_t row) { local += static_cast<std::uint64_t>(campaigns[row]); });
        sum += local;
    }
};

void report(benchmark::State& state, const Stream& stream, std::uint64_t sum) {
    require_equal(sum, stream.sum, "lookup join");
    report_per_record(state, static_cast<std::int64_t>(stream.ads.size()));
}

// Few enough to stay in the second-level cache, as rows do that have just been decoded.
constexpr std::size_t kRows = 24 * kBatchRows;

std::size_t ads_of(const benchmark::State& state) {
    return is_tiny_run() ? 100 : static_cast<std::size_t>(state.range(1));
}

void lookup_join(benchmark::State& state) {
    const auto ids = static_cast<Ids>(state.range(0));
    const Stream stream = make_stream(ids, kRows, ads_of(state));
    LookupJoinSpec spec;
    spec.input = schema_of(ids);
    spec.keys = {0};
    spec.columns = {1};
    spec.shown_count = 1;
    const auto op = make_lookup_join(spec, make_table(ids, ads_of(state)));
    OpContext context;
    std::uint64_t sum = 0;
    for (auto _ : state) {
        Adder adder;
        for (const std::unique_ptr<Batch>& batch : stream.batches)
            op->process(0, batch->view(), context, adder);
        sum = adder.sum;
    }
    report(state, stream, sum);
}

template <class Key>
class ByHandTable {
  public:
    explicit ByHandTable(std::size_t keys) : slots_(std::bit_ceil(keys * 4)) {}

    static std::uint64_t hash(std::int64_t key) {
        return (static_cast<std::uint64_t>(key) * kFarMultiplier) >> 20U;
    }

    static std::uint64_t hash(const Id16& key) {
        return ((key.low ^ std::rotl(key.high, 32)) * kFarMultiplier) >> 20U;
    }

    void add(const Key& key, std::int64_t value) {
        std::size_t at = hash(key) & (slots_.size() - 1);
        while (slots_[at].value >= 0)
            at = (at + 1) & (slots_.size() - 1);
        slots_[at] = {key, value};
    }

    // -1: not there.
    [[nodiscard]] std::int64_t find(const Key& key) const {
        for (std::size_t at = hash(key) & (slots_.size() - 1);;
             at = (at + 1) & (slots_.size() - 1)) {
            if (slots_[at].key == key || slots_[at].value < 0) return slots_[at].value;
        }
    }

  private:
    struct Slot {
        Key key{};
        std::int64_t value = -1;
    };

    std::vector<Slot> slots_;
};

template <class Key, class KeyAt>
std::uint64_t run_by_hand(const ByHandTable<Key>& table, std::size_t rows, const KeyAt& key_at) {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < rows; ++i)
        sum += static_cast<std::uint64_t>(table.find(key_at(i)) + 1);
    return sum;
}

void by_hand(benchmark::State& state) {
    const auto ids = static_cast<Ids>(state.range(0));
    const std::size_t ads = ads_of(state);
    const Stream stream = make_stream(ids, kRows, ads);
    ByHandTable<std::int64_t> words(ads);
    ByHandTable<Id16> binaries(ads);
    std::vector<std::int64_t> keys;
    for (const std::uint64_t ad : stream.ads)
        keys.push_back(word_of(ids, ad));
    for (std::uint64_t ad = 0; ad < ads; ++ad) {
        words.add(word_of(ids, ad), campaign_of(ad));
        binaries.add(id_of(ad), campaign_of(ad));
    }
    std::uint64_t sum = 0;
    for (auto _ : state) {
        sum = ids == Ids::kBinary
                  ? run_by_hand(binaries, kRows, [&](std::size_t i) { return stream.ids[i]; })
                  : run_by_hand(words, kRows, [&](std::size_t i) { return keys[i]; });
        benchmark::DoNotOptimize(sum);
    }
    report(state, stream, sum);
}

void arguments(benchmark::internal::Benchmark* bench) {
    for (const Ids ids : {Ids::kNear, Ids::kFar, Ids::kBinary}) {
        for (const std::int64_t ads : {1000, 1'000'000})
            bench->Args({static_cast<std::int64_t>(ids), ads});
    }
    bench->ArgNames({"ids", "ads"});
}

BENCHMARK(lookup_join)->Apply(arguments);
BENCHMARK(by_hand)->Apply(arguments);

}  // namespace
}  // namespace thalweg

BENCHMARK_MAIN();
