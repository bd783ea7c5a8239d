#include "tests/fuzz_sql/relation_oracle.h"

#include "tests/fuzz_sql/aggregate_oracle.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace thalweg::fuzz {

namespace {

constexpr std::size_t kRowsMax = 5000;

// Thrown inside, where there is no answer.
struct Unknown {};

bool keeps(const std::vector<Expr>& condition, const Row& row) {
    return condition.empty() || is_true(evaluate(condition[0], row));
}

Rows kept(const std::vector<Expr>& condition, const Rows& rows) {
    Rows result;
    for (const Row& row : rows) {
        if (keeps(condition, row)) result.push_back(row);
    }
    return result;
}

Row evaluate_all(const std::vector<Expr>& items, const Row& row) {
    Row cells;
    for (const Expr& item : items)
        cells.push_back(evaluate(item, row));
    return cells;
}

Row columns_of(const Row& row, const std::vector<std::size_t>& columns) {
    Row cells;
    for (const std::size_t column : columns)
        cells.push_back(row[column]);
    return cells;
}

Row joined(const Row& left, const Row& right) {
    Row row = left;
    row.insert(row.end(), right.begin(), right.end());
    return row;
}

class Oracle {
  public:
    explicit Oracle(const Tables& tables) : tables_(tables) {}

    Rows rows_of(const Relation& relation) {
        Rows rows = compute(relation);
        if (rows.size() > kRowsMax) throw Unknown();
        return rows;
    }

  private:
    Rows compute(const Relation& relation) {
        switch (relation.kind) {
            case RelationKind::kTable: return tables_[relation.table];
            case RelationKind::kSelect: return select(relation);
            case RelationKind::kGroup: return group(relation);
            case RelationKind::kJoin: return join(relation);
            case RelationKind::kSemiJoin: return semi_join(relation);
            case RelationKind::kSetOperation: return set_operation(relation);
            case RelationKind::kTopN: return top_n(relation);
            case RelationKind::kWindow: return window(relation);
            case RelationKind::kOver: return over(relation);
        }
        return {};
    }

    static Rows selected(const Relation& relation, const Rows& rows) {
        Rows result;
        for (const Row& row : rows)
            result.push_back(evaluate_all(relation.items, row));
        if (!relation.is_distinct) return result;
        std::sort(result.begin(), result.end());
        result.erase(std::unique(result.begin(), result.end()), result.end());
        return result;
    }

    Rows select(const Relation& relation) {
        return selected(relation, kept(relation.where, rows_of(relation.inputs[0])));
    }

    static Row group_row(const Relation& relation, Row keys, const Rows& rows) {
        for (const Aggregate& each : relation.aggregates)
            keys.push_back(aggregate(each, rows));
        return keys;
    }

    Rows group(const Relation& relation) {
        const Rows rows = kept(relation.where, rows_of(relation.inputs[0]));
        if (relation.items.empty() && rows.empty()) throw Unknown();
        std::vector<std::vector<std::size_t>> sets = relation.sets;
        if (sets.empty()) {
            sets.emplace_back();
            for (std::size_t i = 0; i < relation.items.size(); ++i)
                sets[0].push_back(i);
        }
        Rows result;
        for (const std::vector<std::size_t>& set : sets) {
            std::map<Row, Rows> groups;
            for (const Row& row : rows) {
                const Row all = evaluate_all(relation.items, row);
                Row keys(all.size());  // NULL where the set lacks one.
                for (const std::size_t key : set)
                    keys[key] = all[key];
                groups[keys].push_back(row);
            }
            for (const auto& [keys, members] : groups)
                result.push_back(group_row(relation, keys, members));
        }
        return kept(relation.having, result);
    }

    static bool meets(const Relation& relation, const Row& row) {
        for (const auto& [one, other] : relation.equalities) {
            const Value a = evaluate(one, row);
            if (is_null(a) || a != evaluate(other, row)) return false;
        }
        return keeps(relation.residual, row);
    }

