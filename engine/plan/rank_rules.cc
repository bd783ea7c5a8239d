#include "engine/plan/rank_rules.h"

#include "engine/plan/changelog.h"
#include "ops/expr/functions.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

namespace thalweg::plan {

namespace {

std::optional<RankKind> ranking_of(const Over& over) {
    if (over.calls.size() != 1) return std::nullopt;
    switch (over.calls[0].kind) {
        case OverKind::kRowNumber: return RankKind::kRowNumber;
        case OverKind::kRank: return RankKind::kRank;
        case OverKind::kDenseRank: return RankKind::kDenseRank;
        default: return std::nullopt;
    }
}

bool is_column(const Expr& expr, std::size_t column) {
    return expr.kind == ExprKind::kColumn && expr.column == column;
}

std::optional<std::int64_t> whole_literal(const Expr& expr) {
    if (expr.kind == ExprKind::kCall && expr.function->name == "CAST" && expr.type.is_integer() &&
        expr.arguments[0]->type.is_integer())
        return whole_literal(*expr.arguments[0]);
    const auto* value = std::get_if<std::int64_t>(&expr.literal.data);
    if (expr.kind != ExprKind::kLiteral || !expr.type.is_integer() || value == nullptr)
        return std::nullopt;
    return *value;
}

std::string_view mirrored(std::string_view op) {
    if (op == "<") return ">";
    if (op == "<=") return ">=";
    if (op == ">") return "<";
    if (op == ">=") return "<=";
    return op;
}

// The numbers that satisfy all predicates so far.
struct Numbers {
    std::int64_t first = 1;
    std::int64_t last = INT64_MAX;
};

// Narrows `numbers` by `number op value`, or the reverse; false: it is none of these.
bool narrow(const Expr& predicate, std::size_t number, Numbers& numbers) {
    if (predicate.kind != ExprKind::kCall || predicate.arguments.size() != 2) return false;
    std::string_view op = predicate.function->name;
    const bool is_turned = is_column(*predicate.arguments[1], number);
    const Expr& left = *predicate.arguments[is_turned ? 1 : 0];
    const Expr& right = *predicate.arguments[is_turned ? 0 : 1];
    const std::optional<std::int64_t> value = whole_literal(right);
    if (!is_column(left, number) || !value || *value == INT64_MAX || *value == INT64_MIN)
        return false;
    if (is_turned) op = mirrored(op);
    if (op == "=") {
        numbers.first = std::max(numbers.first, *value);
        numbers.last = std::min(numbers.last, *value);
    } else if (op == "<") {
        numbers.last = std::min(numbers.last, *value - 1);
    } else if (op == "<=") {
        numbers.last = std::min(numbers.last, *value);
    } else if (op == ">") {
        numbers.first = std::max(numbers.first, *value + 1);
    } else if (op == ">=") {
        numbers.first = std::max(numbers.first, *value);
    } else {
        return false;
    }
    return true;
}

// Both bounds of one window of event time among the partition's columns: they leave it.
void take_window(Rank& rank) {
    const std::vector<ColumnInfo>& columns = rank.input->columns;
    const auto find = [&](Role role) {
        return std::find_if(rank.partition.begin(), rank.partition.end(), [&](std::size_t column) {
            return columns[column].role == role && columns[column].window != nullptr;
        });
    };
    const auto start = find(Role::kWindowStart);
    const auto end = find(Role::kWindowEnd);
    if (start == rank.partition.end() || end == rank.partition.end()) return;
    const WindowPtr window = columns[*start].window;
    if (!same_window(window, columns[*end].window) || !window->spec.is_event_time) return;
    if (!changing_operator(*rank.input).empty()) return;
    rank.window = window;
    rank.start_column = *start;
    rank.end_column = *end;
    const auto is_of_window = [&](std::size_t column) {
        const Role role = columns[column].role;
        const bool is_bound =
            role == Role::kWindowStart || role == Role::kWindowEnd || role == Role::kWindowTime;
        return is_bound && same_window(columns[column].window, window);
    };
    std::erase_if(rank.partition, is_of_window);
}

}  // namespace

void settle_order(Rank& rank) {
    const std::vector<ColumnInfo>& columns = rank.input->columns;
    const auto is_arrival = [&](const SortItem& item) {
        return columns[item.column].role == Role::kProctime;
    };
    const auto found = std::find_if(rank.order.begin(), rank.order.end(), is_arrival);
    if (found != rank.order.end()) {
        rank.newest_first = found->is_descending;
        rank.order.erase(found, rank.order.end());
        rank.kind = RankKind::kRowNumber;  // No two arrive at once.
        return;
    }
    if (rank.newest_first || rank.order.size() != 1 || rank.last != 1) return;
    const Role role = columns[rank.order[0].column].role;
    const bool is_time = role == Role::kRowtime || role == Role::kWindowTime;
    rank.newest_first = is_time && rank.order[0].is_descending;
}

bool is_by_time(const Over& over) {
    if (over.order.size() != 1 || over.order[0].is_descending) return false;
    const Role role = over.input->columns[over.order[0].column].role;
    const bool is_arrival = role == Role::kProctime;
    if (!is_arrival && role != Role::kRowtime && role != Role::kWindowTime) return false;
    if (!changing_operator(*over.input).empty()) return false;
    return std::all_of(over.calls.begin(), over.calls.end(), [](const OverCall& call) {
        switch (call.kind) {
            case OverKind::kAggregate: {
                using Bound = OverFrame::Bound;
                return call.frame.end == Bound::kCurrentRow &&
                       call.frame.start <= Bound::kCurrentRow;
            }
            case OverKind::kRowNumber:
            case OverKind::kRank:
            case OverKind::kDenseRank:
            case OverKind::kLag: return true;
            default: return false;
        }
    });
}

RelPtr rank_of(const Rel& rel, const Over& over, std::vector<ExprPtr>& predicates) {
    const std::optional<RankKind> kind = ranking_of(over);
    if (!kind) return nullptr;
    const std::size_t number = over.input->columns.size();
    Numbers numbers;
    for (const ExprPtr& predicate : predicates)
        narrow(*predicate, number, numbers);
    if (numbers.last == INT64_MAX) return nullptr;
    Numbers ignored;
    std::erase_if(predicates,
                  [&](const ExprPtr& predicate) { return narrow(*predicate, number, ignored); });
    Rank rank;
    rank.input = over.input;
    rank.partition = over.partition;
    rank.order = over.order;
    rank.kind = *kind;
    rank.first = static_cast<std::uint64_t>(numbers.first);
    rank.last = static_cast<std::uint64_t>(std::max<std::int64_t>(numbers.last, 0));
    rank.has_number = true;
    take_window(rank);
    return make_rel(rel.columns, std::move(rank));
}

}  // namespace thalweg::plan
