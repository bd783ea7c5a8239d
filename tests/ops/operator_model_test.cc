// Every operator against a few lines that say what it means, driven by rapidcheck: what fails is
// shrunk to the fewest rows that do. Random streams of every type are the other tests' business.

#include "ops/row_ops.h"
#include "ops/window_aggregate.h"
#include "ops/window_join.h"
#include "tests/support/window_oracle.h"

#include <doctest/doctest.h>

#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace thalweg {
namespace {

// A row as rapidcheck makes it: time, key (NULL for one in eight), value.
using Raw = std::array<std::uint8_t, 3>;
using Input = std::vector<Raw>;

constexpr std::int64_t kMilli = kNanosPerMilli;

std::int64_t time_of(const Raw& raw) {
    return (raw[0] % 64) * kMilli;
}

Value key_of(const Raw& raw) {
    if (raw[1] % 8 == 7) return {};
    return {std::int64_t{raw[1] % 4}};
}

SchemaPtr schema() {
    return make_schema({{"ts", Type::timestamp(3)}, {"k", Type::bigint()}, {"v", Type::bigint()}});
}

void fill(Batch& batch, const Input& input) {
    for (std::size_t i = 0; i < input.size(); ++i) {
        set_value(batch.column(0), i, {time_of(input[i])}, batch.arena());
        set_value(batch.column(1), i, key_of(input[i]), batch.arena());
        set_value(batch.column(2), i, {std::int64_t{input[i][2]}}, batch.arena());
    }
    batch.set_size(input.size());
}

ExprPtr call(std::string_view name, std::vector<ExprPtr> arguments) {
    auto result = make_call(name, std::move(arguments), {});
    REQUIRE(result.has_value());
    return *std::move(result);
}

Input cut(Input input) {
    input.resize(std::min<std::size_t>(input.size(), kBatchRows));
    return input;
}

TEST_CASE("filter and project: a row at a time") {
    const bool holds = rc::check("filter, project", [](const Input& given) {
        const Input input = cut(given);
        Batch batch(schema());
        fill(batch, input);
        const ExprPtr key = make_column(1, Type::bigint());
        const ExprPtr value = make_column(2, Type::bigint());
        const auto filter = make_filter(call(">", {value, key}));
        const auto project = make_project({call("+", {value, key}), key});
        OpContext context;
        RowCollector projected;
        struct Link final : Emitter {
            Op& op;
            OpContext& context;
            Emitter& out;

            Link(Op& next, OpContext& with, Emitter& to) : op(next), context(with), out(to) {}

            void emit(const BatchView& rows) override { op.process(0, rows, context, out); }
        } link(*project, context, projected);
        filter->process(0, batch.view(), context, link);
        std::vector<Row> expected;
        for (const Raw& raw : input) {
            const Value k = key_of(raw);
            if (k.is_null() || raw[2] <= std::get<std::int64_t>(k.data)) continue;
            expected.push_back({{raw[2] + std::get<std::int64_t>(k.data)}, k});
        }
        RC_ASSERT(sorted_texts(projected.rows) == sorted_texts(expected));
        RC_ASSERT(context.counters.filtered_rows == input.size() - expected.size());
    });
    CHECK(holds);
}

TEST_CASE("unnest: a row for each element") {
    const bool holds = rc::check("unnest", [](const Input& given, bool keep_empty) {
        const Input input = cut(given);
        const SchemaPtr lists = make_schema({{"l", Type::array(Type::bigint())}});
        Batch batch(lists);
        std::vector<Row> expected;
        for (std::size_t i = 0; i < input.size(); ++i) {
            Value::List list(input[i][0] % 4, Value{std::int64_t{input[i][2]}});
            const bool is_null = input[i][1] % 8 == 7;
            const Value cell = is_null ? Value{} : Value{list};
            set_value(batch.column(0), i, cell, batch.arena());
            if (is_null) list.clear();
            for (const Value& element : list)
                expected.push_back({cell, element});
            if (list.empty() && keep_empty) expected.push_back({cell, {}});
        }
        batch.set_size(input.size());
        const auto unnest =
            make_unnest({make_column(0, Type::array(Type::bigint())), lists, keep_empty});
        OpContext context;
        RowCollector out;
        unnest->process(0, batch.view(), context, out);
        RC_ASSERT(sorted_texts(out.rows) == sorted_texts(expected));
    });
    CHECK(holds);
}

// Starts of all windows that contain `time`.
std::vector<std::int64_t> starts_of(const WindowSpec& window, std::int64_t time) {
    std::vector<std::int64_t> starts;
    for (std::int64_t start = -64 * kMilli; start <= time; start += kMilli) {
        if (floor_mod(start - window.offset_ns, window.slide_ns) != 0) continue;
        if (time < start + window.size_ns) starts.push_back(start);
    }
    return starts;
}

WindowSpec window_of(std::uint8_t slide, std::uint8_t times, std::uint8_t offset) {
    WindowSpec window;
    window.kind = WindowKind::kHop;
    window.slide_ns = (slide % 8 + 1) * kMilli;
    window.size_ns = window.slide_ns * (times % 4 + 1);
    window.offset_ns = offset % 8 * kMilli;
    return window;
}

TEST_CASE("assign windows: a row for each window that contains it") {
    const bool holds = rc::check(
        "assign windows",
        [](const Input& given, std::uint8_t slide, std::uint8_t times, std::uint8_t offset) {
            const Input input = cut(given);
            Batch batch(schema());
            fill(batch, input);
            const WindowSpec window = window_of(slide, times, offset);
            const auto assign = make_assign_windows(window, schema());
            OpContext context;
            RowCollector out;
            assign->process(0, batch.view(), context, out);
            std::vector<Row> expected;
            for (const Raw& raw : input) {
                for (const std::int64_t start : starts_of(window, time_of(raw)))
                    expected.push_back({{time_of(raw)},
                                        key_of(raw),
                                        {std::int64_t{raw[2]}},
                                        {start},
                                        {start + window.size_ns},
                                        {start + window.size_ns - kMilli}});
            }
            RC_ASSERT(sorted_texts(out.rows) == sorted_texts(expected));
        });
    CHECK(holds);
}

TEST_CASE("window aggregate: counts and sums of every window, batches of any size") {
    const bool holds = rc::check(
        "window aggregate",
        [](const Input& given,
           std::uint8_t slide,
           std::uint8_t times,
           std::uint8_t offset,
           std::uint8_t step) {
            const Input input = cut(given);
            WindowAggregateSpec spec;
            spec.window = window_of(slide, times, offset);
            spec.keys = {1};
            spec.key_types = {Type::bigint()};
            AggregateCall sum;
            sum.kind = AggregateKind::kSum;
            sum.argument = 2;
            sum.argument_type = sum.result_type = Type::bigint();
            AggregateCall count;
            count.result_type = Type::bigint().not_null();
            spec.calls = {count, sum};
            const auto op = make_window_aggregate(spec);
            OpContext context;
            RowCollector out;
            const std::size_t size = step % 9 + 1;
            for (std::size_t i = 0; i < input.size(); i += size) {
                const auto first = input.begin() + static_cast<std::ptrdiff_t>(i);
                const auto last =
                    input.begin() + static_cast<std::ptrdiff_t>(std::min(i + size, input.size()));
                Batch batch(schema());
                fill(batch, {first, last});
                op->process(0, batch.view(), context, out);
            }
            while (op->advance(Watermark::max(), context, out) == Progress::kMore) {
            }
            std::map<std::pair<std::int64_t, std::string>, std::tuple<Value, int, int>> groups;
            for (const Raw& raw : input) {
                for (const std::int64_t start : starts_of(spec.window, time_of(raw))) {
                    auto& [key, rows, total] = groups[{start, text_of(key_of(raw))}];
                    key = key_of(raw);
                    ++rows;
                    total += raw[2];
                }
            }
            std::vector<Row> expected;
            for (const auto& [group, states] : groups) {
                const auto& [key, rows, total] = states;
                expected.push_back({key,
                                    {std::int64_t{rows}},
                                    {std::int64_t{total}},
                                    {group.first},
                                    {group.first + spec.window.size_ns},
                                    {group.first + spec.window.size_ns - kMilli}});
            }
            RC_ASSERT(sorted_texts(out.rows) == sorted_texts(expected));
        });
    CHECK(holds);
}

TEST_CASE("window join: two nested loops") {
    const bool holds = rc::check(
        "window join", [](const Input& given_left, const Input& given_right, std::uint8_t kind) {
            // Columns: key, value, window_start, window_end; windows of eight milliseconds.
            const SchemaPtr side = make_schema({{"k", Type::bigint()},
                                                {"v", Type::bigint()},
                                                {"s", Type::timestamp(3)},
                                                {"e", Type::timestamp(3)}});
            const auto rows_from = [](const Input& input) {
                std::vector<Row> rows;
                for (const Raw& raw : input) {
                    const std::int64_t start = floor_div(time_of(raw), 8 * kMilli) * 8 * kMilli;
                    rows.push_back(
                        {key_of(raw), {std::int64_t{raw[2]}}, {start}, {start + 8 * kMilli}});
                }
                return rows;
            };
            constexpr std::array kKinds = {
                JoinKind::kInner, JoinKind::kLeft, JoinKind::kRight, JoinKind::kFull};
            WindowJoinSpec spec;
            spec.kind = kKinds[kind % 4];
            spec.left = spec.right = side;
            spec.left_start = spec.right_start = 2;
            spec.left_end = spec.right_end = 3;
            spec.keys = {{0, 0, kind % 8 >= 4}};
            const auto op = make_window_join(spec);
            const std::vector<Row> left = rows_from(cut(given_left));
            const std::vector<Row> right = rows_from(cut(given_right));
            OpContext context;
            RowCollector out;
            for (std::size_t port = 0; port < 2; ++port) {
                const std::vector<Row>& rows = port == 0 ? left : right;
                Batch batch(side);
                for (std::size_t i = 0; i < rows.size(); ++i) {
                    for (std::size_t c = 0; c < 4; ++c)
                        set_value(batch.column(c), i, rows[i][c], batch.arena());
                }
                batch.set_size(rows.size());
                op->process(port, batch.view(), context, out);
            }
            while (op->advance(Watermark::max(), context, out) == Progress::kMore) {
            }
            const auto meet = [&](const Row& l, const Row& r) {
                if (l[2] != r[2]) return false;
                if (l[0].is_null() || r[0].is_null())
                    return spec.keys[0].null_is_equal && l[0].is_null() && r[0].is_null();
                return l[0] == r[0];
            };
            const Row nothing(4);
            const auto beside = [](Row l, const Row& r) {
                l.insert(l.end(), r.begin(), r.end());
                return l;
            };
            std::vector<Row> expected;
            std::vector<bool> found(right.size(), false);
            for (const Row& l : left) {
                bool any = false;
                for (std::size_t i = 0; i < right.size(); ++i) {
                    if (!meet(l, right[i])) continue;
                    any = found[i] = true;
                    expected.push_back(beside(l, right[i]));
                }
                const bool keeps = spec.kind == JoinKind::kLeft || spec.kind == JoinKind::kFull;
                if (!any && keeps) expected.push_back(beside(l, nothing));
            }
            const bool keeps = spec.kind == JoinKind::kRight || spec.kind == JoinKind::kFull;
            for (std::size_t i = 0; i < right.size() && keeps; ++i) {
                if (!found[i]) expected.push_back(beside(nothing, right[i]));
            }
            RC_ASSERT(sorted_texts(out.rows) == sorted_texts(expected));
        });
    CHECK(holds);
}

}  // namespace
}  // namespace thalweg