    Rows join(const Relation& relation) {
        const Rows left = rows_of(relation.inputs[0]);
        const Rows right = rows_of(relation.inputs[1]);
        const bool keeps_left =
            relation.join == JoinKind::kLeft || relation.join == JoinKind::kFull;
        const bool keeps_right =
            relation.join == JoinKind::kRight || relation.join == JoinKind::kFull;
        std::vector<bool> is_met(right.size());
        Rows pairs;
        for (const Row& one : left) {
            bool has_partner = false;
            for (std::size_t i = 0; i < right.size(); ++i) {
                const Row pair = joined(one, right[i]);
                if (!meets(relation, pair)) continue;
                has_partner = true;
                is_met[i] = true;
                pairs.push_back(pair);
            }
            if (!has_partner && keeps_left)
                pairs.push_back(joined(one, Row(relation.inputs[1].columns.size())));
        }
        for (std::size_t i = 0; i < right.size(); ++i) {
            if (!is_met[i] && keeps_right)
                pairs.push_back(joined(Row(relation.inputs[0].columns.size()), right[i]));
        }
        if (pairs.size() > kRowsMax) throw Unknown();
        return selected(relation, kept(relation.where, pairs));
    }

    // Whether the IN or EXISTS holds, in three values.
    static Value is_found(const Relation& relation, const Row& one, const Rows& right) {
        const bool is_in = relation.semi == SemiKind::kIn || relation.semi == SemiKind::kNotIn;
        Value found = false;
        for (const Row& other : right) {
            const Row pair = joined(one, other);
            Relation inner;  // The subquery's own conditions.
            inner.equalities = relation.equalities;
            if (is_in) inner.equalities.erase(inner.equalities.begin());
            inner.residual = relation.residual;
            if (!meets(inner, pair)) continue;
            if (!is_in) return true;
            const Value a = evaluate(relation.equalities[0].first, pair);
            const Value b = evaluate(relation.equalities[0].second, pair);
            if (is_null(a) || is_null(b)) {
                found = Value();
            } else if (a == b) {
                return true;
            }
        }
        return found;
    }

    Rows semi_join(const Relation& relation) {
        const Rows left = rows_of(relation.inputs[0]);
        const Rows right = rows_of(relation.inputs[1]);
        const bool is_not =
            relation.semi == SemiKind::kNotIn || relation.semi == SemiKind::kNotExists;
        Rows result;
        for (const Row& one : left) {
            const Value found = is_found(relation, one, right);
            const bool is_wanted = is_not ? found == Value(false) : is_true(found);
            if (is_wanted && keeps(relation.where, one)) result.push_back(one);
        }
        return selected(relation, result);
    }

    Rows set_operation(const Relation& relation) {
        Rows left = rows_of(relation.inputs[0]);
        Rows right = rows_of(relation.inputs[1]);
        std::sort(left.begin(), left.end());
        std::sort(right.begin(), right.end());
        if (!relation.is_all) {
            left.erase(std::unique(left.begin(), left.end()), left.end());
            right.erase(std::unique(right.begin(), right.end()), right.end());
        }
        Rows result;
        const auto out = std::back_inserter(result);
        switch (relation.set) {
            case SetKind::kUnion:
                std::merge(left.begin(), left.end(), right.begin(), right.end(), out);
                break;
            case SetKind::kIntersect:
                std::set_intersection(left.begin(), left.end(), right.begin(), right.end(), out);
                break;
            case SetKind::kExcept:
                std::set_difference(left.begin(), left.end(), right.begin(), right.end(), out);
                break;
        }
        if (!relation.is_all) result.erase(std::unique(result.begin(), result.end()), result.end());
        return result;
    }

    // The rows of each partition, in order.
    static std::map<Row, Rows> partitions(const Relation& relation, const Rows& rows) {
        std::map<Row, Rows> groups;
        for (const Row& row : rows)
            groups[columns_of(row, relation.partition)].push_back(row);
        const auto is_before = [&](const Row& a, const Row& b) {
            for (const Order& order : relation.order) {
                if (a[order.column] == b[order.column]) continue;
                return (a[order.column] < b[order.column]) != order.is_descending;
            }
            return false;
        };
        for (auto& [keys, members] : groups)
            std::stable_sort(members.begin(), members.end(), is_before);
        return groups;
    }

