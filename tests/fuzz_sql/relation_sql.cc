#include "tests/fuzz_sql/relation_sql.h"

#include "tests/fuzz_sql/sql_parts.h"

#include <algorithm>

namespace thalweg::fuzz {

namespace {

class Writer {
  public:
    std::string select(const Relation& relation) {
        switch (relation.kind) {
            case RelationKind::kTable: return "SELECT * FROM " + table_name(relation.table);
            case RelationKind::kSelect: return plain(relation);
            case RelationKind::kGroup: return group(relation);
            case RelationKind::kJoin: return join(relation);
            case RelationKind::kSemiJoin: return semi_join(relation);
            case RelationKind::kSetOperation: return set_operation(relation);
            case RelationKind::kTopN: return top_n(relation);
            case RelationKind::kWindow: return window(relation);
            case RelationKind::kOver: return over(relation);
            case RelationKind::kWindowed: return windowed(relation);
            case RelationKind::kScalar: return scalar(relation);
            case RelationKind::kUnnest: return unnest(relation);
            case RelationKind::kTemporal: return temporal(relation);
            case RelationKind::kManyJoin: return many_join(relation);
        }
        return {};
    }

    [[nodiscard]] std::string view_statements() const {
        std::string text;
        for (std::size_t i = 0; i < views_.size(); ++i)
            text += "CREATE VIEW " + view_name(i) + " AS " + views_[i] + ";\n";
        return text;
    }

  private:
    static std::string view_name(std::size_t index) { return "v" + std::to_string(index); }

    std::string alias() { return "r" + std::to_string(++aliases_); }

    // A name that stands for the relation; views of the same text are one.
    std::string named(const Relation& relation) {
        if (relation.kind == RelationKind::kTable) return table_name(relation.table);
        const std::size_t before = aliases_;
        aliases_ = 0;  // So that equal views have equal texts.
        const std::string text = select(relation);
        aliases_ = before;
        const auto found = std::find(views_.begin(), views_.end(), text);
        const auto index = static_cast<std::size_t>(found - views_.begin());
        if (found == views_.end()) views_.push_back(text);
        return view_name(index);
    }

    std::string from(const Relation& relation, const std::string& alias) {
        const bool has_name = relation.kind == RelationKind::kTable || relation.is_view;
        const std::string text = has_name ? named(relation) : "(" + select(relation) + ")";
        return text + " AS " + alias;
    }

    std::string plain(const Relation& relation) {
        const std::string name = alias();
        Names scope;
        add_names(relation.inputs[0], name, scope);
        return std::string("SELECT ") + (relation.is_distinct ? "DISTINCT " : "") +
               with_names(relation, items_of(relation, scope)) + " FROM " +
               from(relation.inputs[0], name) + clause(" WHERE ", relation.where, scope);
    }

    std::string group(const Relation& relation) {
        const std::string name = alias();
        Names scope;
        add_names(relation.inputs[0], name, scope);
        const Names items = items_of(relation, scope);
        const Names all = outputs(relation, scope, items);
        std::string text = "SELECT " + with_names(relation, all) + " FROM " +
                           from(relation.inputs[0], name) +
                           clause(" WHERE ", relation.where, scope);
        if (!items.empty()) text += " GROUP BY " + keys(relation, items);
        return text + clause(" HAVING ", relation.having, all);
    }

    std::string join(const Relation& relation) {
        constexpr const char* kNames[] = {" JOIN ", " LEFT JOIN ", " RIGHT JOIN ", " FULL JOIN "};
        const std::string left = alias();
        const std::string right = alias();
        Names scope;
        add_names(relation.inputs[0], left, scope);
        add_names(relation.inputs[1], right, scope);
        std::string text = "SELECT " + with_names(relation, items_of(relation, scope)) + " FROM " +
                           from(relation.inputs[0], left);
        text += kNames[static_cast<std::size_t>(relation.join)];
        return text + from(relation.inputs[1], right) + " ON " + equality(relation, scope) +
               clause(" WHERE ", relation.where, scope);
    }

