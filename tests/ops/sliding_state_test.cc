// The state of a sliding window as rows: frozen at any instant, written in small steps while rows
// come and windows fire, loaded by any number of instances. Whatever is done to it, results are
// those of one instance that never stopped, doubles to the bit.

#include "ops/sliding_aggregate.h"
#include "state/base/random.h"
#include "tests/support/window_oracle.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace thalweg {
namespace {

constexpr std::int64_t kMilli = kNanosPerMilli;

enum : std::size_t { kTime, kNumber, kText, kValue, kReal };

SchemaPtr stream_schema() {
    return make_schema({{"time", Type::timestamp(3).not_null()},
                        {"number", Type::bigint()},
                        {"text", Type::string()},
                        {"value", Type::bigint()},
                        {"real", Type::double_precision().not_null()}});
}

AggregateCall call_of(AggregateKind kind, std::size_t argument) {
    AggregateCall call;
    call.kind = kind;
    call.argument = argument;
    call.argument_type = (*stream_schema())[argument].type;
    const auto type = aggregate_result_type(kind, call.argument_type);
    REQUIRE(type);
    call.result_type = *type;
    return call;
}

struct Shape {
    WindowKind kind = WindowKind::kHop;
    std::int64_t size = 0;
    std::int64_t slide = 0;
    std::int64_t offset = 0;
    std::vector<std::size_t> keys;
    AggregatePhase phase = AggregatePhase::kSingle;
    bool is_exact = false;  // No sums of doubles.
    bool is_event_time = true;
    std::vector<std::size_t> partition = {};
    TimeZonePtr zone = nullptr;
    std::int64_t starts_at_ms = 0;
};

WindowAggregateSpec spec_of(const Shape& shape) {
    WindowAggregateSpec spec;
    spec.window.kind = shape.kind;
    spec.window.size_ns = shape.size * kMilli;
    spec.window.slide_ns = shape.slide * kMilli;
    spec.window.offset_ns = shape.offset * kMilli;
    spec.window.start_column = kTime;
    spec.window.is_event_time = shape.is_event_time;
    spec.window.zone = shape.zone;
    spec.phase = shape.phase;
    spec.keys = shape.keys;
    spec.partition = shape.partition;
    for (const std::size_t key : spec.keys)
        spec.key_types.push_back((*stream_schema())[key].type);
    spec.calls = {call_of(AggregateKind::kSum, kValue), call_of(AggregateKind::kMin, kValue)};
    if (!shape.is_exact) {
        spec.calls.push_back(call_of(AggregateKind::kAvg, kReal));
        spec.calls.push_back(call_of(AggregateKind::kVarSamp, kReal));
    }
    if (shape.phase == AggregatePhase::kSingle)
        spec.calls.push_back(call_of(AggregateKind::kLastValue, kValue));
    spec.seed = HashSeed::from(3);
    return spec;
}

// How a stream moves.
struct Pace {
    std::size_t steps = 0;
    std::size_t rows_per_step = 0;
    std::int64_t disorder = 0;  // Milliseconds.
    std::int64_t lag = 0;       // Of the watermark.
    std::int64_t keys = 0;
    std::uint64_t pause_one_in = 1000;
};

struct Input {
    std::size_t port = 0;
    std::unique_ptr<Batch> rows;
};

// What happens between two barriers: rows, then a watermark, or the clock.
struct Step {
    std::vector<Input> inputs;
    std::int64_t now = 0;
    Watermark watermark;
};

struct Copier final : Emitter {
    SchemaPtr schema;
    std::vector<Input>* inputs = nullptr;

    void emit(const BatchView& view) override {
        auto batch = std::make_unique<Batch>(schema);
        batch->append(view);
        inputs->push_back({0, std::move(batch)});
    }
};

std::int64_t between(Random& random, std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random.below(std::uint64_t(high - low + 1)));
}