    Rows top_n(const Relation& relation) {
        Rows result;
        for (auto& [keys, rows] : partitions(relation, rows_of(relation.inputs[0]))) {
            for (std::size_t i = 0; i < rows.size() && i < relation.limit; ++i) {
                result.push_back(rows[i]);
                if (relation.has_number)
                    result.back().emplace_back(static_cast<std::int64_t>(i + 1));
            }
        }
        return result;
    }

    struct Span {
        std::int64_t start = 0;
        std::int64_t end = 0;
    };

    static std::vector<Span> spans_of(const WindowSpec& window, std::int64_t time) {
        const std::int64_t size = window.size_s * 1000;
        const std::int64_t step = window.step_s * 1000;
        std::vector<Span> spans;
        const std::int64_t base = time - time % size;
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

    // Each row behind the bounds of its windows.
    static std::vector<std::pair<Span, Row>> sessions(const Relation& relation, const Rows& rows) {
        const std::size_t time = relation.window.time;
        const std::int64_t gap = relation.window.size_s * 1000;
        Relation by_time;
        by_time.partition = relation.partition;
        by_time.order = {{time, false}};
        std::vector<std::pair<Span, Row>> result;
        for (auto& [keys, members] : partitions(by_time, rows)) {
            std::size_t first = result.size();
            for (const Row& row : members) {
                const std::int64_t at = std::get<std::int64_t>(row[time]);
                const bool is_next = first < result.size() && at <= result.back().first.end;
                if (!is_next) first = result.size();
                const std::int64_t start = is_next ? result[first].first.start : at;
                result.push_back({{start, at + gap}, row});
                for (std::size_t i = first; i < result.size(); ++i)
                    result[i].first.end = at + gap;
            }
        }
        return result;
    }

    static std::vector<std::pair<Span, Row>> assigned(const Relation& relation, Rows rows) {
        const std::size_t time = relation.window.time;
        std::erase_if(rows, [&](const Row& row) { return is_null(row[time]); });
        if (relation.window.kind == WindowKind::kSession) return sessions(relation, rows);
        std::vector<std::pair<Span, Row>> result;
        for (const Row& row : rows) {
            for (const Span& span : spans_of(relation.window, std::get<std::int64_t>(row[time])))
                result.emplace_back(span, row);
        }
        return result;
    }

    Rows window(const Relation& relation) {
        std::map<Row, Rows> groups;
        for (const auto& [span, row] : assigned(relation, rows_of(relation.inputs[0]))) {
            if (!keeps(relation.where, row)) continue;
            const Row keys = evaluate_all(relation.items, row);
            groups[joined({span.start, span.end, span.end - 1}, keys)].push_back(row);
        }
        Rows result;
        for (const auto& [keys, rows] : groups)
            result.push_back(group_row(relation, keys, rows));
        return kept(relation.having, result);
    }

    // Those of a partition in order that the frame of the one at `at` has.
    static Rows frame_of(const Relation& relation, const Rows& rows, std::size_t at) {
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
                const std::int64_t back = std::get<std::int64_t>(rows[at][column]) -
                                          std::get<std::int64_t>(rows[i][column]);
                is_in = back >= 0 && back <= relation.bound[0] * 1000;
            }
            if (is_in) frame.push_back(rows[i]);
        }
        return frame;
    }

    Rows over(const Relation& relation) {
        Rows result;
        for (auto& [keys, rows] : partitions(relation, rows_of(relation.inputs[0]))) {
            for (std::size_t i = 0; i < rows.size(); ++i)
                result.push_back(group_row(relation, rows[i], frame_of(relation, rows, i)));
        }
        return result;
    }

    const Tables& tables_;
};

}  // namespace

std::optional<Rows> answer(const Relation& relation, const Tables& tables) {
    try {
        Rows rows = Oracle(tables).rows_of(relation);
        std::sort(rows.begin(), rows.end());
        return rows;
    } catch (const Unknown&) {
        return std::nullopt;
    }
}

}  // namespace thalweg::fuzz
