#pragma once

#include "ops/op.h"
#include "ops/window_aggregate.h"
#include "state/base/random.h"
#include "tests/support/window_oracle.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

// Random windowed aggregations, and random streams for them: nulls, disorder, late rows, all kinds
// of windows and aggregates.

namespace thalweg {

inline constexpr std::int64_t kMilli = kNanosPerMilli;

// When the clocks of Berlin were set back, in the autumn of 2024.
inline constexpr std::int64_t kSetBack = 1'729'990'800 * kNanosPerSecond;

// The columns of the stream. Each argument comes nullable and not.
enum : std::size_t {
    kTime,
    kKey,
    kText,
    kInt,
    kBig,
    kBigNotNull,
    kReal,
    kTiny,
    kMoney,
    kName,
    kFlag,
    kStart,
    kEnd,
    kColumns
};

inline SchemaPtr stream_schema() {
    return make_schema({{"time", Type::timestamp(3)},
                        {"key", Type::bigint()},
                        {"text", Type::string()},
                        {"int", Type::integer()},
                        {"big", Type::bigint()},
                        {"big_not_null", Type::bigint().not_null()},
                        {"real", Type::double_precision()},
                        {"tiny", Type::of(TypeKind::kTinyint)},
                        {"money", Type::decimal(20, 2)},
                        {"name", Type::string()},
                        {"flag", Type::boolean()},
                        {"start", Type::timestamp(3)},
                        {"end", Type::timestamp(3)}});
}

inline std::int64_t between(Random& random, std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random.below(std::uint64_t(high - low + 1)));
}

inline bool chance(Random& random, std::uint64_t one_in) {
    return random.below(one_in) == 0;
}

inline std::string random_text(Random& random) {
    const auto size = chance(random, 3) ? 13 + random.below(20) : random.below(4);
    return std::string(size, static_cast<char>('a' + random.below(3)));
}

inline Row random_row(Random& random, std::int64_t time) {
    Row row(kColumns);
    const auto set = [&](std::size_t column, Value value) {
        if (column == kBigNotNull || !chance(random, 8)) row[column] = std::move(value);
    };
    set(kTime, {time});
    set(kKey, {between(random, -3, 3)});
    set(kText, {random_text(random)});
    set(kInt, {between(random, -2, 2)});
    set(kBig, {chance(random, 20) ? INT64_MAX : between(random, -1000, 1000)});
    set(kBigNotNull, {between(random, -1000, 1000)});
    set(kReal, {static_cast<double>(between(random, -100, 100)) / 4});
    set(kTiny, {between(random, -128, 127)});
    set(kMoney, {Int128{between(random, -100'000, 100'000)}});
    set(kName, {random_text(random)});
    set(kFlag, {chance(random, 2)});
    const std::int64_t start = floor_div(time, 7 * kMilli) * 7 * kMilli;
    set(kStart, {start});
    set(kEnd, {start + (chance(random, 2) ? 7 : 14) * kMilli});
    return row;
}

inline AggregateCall random_call(Random& random, bool can_be_split) {
    using K = AggregateKind;
    static constexpr K kKinds[] = {K::kCountStar,
                                   K::kCount,
                                   K::kSum,
                                   K::kAvg,
                                   K::kMin,
                                   K::kMax,
                                   K::kVarPop,
                                   K::kVarSamp,
                                   K::kStddevPop,
                                   K::kStddevSamp,
                                   K::kFirstValue,
                                   K::kLastValue};
    static constexpr std::size_t kArguments[] = {
        kKey, kText, kInt, kBig, kBigNotNull, kReal, kTiny, kMoney, kName, kFlag};
    const SchemaPtr schema = stream_schema();
    while (true) {
        AggregateCall call;
        call.kind = kKinds[random.below(chance(random, 2) ? 6 : std::size(kKinds))];
        call.argument = kArguments[random.below(std::size(kArguments))];
        call.argument_type = (*schema)[call.argument].type;
        const bool is_spread = call.kind >= K::kVarPop && call.kind <= K::kStddevSamp;
        if (is_spread && (call.argument == kMoney || call.argument == kBig)) continue;
        const auto type = aggregate_result_type(call.kind, call.argument_type);
        if (!type) continue;
        call.result_type = *type;
        call.is_distinct =
            call.kind != K::kCountStar && call.kind != K::kLastValue && chance(random, 4);
        if (chance(random, 4)) call.filter = kFlag;
        if (can_be_split && !can_split({call})) continue;
        return call;
    }
}