std::unique_ptr<Batch> random_rows(Random& random, const Pace& pace, std::int64_t now) {
    auto batch = std::make_unique<Batch>(stream_schema());
    std::vector<std::int64_t> times(random.below(2 * pace.rows_per_step + 1));
    for (std::int64_t& time : times)
        time = (now - between(random, 0, pace.disorder)) * kMilli + 7;
    // Late rows are added to sums slice by slice, in the order in which a batch has the slices: a
    // part of it would have them in another.
    if (pace.lag < pace.disorder) std::sort(times.begin(), times.end());
    for (std::size_t i = 0; i < times.size(); ++i) {
        const auto set = [&](std::size_t column, const Value& value) {
            set_value(batch->column(column), i, value, batch->arena());
        };
        const std::int64_t key = between(random, 0, pace.keys - 1);
        set(kTime, {times[i]});
        set(kNumber, key % 7 == 3 ? Value{} : Value{key * 1'000'003});
        set(kText, key % 5 == 2 ? Value{} : Value{"key number " + std::to_string(key / 2)});
        set(kValue, random.below(6) == 0 ? Value{} : Value{between(random, -1000, 1000)});
        set(kReal, {static_cast<double>(between(random, 1, 1'000'000)) / 7});
    }
    batch->set_size(times.size());
    return batch;
}

std::vector<Step> make_steps(const Shape& shape, const Pace& pace, Random& random) {
    std::vector<Step> steps(pace.steps);
    std::int64_t now = shape.starts_at_ms + between(random, -50, 50);
    if (!shape.is_event_time) now = 1'700'000'000'000;
    for (Step& step : steps) {
        const WindowAggregateSpec spec = spec_of(shape);
        step.now = now * kMilli;
        for (std::size_t batches = random.below(3); batches != 0; --batches) {
            auto rows = random_rows(random, pace, now);
            if (shape.phase == AggregatePhase::kSingle || random.below(3) == 0) {
                const std::size_t port = shape.phase == AggregatePhase::kSingle ? 0 : 1;
                step.inputs.push_back({port, std::move(rows)});
                continue;
            }
            WindowAggregateSpec local = spec;
            local.phase = AggregatePhase::kPartial;
            Copier copier;
            copier.schema = partial_schema(local);
            copier.inputs = &step.inputs;
            OpContext context;
            const auto op = make_window_aggregate(local);
            op->process(0, rows->view(), context, copier);
            op->flush(context, copier);
        }
        now += random.below(pace.pause_one_in) == 0 ? 3 * shape.size : between(random, 0, 3);
        step.watermark = {(now - pace.lag) * kMilli};
    }
    steps.back().watermark = Watermark::max();
    return steps;
}

// The tables of one instance, in batches.
struct Saved final : StateOut {
    std::vector<StateTable> schemas;
    std::vector<std::vector<std::unique_ptr<Batch>>> tables;

    void start(const Op& op) {
        schemas = op.state_tables();
        tables.clear();
        tables.resize(schemas.size());
    }

    Batch& open(std::size_t table, std::size_t rows) override {
        auto& batches = tables[table];
        REQUIRE_LE(rows, kBatchRows);
        if (batches.empty() || batches.back()->room() < rows)
            batches.push_back(std::make_unique<Batch>(schemas[table].schema));
        return *batches.back();
    }

    // Doubles to the bit.
    static std::vector<std::string> bit_texts(const std::vector<Row>& rows) {
        std::vector<std::string> texts;
        for (const Row& row : rows) {
            std::string& text = texts.emplace_back();
            for (const Value& value : row) {
                const auto* const real = std::get_if<double>(&value.data);
                text += real != nullptr ? std::to_string(std::bit_cast<std::uint64_t>(*real))
                                        : text_of(value);
                text += ", ";
            }
        }
        std::sort(texts.begin(), texts.end());
        return texts;
    }
};

struct Instance {
    std::unique_ptr<Op> op;
    OpContext context;
    Saved saved;
    bool is_frozen = false;

    void freeze() {
        saved.start(*op);
        op->freeze(saved);
        is_frozen = true;
    }

    void save(std::size_t rows_max) {
        if (is_frozen && op->save(rows_max) == Progress::kDone) is_frozen = false;
    }

    void save_all() {
        while (is_frozen)
            save(kBatchRows);
    }
};

std::size_t shard_of(const BatchView& view,
                     std::size_t row,
                     const std::vector<std::size_t>& columns,
                     std::size_t shards) {
    std::string text;
    for (const std::size_t column : columns)
        text += text_of(value_at(view[column], row)) + ", ";
    return std::hash<std::string>{}(text) % shards;
}

