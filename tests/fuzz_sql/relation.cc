#include "tests/fuzz_sql/relation.h"

#include <algorithm>

namespace thalweg::fuzz {

namespace {

bool has_time(const Relation& relation) {
    return std::any_of(relation.columns.begin(), relation.columns.end(), [](const Column& column) {
        return column.kind == Kind::kTime;
    });
}

}  // namespace

std::vector<Column> input_columns(const Relation& relation) {
    std::vector<Column> columns;
    for (const Relation& input : relation.inputs)
        columns.insert(columns.end(), input.columns.begin(), input.columns.end());
    return columns;
}

std::vector<Kind> kinds_of(const std::vector<Column>& columns) {
    std::vector<Kind> kinds;
    for (const Column& column : columns)
        kinds.push_back(column.kind);
    return kinds;
}

Kind kind_of(const Aggregate& aggregate) {
    const bool is_chosen =
        aggregate.kind == AggregateKind::kMin || aggregate.kind == AggregateKind::kMax ||
        aggregate.kind == AggregateKind::kLag || aggregate.kind == AggregateKind::kLead;
    return is_chosen ? aggregate.argument[0].kind : Kind::kInt;
}

std::string number_name(const Relation& relation) {
    return "rn" + std::to_string(relation.inputs[0].columns.size());
}

bool is_live(const Relation& relation) {
    if (relation.kind == RelationKind::kWindow || relation.kind == RelationKind::kWindowed ||
        relation.kind == RelationKind::kTemporal)
        return false;
    if (relation.kind == RelationKind::kOver &&
        relation.inputs[0].columns[relation.order[0].column].kind == Kind::kTime)
        return false;
    // With bounds between two row times it is an interval join, where a row waits for its partner.
    if (relation.kind == RelationKind::kJoin && relation.join != JoinKind::kInner &&
        has_time(relation.inputs[0]) && has_time(relation.inputs[1]))
        return false;
    return std::all_of(relation.inputs.begin(), relation.inputs.end(), is_live);
}

bool uses_table(const Relation& relation, std::size_t table) {
    if (relation.kind == RelationKind::kTable) return relation.table == table;
    return std::any_of(relation.inputs.begin(), relation.inputs.end(), [&](const Relation& input) {
        return uses_table(input, table);
    });
}

Relation table_relation(std::size_t table) {
    Relation relation;
    relation.table = table;
    relation.columns = {
        {"id", Kind::kInt}, {"k", Kind::kInt}, {"v", Kind::kInt}, {"s", Kind::kText}};
    if (table != 2) relation.columns.push_back({"b", Kind::kBool});
    if (table != 2) relation.columns.push_back({"ts", Kind::kTime, true, table != 0});
    return relation;
}

std::string table_name(std::size_t table) {
    return "t" + std::to_string(table);
}

std::string table_sql(std::size_t table) {
    constexpr const char* kColumns[kTables] = {
        "id BIGINT NOT NULL, k BIGINT, v BIGINT, s STRING, b BOOLEAN, ts TIMESTAMP(3), "
        "WATERMARK FOR ts AS ts - INTERVAL '5' SECOND",
        "id BIGINT, k BIGINT, v BIGINT, s STRING, b BOOLEAN, ts TIMESTAMP(3), "
        "WATERMARK FOR ts AS ts - INTERVAL '5' SECOND",
        "id INT, k INT, v INT, s VARCHAR(20), PRIMARY KEY (id) NOT ENFORCED"};
    return "CREATE TABLE " + table_name(table) + " (" + kColumns[table] +
           ") WITH ('connector' = 'tcp', 'address' = '127.0.0.1:4711', 'format' = '" +
           (table == 0 ? "json" : "changelog-json") + "');\n";
}

}  // namespace thalweg::fuzz
