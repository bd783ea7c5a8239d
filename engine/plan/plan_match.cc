#include "engine/plan/conjuncts.h"
#include "engine/plan/physical.h"
#include "engine/plan/physical_text.h"
#include "ops/match_frame.h"
#include "ops/match_recognize.h"

#include <algorithm>
#include <utility>

// MATCH_RECOGNIZE: one stage, where the rows of a partition meet.

namespace thalweg::plan {

namespace {

std::string skip_text(const MatchSpec& spec) {
    switch (spec.skip) {
        case MatchSkip::kPastLastRow: return "past the last row";
        case MatchSkip::kToNextRow: return "to the next row";
        case MatchSkip::kToFirst: return "to the first " + spec.variables[spec.skip_variable];
        case MatchSkip::kToLast: break;
    }
    return "to the last " + spec.variables[spec.skip_variable];
}

std::string reference_text(const MatchReference& reference, const MatchSpec& spec) {
    std::string text = reference.variable ? spec.variables[*reference.variable] : "";
    if (reference.is_first) text += "[" + std::to_string(reference.offset) + "]";
    if (!reference.is_first && reference.offset != 0)
        text += "[-" + std::to_string(reference.offset) + "]";
    if (reference.rows_back != 0) text += "{-" + std::to_string(reference.rows_back) + "}";
    return text.empty() ? text : text + ".";
}

// The names of the columns that expressions read: "A.price", "A[-1].price" for the one before the
// last, "A[0].price" for the first.
std::vector<std::string> column_names(const MatchSpec& spec,
                                      const MatchExpressions& expressions,
                                      const std::vector<std::string>& input) {
    std::vector<std::string> names;
    for (const MatchReference& reference : expressions.references) {
        for (const std::string& name : input)
            names.push_back(reference_text(reference, spec) + name);
    }
    for (const MatchAggregate& each : expressions.aggregates)
        names.push_back(each.text);
    names.emplace_back("MATCH_ROWTIME()");
    return names;
}

// Its state is known by it.
std::string line_of(const Match& node, const std::vector<std::string>& names) {
    const MatchSpec& spec = node.spec;
    std::string line = "match";
    if (!spec.partition.empty()) line += " keys " + join_names(spec.partition, names) + ",";
    line += " in the order of " + order_text(spec.order, names);
    line += ": " + to_string(spec.pattern, spec.variables);
    if (spec.within_ns) {
        const Type interval = Type::of(TypeKind::kIntervalDaySecond).not_null();
        line += " within " + to_string(*make_literal({*spec.within_ns}, interval), {});
    }
    line += ", then " + skip_text(spec);
    const std::vector<std::string> columns = column_names(spec, spec.defines, names);
    for (std::size_t i = 0; i < spec.variables.size(); ++i) {
        if (spec.defines.expressions[i] == nullptr) continue;
        line +=
            ", " + spec.variables[i] + " where " + to_string(*spec.defines.expressions[i], columns);
    }
    return line;
}

std::string measures_text(const MatchSpec& spec, const std::vector<std::string>& names) {
    const std::vector<std::string> columns = column_names(spec, spec.measures, names);
    std::vector<std::string> texts;
    for (const ExprPtr& expr : spec.measures.expressions)
        texts.push_back(to_string(*expr, columns));
    return join_texts(texts);
}

std::string state_text(const MatchSpec& spec) {
    std::string text = "    state: of each key the rows that may still be of a match, ";
    text += spec.within_ns ? "as long as WITHIN says" : "for ever; WITHIN would bound them";
    const std::size_t count = rows_back(spec);
    if (count != 0) text += "; for PREV the last " + std::to_string(count) + ", for ever";
    return text;
}

// Whether it looks at the row itself alone, gives the same at any time and cannot fail.
bool is_early(const ExprPtr& expr, const MatchSpec& spec) {
    if (expr == nullptr || !is_repeatable(*expr) || may_fail(*expr)) return false;
    const std::size_t width = spec.schema->size();
    std::vector<bool> used(spec.defines.time_column(width) + 1, false);
    mark_columns(*expr, used);
    return std::find(used.begin() + static_cast<std::ptrdiff_t>(width), used.end(), true) ==
           used.end();
}

// Whether an expression is the column of the input in the first row of the match.
bool is_of_first_row(const ExprPtr& expr, std::size_t column, const MatchSpec& spec) {
    const std::size_t width = spec.schema->size();
    const auto& references = spec.measures.references;
    if (expr->kind != ExprKind::kColumn || expr->column >= references.size() * width) return false;
    MatchReference first;
    first.is_first = true;
    return expr->column % width == column && references[expr->column / width] == first;
}

// Where the columns of a partition come out; none where one of them does not.
std::vector<std::size_t> shown(const std::vector<std::size_t>& columns, const MatchSpec& spec) {
    std::vector<std::size_t> places;
    for (const std::size_t column : columns) {
        const auto& expressions = spec.measures.expressions;
        const auto found =
            std::find_if(expressions.begin(), expressions.end(), [&](const ExprPtr& expr) {
                return is_of_first_row(expr, column, spec);
            });
        if (found == expressions.end()) return {};
        places.push_back(static_cast<std::size_t>(found - expressions.begin()));
    }
    return places;
}

}  // namespace

PhysicalPlanner::Stream PhysicalPlanner::compile_match(const Rel& rel, const Match& node) {
    const Stream input = compile(node.input);
    MatchSpec spec = node.spec;
    spec.schema = schema_of(*node.input);
    spec.seed = options_.seed;
    for (const ExprPtr& expr : spec.defines.expressions)
        spec.is_early.push_back(is_early(expr, spec));
    // Late is what the watermark has passed.
    if (spec.is_event_time) add_each_millisecond();
    if (!spec.within_ns) warn_without_ttl("MATCH_RECOGNIZE without WITHIN");
    const std::vector<std::string> names = names_of(*node.input);
    const std::string line = line_of(node, names);
    Stream output = gather_partitions(input, spec.schema, node.spec.partition, "match");
    spec.route = places_of(output.partition, node.spec.partition);
    output.partition = shown(output.partition, spec);
    const std::string measures = measures_text(spec, names);
    output.lineage = lineage_of({input.lineage}, line + ": " + measures);
    append_stateful(
        output.stage,
        [spec] { return make_match_recognize(spec); },
        line,
        "match " + output.lineage + line,
        rel);
    std::vector<std::string>& lines = notes_[output.stage].lines;
    lines.push_back("    gives " + measures);
    lines.push_back(state_text(spec));
    return output;
}

}  // namespace thalweg::plan
