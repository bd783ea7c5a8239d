// Saving a windowed aggregation of 4 million groups, COUNT SUM MIN MAX by a BIGINT (tiny: 20,000):
// how fast its rows become bytes, and for how long a call keeps its shard from other work.
//
// save_alone    freeze and save in steps, nothing else. The rows of the last run are counted.
// save_and_add  the same with a batch of rows of random keys before each step: what comes between
//               writes what it is about to change. Beside it add, the same rows without a save.
// copy          a plain copy of as many bytes, in pieces as large.

#include "bench/bench.h"
#include "bench/stopwatch.h"
#include "ops/window_aggregate.h"
#include "state/base/random.h"
#include "state/batch_codec.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

namespace thalweg {
namespace {

constexpr std::size_t kStepRows = 4096;

class NoRows final : public Emitter {
  public:
    void emit(const BatchView&) override {}
};

// Copies what it is given into a buffer that goes round, as blocks on their way to another thread.
class RoundSink final : public StateSink {
  public:
    Result<void> append(std::span<const std::byte> bytes) override {
        while (!bytes.empty()) {
            if (used_ == buffer_.size()) used_ = 0;
            const std::size_t count = std::min(bytes.size(), buffer_.size() - used_);
            std::memcpy(buffer_.data() + used_, bytes.data(), count);
            used_ += count;
            bytes = bytes.subspan(count);
        }
        return {};
    }

  private:
    std::vector<std::byte> buffer_ = std::vector<std::byte>(256 << 10);
    std::size_t used_ = 0;
};

// Encodes each batch as it becomes full.
class EncodingOut final : public StateOut {
  public:
    explicit EncodingOut(const Op& op) {
        for (const StateTable& table : op.state_tables())
            batches_.push_back(std::make_unique<Batch>(table.schema));
    }

    Batch& open(std::size_t table, std::size_t rows) override {
        if (batches_[table]->room() < rows) send(*batches_[table]);
        return *batches_[table];
    }

    void send_all() {
        for (const auto& batch : batches_)
            send(*batch);
    }

    [[nodiscard]] std::uint64_t rows() const noexcept { return rows_; }

    [[nodiscard]] std::uint64_t bytes() const noexcept { return writer_.position(); }

  private:
    void send(Batch& batch) {
        rows_ += batch.size();
        write_rows(writer_, batch.view());
        batch.clear();
    }

    RoundSink sink_;
    StateWriter writer_{sink_};
    std::vector<std::unique_ptr<Batch>> batches_;
    std::uint64_t rows_ = 0;
};

WindowAggregateSpec spec() {
    WindowAggregateSpec spec;
    spec.window.size_ns = spec.window.slide_ns = kNanosPerSecond;
    spec.keys = {1};
    spec.key_types = {Type::bigint().not_null()};
    for (const AggregateKind kind :
         {AggregateKind::kCount, AggregateKind::kSum, AggregateKind::kMin, AggregateKind::kMax}) {
        AggregateCall call;
        call.kind = kind;
        call.argument = 2;
        call.argument_type = Type::bigint().not_null();
        call.result_type = *aggregate_result_type(kind, call.argument_type);
        spec.calls.push_back(call);
    }
    return spec;
}

// In processor time: a longer wait than that is another process's doing.
class LongestCall {
  public:
    template <class Call>
    auto measure(const Call& call) {
        const double start_ns = bench::cpu_ns(CLOCK_THREAD_CPUTIME_ID);
        const auto result = call();
        const double took_us = (bench::cpu_ns(CLOCK_THREAD_CPUTIME_ID) - start_ns) / 1000;
        longest_us_ = std::max(longest_us_, took_us);
        total_us_ += took_us;
        ++calls_;
        return result;
    }

    [[nodiscard]] double longest_us() const noexcept { return longest_us_; }

    [[nodiscard]] double mean_us() const noexcept { return total_us_ / std::max(calls_, 1.0); }

