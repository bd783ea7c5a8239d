// Windows that overlap against one that recomputes each window from all of its rows: keys that come
// and go for good, rows late for some windows, many slices in a window, all orders of batches; and
// that sums of doubles are the same bits however rows and groups are spread.

#include "ops/sliding_aggregate.h"

#include "state/base/random.h"
#include "tests/support/window_oracle.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

namespace thalweg {
namespace {

constexpr std::int64_t kMilli = kNanosPerMilli;

struct Event {
    std::int64_t time = 0;
    std::int64_t key = 0;
    std::int64_t value = 0;
    double real = 0;
};

enum : std::size_t { kTime, kKey, kText, kValue, kReal };

SchemaPtr stream_schema() {
    return make_schema({{"time", Type::timestamp(3).not_null()},
                        {"key", Type::bigint()},
                        {"text", Type::string().not_null()},
                        {"value", Type::bigint().not_null()},
                        {"real", Type::double_precision().not_null()}});
}

// Long enough not to be inline, for most keys.
std::string text_of_key(std::int64_t key) {
    return "key number " + std::to_string(key);
}

struct Shape {
    WindowKind kind = WindowKind::kHop;
    std::int64_t size = 0;
    std::int64_t slide = 0;
    std::int64_t offset = 0;
    std::size_t keys = 0;  // 0: none. 1: the number, 2: the text, 3: both.
};

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

WindowAggregateSpec spec_of(const Shape& shape) {
    WindowAggregateSpec spec;
    spec.window.kind = shape.kind;
    spec.window.size_ns = shape.size * kMilli;
    spec.window.slide_ns = shape.slide * kMilli;
    spec.window.offset_ns = shape.offset * kMilli;
    spec.window.start_column = kTime;
    if ((shape.keys & 1U) != 0) spec.keys.push_back(kKey);
    if ((shape.keys & 2U) != 0) spec.keys.push_back(kText);
    for (const std::size_t key : spec.keys)
        spec.key_types.push_back((*stream_schema())[key].type);
    spec.calls = {call_of(AggregateKind::kSum, kValue),
                  call_of(AggregateKind::kMin, kValue),
                  call_of(AggregateKind::kLastValue, kValue),
                  call_of(AggregateKind::kSum, kReal)};
    spec.seed = HashSeed::from(3);
    return spec;
}

// The keys of one row as result columns print them.
std::string key_text(const Shape& shape, std::int64_t key) {
    std::string text;
    if ((shape.keys & 1U) != 0) text += (key % 7 == 3 ? "NULL" : std::to_string(key)) + ", ";
    if ((shape.keys & 2U) != 0) text += "'" + text_of_key(key) + "', ";
    return text;
}

// Keeps, for each window that is open, what each key has in it.
class Model {
  public:
    explicit Model(const Shape& shape) : shape_(shape) {}

    void add(const Event& event) {
        const std::int64_t size = shape_.size * kMilli;
        const std::int64_t slide = shape_.slide * kMilli;
        const std::int64_t offset = shape_.offset * kMilli;
        const bool is_hop = shape_.kind == WindowKind::kHop;
        const std::int64_t grid = is_hop ? slide : size;
        std::int64_t start = floor_div(event.time - offset, grid) * grid + offset;
        if (!is_hop) {
            for (std::int64_t end = start + slide; end <= start + size; end += slide)
                if (end > event.time) add_to({end, start}, event);
            return;
        }
        for (; start + size > event.time; start -= slide)
            add_to({start + size, start}, event);
    }

    std::vector<std::string> advance(Watermark watermark) {
        watermark_ = watermark;
        std::vector<std::string> out;
        while (!windows_.empty() && watermark.passes(windows_.begin()->first.first)) {
            const auto& [window, groups] = *windows_.begin();
            for (const auto& [key, group] : groups) {
                out.push_back(key + std::to_string(group.sum) + ", " + std::to_string(group.low) +
                              ", " + std::to_string(group.last) + ", " +
                              text_of(Value{group.real}) + ", " + std::to_string(window.second) +
                              ", " + std::to_string(window.first) + ", " +
                              std::to_string(window.first - kMilli) + ", ");
            }
            windows_.erase(windows_.begin());
        }
        return out;
    }

