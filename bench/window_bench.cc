// COUNT, SUM, MIN and MAX per BIGINT key per tumbling second, over rows in memory: the operator
// alone, fed batches of columns, and what one would write by hand for exactly this query.
//
// tumble        make_window_aggregate, a watermark after every batch
// hop           the same rows in windows of 4 seconds that slide by one
// by_hand       rows of 32 bytes, one open-addressed table for the window that is open, no lateness
// by_map        the same with std::unordered_map
// Every variant gives a checksum over all results, which must be that of by_map; hop's, which has
// no rival here, must be the same each time (tests/ops/window_aggregate_test.cc has its oracle).

#include "bench/bench.h"
#include "ops/window_aggregate.h"
#include "state/base/random.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace thalweg {
namespace {

constexpr std::int64_t kSeconds = 4;

// What a record is on the wire.
struct Record {
    std::int64_t time;
    std::int64_t key;
    std::int64_t value;
    std::int64_t extra;
};

struct Stream {
    std::vector<Record> records;
    std::vector<std::unique_ptr<Batch>> batches;
    std::uint64_t checksum = 0;
};

struct Group {
    std::int64_t count = 0;
    std::int64_t sum = 0;
    std::int64_t low = INT64_MAX;
    std::int64_t high = INT64_MIN;

    void add(std::int64_t value) {
        ++count;
        sum += value;
        low = std::min(low, value);
        high = std::max(high, value);
    }
};

std::uint64_t check_of(std::int64_t key, const Group& group, std::int64_t window_end) {
    const auto word = [](std::int64_t value) { return static_cast<std::uint64_t>(value); };
    return (word(key) * 3 + word(group.count) * 5 + word(group.sum) * 7 + word(group.low) * 11 +
            word(group.high) * 13) ^
           word(window_end);
}

std::int64_t window_end_of(std::int64_t time) {
    return (time / kNanosPerSecond + 1) * kNanosPerSecond;
}

std::uint64_t run_map(const std::vector<Record>& records) {
    std::unordered_map<std::int64_t, Group> groups;
    std::uint64_t checksum = 0;
    std::int64_t end = 0;
    const auto fire = [&] {
        for (const auto& [key, group] : groups)
            checksum += check_of(key, group, end);
        groups.clear();
    };
    for (const Record& record : records) {
        if (record.time >= end) {
            fire();
            end = window_end_of(record.time);
        }
        groups[record.key].add(record.value);
    }
    fire();
    return checksum;
}

std::uint64_t run_by_hand(const std::vector<Record>& records, std::size_t slots) {
    struct Slot {
        std::int64_t key;
        Group group;
    };

    std::vector<Slot> table(slots);
    const std::uint64_t mask = slots - 1;
    std::uint64_t checksum = 0;
    std::int64_t end = 0;
    const auto fire = [&] {
        for (Slot& slot : table) {
            if (slot.group.count != 0) checksum += check_of(slot.key, slot.group, end);
            slot = {};
        }
    };
    for (const Record& record : records) {
        if (record.time >= end) [[unlikely]] {
            fire();
            end = window_end_of(record.time);
        }
        std::uint64_t at = (static_cast<std::uint64_t>(record.key) * 0x9e3779b97f4a7c15ULL) >> 20U;
        while (true) {
            Slot& slot = table[at & mask];
            if (slot.group.count == 0) slot.key = record.key;
            if (slot.key == record.key) {
                slot.group.add(record.value);
                break;
            }
            ++at;
        }
    }
    fire();
    return checksum;
}

Stream make_stream(std::int64_t keys) {
    const std::int64_t count = bench_size(16'000'000, 40'000);
    const SchemaPtr schema = make_schema({{"time", Type::timestamp(3).not_null()},
                                          {"key", Type::bigint().not_null()},
                                          {"value", Type::bigint().not_null()}});
    Stream stream;
    Random random(42);
    for (std::int64_t i = 0; i < count; ++i) {
        Record record{};
        record.time = i * kSeconds * 999'999'999 / count;
        record.key = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(keys)));
        record.value = static_cast<std::int64_t>(random.below(1000)) - 500;
        stream.records.push_back(record);
        if (stream.batches.empty() || stream.batches.back()->room() == 0)
            stream.batches.push_back(std::make_unique<Batch>(schema));
        Batch& batch = *stream.batches.back();
        const std::size_t row = batch.size();
        batch.column(0).data<std::int64_t>()[row] = record.time;
        batch.column(1).data<std::int64_t>()[row] = record.key;
        batch.column(2).data<std::int64_t>()[row] = record.value;
        batch.set_size(row + 1);
    }
    stream.checksum = run_map(stream.records);
    return stream;
}

