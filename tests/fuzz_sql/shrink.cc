#include "tests/fuzz_sql/shrink.h"

#include <algorithm>
#include <utility>

namespace thalweg::fuzz {

namespace {

// --- Sizes: every step makes the case smaller ---------------------------------------------------

std::size_t size_of(const Expr& expr) {
    std::size_t size = expr.op == ExprOp::kLiteral ? 1U : 2U;
    for (const Expr& arg : expr.args)
        size += size_of(arg);
    return size;
}

std::size_t size_of(const std::vector<Expr>& exprs) {
    std::size_t size = 0;
    for (const Expr& expr : exprs)
        size += 1 + size_of(expr);
    return size;
}

std::size_t size_of(const Relation& relation) {
    std::size_t size = 10 + relation.columns.size() + relation.sets.size() + relation.first;
    size += size_of(relation.items) + size_of(relation.where) + size_of(relation.having) +
            size_of(relation.residual);
    size += relation.is_view ? 1U : 0U;
    size += relation.is_distinct ? 1U : 0U;
    size += relation.partition.size() + 3 * relation.equalities.size();
    for (const Aggregate& aggregate : relation.aggregates) {
        size += size_of(aggregate.argument) + size_of(aggregate.filter);
        size += aggregate.is_distinct ? 2U : 1U;
    }
    for (const Relation& input : relation.inputs)
        size += size_of(input);
    return size;
}

// --- Simpler queries ----------------------------------------------------------------------------

void collect(Relation& relation, std::vector<Relation*>& nodes) {
    nodes.push_back(&relation);
    for (Relation& input : relation.inputs)
        collect(input, nodes);
}

void collect(std::vector<Expr>& exprs, std::vector<Expr*>& found) {
    for (Expr& expr : exprs) {
        found.push_back(&expr);
        collect(expr.args, found);
    }
}

std::vector<Expr*> expressions(Relation& node) {
    std::vector<Expr*> found;
    const bool has_keys = node.kind == RelationKind::kGroup || node.kind == RelationKind::kWindow;
    if (node.kind == RelationKind::kUnnest) return found;
    if (!has_keys) collect(node.items, found);
    collect(node.where, found);
    collect(node.having, found);
    collect(node.residual, found);
    for (Aggregate& aggregate : node.aggregates) {
        collect(aggregate.argument, found);
        collect(aggregate.filter, found);
    }
    return found;
}

// The same columns, of a table.
Relation projection_of_table(const std::vector<Column>& columns, std::size_t table) {
    Relation made;
    made.kind = RelationKind::kSelect;
    made.inputs.push_back(table_relation(table));
    made.columns = columns;
    const std::vector<Column>& scope = made.inputs[0].columns;
    std::vector<std::size_t> uses(4);
    for (const Column& column : columns) {
        std::vector<std::size_t> fitting;
        for (std::size_t i = 0; i < scope.size(); ++i) {
            if (scope[i].kind == column.kind) fitting.push_back(i);
        }
        if (fitting.empty()) {
            made.items.push_back(literal_of({}, column.kind));
            continue;
        }
        std::size_t& use = uses[static_cast<std::size_t>(column.kind)];
        made.items.push_back(column_of(fitting[use++ % fitting.size()], column.kind));
    }
    return made;
}

using Change = std::function<void(Relation&)>;

// What may be done to a node without changing its columns.
std::vector<Change> changes_of(Relation& node) {
    std::vector<Change> changes = {
        [](Relation& it) { it.where.clear(); },
        [](Relation& it) { it.having.clear(); },
        [](Relation& it) {
            if (it.kind != RelationKind::kUnnest && !it.equalities.empty()) it.residual.clear();
        },
        [](Relation& it) { it.is_view = false; },
        [](Relation& it) { it.is_distinct = false; },
        [](Relation& it) { it.sets.clear(); },
        [](Relation& it) { it.partition.clear(); },
        [](Relation& it) { it.first = 1; },
        [](Relation& it) {
            if (it.equalities.size() > 1) it.equalities.pop_back();
        },
        [](Relation& it) {
            if (it.equalities.size() > 1) it.equalities.erase(it.equalities.begin());
        },
    };
    const bool has_versions = node.kind == RelationKind::kTemporal;
    if (node.kind == RelationKind::kManyJoin) {
        changes.push_back([](Relation& it) {
            if (!it.equalities.empty()) it.equalities.pop_back();
        });
    }
    for (std::size_t i = 0; !has_versions && i < node.inputs.size(); ++i) {
        for (std::size_t table = 0; table < kTables; ++table) {
            changes.push_back([=](Relation& it) {
                it.inputs[i] = projection_of_table(it.inputs[i].columns, table);
            });
        }
    }
    for (std::size_t i = 0; i < node.aggregates.size(); ++i) {
        changes.push_back([=](Relation& it) { it.aggregates[i].filter.clear(); });
        changes.push_back([=](Relation& it) { it.aggregates[i].is_distinct = false; });
    }
    const std::size_t count = expressions(node).size();
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t args = expressions(node)[i]->args.size();
        for (std::size_t arg = 0; arg < args; ++arg) {
            changes.push_back([=](Relation& it) {
                Expr& expr = *expressions(it)[i];
                Expr part = expr.args[arg];
                if (part.kind == expr.kind) expr = std::move(part);
            });
        }
        changes.push_back([=](Relation& it) {
            Expr& expr = *expressions(it)[i];
            expr = literal_of({}, expr.kind);
        });
    }
    return changes;
}

void drop_column(Relation& relation, std::size_t column) {
    relation.columns.erase(relation.columns.begin() + static_cast<std::ptrdiff_t>(column));
}

// Of the outermost SELECT columns may go, too.
std::vector<Change> root_changes(const Relation& root) {
    std::vector<Change> changes;
    for (std::size_t i = 0; i < root.inputs.size(); ++i)
        changes.push_back([=](Relation& it) { it = Relation(it.inputs[i]); });
    const bool has_items = root.kind == RelationKind::kSelect || root.kind == RelationKind::kJoin ||
                           root.kind == RelationKind::kSemiJoin;
    for (std::size_t i = 0; has_items && i < root.items.size() && root.items.size() > 1; ++i) {
        changes.push_back([=](Relation& it) {
            it.items.erase(it.items.begin() + static_cast<std::ptrdiff_t>(i));
            drop_column(it, i);
        });
    }
    const std::size_t first = root.columns.size() - root.aggregates.size();
    for (std::size_t i = 0; root.having.empty() && i < root.aggregates.size(); ++i) {
        if (first == 0 && root.aggregates.size() == 1) break;
        changes.push_back([=](Relation& it) {
            it.aggregates.erase(it.aggregates.begin() + static_cast<std::ptrdiff_t>(i));
            drop_column(it, first + i);
        });
    }
    return changes;
}

class Shrinker {
  public:
    Shrinker(FuzzCase fuzz_case,
             const std::function<bool(const FuzzCase&)>& is_wrong,
             std::size_t tries_max)
        : case_(std::move(fuzz_case)), is_wrong_(is_wrong), tries_left_(tries_max) {}

