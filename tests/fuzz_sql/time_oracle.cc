#include "tests/fuzz_sql/time_oracle.h"

#include "tests/fuzz_sql/aggregate_oracle.h"

#include <algorithm>
#include <map>

namespace thalweg::fuzz {

namespace {

bool is_before(const Relation& relation, const Row& a, const Row& b) {
    for (const Order& order : relation.order) {
        if (a[order.column] == b[order.column]) continue;
        return (a[order.column] < b[order.column]) != order.is_descending;
    }
    return false;
}

// The rows of each partition, in order.
std::map<Row, Rows> partitions(const Relation& relation, const Rows& rows) {
    std::map<Row, Rows> groups;
    for (const Row& row : rows) {
        Row keys;
        for (const std::size_t column : relation.partition)
            keys.push_back(row[column]);
        groups[keys].push_back(row);
    }
    for (auto& [keys, members] : groups) {
        std::stable_sort(members.begin(), members.end(), [&](const Row& a, const Row& b) {
            return is_before(relation, a, b);
        });
    }
    return groups;
}

// Of a row among those of its partition.
std::size_t number_of(const Relation& relation, const Rows& rows, std::size_t at) {
    std::size_t before = 0;
    std::size_t distinct = 0;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (!is_before(relation, rows[i], rows[at])) continue;
        ++before;
        const bool is_last = i + 1 == rows.size() || is_before(relation, rows[i], rows[i + 1]);
        if (is_last) ++distinct;
    }
    switch (relation.rank) {
        case RankKind::kRank: return before + 1;
        case RankKind::kDenseRank: return distinct + 1;
        default: return at + 1;
    }
}

struct Span {
    std::int64_t start = 0;
    std::int64_t end = 0;
};

Row bounds_of(const Span& span) {
    return {span.start, span.end, span.end - 1};
}

std::vector<Span> spans_of(const WindowSpec& window, std::int64_t time) {
    const std::int64_t size = window.size_s * 1000;
    const std::int64_t step = window.step_s * 1000;
    const std::int64_t base = time - time % size;
    std::vector<Span> spans;
    switch (window.kind) {
        case WindowKind::kTumble: spans.push_back({base, base + size}); break;
        case WindowKind::kHop:
            for (std::int64_t start = time - time % step; start > time - size; start -= step)
                spans.push_back({start, start + size});
            break;
        default:  // kCumulate
            for (std::int64_t end = base + step; end <= base + size; end += step) {
                if (end > time) spans.push_back({base, end});
            }
    }
    return spans;
}

std::vector<std::pair<Row, Row>> sessions_of(const Relation& relation, const Rows& rows) {
    const std::size_t time = relation.window.time;
    const std::int64_t gap = relation.window.size_s * 1000;
    Relation by_time;
    by_time.partition = relation.partition;
    by_time.order = {{time, false}};
    std::vector<std::pair<Row, Row>> result;
    for (const auto& [keys, members] : partitions(by_time, rows)) {
        std::size_t first = 0;  // Of the session that is open.
        Span span;
        for (std::size_t i = 0; i < members.size(); ++i) {
            const std::int64_t at = std::get<std::int64_t>(members[i][time]);
            if (i == 0) span = {at, at + gap};
            if (at > span.end) {
                for (; first < i; ++first)
                    result.emplace_back(bounds_of(span), members[first]);
                span.start = at;
            }
            span.end = at + gap;
        }
        for (; first < members.size(); ++first)
            result.emplace_back(bounds_of(span), members[first]);
    }
    return result;
}

// Those of a partition in order that the frame of the one at `at` has.
Rows frame_of(const Relation& relation, const Rows& rows, std::size_t at) {
    const std::size_t column = relation.order[0].column;
    Rows frame;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        bool is_in = false;
        if (!relation.has_range) {
            const auto back = static_cast<std::int64_t>(at) - static_cast<std::int64_t>(i);
            is_in = back >= 0 && (relation.bound.empty() || back <= relation.bound[0]);
        } else if (relation.bound.empty()) {
            is_in = i <= at || rows[i][column] == rows[at][column];
        } else {
            const std::int64_t back =
                std::get<std::int64_t>(rows[at][column]) - std::get<std::int64_t>(rows[i][column]);
            is_in = back >= 0 && back <= relation.bound[0] * 1000;
        }
        if (is_in) frame.push_back(rows[i]);
    }
    return frame;
}

Value over_value(const Relation& relation,
                 const Aggregate& each,
                 const Rows& rows,
                 std::size_t at) {
    switch (each.kind) {
        case AggregateKind::kRowNumber: return static_cast<std::int64_t>(at + 1);
        case AggregateKind::kLag:
            return at == 0 ? Value() : evaluate(each.argument[0], rows[at - 1]);
        case AggregateKind::kLead:
            return at + 1 == rows.size() ? Value() : evaluate(each.argument[0], rows[at + 1]);
        default: return aggregate(each, frame_of(relation, rows, at));
    }
}

}  // namespace

Rows top_n(const Relation& relation, const Rows& rows) {
    Rows result;
    for (const auto& [keys, members] : partitions(relation, rows)) {
        for (std::size_t i = 0; i < members.size(); ++i) {
            const std::size_t number = number_of(relation, members, i);
            if (number < relation.first || number > relation.limit) continue;
            result.push_back(members[i]);
            if (relation.has_number) result.back().emplace_back(static_cast<std::int64_t>(number));
        }
    }
    return result;
}

Rows over(const Relation& relation, const Rows& rows) {
    Rows result;
    for (const auto& [keys, members] : partitions(relation, rows)) {
        for (std::size_t i = 0; i < members.size(); ++i) {
            Row row = members[i];
            for (const Aggregate& each : relation.aggregates)
                row.push_back(over_value(relation, each, members, i));
            result.push_back(std::move(row));
        }
    }
    return result;
}

std::vector<std::pair<Row, Row>> windows_of(const Relation& relation, const Rows& rows) {
    const std::size_t time = relation.window.time;
    if (relation.window.kind == WindowKind::kSession) return sessions_of(relation, rows);
    std::vector<std::pair<Row, Row>> result;
    for (const Row& row : rows) {
        for (const Span& span : spans_of(relation.window, std::get<std::int64_t>(row[time])))
            result.emplace_back(bounds_of(span), row);
    }
    return result;
}

}  // namespace thalweg::fuzz