    std::string semi_join(const Relation& relation) {
        const std::string left = alias();
        const std::string right = alias();
        Names scope;
        add_names(relation.inputs[0], left, scope);
        add_names(relation.inputs[1], right, scope);
        Names inner;
        std::string text = "SELECT " + with_names(relation, items_of(relation, scope)) + " FROM " +
                           from(relation.inputs[0], left) + " WHERE ";
        if (!relation.where.empty()) text += to_sql(relation.where[0], scope) + " AND ";
        const bool is_in = relation.semi == SemiKind::kIn || relation.semi == SemiKind::kNotIn;
        const bool is_not =
            relation.semi == SemiKind::kNotIn || relation.semi == SemiKind::kNotExists;
        if (is_in) text += to_sql(relation.equalities[0].first, scope) + " ";
        text += std::string(is_not ? "NOT " : "") + (is_in ? "IN" : "EXISTS") + " (SELECT ";
        text += is_in ? to_sql(relation.equalities[0].second, scope) : "1";
        text += " FROM " + from(relation.inputs[1], right);
        for (std::size_t i = is_in ? 1 : 0; i < relation.equalities.size(); ++i) {
            inner.push_back(to_sql(relation.equalities[i].first, scope) + " = " +
                            to_sql(relation.equalities[i].second, scope));
        }
        if (!relation.residual.empty()) inner.push_back(to_sql(relation.residual[0], scope));
        if (!inner.empty()) text += " WHERE " + list_of(inner, " AND ");
        return text + ")";
    }

    std::string set_operation(const Relation& relation) {
        constexpr const char* kNames[] = {" UNION ", " INTERSECT ", " EXCEPT "};
        std::string word = kNames[static_cast<std::size_t>(relation.set)];
        if (relation.is_all) word += "ALL ";
        return side(relation.inputs[0]) + word + side(relation.inputs[1]);
    }

    std::string side(const Relation& relation) {
        const bool has_limit =
            relation.kind == RelationKind::kTopN && relation.rank == RankKind::kLimit;
        if (relation.kind != RelationKind::kSetOperation && !has_limit && !relation.is_view)
            return select(relation);
        return "SELECT * FROM " + from(relation, alias());
    }

    std::string top_n(const Relation& relation) {
        const std::string inner = alias();
        const std::string outer = alias();
        Names scope;
        add_names(relation.inputs[0], inner, scope);
        Names items;
        for (const Column& column : relation.columns)
            items.push_back(outer + "." + column.name);
        if (relation.rank == RankKind::kLimit) {
            const std::string text = "SELECT * FROM " + from(relation.inputs[0], inner) + " " +
                                     ordered(relation, scope) + " LIMIT " +
                                     std::to_string(relation.limit - relation.first + 1);
            return relation.first == 1 ? text
                                       : text + " OFFSET " + std::to_string(relation.first - 1);
        }
        constexpr const char* kNames[] = {"ROW_NUMBER", "RANK", "DENSE_RANK"};
        const std::string number = number_name(relation);
        return "SELECT " + list_of(items) + " FROM (SELECT *, " +
               kNames[static_cast<std::size_t>(relation.rank)] + "() OVER (" +
               ordered(relation, scope) + ") AS " + number + " FROM " +
               from(relation.inputs[0], inner) + ") AS " + outer + " WHERE " + outer + "." +
               number + bounds(relation);
    }

    // The columns are window_start, window_end, window_time, keys, aggregates.
    std::string window(const Relation& relation) {
        if (relation.is_group_window) return group_window(relation);
        const std::string name = alias();
        Names scope;
        add_names(relation.inputs[0], name, scope);
        const Names items = items_of(relation, scope);
        Names all = {"window_start", "window_end", "window_time"};
        std::string group_by = list_of(all);
        if (!items.empty()) group_by += ", " + keys(relation, items);
        all.insert(all.end(), items.begin(), items.end());
        all = outputs(relation, scope, all);
        return "SELECT " + with_names(relation, all) + " FROM " +
               table_function(relation, named(relation.inputs[0])) + " AS " + name +
               clause(" WHERE ", relation.where, scope) + " GROUP BY " + group_by +
               clause(" HAVING ", relation.having, all);
    }

    std::string group_window(const Relation& relation) {
        const std::string name = alias();
        Names scope;
        add_names(relation.inputs[0], name, scope);
        const WindowSpec& window = relation.window;
        constexpr const char* kNames[] = {"TUMBLE", "HOP", "", "SESSION"};
        const std::string word = kNames[static_cast<std::size_t>(window.kind)];
        std::string arguments = "(" + scope[window.time] + ", ";
        if (window.kind == WindowKind::kHop) arguments += seconds(window.step_s) + ", ";
        arguments += seconds(window.size_s) + ")";
        const Names items = items_of(relation, scope);
        Names all;
        for (const char* const part : {"_START", "_END", "_ROWTIME"})
            all.push_back(word + part + arguments);
        all.insert(all.end(), items.begin(), items.end());
        all = outputs(relation, scope, all);
        std::string text =
            "SELECT " + with_names(relation, all) + " FROM " + from(relation.inputs[0], name) +
            clause(" WHERE ", relation.where, scope) + " GROUP BY " + word + arguments;
        if (!items.empty()) text += ", " + list_of(items);
        return text + clause(" HAVING ", relation.having, all);
    }