    FuzzCase shrink() {
        while (shrink_queries() || shrink_rows()) {
        }
        return std::move(case_);
    }

  private:
    bool try_one(FuzzCase smaller) {
        if (tries_left_ == 0) return false;
        --tries_left_;
        if (!is_wrong_(smaller)) return false;
        case_ = std::move(smaller);
        return true;
    }

    bool try_relation(std::size_t index, Relation relation) {
        if (size_of(relation) >= size_of(case_.relations[index])) return false;
        FuzzCase smaller = case_;
        smaller.relations[index] = std::move(relation);
        return try_one(std::move(smaller));
    }

    bool shrink_queries() {
        for (std::size_t i = 0; case_.relations.size() > 1 && i < 2; ++i) {
            FuzzCase smaller = case_;
            smaller.relations.erase(smaller.relations.begin() + static_cast<std::ptrdiff_t>(i));
            if (try_one(std::move(smaller))) return true;
        }
        for (std::size_t i = 0; i < case_.relations.size(); ++i) {
            if (shrink_query(i)) return true;
        }
        return false;
    }

    bool shrink_query(std::size_t index) {
        Relation& relation = case_.relations[index];
        for (const Change& change : root_changes(relation)) {
            Relation changed = relation;
            change(changed);
            if (try_relation(index, std::move(changed))) return true;
        }
        std::vector<Relation*> nodes;
        collect(relation, nodes);
        for (std::size_t node = 0; node < nodes.size(); ++node) {
            for (const Change& change : changes_of(*nodes[node])) {
                Relation changed = relation;
                std::vector<Relation*> copies;
                collect(changed, copies);
                change(*copies[node]);
                if (try_relation(index, std::move(changed))) return true;
            }
        }
        return false;
    }

    bool shrink_rows() {
        for (std::size_t count = case_.arrivals.size(); count > 0; count /= 2) {
            for (std::size_t at = 0; at + count <= case_.arrivals.size(); at += count) {
                FuzzCase smaller = case_;
                const auto first = smaller.arrivals.begin() + static_cast<std::ptrdiff_t>(at);
                smaller.arrivals.erase(first, first + static_cast<std::ptrdiff_t>(count));
                if (are_valid(smaller.arrivals) && try_one(std::move(smaller))) return true;
            }
        }
        for (std::size_t i = 0; i < case_.arrivals.size(); ++i) {
            for (bool Arrival::* const flag : {&Arrival::rests, &Arrival::restarts}) {
                FuzzCase smaller = case_;
                if (!std::exchange(smaller.arrivals[i].*flag, false)) continue;
                if (try_one(std::move(smaller))) return true;
            }
        }
        return false;
    }

    FuzzCase case_;
    const std::function<bool(const FuzzCase&)>& is_wrong_;
    std::size_t tries_left_;
};

}  // namespace

FuzzCase shrink(FuzzCase fuzz_case,
                const std::function<bool(const FuzzCase&)>& is_wrong,
                std::size_t tries_max) {
    return Shrinker(std::move(fuzz_case), is_wrong, tries_max).shrink();
}

}  // namespace thalweg::fuzz