  private:
    struct Group {
        std::int64_t sum = 0;
        std::int64_t low = std::numeric_limits<std::int64_t>::max();
        std::int64_t last = 0;
        double real = 0;
    };

    void add_to(std::pair<std::int64_t, std::int64_t> window, const Event& event) {
        if (watermark_.passes(window.first)) return;
        Group& group = windows_[window][key_text(shape_, event.key)];
        group.sum += event.value;
        group.low = std::min(group.low, event.value);
        group.last = event.value;
        group.real += event.real;
    }

    Shape shape_;
    Watermark watermark_;
    std::map<std::pair<std::int64_t, std::int64_t>, std::map<std::string, Group>> windows_;
};

void feed(Op& op, const std::vector<Event>& events, std::size_t size, OpContext& context) {
    RowCollector none;
    for (std::size_t first = 0; first < events.size(); first += size) {
        const std::size_t count = std::min(size, events.size() - first);
        Batch batch(stream_schema());
        for (std::size_t i = 0; i < count; ++i) {
            const Event& event = events[first + i];
            batch.column(kTime).data<std::int64_t>()[i] = event.time;
            batch.column(kKey).data<std::int64_t>()[i] = event.key;
            if (event.key % 7 == 3) batch.column(kKey).set_null(i);
            batch.column(kText).data<StringRef>()[i] =
                StringRef(batch.arena().copy(text_of_key(event.key)));
            batch.column(kValue).data<std::int64_t>()[i] = event.value;
            batch.column(kReal).data<double>()[i] = event.real;
        }
        batch.set_size(count);
        op.process(0, batch.view(), context, none);
    }
    REQUIRE(none.rows.empty());
}

std::vector<Row> advance(Op& op, Watermark watermark, OpContext& context) {
    RowCollector out;
    while (op.advance(watermark, context, out) == Progress::kMore) {
    }
    return out.rows;
}

struct RowCounter final : Emitter {
    std::size_t rows = 0;