    std::string over(const Relation& relation) {
        const std::string name = alias();
        Names scope;
        add_names(relation.inputs[0], name, scope);
        Names all = scope;
        for (const Aggregate& each : relation.aggregates) {
            const bool has_frame = each.kind < AggregateKind::kLag;
            all.push_back(call_of(each, scope) + " OVER (" + ordered(relation, scope) +
                          (has_frame ? frame(relation) : "") + ")");
        }
        return "SELECT " + with_names(relation, all) + " FROM " + from(relation.inputs[0], name);
    }

    std::string windowed(const Relation& relation) {
        const std::string name = alias();
        Names all;
        add_names(relation.inputs[0], name, all);
        for (const char* const bound : {"window_start", "window_end", "window_time"})
            all.emplace_back(bound);
        return "SELECT " + with_names(relation, all) + " FROM " +
               table_function(relation, named(relation.inputs[0])) + " AS " + name;
    }

    std::string scalar(const Relation& relation) {
        const std::string left = alias();
        const std::string right = alias();
        Names scope;
        add_names(relation.inputs[0], left, scope);
        Names with_value = scope;
        add_names(relation.inputs[1], right, scope);
        std::string value = relation.aggregates.empty()
                                ? "EXISTS (SELECT 1"
                                : "(SELECT " + call_of(relation.aggregates[0], scope);
        value += " FROM " + from(relation.inputs[1], right);
        for (const auto& [one, other] : relation.equalities)
            value += " WHERE " + to_sql(one, scope) + " = " + to_sql(other, scope);
        value += ")";
        with_value.push_back(value);
        Names items = items_of(relation, scope);
        items.push_back(value);
        const std::string text = "SELECT " + with_names(relation, items) + " FROM " +
                                 from(relation.inputs[0], left) +
                                 clause(" WHERE ", relation.where, scope);
        const char* const word = relation.where.empty() ? " WHERE " : " AND ";
        return text + clause(word, relation.residual, with_value);
    }

    std::string many_join(const Relation& relation) {
        Names scope;
        Names inputs;
        for (const Relation& input : relation.inputs) {
            const std::string name = alias();
            add_names(input, name, scope);
            inputs.push_back(from(input, name));
        }
        const std::string text = "SELECT " + with_names(relation, items_of(relation, scope)) +
                                 " FROM " + list_of(inputs);
        const std::string condition = equality(relation, scope);
        return condition.empty() ? text : text + " WHERE " + condition;
    }

    std::string unnest(const Relation& relation) {
        const std::string left = alias();
        const std::string right = alias();
        Names scope;
        add_names(relation.inputs[0], left, scope);
        Names elements;
        for (const Expr& element : relation.residual)
            elements.push_back(to_sql(element, scope));
        scope.push_back(right + ".x");
        return "SELECT " + with_names(relation, items_of(relation, scope)) + " FROM " +
               from(relation.inputs[0], left) + " CROSS JOIN UNNEST(ARRAY[" + list_of(elements) +
               "]) AS " + right + "(x)";
    }

    std::string temporal(const Relation& relation) {
        const std::string left = alias();
        const std::string right = alias();
        Names scope;
        add_names(relation.inputs[0], left, scope);
        add_names(relation.inputs[1], right, scope);
        const std::string time = scope[relation.window.time];
        return "SELECT " + with_names(relation, items_of(relation, scope)) + " FROM " +
               from(relation.inputs[0], left) +
               (relation.join == JoinKind::kLeft ? " LEFT JOIN " : " JOIN ") +
               named(relation.inputs[1]) + " FOR SYSTEM_TIME AS OF " + time + " AS " + right +
               " ON " + equality(relation, scope);
    }

    Names views_;
    std::size_t aliases_ = 0;
};

}  // namespace

std::string script_of(const std::vector<Relation>& relations) {
    std::string script;
    for (std::size_t table = 0; table < kTables; ++table) {
        const bool is_used =
            std::any_of(relations.begin(), relations.end(), [&](const Relation& relation) {
                return uses_table(relation, table);
            });
        if (is_used) script += table_sql(table);
    }
    Writer writer;
    std::string queries;
    for (const Relation& relation : relations)
        queries += writer.select(relation) + ";\n";
    return script + writer.view_statements() + queries;
}

}  // namespace thalweg::fuzz
