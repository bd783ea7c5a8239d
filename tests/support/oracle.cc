#include "tests/support/oracle.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

namespace thalweg::test {

namespace {

// The smallest multiple of `width`, moved by the offset, that lies after `time`.
std::int64_t grid_after(std::int64_t time, std::int64_t width, std::int64_t offset) {
    return (floor_div(time - offset, width) + 1) * width + offset;
}

std::vector<std::int64_t> numbers_of(const std::vector<Row>& rows, std::size_t cell) {
    std::vector<std::int64_t> numbers;
    for (const Row& row : rows) {
        if (!row[cell].is_null()) numbers.push_back(number(row[cell]));
    }
    return numbers;
}

// An aggregate over the numbers that are not NULL; NULL when there are none.
template <class Compute>
Aggregate over_numbers(std::size_t cell, Compute compute) {
    return [cell, compute](const std::vector<Row>& rows) -> Value {
        const std::vector<std::int64_t> numbers = numbers_of(rows, cell);
        if (numbers.empty()) return {};
        return {compute(numbers)};
    };
}

std::int64_t total(const std::vector<std::int64_t>& numbers) {
    std::int64_t sum = 0;
    for (const std::int64_t each : numbers)
        sum += each;
    return sum;
}

Row joined(const OracleWindow& window, const Row& left, const Row& right) {
    Row row{{window.start}, {window.end}};
    row.insert(row.end(), left.begin(), left.end());
    row.insert(row.end(), right.begin(), right.end());
    return row;
}

void join_window(const OracleWindow& window,
                 const std::vector<Row>& left,
                 const std::vector<Row>& right,
                 const JoinSpec& spec,
                 OracleRows& out) {
    const Row nothing(spec.width);
    const auto add = [&](const Row& one, const Row& other) {
        out.push_back({joined(window, one, other), window.end - kNanosPerMilli, Watermark::min()});
    };
    std::set<std::size_t> matched;
    for (const Row& one : left) {
        bool is_matched = false;
        for (std::size_t i = 0; i < right.size(); ++i) {
            if (one[spec.key].is_null() || !(one[spec.key] == right[i][spec.key])) continue;
            add(one, right[i]);
            is_matched = true;
            matched.insert(i);
        }
        const bool keeps_left = spec.kind == JoinKind::kLeft || spec.kind == JoinKind::kFull;
        if (!is_matched && keeps_left) add(one, nothing);
    }
    if (spec.kind != JoinKind::kRight && spec.kind != JoinKind::kFull) return;
    for (std::size_t i = 0; i < right.size(); ++i) {
        if (!matched.contains(i)) add(nothing, right[i]);
    }
}

}  // namespace

std::vector<OracleWindow> windows_of(const WindowSpec& spec, std::int64_t time) {
    std::vector<OracleWindow> windows;
    if (spec.kind == WindowKind::kCumulate) {
        const std::int64_t last = grid_after(time, spec.size_ns, spec.offset_ns);
        const std::int64_t start = last - spec.size_ns;
        for (std::int64_t end = start + spec.slide_ns; end <= last; end += spec.slide_ns) {
            if (end > time) windows.push_back({end, start});
        }
        return windows;
    }
    const std::int64_t slide = spec.kind == WindowKind::kHop ? spec.slide_ns : spec.size_ns;
    std::int64_t start = grid_after(time - spec.size_ns, slide, spec.offset_ns);
    for (; start <= time; start += slide)
        windows.push_back({start + spec.size_ns, start});
    return windows;
}

OracleRows keep(const OracleRows& rows, const RowTest& test, OracleCounts& counts) {
    OracleRows kept;
    for (const OracleRow& row : rows) {
        if (test(row.cells)) {
            kept.push_back(row);
        } else {
            ++counts.filtered;
        }
    }
    return kept;
}

OracleRows change(const OracleRows& rows, const RowChange& make) {
    OracleRows changed;
    for (const OracleRow& row : rows)
        changed.push_back({make(row.cells), row.time, row.before});
    return changed;
}

OracleRows both(OracleRows rows, const OracleRows& more) {
    rows.insert(rows.end(), more.begin(), more.end());
    return rows;
}

OracleRows unnest(const OracleRows& rows, std::size_t text) {
    OracleRows words;
    for (const OracleRow& row : rows) {
        if (row.cells[text].is_null()) continue;
        std::string_view rest = std::get<std::string>(row.cells[text].data);
        for (;;) {
            const std::size_t space = rest.find(' ');
            OracleRow& word = words.emplace_back(row);
            word.cells.push_back({std::string(rest.substr(0, space))});
            if (space == std::string_view::npos) break;
            rest.remove_prefix(space + 1);
        }
    }
    return words;
}

OracleWindows fired(const OracleRows& rows,
                    const WindowSpec& spec,
                    Watermark final,
                    OracleCounts& counts) {
    OracleWindows windows;
    for (const OracleRow& row : rows) {
        if (!row.time) {
            ++counts.null_time;
            continue;
        }
        const std::vector<OracleWindow> all = windows_of(spec, *row.time);
        bool is_taken = false;
        for (const OracleWindow& window : all) {
            if (row.before.passes(window.end)) continue;
            is_taken = true;
            windows[window].push_back(row.cells);
        }
        if (!is_taken) ++(all.empty() ? counts.filtered : counts.late);
    }
    std::erase_if(windows, [final](const auto& each) { return !final.passes(each.first.end); });
    return windows;
}

OracleRows aggregate(const OracleWindows& windows,
                     const std::vector<std::size_t>& keys,
                     const std::vector<Aggregate>& aggregates) {
    OracleRows out;
    for (const auto& [window, rows] : windows) {
        std::map<std::string, std::vector<Row>> groups;
        const auto key_of = [&keys](const Row& row) {
            Row key;
            for (const std::size_t cell : keys)
                key.push_back(row[cell]);
            return key;
        };
        for (const Row& row : rows)
            groups[text_of(key_of(row))].push_back(row);
        for (const auto& [text, group] : groups) {
            Row cells{{window.start}, {window.end}};
            for (Value& value : key_of(group.front()))
                cells.push_back(std::move(value));
            for (const Aggregate& compute : aggregates)
                cells.push_back(compute(group));
            out.push_back({std::move(cells), window.end - kNanosPerMilli, Watermark::min()});
        }
    }
    return out;
}

OracleRows join(const OracleWindows& left, const OracleWindows& right, const JoinSpec& spec) {
    OracleRows out;
    OracleWindows all = left;
    all.insert(right.begin(), right.end());
    const std::vector<Row> none;
    for (const auto& [window, rows] : all) {
        const auto one = left.find(window);
        const auto other = right.find(window);
        join_window(window,
                    one == left.end() ? none : one->second,
                    other == right.end() ? none : other->second,
                    spec,
                    out);
    }
    return out;
}

Aggregate count_rows() {
    return [](const std::vector<Row>& rows) -> Value {
        return {static_cast<std::int64_t>(rows.size())};
    };
}

Aggregate count_of(std::size_t cell) {
    return [cell](const std::vector<Row>& rows) -> Value {
        return {static_cast<std::int64_t>(numbers_of(rows, cell).size())};
    };
}

Aggregate count_distinct(std::size_t cell) {
    return [cell](const std::vector<Row>& rows) -> Value {
        const std::vector<std::int64_t> numbers = numbers_of(rows, cell);
        const std::set<std::int64_t> distinct(numbers.begin(), numbers.end());
        return {static_cast<std::int64_t>(distinct.size())};
    };
}

Aggregate sum_of(std::size_t cell) {
    return over_numbers(cell, total);
}

// Of BIGINT: cut, not rounded.
Aggregate average_of(std::size_t cell) {
    return over_numbers(cell, [](const std::vector<std::int64_t>& numbers) {
        return total(numbers) / static_cast<std::int64_t>(numbers.size());
    });
}

Aggregate least_of(std::size_t cell) {
    return over_numbers(cell, [](const std::vector<std::int64_t>& numbers) {
        return *std::min_element(numbers.begin(), numbers.end());
    });
}

Aggregate greatest_of(std::size_t cell) {
    return over_numbers(cell, [](const std::vector<std::int64_t>& numbers) {
        return *std::max_element(numbers.begin(), numbers.end());
    });
}

Aggregate first_of(std::size_t cell) {
    return over_numbers(cell,
                        [](const std::vector<std::int64_t>& numbers) { return numbers.front(); });
}

Aggregate last_of(std::size_t cell) {
    return over_numbers(cell,
                        [](const std::vector<std::int64_t>& numbers) { return numbers.back(); });
}

Aggregate only(RowTest test, Aggregate aggregate) {
    return [test = std::move(test),
            aggregate = std::move(aggregate)](const std::vector<Row>& rows) -> Value {
        std::vector<Row> kept;
        for (const Row& row : rows) {
            if (test(row)) kept.push_back(row);
        }
        return aggregate(kept);
    };
}

}  // namespace thalweg::test
