#include "tests/fuzz_sql/sql_parts.h"

#include <algorithm>

namespace thalweg::fuzz {

std::string list_of(const Names& parts, const char* separator) {
    std::string list;
    for (const std::string& part : parts)
        list += (list.empty() ? "" : separator) + part;
    return list;
}

std::string seconds(std::int64_t count) {
    return "INTERVAL '" + std::to_string(count) + "' SECOND";
}

void add_names(const Relation& relation, const std::string& alias, Names& names) {
    for (const Column& column : relation.columns)
        names.push_back(alias + "." + column.name);
}

Names items_of(const Relation& relation, const Names& scope) {
    Names items;
    for (const Expr& item : relation.items)
        items.push_back(to_sql(item, scope));
    return items;
}

std::string with_names(const Relation& relation, const Names& items) {
    Names parts;
    for (std::size_t i = 0; i < items.size(); ++i)
        parts.push_back(items[i] + " AS " + relation.columns[i].name);
    return list_of(parts);
}

std::string clause(const char* word, const std::vector<Expr>& condition, const Names& scope) {
    return condition.empty() ? "" : std::string(word) + to_sql(condition[0], scope);
}

std::string call_of(const Aggregate& aggregate, const Names& scope) {
    constexpr const char* kNames[] = {
        "COUNT", "COUNT", "SUM", "MIN", "MAX", "AVG", "GROUPING", "LAG", "LEAD", "ROW_NUMBER"};
    std::string text = kNames[static_cast<std::size_t>(aggregate.kind)];
    text += aggregate.kind == AggregateKind::kCountRows ? "(*" : "(";
    if (aggregate.is_distinct) text += "DISTINCT ";
    if (!aggregate.argument.empty()) text += to_sql(aggregate.argument[0], scope);
    text += ")";
    if (aggregate.filter.empty()) return text;
    return text + " FILTER (WHERE " + to_sql(aggregate.filter[0], scope) + ")";
}

std::string keys(const Relation& relation, const Names& items) {
    if (relation.sets.empty()) return list_of(items);
    if (relation.sets_form == SetsForm::kRollup) return "ROLLUP (" + list_of(items) + ")";
    if (relation.sets_form == SetsForm::kCube) return "CUBE (" + list_of(items) + ")";
    Names sets;
    for (const std::vector<std::size_t>& set : relation.sets) {
        Names members;
        for (const std::size_t item : set)
            members.push_back(items[item]);
        sets.push_back("(" + list_of(members) + ")");
    }
    return "GROUPING SETS (" + list_of(sets) + ")";
}

Names outputs(const Relation& relation, const Names& scope, Names items) {
    for (const Aggregate& each : relation.aggregates)
        items.push_back(call_of(each, scope));
    return items;
}

std::string ordered(const Relation& relation, const Names& scope) {
    Names partition;
    for (const std::size_t column : relation.partition)
        partition.push_back(scope[column]);
    Names order;
    for (const Order& each : relation.order)
        order.push_back(scope[each.column] + (each.is_descending ? " DESC" : ""));
    std::string text = partition.empty() ? "" : "PARTITION BY " + list_of(partition) + " ";
    return text + "ORDER BY " + list_of(order);
}

std::string bounds(const Relation& relation) {
    const std::string last = std::to_string(relation.limit);
    if (relation.first == 1) return " <= " + last;
    if (relation.first == relation.limit) return " = " + last;
    return " BETWEEN " + std::to_string(relation.first) + " AND " + last;
}

std::string table_function(const Relation& relation, const std::string& table) {
    const WindowSpec& window = relation.window;
    constexpr const char* kNames[] = {"TUMBLE", "HOP", "CUMULATE", "SESSION"};
    std::string text =
        "TABLE(" + std::string(kNames[static_cast<std::size_t>(window.kind)]) + "(TABLE " + table;
    const std::vector<Column>& columns = relation.inputs[0].columns;
    if (window.kind == WindowKind::kSession && !relation.partition.empty()) {
        Names partition;
        for (const std::size_t column : relation.partition)
            partition.push_back(columns[column].name);
        text += " PARTITION BY (" + list_of(partition) + ")";
    }
    text += ", DESCRIPTOR(" + columns[window.time].name + "), ";
    const bool has_steps = window.kind == WindowKind::kHop || window.kind == WindowKind::kCumulate;
    if (has_steps) text += seconds(window.step_s) + ", ";
    return text + seconds(window.size_s) + "))";
}

std::string frame(const Relation& relation) {
    std::string text = relation.has_range ? " RANGE BETWEEN " : " ROWS BETWEEN ";
    if (relation.bound.empty()) {
        text += "UNBOUNDED";
    } else if (relation.has_range) {
        text += seconds(relation.bound[0]);
    } else {
        text += std::to_string(relation.bound[0]);
    }
    return text + " PRECEDING AND CURRENT ROW";
}

std::string equality(const Relation& relation, const Names& scope) {
    Names on;
    for (const auto& [one, other] : relation.equalities)
        on.push_back(to_sql(one, scope) + " = " + to_sql(other, scope));
    if (!relation.residual.empty()) on.push_back(to_sql(relation.residual[0], scope));
    return list_of(on, " AND ");
}

}  // namespace thalweg::fuzz