// One stream at a time: they are large.
const Stream& stream_of(std::int64_t keys) {
    static std::int64_t made_for = 0;
    static std::unique_ptr<Stream> stream;
    if (made_for != keys) {
        stream.reset();
        stream = std::make_unique<Stream>(make_stream(keys));
        made_for = keys;
    }
    return *stream;
}

struct CheckSum final : Emitter {
    std::uint64_t sum = 0;
    std::uint64_t rows = 0;

    void emit(const BatchView& view) override {
        view.selection.for_each([&](std::size_t row) {
            const auto at = [&](std::size_t column) {
                return view[column].data<std::int64_t>()[row];
            };
            sum += check_of(at(0), {at(1), at(2), at(3), at(4)}, at(6));
        });
        rows += view.size();
    }
};

WindowAggregateSpec spec_of(WindowKind kind, std::int64_t size) {
    WindowAggregateSpec spec;
    spec.window.kind = kind;
    spec.window.size_ns = size;
    spec.window.slide_ns = kNanosPerSecond;
    spec.keys = {1};
    spec.key_types = {Type::bigint().not_null()};
    for (const AggregateKind aggregate : {AggregateKind::kCountStar,
                                          AggregateKind::kSum,
                                          AggregateKind::kMin,
                                          AggregateKind::kMax}) {
        AggregateCall call;
        call.kind = aggregate;
        call.argument = 2;
        call.argument_type = Type::bigint().not_null();
        call.result_type = Type::bigint();
        spec.calls.push_back(call);
    }
    spec.seed = HashSeed::from(1);
    return spec;
}

CheckSum run_operator(const Stream& stream, const WindowAggregateSpec& spec) {
    const std::unique_ptr<Op> op = make_window_aggregate(spec);
    OpContext context;
    CheckSum out;
    for (const auto& batch : stream.batches) {
        op->process(0, batch->view(), context, out);
        const std::int64_t last = batch->column(0).data<std::int64_t>()[batch->size() - 1];
        const Watermark watermark{last - kNanosPerMilli};
        while (op->advance(watermark, context, out) == Progress::kMore) {
        }
    }
    while (op->advance(Watermark::max(), context, out) == Progress::kMore) {
    }
    return out;
}

void tumble(benchmark::State& state) {
    const Stream& stream = stream_of(state.range(0));
    const WindowAggregateSpec spec = spec_of(WindowKind::kTumble, kNanosPerSecond);
    require_equal(run_operator(stream, spec).sum, stream.checksum, "tumble");
    for (auto _ : state)
        benchmark::DoNotOptimize(run_operator(stream, spec).sum);
    report_per_record(state, static_cast<std::int64_t>(stream.records.size()));
}

// Each row is in four windows; the first and the last windows have fewer seconds in them.
void hop(benchmark::State& state) {
    const Stream& stream = stream_of(state.range(0));
    const WindowAggregateSpec spec = spec_of(WindowKind::kHop, 4 * kNanosPerSecond);
    const CheckSum once = run_operator(stream, spec);
    for (auto _ : state) {
        const CheckSum again = run_operator(stream, spec);
        require_equal(again.sum, once.sum, "hop");
    }
    report_per_record(state, static_cast<std::int64_t>(stream.records.size()));
}

void by_hand(benchmark::State& state) {
    const Stream& stream = stream_of(state.range(0));
    std::size_t slots = 256;
    while (slots < static_cast<std::size_t>(state.range(0)) * 2)
        slots *= 2;
    require_equal(run_by_hand(stream.records, slots), stream.checksum, "by_hand");
    for (auto _ : state)
        benchmark::DoNotOptimize(run_by_hand(stream.records, slots));
    report_per_record(state, static_cast<std::int64_t>(stream.records.size()));
}

void by_map(benchmark::State& state) {
    const Stream& stream = stream_of(state.range(0));
    for (auto _ : state)
        require_equal(run_map(stream.records), stream.checksum, "by_map");
    report_per_record(state, static_cast<std::int64_t>(stream.records.size()));
}

void register_all() {
    for (const std::int64_t keys : {100, 10'000, 1'000'000}) {
        benchmark::RegisterBenchmark("tumble", tumble)->Arg(keys);
        benchmark::RegisterBenchmark("hop", hop)->Arg(keys);
        benchmark::RegisterBenchmark("by_hand", by_hand)->Arg(keys);
        benchmark::RegisterBenchmark("by_map", by_map)->Arg(keys);
    }
}

}  // namespace
}  // namespace thalweg

int main(int argc, char** argv) {
    benchmark::Initialize(&argc, argv);
    thalweg::register_all();
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