  private:
    double longest_us_ = 0;
    double total_us_ = 0;
    double calls_ = 0;
};

// The operator, with all its groups.
class World {
  public:
    World() : op_(make_window_aggregate(spec())), batch_(schema()) {
        constexpr auto kRows = static_cast<std::int64_t>(kBatchRows);
        for (std::int64_t key = 0; key < groups(); key += kRows)
            add([key](std::size_t row) { return key + static_cast<std::int64_t>(row); });
    }

    static std::int64_t groups() { return bench_size(4 << 20, 20 * 1024); }

    Op& op() { return *op_; }

    void add_random() {
        add([this](std::size_t) {
            // Spread, so that keys have a hash table.
            return static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(groups())));
        });
    }

  private:
    static SchemaPtr schema() {
        return make_schema({{"time", Type::timestamp(3).not_null()},
                            {"key", Type::bigint().not_null()},
                            {"value", Type::bigint().not_null()}});
    }

    template <class KeyOf>
    void add(const KeyOf& key_of) {
        for (std::size_t row = 0; row < kBatchRows; ++row) {
            const auto key = static_cast<std::uint64_t>(key_of(row));
            batch_.column(0).data<std::int64_t>()[row] = 5;
            batch_.column(1).data<std::int64_t>()[row] =
                static_cast<std::int64_t>(key * 0x9E37'79B9'7F4A'7C15ULL);
            batch_.column(2).data<std::int64_t>()[row] = static_cast<std::int64_t>(row);
        }
        batch_.set_size(kBatchRows);
        op_->process(0, batch_.view(), context_, none_);
    }

    std::unique_ptr<Op> op_;
    Batch batch_;
    OpContext context_;
    NoRows none_;
    Random random_{1};
};

World& world() {
    static World* const only = new World;  // Goes with the process: four million groups.
    return *only;
}

void save(benchmark::State& state, bool adds) {
    World& all = world();
    LongestCall freezes;
    LongestCall steps;
    LongestCall batches;
    std::uint64_t bytes = 0;
    for (auto _ : state) {
        EncodingOut out(all.op());
        freezes.measure([&] { return all.op().freeze(out), 0; });
        for (bool is_done = false; !is_done;) {
            if (adds) batches.measure([&] { return all.add_random(), 0; });
            is_done = steps.measure([&] { return all.op().save(kStepRows); }) == Progress::kDone;
        }
        out.send_all();
        require_equal(out.rows(), static_cast<std::uint64_t>(World::groups()) + 1, "rows");
        bytes = out.bytes();
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
    state.counters["freeze_us_max"] = freezes.longest_us();
    state.counters["step_us_max"] = steps.longest_us();
    state.counters["step_us"] = steps.mean_us();
    state.counters["snapshot_MB"] = static_cast<double>(bytes) / 1e6;
    if (!adds) return;
    state.counters["batch_us_max"] = batches.longest_us();
    state.counters["batch_us"] = batches.mean_us();
}

void save_alone(benchmark::State& state) {
    save(state, false);
}

void save_and_add(benchmark::State& state) {
    save(state, true);
}

void add(benchmark::State& state) {
    World& all = world();
    LongestCall batches;
    for (auto _ : state)
        batches.measure([&] { return all.add_random(), 0; });
    require_equal(all.op().next_fire().is_max() ? 1 : 0, 0, "an open window");
    state.counters["batch_us_max"] = batches.longest_us();
    state.counters["batch_us"] = batches.mean_us();
}

void copy(benchmark::State& state) {
    const auto bytes = static_cast<std::size_t>(World::groups()) * 48;
    const std::vector<std::byte> from(bytes, std::byte{1});
    RoundSink sink;
    for (auto _ : state) {
        for (std::size_t at = 0; at < bytes; at += 8 * kBatchRows)
            require_equal(
                sink.append(std::span(from).subspan(at, 8 * kBatchRows)) ? 1 : 0, 1, "copied");
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

BENCHMARK(save_alone)->Unit(benchmark::kMillisecond);
BENCHMARK(save_and_add)->Unit(benchmark::kMillisecond);
BENCHMARK(add)->Unit(benchmark::kMicrosecond);
BENCHMARK(copy)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace thalweg

BENCHMARK_MAIN();
