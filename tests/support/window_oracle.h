#pragma once

#include "ops/local_time.h"
#include "ops/op.h"
#include "ops/window_aggregate.h"
#include "state/text/decimal.h"
#include "state/value.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

// What windowed aggregation means, said as simply as possible: keep every row of every window, and
// compute each aggregate from them when the window fires. Slow, and obviously right.

namespace thalweg {

using Row = std::vector<Value>;

// One row as text, to be compared: doubles to eight digits.
inline std::string text_of(const Value& value) {
    struct Printer {
        std::string operator()(std::monostate) const { return "NULL"; }

        std::string operator()(bool truth) const { return truth ? "TRUE" : "FALSE"; }

        std::string operator()(std::int64_t number) const { return std::to_string(number); }

        std::string operator()(double number) const {
            char text[40];
            // A little more than it is: not halfway between two texts, as sums of quarters are.
            const double shown = std::abs(number) < 1e-9 ? 0.0 : number * (1 + 3e-12);
            std::snprintf(text, sizeof text, "%.8g", shown);
            return text;
        }

        std::string operator()(Int128 number) const {
            std::string text;
            append_decimal(text, number, 0);
            return text;
        }

        std::string operator()(const std::string& text) const { return "'" + text + "'"; }

        std::string operator()(const Value::List& list) const {
            std::string text = "[";
            for (const Value& each : list)
                text += text_of(each) + ";";
            return text + "]";
        }
    };

    return std::visit(Printer{}, value.data);
}

inline std::string text_of(const Row& row) {
    std::string text;
    for (const Value& value : row)
        text += text_of(value) + ", ";
    return text;
}

inline std::vector<std::string> sorted_texts(const std::vector<Row>& rows) {
    std::vector<std::string> texts;
    for (const Row& row : rows)
        texts.push_back(text_of(row));
    std::sort(texts.begin(), texts.end());
    return texts;
}

// The rows of a view, out of their columns.
inline std::vector<Row> rows_of(const BatchView& view) {
    std::vector<Row> rows;
    view.selection.for_each([&](std::size_t row) {
        Row& cells = rows.emplace_back();
        for (const Column* const column : view.columns)
            cells.push_back(value_at(*column, row));
    });
    return rows;
}

// Keeps what an operator emits.
struct RowCollector final : Emitter {
    std::vector<Row> rows;
    std::size_t batches = 0;

    void emit(const BatchView& view) override {
        for (Row& row : rows_of(view))
            rows.push_back(std::move(row));
        ++batches;
    }
};

class WindowOracle {
  public:
    explicit WindowOracle(WindowAggregateSpec spec) : spec_(std::move(spec)) {}

    void add(const Row& row, OpContext& context) {
        std::vector<Window> windows;
        if (!find_windows(row, context, windows)) {
            ++context.counters.null_time_rows;
            return;
        }
        const bool has_window = !windows.empty();
        std::erase_if(windows,
                      [this](const Window& each) { return watermark_.passes(each.first); });
        if (windows.empty()) {
            ++(has_window ? context.counters.late_rows : context.counters.filtered_rows);
            return;
        }
        Row keys;
        for (const std::size_t key : spec_.keys)
            keys.push_back(row[key]);
        for (const Window& window : windows) {
            Group& group = windows_[window][text_of(keys)];
            group.keys = keys;
            group.rows.push_back(row);
        }
    }

    // The rows of all windows that fire, those of one window in no particular order.
    std::vector<Row> advance(Watermark watermark) {
        watermark_ = std::max(watermark_, local_watermark(watermark, spec_.window.zone));
        std::vector<Row> out;
        while (!windows_.empty() && watermark_.passes(windows_.begin()->first.first)) {
            const auto& [window, groups] = *windows_.begin();
            for (const auto& [text, group] : groups)
                out.push_back(finish(window, group));
            windows_.erase(windows_.begin());
        }
        return out;
    }

  private:
    using Window = std::pair<std::int64_t, std::int64_t>;  // End, start.

    struct Group {
        Row keys;
        std::vector<Row> rows;
    };

    bool find_windows(const Row& row, const OpContext& context, std::vector<Window>& windows) {
        const WindowSpec& spec = spec_.window;
        if (spec.kind == WindowKind::kAttached) {
            if (row[spec.start_column].is_null() || row[spec.end_column].is_null()) return false;
            windows.emplace_back(std::get<std::int64_t>(row[spec.end_column].data),
                                 std::get<std::int64_t>(row[spec.start_column].data));
            return true;
        }
        std::int64_t time = context.now_ns;
        if (spec.is_event_time) {
            if (row[spec.start_column].is_null()) return false;
            time = std::get<std::int64_t>(row[spec.start_column].data);
        }
        if (spec.zone) time = spec.zone->to_local(time);
        const std::int64_t grid = spec.kind == WindowKind::kCumulate ? spec.size_ns : spec.slide_ns;
        std::int64_t start = time - floor_mod(time - spec.offset_ns, grid);
        if (spec.kind == WindowKind::kCumulate) {
            for (std::int64_t end = start + spec.slide_ns; end <= start + spec.size_ns;
                 end += spec.slide_ns) {
                if (end > time) windows.emplace_back(end, start);
            }
            return true;
        }
        for (; start + spec.size_ns > time; start -= grid)
            windows.emplace_back(start + spec.size_ns, start);
        return true;
    }