// The rows of a view that belong to a shard; to the first if there are no keys.
std::vector<std::uint16_t> rows_of_shard(const BatchView& view,
                                         const std::vector<std::size_t>& columns,
                                         std::size_t shard,
                                         std::size_t shards) {
    std::vector<std::uint16_t> rows;
    view.selection.for_each([&](std::size_t row) {
        const std::size_t owner = columns.empty() ? 0 : shard_of(view, row, columns, shards);
        if (owner == shard) rows.push_back(static_cast<std::uint16_t>(row));
    });
    return rows;
}

class Cluster {
  public:
    Cluster(const Shape& shape, std::size_t shards) : shape_(shape), instances_(shards) {
        for (Instance& instance : instances_)
            instance.op = make_window_aggregate(spec_of(shape));
    }

    [[nodiscard]] std::vector<Instance>& instances() { return instances_; }

    // One step; `between` is called before each call of an operator.
    std::vector<std::string> run(const Step& step, const std::function<void(Instance&)>& between) {
        RowCollector out;
        RowCollector none;
        for (std::size_t shard = 0; shard < instances_.size(); ++shard) {
            Instance& instance = instances_[shard];
            instance.context.now_ns = step.now;
            for (const Input& input : step.inputs) {
                between(instance);
                const BatchView view = input.rows->view();
                const auto rows = rows_of_shard(view, routed(input.port), shard, instances_.size());
                if (rows.empty()) continue;
                instance.op->process(
                    input.port, view.with(Selection::list(rows)), instance.context, none);
            }
            REQUIRE(none.rows.empty());
            advance(instance, step, out, between);
            REQUIRE_EQ(instance.context.error, "");
        }
        return Saved::bit_texts(out.rows);
    }

    [[nodiscard]] std::uint64_t late_rows() const {
        std::uint64_t total = 0;
        for (const Instance& instance : instances_)
            total += instance.context.counters.late_rows;
        return total;
    }

    // Loads what others have saved, the tables and batches in any order.
    void load(const Cluster& before, Watermark watermark, Random& random) {
        std::vector<std::pair<std::size_t, const Batch*>> batches;
        for (const Instance& other : before.instances_) {
            for (std::size_t table = 0; table < other.saved.tables.size(); ++table) {
                for (const auto& batch : other.saved.tables[table])
                    batches.emplace_back(table, batch.get());
            }
        }
        for (std::size_t i = batches.size(); i > 1; --i)
            std::swap(batches[i - 1], batches[random.below(i)]);
        for (std::size_t shard = 0; shard < instances_.size(); ++shard) {
            Instance& instance = instances_[shard];
            const std::vector<StateTable> tables = instance.op->state_tables();
            for (const auto& [table, batch] : batches) {
                BatchView view = batch->view();
                std::vector<std::uint16_t> rows;
                if (tables[table].route == StateRoute::kByKey) {
                    rows = rows_of_shard(view, tables[table].keys, shard, instances_.size());
                    view = view.with(Selection::list(rows));
                }
                instance.op->load(table, view, watermark, instance.context);
            }
            REQUIRE_EQ(instance.context.error, "");
        }
    }

    // What all instances have saved, positions left out: those are of each.
    [[nodiscard]] std::vector<std::string> saved_sums() const {
        std::vector<std::string> texts;
        for (const Instance& instance : instances_) {
            std::vector<Row> rows;
            for (const auto& batch : instance.saved.tables[0]) {
                for (Row& row : rows_of(batch->view()))
                    rows.push_back(std::move(row));
            }
            for (std::string& text : Saved::bit_texts(rows))
                texts.push_back(std::move(text));
        }
        std::sort(texts.begin(), texts.end());
        return texts;
    }

  private:
    void advance(Instance& instance,
                 const Step& step,
                 RowCollector& out,
                 const std::function<void(Instance&)>& between) {
        between(instance);
        if (shape_.is_event_time || step.watermark.is_max()) {
            while (instance.op->advance(step.watermark, instance.context, out) == Progress::kMore)
                continue;
            return;
        }
        instance.context.now_ns = step.watermark.nanos;
        const bool is_due = instance.op->next_tick_ns() <= instance.context.now_ns;
        const std::size_t rows_before = out.rows.size();
        while (instance.op->tick(instance.context, out) == Progress::kMore)
            continue;
        REQUIRE_GE(is_due, out.rows.size() > rows_before);
    }