    void emit(const BatchView& view) override { rows += view.size(); }
};

std::string sorted(std::vector<std::string> texts) {
    std::sort(texts.begin(), texts.end());
    std::string all;
    for (const std::string& text : texts)
        all += text + "\n";
    return all;
}

std::string sorted(const std::vector<Row>& rows) {
    std::vector<std::string> texts;
    for (const Row& row : rows)
        texts.push_back(text_of(row));
    return sorted(std::move(texts));
}

// How a stream moves: rows in a millisecond, how far back they may lie, how keys are drawn.
struct Pace {
    std::size_t steps = 0;
    std::size_t rows_per_step = 0;
    std::int64_t disorder = 0;  // Milliseconds.
    std::int64_t lag = 0;       // Of the watermark.
    std::int64_t keys = 0;      // At once;
    std::int64_t drift = 0;     // so many steps until the next one replaces the first.
    std::uint64_t pause_one_in = 1000;
    std::uint64_t repeats_in_100 = 0;  // Rows of the group and the instant of the one before.
};

std::int64_t between(Random& random, std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random.below(std::uint64_t(high - low + 1)));
}

void check(const Shape& shape, const Pace& pace, std::uint64_t seed) {
    CAPTURE(seed);
    CAPTURE(shape.size);
    CAPTURE(shape.slide);
    CAPTURE(shape.keys);
    Random random(seed);
    const WindowAggregateSpec spec = spec_of(shape);
    REQUIRE(can_slide(spec));
    const auto op = make_sliding_aggregate(spec);
    Model model(shape);
    OpContext context;
    std::int64_t now = between(random, -50, 50);
    std::size_t memory_max = 0;
    for (std::size_t step = 0; step < pace.steps; ++step) {
        std::vector<Event> events(random.below(2 * pace.rows_per_step + 1));
        for (Event& event : events) {
            event.time = (now - between(random, 0, pace.disorder)) * kMilli + 7;
            event.key =
                between(random, 0, pace.keys - 1) + static_cast<std::int64_t>(step) / pace.drift;
            const bool repeats = pace.repeats_in_100 != 0 && &event != events.data() &&
                                 random.below(100) < pace.repeats_in_100;
            if (repeats) {
                event.time = (&event - 1)->time;
                event.key = (&event - 1)->key;
            }
            event.value = between(random, -1000, 1000);
            event.real = static_cast<double>(between(random, -100, 100)) / 4;
            model.add(event);
        }
        feed(*op, events, std::size_t{1} << random.below(11), context);
        now += random.below(pace.pause_one_in) == 0 ? 5 * shape.size : between(random, 0, 2);
        const Watermark watermark{(now - pace.lag) * kMilli};
        REQUIRE_EQ(sorted(advance(*op, watermark, context)), sorted(model.advance(watermark)));
        memory_max = std::max(memory_max, op->memory_bytes());
    }
    REQUIRE_EQ(sorted(advance(*op, Watermark::max(), context)),
               sorted(model.advance(Watermark::max())));
    CHECK_GT(memory_max, 0);
}

TEST_CASE("sliding_aggregate: every shape of window agrees with recomputing it") {
    constexpr Shape kShapes[] = {{WindowKind::kHop, 60, 1, 0, 1},
                                 {WindowKind::kHop, 60, 1, 7, 0},
                                 {WindowKind::kHop, 30, 7, 3, 1},  // Turns between two windows.
                                 {WindowKind::kHop, 12, 8, 0, 3},
                                 {WindowKind::kHop, 5, 9, 0, 2},  // Gaps between windows.
                                 {WindowKind::kHop, 10, 10, 0, 1},
                                 {WindowKind::kHop, 200, 3, -4, 1},
                                 {WindowKind::kCumulate, 40, 4, 0, 1},
                                 {WindowKind::kCumulate, 40, 1, 5, 3},
                                 {WindowKind::kCumulate, 6, 6, 0, 0}};
    constexpr Pace kPaces[] = {{300, 3, 0, 0, 4, 1000},      // In order.
                               {120, 5, 20, 20, 6, 20},      // Out of order, never late.
                               {120, 5, 40, 2, 6, 5},        // Late, for some windows or all.
                               {60, 8, 90, 0, 200, 3, 30}};  // Many keys, seldom the same.
    std::uint64_t seed = 0;
    for (const Shape& shape : kShapes) {
        for (const Pace& pace : kPaces)
            check(shape, pace, ++seed);
    }
}

TEST_CASE("sliding_aggregate: windows of more rows than are copied, and of several chunks") {
    check({WindowKind::kHop, 20, 2, 0, 1}, {25, 300, 6, 3, 400, 4}, 101);
    check({WindowKind::kHop, 20, 2, 0, 3}, {20, 400, 6, 3, 3000, 4}, 102);
    check({WindowKind::kCumulate, 20, 5, 0, 1}, {25, 300, 6, 3, 2000, 4}, 103);
}

TEST_CASE("sliding_aggregate: many rows of a group one behind the other") {
    for (const std::uint64_t repeats_in_100 : {70U, 80U, 95U}) {
        check({WindowKind::kHop, 20, 2, 0, 1}, {60, 100, 6, 3, 9, 4, 1000, repeats_in_100}, 201);
        check({WindowKind::kHop, 20, 1, 0, 0}, {60, 100, 6, 3, 9, 4, 1000, repeats_in_100}, 202);
        check({WindowKind::kCumulate, 20, 5, 0, 3}, {60, 100, 6, 3, 9, 4, 9, repeats_in_100}, 203);
    }
}

// Keys that never come back: ids, rows and texts of those that are gone are used again.
TEST_CASE("sliding_aggregate: memory follows the groups alive, not those that ever were") {
    constexpr std::int64_t kSteps = 1200;
    constexpr std::size_t kRows = 30;
    for (const std::size_t keys : {1U, 2U, 3U}) {
        const Shape shape{WindowKind::kHop, 10, 1, 0, keys};
        const auto op = make_sliding_aggregate(spec_of(shape));
        Model model(shape);
        OpContext context;
        RowCounter counter;
        std::array<std::size_t, 2> memory_max = {};  // Of each half.
        for (std::int64_t step = 0; step < kSteps; ++step) {
            std::vector<Event> events(kRows);
            const std::int64_t phase = step % 200;
            for (std::size_t i = 0; i < kRows; ++i) {
                // Spread out, so that no index of dense keys can help.
                const auto key =
                    static_cast<std::int64_t>(i) + step * static_cast<std::int64_t>(kRows);
                events[i] = {step * kMilli, key * 1'000'003, step, 0.25};
                if (phase < 11) model.add(events[i]);
            }
            feed(*op, events, kRows, context);
            const Watermark watermark{(step - 1) * kMilli};
            const std::vector<std::string> expected = model.advance(watermark);
            if (phase == 11) {  // The model has all rows of the window.
                REQUIRE_EQ(sorted(advance(*op, watermark, context)), sorted(expected));
            } else {
                REQUIRE_EQ(op->advance(watermark, context, counter), Progress::kDone);
            }
            std::size_t& most = memory_max[static_cast<std::size_t>(step * 2 / kSteps)];
            most = std::max(most, op->memory_bytes());
        }
        CHECK_GT(counter.rows, 100'000);
        CHECK_LE(memory_max[1], memory_max[0] * 11 / 10);
    }
}

// The bits of each group's sum of doubles, by window and key.
using Bits = std::map<std::pair<std::int64_t, std::int64_t>, std::uint64_t>;

void take_bits(const std::vector<Row>& rows, Bits& bits) {
    for (const Row& row : rows) {
        const auto at = [&](std::size_t column) {
            return std::get<std::int64_t>(row[column].data);
        };
        const auto real = std::get<double>(row[4].data);
        bits[{at(6), row[0].is_null() ? -1 : at(0)}] = std::bit_cast<std::uint64_t>(real);
    }
}

TEST_CASE("sliding_aggregate: sums of doubles do not depend on batches, shards or empty windows") {
    const Shape shape{WindowKind::kHop, 30, 4, 0, 1};
    Random random(5);
    std::vector<std::vector<Event>> steps(300);
    std::int64_t now = 0;
    for (std::vector<Event>& events : steps) {
        events.resize(random.below(6));
        for (Event& event : events) {
            event.time = (now - between(random, 0, 6)) * kMilli;
            event.key = 7 * between(random, 0, 5);
            event.real = static_cast<double>(between(random, 1, 1'000'000)) / 7;
        }
        now += between(random, 0, 3);
    }
    const auto run = [&](std::int64_t shards, std::size_t batch_size) {
        Bits bits;
        for (std::int64_t shard = 0; shard < shards; ++shard) {
            const auto op = make_sliding_aggregate(spec_of(shape));
            OpContext context;
            std::int64_t latest = 0;
            for (const std::vector<Event>& events : steps) {
                std::vector<Event> mine;
                for (const Event& event : events) {
                    latest = std::max(latest, event.time);
                    if (event.key / 7 % shards == shard) mine.push_back(event);
                }
                feed(*op, mine, batch_size, context);
                take_bits(advance(*op, {latest - 3 * kMilli}, context), bits);
            }
            take_bits(advance(*op, Watermark::max(), context), bits);
        }
        return bits;
    };
    const Bits expected = run(1, kBatchRows);
    CHECK_GT(expected.size(), 500);
    CHECK(run(1, 1) == expected);
    CHECK(run(3, kBatchRows) == expected);
    CHECK(run(6, 2) == expected);
}

TEST_CASE("sliding_aggregate: instants at the ends of the range") {
    using Limits = std::numeric_limits<std::int64_t>;
    for (const std::int64_t time : {Limits::min() + 3, Limits::min() / 2, Limits::max() - 1}) {
        CAPTURE(time);
        for (const std::int64_t offset : {-3, 0, 3}) {
            const auto op = make_sliding_aggregate(spec_of({WindowKind::kHop, 30, 1, offset, 1}));
            OpContext context;
            feed(*op, {{time, 1, 5, 0.5}, {time, 2, 5, 0.5}}, 2, context);
            static_cast<void>(advance(*op, {time}, context));
            feed(*op, {{time, 1, 5, 0.5}}, 1, context);
            const std::vector<Row> rows = advance(*op, Watermark::max(), context);
            CHECK_LE(rows.size(), 60);
        }
    }
}

}  // namespace
}  // namespace thalweg
