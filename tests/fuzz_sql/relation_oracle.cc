#include "tests/fuzz_sql/relation_oracle.h"

#include "tests/fuzz_sql/aggregate_oracle.h"
#include "tests/fuzz_sql/time_oracle.h"

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

Row joined(const Row& left, const Row& right) {
    Row row = left;
    row.insert(row.end(), right.begin(), right.end());
    return row;
}

class Oracle {
  public:
    Oracle(const Tables& tables, Fault fault) : tables_(tables), fault_(fault) {}

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
            case RelationKind::kTopN: {
                Relation longer = relation;
                if (fault_ == Fault::kOneMore) ++longer.limit;
                return top_n(longer, rows_of(relation.inputs[0]));
            }
            case RelationKind::kWindow: return window(relation);
            case RelationKind::kOver: return over(relation, rows_of(relation.inputs[0]));
            case RelationKind::kWindowed: return windowed(relation);
            case RelationKind::kScalar: return scalar(relation);
            case RelationKind::kUnnest: return unnest(relation);
            case RelationKind::kTemporal: return temporal(relation);
            case RelationKind::kManyJoin: return many_join(relation);
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

    // A row for each group of each set; GROUPING() is 1 where the set lacks the key.
    static Rows grouped(const Relation& relation, const Rows& rows) {
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
            for (const auto& [keys, members] : groups) {
                Row row = keys;
                for (const Aggregate& each : relation.aggregates) {
                    const bool is_grouping = each.kind == AggregateKind::kGrouping;
                    row.push_back(is_grouping ? grouping(relation, set, each.argument[0])
                                              : aggregate(each, members));
                }
                result.push_back(std::move(row));
            }
        }
        return result;
    }

    static Value grouping(const Relation& relation,
                          const std::vector<std::size_t>& set,
                          const Expr& key) {
        const bool is_there = std::any_of(
            set.begin(), set.end(), [&](std::size_t item) { return relation.items[item] == key; });
        return std::int64_t{is_there ? 0 : 1};
    }

    Rows group(const Relation& relation) {
        const Rows rows = kept(relation.where, rows_of(relation.inputs[0]));
        if (relation.items.empty() && rows.empty()) throw Unknown();
        return had(relation, grouped(relation, rows));
    }

    [[nodiscard]] bool has_equals(const Relation& relation, const Row& row) const {
        for (const auto& [one, other] : relation.equalities) {
            const Value a = evaluate(one, row);
            if (is_null(a) && fault_ != Fault::kNullsMeet) return false;
            if (a != evaluate(other, row)) return false;
        }
        return true;
    }

    [[nodiscard]] bool meets(const Relation& relation, const Row& row) const {
        return has_equals(relation, row) && keeps(relation.residual, row);
    }

    Rows many_join(const Relation& relation) {
        Rows rows = {Row()};
        for (const Relation& input : relation.inputs) {
            Rows more;
            for (const Row& one : rows) {
                for (const Row& other : rows_of(input))
                    more.push_back(joined(one, other));
            }
            rows = std::move(more);
            if (rows.size() > 4 * kRowsMax) throw Unknown();
        }
        std::erase_if(rows, [&](const Row& row) { return !meets(relation, row); });
        return selected(relation, rows);
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
    [[nodiscard]] Value is_found(const Relation& relation,
                                 const Row& one,
                                 const Rows& right) const {
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
                if (fault_ != Fault::kUnknownIsFalse) found = Value();
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
        if (!relation.is_all || fault_ == Fault::kOneCopy) {
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

    Rows window(const Relation& relation) {
        Rows below = rows_of(relation.inputs[0]);
        if (relation.is_group_window) below = kept(relation.where, below);
        std::map<Row, Rows> windows;
        for (const auto& [bounds, row] : windows_of(relation, below)) {
            if (keeps(relation.where, row)) windows[bounds].push_back(row);
        }
        Rows result;
        for (const auto& [bounds, rows] : windows) {
            for (const Row& row : grouped(relation, rows))
                result.push_back(joined(bounds, row));
        }
        return had(relation, result);
    }

    [[nodiscard]] Rows had(const Relation& relation, const Rows& rows) const {
        return fault_ == Fault::kNoHaving ? rows : kept(relation.having, rows);
    }

    Rows windowed(const Relation& relation) {
        Rows result;
        for (const auto& [bounds, row] : windows_of(relation, rows_of(relation.inputs[0])))
            result.push_back(joined(row, bounds));
        return result;
    }

    Rows scalar(const Relation& relation) {
        const Rows right = rows_of(relation.inputs[1]);
        Rows result;
        for (const Row& one : kept(relation.where, rows_of(relation.inputs[0]))) {
            Rows partners;
            for (const Row& other : right) {
                if (has_equals(relation, joined(one, other)))
                    partners.push_back(joined(one, other));
            }
            Row row = evaluate_all(relation.items, one);
            row.push_back(relation.aggregates.empty()
                              ? Value(!partners.empty())
                              : aggregate(relation.aggregates[0], partners));
            if (keeps(relation.residual, joined(one, {row.back()})))
                result.push_back(std::move(row));
        }
        return result;
    }

    Rows unnest(const Relation& relation) {
        Rows result;
        for (const Row& row : rows_of(relation.inputs[0])) {
            for (const Expr& element : relation.residual)
                result.push_back(joined(row, {evaluate(element, row)}));
        }
        return selected(relation, result);
    }

    // The latest version of the row's key that is not after it.
    static const Row* version_of(const Relation& relation, const Row& one, const Rows& versions) {
        const std::size_t time = relation.inputs[1].order[0].column;
        const auto& [key, other_key] = relation.equalities[0];
        const Row* latest = nullptr;
        for (const Row& version : versions) {
            const Row pair = joined(one, version);
            const Value value = evaluate(key, pair);
            if (is_null(value) || value != evaluate(other_key, pair)) continue;
            if (version[time] > one[relation.window.time]) continue;
            if (latest == nullptr || (*latest)[time] < version[time]) latest = &version;
        }
        return latest;
    }

    Rows temporal(const Relation& relation) {
        const Rows versions = rows_of(relation.inputs[1].inputs[0]);
        Rows result;
        for (const Row& one : rows_of(relation.inputs[0])) {
            const Row* const version = version_of(relation, one, versions);
            if (version != nullptr && keeps(relation.residual, joined(one, *version))) {
                result.push_back(joined(one, *version));
            } else if (relation.join == JoinKind::kLeft) {
                result.push_back(joined(one, Row(relation.inputs[1].columns.size())));
            }
        }
        return selected(relation, result);
    }

    const Tables& tables_;
    Fault fault_;
};

}  // namespace

std::optional<Rows> answer(const Relation& relation, const Tables& tables, Fault fault) {
    try {
        Rows rows = Oracle(tables, fault).rows_of(relation);
        std::sort(rows.begin(), rows.end());
        return rows;
    } catch (const Unknown&) {
        return std::nullopt;
    }
}

}  // namespace thalweg::fuzz