    // The columns of a port that name the shard.
    [[nodiscard]] std::vector<std::size_t> routed(std::size_t port) const {
        std::vector<std::size_t> keys = shape_.keys;
        if (shape_.phase == AggregatePhase::kFinal && port == 0) {
            for (std::size_t i = 0; i < keys.size(); ++i)
                keys[i] = i;
        }
        std::vector<std::size_t> columns;
        for (const std::size_t place : shape_.partition)
            columns.push_back(keys[place]);
        return columns.empty() ? keys : columns;
    }

    Shape shape_;
    std::vector<Instance> instances_;
};

void nothing(Instance&) {}

std::string first_difference(const std::vector<std::string>& actual,
                             const std::vector<std::string>& expected) {
    for (std::size_t i = 0; i < std::max(actual.size(), expected.size()); ++i) {
        const std::string is = i < actual.size() ? actual[i] : "nothing";
        const std::string was = i < expected.size() ? expected[i] : "nothing";
        if (is != was) return is + "\nfor\n" + was;
    }
    return {};
}

// What one instance gives that never stops.
struct Expected {
    std::vector<std::vector<std::string>> results;  // Of each step.
    std::vector<std::uint64_t> late_rows;           // In each step.
};

Expected run_through(const Shape& shape, const std::vector<Step>& steps) {
    Expected expected;
    Cluster one(shape, 1);
    for (const Step& step : steps) {
        const std::uint64_t late = one.late_rows();
        expected.results.push_back(one.run(step, nothing));
        expected.late_rows.push_back(one.late_rows() - late);
    }
    return expected;
}

// Runs steps [first, end), and demands what is expected of them.
void run_steps(Cluster& cluster,
               const std::vector<Step>& steps,
               const Expected& expected,
               std::size_t first,
               std::size_t end,
               const std::function<void(Instance&)>& between) {
    for (std::size_t i = first; i < end; ++i) {
        CAPTURE(i);
        const std::uint64_t late = cluster.late_rows();
        const std::vector<std::string> results = cluster.run(steps[i], between);
        REQUIRE_EQ(first_difference(results, expected.results[i]), "");
        REQUIRE_EQ(cluster.late_rows() - late, expected.late_rows[i]);
    }
}

void freeze(Cluster& cluster) {
    for (Instance& instance : cluster.instances())
        instance.freeze();
}

void save_all(Cluster& cluster) {
    for (Instance& instance : cluster.instances())
        instance.save_all();
}

// Runs, freezes, runs on while the state is written, and starts again from what was written.
class Restarts {
  public:
    Restarts(const Shape& shape, const Pace& pace, std::uint64_t seed)
        : shape_(shape),
          random_(seed),
          steps_(make_steps(shape, pace, random_)),
          expected_(run_through(shape, steps_)) {}

    // Returns how many rows of sums have been written.
    std::size_t run() {
        std::size_t saved_rows = 0;
        std::unique_ptr<Cluster> before;
        for (std::size_t first = 0; first < steps_.size();) {
            const std::size_t shards = 1 + random_.below(4);
            auto cluster = start(shards, before.get(), first);
            const auto twin = start(shards, before.get(), first);
            const std::size_t reach = steps_.size() / 4 + 1;
            const std::size_t barrier = std::min(first + 1 + random_.below(reach), steps_.size());
            CAPTURE(first);
            CAPTURE(barrier);
            run_steps(*cluster, steps_, expected_, first, barrier, nothing);
            run_steps(*twin, steps_, expected_, first, barrier, nothing);
            freeze(*twin);
            save_all(*twin);
            run_on(*cluster, barrier);
            REQUIRE_EQ(first_difference(cluster->saved_sums(), twin->saved_sums()), "");
            saved_rows += cluster->saved_sums().size();
            before = std::move(cluster);
            first = barrier;
        }
        return saved_rows;
    }

