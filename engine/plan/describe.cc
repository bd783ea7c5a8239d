#include "engine/plan/describe.h"

#include "engine/sql/suggest.h"
#include "engine/sql/token.h"
#include "engine/sql/unparse.h"
#include "ops/aggregate/aggregate.h"
#include "ops/expr/expr.h"
#include "ops/function_notes.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace thalweg::plan {

namespace {

using Line = std::vector<std::string>;

// Columns side by side, each as wide as its longest text.
std::string aligned(const std::vector<Line>& lines) {
    std::vector<std::size_t> widths;
    for (const Line& line : lines) {
        widths.resize(std::max(widths.size(), line.size()));
        for (std::size_t i = 0; i < line.size(); ++i)
            widths[i] = std::max(widths[i], line[i].size());
    }
    std::string out;
    for (const Line& line : lines) {
        std::string text;
        for (std::size_t i = 0; i < line.size(); ++i) {
            text += line[i];
            text.append(widths[i] - line[i].size() + 2, ' ');
        }
        text.erase(text.find_last_not_of(' ') + 1);
        out += text + "\n";
    }
    return out;
}

std::string key_of(const TableDefinition& table) {
    std::string key = "PRI(";
    for (const std::size_t column : table.primary_key)
        key += (key.back() == '(' ? "" : ", ") + table.columns[column].name;
    return key + ")";
}

}  // namespace

std::string describe_columns(const Rel& rel, const TableDefinition* definition) {
    std::vector<Line> lines = {{"name", "type", "null", "key", "watermark"}};
    for (std::size_t i = 0; i < rel.columns.size(); ++i) {
        const ColumnInfo& column = rel.columns[i];
        Line line = {column.name,
                     column.type.with_nullable(true).to_string(),
                     column.type.nullable ? "TRUE" : "FALSE",
                     "",
                     ""};
        if (column.role == Role::kRowtime) line[1] += " *ROWTIME*";
        if (column.role == Role::kProctime) line[1] += " *PROCTIME*";
        if (definition != nullptr) {
            const auto& keys = definition->primary_key;
            if (std::find(keys.begin(), keys.end(), i) != keys.end()) line[3] = key_of(*definition);
            if (definition->watermark != nullptr && definition->watermark_column == i)
                line[4] = sql::to_sql(*definition->watermark);
        }
        lines.push_back(std::move(line));
    }
    return aligned(lines);
}

std::string describe_function(const sql::QualifiedName& name) {
    const std::string& word = last_part(name);
    const FunctionNote* const note = find_function_note(word);
    if (note != nullptr) return sql::to_upper(word) + ": " + std::string(note->text) + "\n";
    std::vector<std::string> names = function_names();
    const std::vector<std::string> aggregates = aggregate_names();
    names.insert(names.end(), aggregates.begin(), aggregates.end());
    throw sql::SqlError(name.location,
                        "there is no function '" + word + "'",
                        sql::did_you_mean(sql::nearest(word, names)));
}

}  // namespace thalweg::plan