    Row finish(const Window& window, const Group& group) const {
        Row row = group.keys;
        for (const AggregateCall& call : spec_.calls)
            row.push_back(aggregate(call, group.rows));
        const std::int64_t last = window.first - kNanosPerMilli;
        row.push_back({window.second});
        row.push_back({window.first});
        row.push_back({spec_.window.zone ? spec_.window.zone->to_utc(last) : last});
        return row;
    }

    static Value aggregate(const AggregateCall& call, const std::vector<Row>& rows) {
        std::vector<Value> values;
        std::set<std::string> seen;
        for (const Row& row : rows) {
            if (call.filter && row[*call.filter] != Value{true}) continue;
            const Value value =
                call.kind == AggregateKind::kCountStar ? Value{true} : row[call.argument];
            if (value.is_null()) continue;
            if (call.is_distinct && !seen.insert(text_of(value)).second) continue;
            values.push_back(value);
        }
        if (call.kind == AggregateKind::kCountStar || call.kind == AggregateKind::kCount)
            return {static_cast<std::int64_t>(values.size())};
        if (values.empty()) return {};
        switch (call.kind) {
            case AggregateKind::kFirstValue: return values.front();
            case AggregateKind::kLastValue: return values.back();
            case AggregateKind::kListAgg: return list(call, values);
            case AggregateKind::kMin:
                return *std::min_element(values.begin(), values.end(), is_less);
            case AggregateKind::kMax:
                return *std::max_element(values.begin(), values.end(), is_less);
            case AggregateKind::kSum: return sum(call, values, 1, 0);
            case AggregateKind::kAvg:
                return sum(call,
                           values,
                           static_cast<std::int64_t>(values.size()),
                           call.result_type.scale - call.argument_type.scale);
            default: return spread(call, values);
        }
    }

    static Value list(const AggregateCall& call, const std::vector<Value>& values) {
        std::string text;
        for (std::size_t i = 0; i < values.size(); ++i)
            text += (i == 0 ? "" : call.separator) + std::get<std::string>(values[i].data);
        return {text};
    }

    // Of two values of one type.
    static bool is_less(const Value& left, const Value& right) {
        const auto less = []<class A, class B>(const A& a, const B& b) {
            if constexpr (std::is_same_v<A, B> && !std::is_same_v<A, Value::List>) {
                return a < b;
            } else {
                return false;
            }
        };
        return std::visit(less, left.data, right.data);
    }

    static Value sum(const AggregateCall& call,
                     const std::vector<Value>& values,
                     std::int64_t divisor,
                     std::int32_t digits) {
        if (values[0].data.index() == Value{0.0}.data.index()) {
            double total = 0;
            for (const Value& value : values)
                total += std::get<double>(value.data);
            return {total / static_cast<double>(divisor)};
        }
        Int128 total = 0;
        const bool is_decimal = call.argument_type.kind == TypeKind::kDecimal;
        for (const Value& value : values)
            total += is_decimal ? std::get<Int128>(value.data) : std::get<std::int64_t>(value.data);
        if (!is_decimal) {
            const auto wrapped = static_cast<std::int64_t>(total) / divisor;
            switch (call.argument_type.kind) {
                case TypeKind::kTinyint: return {std::int64_t{static_cast<std::int8_t>(wrapped)}};
                case TypeKind::kInt: return {std::int64_t{static_cast<std::int32_t>(wrapped)}};
                default: return {wrapped};
            }
        }
        const Int128 limit = power_of_ten(38);
        if (total >= limit || total <= -limit) return {};
        if (divisor == 1) return {total * power_of_ten(digits)};
        const Int128 scaled = total * power_of_ten(digits) * 2;
        return {(scaled + (scaled < 0 ? -divisor : divisor)) / (Int128{divisor} * 2)};
    }

    static Value spread(const AggregateCall& call, const std::vector<Value>& values) {
        std::vector<double> numbers;
        for (const Value& value : values) {
            if (const auto* const whole = std::get_if<std::int64_t>(&value.data)) {
                numbers.push_back(static_cast<double>(*whole));
            } else {
                numbers.push_back(std::get<double>(value.data));
            }
        }
        const auto count = static_cast<double>(numbers.size());
        double mean = 0;
        for (const double number : numbers)
            mean += number / count;
        double squares = 0;
        for (const double number : numbers)
            squares += (number - mean) * (number - mean);
        const bool is_sample =
            call.kind == AggregateKind::kVarSamp || call.kind == AggregateKind::kStddevSamp;
        if (is_sample && numbers.size() < 2) return {};
        const double variance = squares / (is_sample ? count - 1 : count);
        const bool is_root =
            call.kind == AggregateKind::kStddevPop || call.kind == AggregateKind::kStddevSamp;
        const double result = is_root ? std::sqrt(variance) : variance;
        return {std::abs(result) < 1e-9 ? 0.0 : result};
    }

    WindowAggregateSpec spec_;
    Watermark watermark_;  // On the local clock.
    std::map<Window, std::map<std::string, Group>> windows_;
};

}  // namespace thalweg