  private:
    std::unique_ptr<Cluster> start(std::size_t shards, const Cluster* before, std::size_t first) {
        auto cluster = std::make_unique<Cluster>(shape_, shards);
        if (before == nullptr) return cluster;
        const Watermark watermark =
            shape_.is_event_time ? steps_[first - 1].watermark : Watermark::min();
        cluster->load(*before, watermark, random_);
        if (random_.below(2) == 0) {  // Written again at once, it is the same.
            freeze(*cluster);
            save_all(*cluster);
            REQUIRE_EQ(first_difference(cluster->saved_sums(), before->saved_sums()), "");
        }
        return cluster;
    }

    // Freezes at step `barrier`; the state is written during some of the steps that follow.
    void run_on(Cluster& cluster, std::size_t barrier) {
        freeze(cluster);
        const std::size_t end = barrier + random_.below(steps_.size() - barrier + 1);
        const std::size_t rows_max = 1 + random_.below(random_.below(2) == 0 ? 12 : 200);
        run_steps(cluster, steps_, expected_, barrier, end, [&](Instance& instance) {
            if (random_.below(3) == 0) instance.save(1 + random_.below(rows_max));
        });
        save_all(cluster);
    }

    Shape shape_;
    Random random_;
    std::vector<Step> steps_;
    Expected expected_;
};

std::size_t check(const Shape& shape, const Pace& pace, std::uint64_t seed) {
    CAPTURE(seed);
    CAPTURE(shape.size);
    CAPTURE(shape.slide);
    CAPTURE(shape.keys.size());
    return Restarts(shape, pace, seed).run();
}

constexpr AggregatePhase kFinal = AggregatePhase::kFinal;
constexpr AggregatePhase kSingle = AggregatePhase::kSingle;
constexpr WindowKind kHop = WindowKind::kHop;
constexpr WindowKind kCumulate = WindowKind::kCumulate;

constexpr Pace kPaces[] = {{100, 4, 0, 0, 9, 1000},    // In order.
                           {80, 5, 20, 20, 12, 20},    // Out of order, never late.
                           {80, 5, 40, 2, 12, 8},      // Late, for some windows or all.
                           {60, 20, 60, 5, 300, 30}};  // Many keys, seldom the same.

void check_paces(const Shape& shape, std::uint64_t seed) {
    std::size_t saved_rows = 0;
    for (const Pace& pace : kPaces) {
        for (std::uint64_t i = 0; i < 2; ++i)
            saved_rows += check(shape, pace, ++seed);
    }
    CHECK_GT(saved_rows, 0);
}

TEST_CASE("sliding_state: HOP goes on where it was") {
    check_paces({kHop, 60, 1, 0, {kNumber}}, 100);
    check_paces({kHop, 60, 1, 7, {}}, 200);
    CHECK_GT(check({kHop, 20, 2, 0, {}}, {60, 60, 6, 3, 5, 20}, 250), 0);  // Many rows of a group.
    check_paces({kHop, 30, 7, 3, {kText}}, 300);  // Turns between two windows.
    check_paces({kHop, 12, 8, 0, {kNumber, kText}, kSingle, false, true, {1}}, 400);
    check_paces({kHop, 5, 9, 0, {kNumber}}, 500);  // Gaps between windows.
    check_paces({kHop, 100, 3, -4, {kText, kNumber}, kSingle, true}, 600);
}

TEST_CASE("sliding_state: CUMULATE goes on where it was") {
    check_paces({kCumulate, 40, 4, 0, {kNumber}}, 1100);
    check_paces({kCumulate, 40, 1, 5, {kText}}, 1200);
    check_paces({kCumulate, 60, 20, 0, {}, kSingle, true}, 1300);
}

TEST_CASE("sliding_state: windows of a local clock, when it is set forward and back") {
    const auto zone = TimeZone::find("Europe/Berlin");
    REQUIRE(zone.has_value());
    for (const std::int64_t change_ms : {1'679'792'400'000, 1'698'541'200'000}) {
        Shape shape{kHop, 40, 2, 0, {kNumber}};
        shape.zone = *zone;
        shape.starts_at_ms = change_ms - 100;
        check_paces(shape, 1400);
        shape.kind = kCumulate;
        check_paces(shape, 1500);
    }
}

