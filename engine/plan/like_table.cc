#include "engine/plan/like_table.h"

#include <algorithm>
#include <string>

namespace thalweg::plan {

namespace {

using sql::LikeFeature;
using sql::LikeStrategy;

bool is_left_out(const sql::LikeTable& like, LikeFeature feature) {
    return strategy_of(like, feature) == LikeStrategy::kExcluding;
}

bool is_taken(const sql::LikeTable& like, const TableColumn& column) {
    switch (column.source) {
        case ColumnSource::kPhysical: return true;
        case ColumnSource::kComputed: return !is_left_out(like, LikeFeature::kGenerated);
        case ColumnSource::kMetadata:
        case ColumnSource::kNumber: return !is_left_out(like, LikeFeature::kMetadata);
    }
    return true;
}

// Where a column of the base is among those taken.
std::size_t place_of(const TableDefinition& table,
                     const std::string& name,
                     const sql::LikeTable& like,
                     const std::string& use) {
    const auto found = std::ranges::find(table.columns, name, &TableColumn::name);
    if (found == table.columns.end())
        throw sql::SqlError(like.table.location,
                            "column '" + name + "' is excluded, and " + use + " needs it",
                            "exclude that too");
    return static_cast<std::size_t>(found - table.columns.begin());
}

}  // namespace

LikeStrategy strategy_of(const sql::LikeTable& like, LikeFeature feature) {
    LikeStrategy strategy =
        feature == LikeFeature::kOptions ? LikeStrategy::kOverwriting : LikeStrategy::kIncluding;
    bool is_named = false;
    for (const sql::LikeRule& rule : like.rules) {
        if (rule.feature == feature) {
            strategy = rule.strategy;
            is_named = true;
        } else if (rule.feature == LikeFeature::kAll && !is_named) {
            strategy = rule.strategy;
        }
    }
    return strategy;
}

TableDefinition taken_over(const TableDefinition& base, const sql::LikeTable& like) {
    TableDefinition table;
    for (const TableColumn& column : base.columns) {
        if (is_taken(like, column)) table.columns.push_back(column);
    }
    if (base.watermark != nullptr && !is_left_out(like, LikeFeature::kWatermarks)) {
        const std::string& name = base.columns[base.watermark_column].name;
        table.watermark_column = place_of(table, name, like, "the WATERMARK");
        table.watermark = base.watermark;
    }
    if (!is_left_out(like, LikeFeature::kConstraints)) {
        for (const std::size_t key : base.primary_key)
            table.primary_key.push_back(
                place_of(table, base.columns[key].name, like, "the PRIMARY KEY"));
    }
    if (!is_left_out(like, LikeFeature::kPartitions)) {
        table.partitioned_by = base.partitioned_by;
        for (const sql::Name& name : base.partitioned_by)
            static_cast<void>(place_of(table, name.text, like, "PARTITIONED BY"));
    }
    if (!is_left_out(like, LikeFeature::kOptions)) {
        table.options = base.options;
        table.option_locations = base.option_locations;
    }
    return table;
}

}  // namespace thalweg::plan
