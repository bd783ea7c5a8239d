#include "engine/plan/changelog.h"

#include "engine/plan/bind_table.h"
#include "engine/plan/conjuncts.h"
#include "engine/plan/rank_rules.h"
#include "engine/plan/versions.h"
#include "ingest/format.h"

#include <algorithm>
#include <variant>
#include <vector>

namespace thalweg::plan {

namespace {

std::string name_of(const Aggregate& node) {
    std::string keys;
    for (const std::size_t key : node.keys) {
        keys += keys.empty() ? " BY " : ", ";
        keys += node.input->columns[key].name;
    }
    return keys.empty() ? "an aggregate without GROUP BY" : "GROUP" + keys;
}

// What an operator does about changes.
struct ChangeRule {
    // It needs rows that stay as they are, and is called this; or empty.
    std::string refusing = {};
    // It changes rows whatever its inputs do, and is called this; or empty.
    std::string changing = {};
    bool passes = true;   // Where inputs change rows, so does it.
    bool deletes = true;  // Where it changes rows itself, they may go for good.
};

// One line an operator: this is the table of the header.
ChangeRule rule_of(const Scan& node) {
    const TableDefinition& table = *node.table->definition;
    if (!has_row_kinds(table.format())) return {};
    return {.changing = "table " + table.name + ", which is " + table.format()};
}

ChangeRule rule_of(const Filter&) {
    return {};
}

ChangeRule rule_of(const Project&) {
    return {};
}

ChangeRule rule_of(const Unnest&) {
    return {};
}

ChangeRule rule_of(const Expand&) {
    return {};
}

ChangeRule rule_of(const UnionAll&) {
    return {};
}

// A deletion finds its row by the window that it falls into itself.
ChangeRule rule_of(const AssignWindow& node) {
    if (is_session(node)) return {.refusing = "SESSION"};
    if (!node.window->spec.is_event_time) return {.refusing = "a window of processing time"};
    return {};
}

ChangeRule rule_of(const WindowJoin&) {
    return {.refusing = "a window join", .passes = false};
}

ChangeRule rule_of(const StreamJoin& node) {
    if (node.bounds) return {.refusing = "an interval join", .passes = false};
    if (node.as_of) return {};
    switch (node.kind) {
        case JoinKind::kInner:
        case JoinKind::kSemi: return {};
        case JoinKind::kLeft: return {.changing = "a LEFT JOIN"};
        case JoinKind::kRight: return {.changing = "a RIGHT JOIN"};
        case JoinKind::kFull: return {.changing = "a FULL JOIN"};
        case JoinKind::kAnti: break;
    }
    return {.changing = "NOT EXISTS or NOT IN"};
}

// Its table is read once in a run: a row that is taken back finds there what it found before.
ChangeRule rule_of(const LookupJoin&) {
    return {};
}

ChangeRule rule_of(const Aggregate& node) {
    if (node.window != nullptr) {
        // Rows wait for the watermark there, so that a deletion finds the row that it takes away.
        if (!node.window->spec.is_event_time)
            return {.refusing = "a window of processing time", .passes = false};
        return {.passes = false};
    }
    if (node.calls.empty()) return {};
    return {.changing = name_of(node), .deletes = !changing_operator(*node.input).empty()};
}

// Over rows in the order of their arrival nothing that was given is ever taken back.
ChangeRule rule_of(const Rank& node) {
    if (node.window != nullptr) return {.refusing = "a window Top-N", .passes = false};
    const bool is_by_arrival = node.order.empty() && !node.newest_first;
    if (is_by_arrival && changing_operator(*node.input).empty()) return {};
    return {.changing = node.first == 1 && node.last == 1 ? "a deduplication" : "a Top-N"};
}

// At the end it gives what is left.
ChangeRule rule_of(const Sort& node) {
    if (node.is_temporal) return {.refusing = "ORDER BY a time attribute"};
    return {.passes = false};
}

ChangeRule rule_of(const Match&) {
    return {.refusing = "MATCH_RECOGNIZE", .passes = false};
}

ChangeRule rule_of(const Over& node) {
    if (is_by_time(node)) return {};
    return {.changing = "OVER in an order that is not that of time"};
}

ChangeRule rule_of(const Rel& rel) {
    return std::visit([](const auto& node) { return rule_of(node); }, rel.node);
}

// Whether RAND() or the clock is in what the operator computes for each row by itself.
bool is_unrepeatable(const Rel& rel) {
    const auto is_other = [](const ExprPtr& expr) { return !is_repeatable(*expr); };
    if (const auto* node = std::get_if<Filter>(&rel.node)) return is_other(node->condition);
    if (const auto* node = std::get_if<Unnest>(&rel.node)) return is_other(node->list);
    if (const auto* node = std::get_if<StreamJoin>(&rel.node))
        return node->residual != nullptr && is_other(node->residual);
    const auto* node = std::get_if<Project>(&rel.node);
    return node != nullptr &&
           std::any_of(node->expressions.begin(), node->expressions.end(), is_other);
}

// Whether a record that takes a row back may give the table's column another value than the
// record that brought it.
bool differs_by_record(const BoundTable& table, std::size_t column) {
    const thalweg::Expr& value = *table.values[column];
    if (!is_repeatable(value)) return true;
    const std::vector<TableColumn>& raw = table.definition->columns;
    std::vector<bool> read(raw.size(), false);
    mark_columns(value, read);
    for (std::size_t i = 0; i < raw.size(); ++i) {
        if (!read[i]) continue;
        if (is_row_kind(*table.definition, raw[i])) return true;
        switch (raw[i].metadata) {
            case Metadata::kReceiveTime:
            case Metadata::kSequence:
            case Metadata::kDroppedBefore:
            case Metadata::kRaw: return true;
            case Metadata::kNone:
            case Metadata::kPeerAddress:
            case Metadata::kConnectionId:
            case Metadata::kRowKind: break;
        }
    }
    return false;
}

// Rows with a key are found by it, others by all that is read of them.
void check_scan(const Scan& scan, sql::Location at) {
    const TableDefinition& table = *scan.table->definition;
    if (!has_row_kinds(table.format())) return;
    std::vector<std::size_t> columns = change_keys(scan);
    const bool has_key = !columns.empty();
    for (const ScanColumn& output : scan.outputs) {
        if (!has_key) columns.push_back(output.column);
    }
    for (const std::size_t column : columns) {
        if (!differs_by_record(*scan.table, column)) continue;
        throw sql::SqlError(
            at,
            "column '" + table.columns[column].name + "' of table " + table.name + ", which is " +
                table.format() +
                ", has another value for each record: " + "a deletion would never find its row",
            has_key ? "leave it out of the PRIMARY KEY"
                    : "a PRIMARY KEY of other columns says which row is meant");
    }
}

// Whether rows may go for good.
bool deletes(const Rel& rel) {
    const ChangeRule rule = rule_of(rel);
    if (!rule.changing.empty() && rule.deletes) return true;
    if (!rule.passes) return false;
    const std::vector<RelPtr> inputs = inputs_of(rel);
    return std::any_of(
        inputs.begin(), inputs.end(), [](const RelPtr& input) { return deletes(*input); });
}

}  // namespace

std::string changelog_mode(const Rel& rel) {
    if (changing_operator(rel).empty()) return "[I]";
    return deletes(rel) ? "[I,UB,UA,D]" : "[I,UB,UA]";
}

std::string changing_operator(const Rel& rel) {
    const ChangeRule rule = rule_of(rel);
    if (!rule.changing.empty()) return rule.changing;
    if (!rule.passes) return {};
    const auto* join = std::get_if<StreamJoin>(&rel.node);
    if (join != nullptr && join->as_of) return changing_operator(*join->left);
    for (const RelPtr& input : inputs_of(rel)) {
        if (std::string found = changing_operator(*input); !found.empty()) return found;
    }
    return {};
}

void check_changes(const Rel& rel, sql::Location at) {
    const ChangeRule rule = rule_of(rel);
    if (const auto* scan = std::get_if<Scan>(&rel.node)) check_scan(*scan, at);
    const auto* join = std::get_if<StreamJoin>(&rel.node);
    if (join != nullptr && join->as_of && is_changing_rank(*join->right)) {
        throw sql::not_supported(at,
                                 "a temporal join with a ranking other than the last row by row "
                                 "time of each key of ON, of rows that stay,");
    }
    for (const RelPtr& input : inputs_of(rel)) {
        check_changes(*input, at);
        const std::string changing = changing_operator(*input);
        if (changing.empty()) continue;
        if (is_unrepeatable(rel)) {
            throw sql::SqlError(at,
                                "RAND() or the clock over rows that change (" + changing +
                                    "): what was computed for a row could not be taken back");
        }
        if (!rule.refusing.empty()) {
            throw sql::SqlError(
                at,
                rule.refusing + " over rows that change (" + changing + ") is not supported yet");
        }
    }
}

}  // namespace thalweg::plan