TEST_CASE("sliding_state: so does the second of two phases") {
    check_paces({kHop, 40, 2, 0, {kNumber}, kFinal}, 2100);
    check_paces({kHop, 40, 2, 1, {kText, kNumber}, kFinal, true, true, {0}}, 2200);
    check_paces({kCumulate, 40, 4, 0, {kText}, kFinal}, 2300);
    check_paces({kHop, 30, 7, 3, {}, kFinal}, 2400);
}

TEST_CASE("sliding_state: so do windows of processing time") {
    check_paces({kHop, 60, 2, 0, {kNumber}, kSingle, false, false}, 3100);
    check_paces({kCumulate, 40, 4, 0, {kText}, kSingle, false, false}, 3200);
}

// More blocks and groups than fit a word of bits or a batch.
TEST_CASE("sliding_state: large states, keys that come and go") {
    CHECK_GT(check({kHop, 12, 3, 0, {kNumber}}, {40, 500, 6, 2, 30'000, 1000}, 4101), 10'000);
    CHECK_GT(check({kCumulate, 12, 3, 0, {kText}}, {30, 500, 6, 2, 30'000, 1000}, 4201), 5'000);
}

// Rows that cannot be of the state that the watermark says.
TEST_CASE("sliding_state: what cannot be true is refused") {
    const Shape shape{kHop, 20, 2, 0, {kNumber}};
    Random random(7);
    const std::vector<Step> steps = make_steps(shape, {60, 20, 6, 3, 5, 1000}, random);
    Cluster cluster(shape, 1);
    Saved& saved = cluster.instances()[0].saved;
    const auto index_of = [&saved](std::int32_t part) {
        const Batch& sums = *saved.tables[0][0];
        const auto* const parts = sums.column(sums.column_count() - 2).data<std::int32_t>();
        return static_cast<std::size_t>(std::find(parts, parts + sums.size(), part) - parts);
    };
    // Until there are slices, suffix sums and back sums.
    std::size_t step = 0;
    for (bool is_enough = false; !is_enough;) {
        REQUIRE_LT(step, steps.size());
        static_cast<void>(cluster.run(steps[step++], nothing));
        freeze(cluster);
        save_all(cluster);
        is_enough = !saved.tables[0].empty();
        for (const std::int32_t part : {0, 1, 2})
            is_enough = is_enough && index_of(part) < saved.tables[0][0]->size();
    }
    Batch& sums = *saved.tables[0][0];
    auto* const parts = sums.column(sums.column_count() - 2).data<std::int32_t>();
    auto* const ends = sums.column(sums.column_count() - 1).data<std::int64_t>();

    const auto error_of = [&](std::initializer_list<BatchView> views, Watermark watermark) {
        const auto op = make_window_aggregate(spec_of(shape));
        OpContext context;
        RowCollector out;
        for (const BatchView& view : views)
            op->load(0, view, watermark, context);
        static_cast<void>(op->advance(watermark, context, out));
        return context.error;
    };
    const Watermark watermark = steps[step - 1].watermark;
    const BatchView all = sums.view();
    CHECK_EQ(error_of({all}, watermark), "");
    CHECK_NE(error_of({all, all}, watermark), "");
    CHECK_NE(error_of({all}, {watermark.nanos + 60 * kMilli}), "");
    CHECK_NE(error_of({all}, {watermark.nanos - 60 * kMilli}), "");
    const auto sum = static_cast<std::uint16_t>(index_of(2));
    CHECK_NE(error_of({all.with(Selection::list({&sum, 1}))}, watermark), "");
    for (const std::int32_t part : {0, 1, 2}) {
        CAPTURE(part);
        const std::size_t row = index_of(part);
        for (const std::int32_t wrong : {-1, 0, 1, 3}) {
            CAPTURE(wrong);
            if (wrong == part) continue;
            parts[row] = wrong;
            CHECK_NE(error_of({all}, watermark), "");
            parts[row] = part;
        }
        ends[row] += 1;
        CHECK_NE(error_of({all}, watermark), "");
        ends[row] -= 1;
    }
    CHECK_EQ(error_of({all}, watermark), "");
}

}  // namespace
}  // namespace thalweg