inline WindowSpec random_window(Random& random) {
    WindowSpec window;
    window.kind = static_cast<WindowKind>(random.below(4));
    window.start_column = kTime;
    window.slide_ns = between(random, 2, 8) * kMilli;
    window.size_ns = window.slide_ns;
    window.offset_ns = chance(random, 2) ? between(random, -5, 5) * kMilli : 0;
    if (window.kind == WindowKind::kHop) window.size_ns = between(random, 2, 30) * kMilli;
    if (window.kind == WindowKind::kCumulate) window.size_ns *= between(random, 1, 5);
    if (window.kind == WindowKind::kAttached) {
        window.start_column = kStart;
        window.end_column = kEnd;
    } else if (chance(random, 4)) {
        const auto zone = TimeZone::find(chance(random, 2) ? "Europe/Berlin" : "+05:30");
        if (zone) window.zone = *zone;
    }
    return window;
}

inline WindowAggregateSpec random_spec(Random& random, bool can_be_split) {
    WindowAggregateSpec spec;
    spec.window = random_window(random);
    static constexpr std::size_t kKeys[] = {kKey, kText, kInt, kReal, kMoney, kBigNotNull};
    const SchemaPtr schema = stream_schema();
    for (std::uint64_t count = random.below(4); count > 0; --count) {
        const std::size_t key = chance(random, 2) ? kKey : kKeys[random.below(std::size(kKeys))];
        spec.keys.push_back(key);
        spec.key_types.push_back((*schema)[key].type);
    }
    for (std::uint64_t count = random.below(7); count > 0; --count)
        spec.calls.push_back(random_call(random, can_be_split));
    spec.seed = HashSeed::from(random());
    return spec;
}

struct Event {
    std::vector<Row> rows;
    Watermark watermark;
};

inline std::vector<Event> random_events(Random& random, const WindowSpec& window) {
    std::vector<Event> events;
    std::int64_t time = between(random, -100, 100) * kMilli + (window.zone ? kSetBack : 0);
    Watermark watermark;
    for (std::uint64_t count = 5 + random.below(30); count > 0; --count) {
        Event event;
        for (std::uint64_t rows = random.below(40); rows > 0; --rows) {
            const std::int64_t disorder = between(random, 0, chance(random, 10) ? 40 : 8);
            event.rows.push_back(random_row(random, time - disorder * kMilli + 1000));
            time += static_cast<std::int64_t>(random.below(500'000));
        }
        if (chance(random, 10)) time += 100 * kMilli;
        watermark = std::max(watermark, Watermark{time - between(random, 0, 10) * kMilli});
        event.watermark = watermark;
        events.push_back(std::move(event));
    }
    events.push_back({{}, Watermark::max()});
    return events;
}

// Feeds rows as batches; odd batches keep only some rows of a larger batch selected.
inline void feed(
    Op& op, const std::vector<Row>& rows, std::size_t size, OpContext& context, Emitter& out) {
    for (std::size_t first = 0; first < rows.size(); first += size) {
        const std::size_t count = std::min(size, rows.size() - first);
        const bool is_list = (first / size) % 2 == 1 && count * 2 <= kBatchRows;
        Batch batch(stream_schema());
        std::vector<std::uint16_t> selected;
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t at = is_list ? 2 * i + 1 : i;
            selected.push_back(static_cast<std::uint16_t>(at));
            for (std::size_t column = 0; column < kColumns; ++column)
                set_value(batch.column(column), at, rows[first + i][column], batch.arena());
        }
        batch.set_size(is_list ? 2 * count : count);
        const BatchView view = batch.view();
        op.process(0, is_list ? view.with(Selection::list(selected)) : view, context, out);
    }
}

// The rows as one text, in an order of their own.
inline std::string sorted_text(const std::vector<Row>& rows) {
    std::vector<std::string> texts;
    for (const Row& row : rows)
        texts.push_back(text_of(row));
    std::sort(texts.begin(), texts.end());
    std::string all;
    for (const std::string& text : texts)
        all += text + "\n";
    return all;
}

inline std::string name_of(const WindowAggregateSpec& spec) {
    const WindowSpec& window = spec.window;
    std::string text = "window " + std::to_string(int(window.kind)) + " size " +
                       std::to_string(window.size_ns) + " slide " +
                       std::to_string(window.slide_ns) + " keys";
    for (const std::size_t key : spec.keys)
        text += " " + std::to_string(key);
    for (const AggregateCall& call : spec.calls) {
        text += " call " + std::to_string(int(call.kind)) + "(" + std::to_string(call.argument) +
                ")" + (call.is_distinct ? "d" : "") + (call.filter ? "f" : "");
    }
    return text;
}

}  // namespace thalweg
