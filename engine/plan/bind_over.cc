#include "engine/plan/bind_over.h"

#include "engine/plan/catalog.h"
#include "engine/plan/gathering.h"
#include "engine/sql/children.h"
#include "engine/sql/token.h"
#include "engine/sql/unparse.h"

#include <algorithm>
#include <map>
#include <utility>

namespace thalweg::plan {

using sql::SqlError;

namespace {

std::optional<OverKind> find_window_function(const std::string& name) {
    static const std::map<std::string, OverKind> kKinds = {
        {"ROW_NUMBER", OverKind::kRowNumber},
        {"RANK", OverKind::kRank},
        {"DENSE_RANK", OverKind::kDenseRank},
        {"PERCENT_RANK", OverKind::kPercentRank},
        {"CUME_DIST", OverKind::kCumeDist},
        {"NTILE", OverKind::kNtile},
        {"LAG", OverKind::kLag},
        {"LEAD", OverKind::kLead},
    };
    const auto found = kKinds.find(sql::to_upper(name));
    return found == kKinds.end() ? std::nullopt : std::optional(found->second);
}

// The place of an expression among columns, behind them if it is none of them.
std::size_t place_of(std::vector<ExprPtr>& columns, const ExprPtr& expr) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (equal(*columns[i], *expr)) return i;
    }
    columns.push_back(expr);
    return columns.size() - 1;
}

bool same_order(const SortItem& a, const SortItem& b) {
    return a.is_descending == b.is_descending && a.nulls_first == b.nulls_first;
}

OverFrame::Bound bound_of(sql::BoundKind kind) {
    switch (kind) {
        case sql::BoundKind::kUnboundedPreceding: return OverFrame::Bound::kUnboundedPreceding;
        case sql::BoundKind::kPreceding: return OverFrame::Bound::kPreceding;
        case sql::BoundKind::kCurrentRow: return OverFrame::Bound::kCurrentRow;
        case sql::BoundKind::kFollowing: return OverFrame::Bound::kFollowing;
        case sql::BoundKind::kUnboundedFollowing: break;
    }
    return OverFrame::Bound::kUnboundedFollowing;
}

}  // namespace

bool minds_repetition(AggregateKind kind) noexcept {
    return kind != AggregateKind::kMin && kind != AggregateKind::kMax &&
           kind != AggregateKind::kFirstValue && kind != AggregateKind::kLastValue;
}

bool contains_over(const sql::Expr& expr) {
    const auto* call = std::get_if<sql::Call>(&expr.node);
    if (call != nullptr && call->over != nullptr) return true;
    bool found = false;
    sql::for_each_child(
        expr,
        [&](const sql::Expr& child) { found = found || contains_over(child); },
        [](const sql::Query&) {});
    return found;
}

const sql::SelectItem* over_item(const sql::Expr& expr, const sql::Select& select) {
    const auto* const identifier = std::get_if<sql::Identifier>(&expr.node);
    if (identifier == nullptr || identifier->name.parts.size() != 1) return nullptr;
    const std::string& name = identifier->name.parts[0].text;
    for (const sql::SelectItem& item : select.items) {
        if (item.alias && item.alias->text == name && contains_over(*item.expr)) return &item;
    }
    return nullptr;
}

bool names_over(const sql::Expr& condition, const sql::Select& select, const Scope& scope) {
    if (const sql::SelectItem* const item = over_item(condition, select)) {
        return std::none_of(
            scope.columns.begin(), scope.columns.end(), [&](const ColumnInfo& column) {
                return column.name == item->alias->text;
            });
    }
    bool found = false;
    sql::for_each_child(
        condition,
        [&](const sql::Expr& child) { found = found || names_over(child, select, scope); },
        [](const sql::Query&) {});
    return found;
}

void check_sortable(const Type& type, std::string_view what, sql::Location at) {
    const Physical physical = type.physical();
    if (physical != Physical::kList && physical != Physical::kRow) return;
    throw SqlError(
        at, std::string(what) + " needs values that can be compared, not " + type.to_string());
}

SortItem sort_item(const sql::OrderItem& item) {
    return {0, item.descending, item.nulls_first.value_or(!item.descending)};
}

std::optional<ExprPtr> OverCollector::intercept(const sql::Expr& expr) {
    const auto* call = std::get_if<sql::Call>(&expr.node);
    if (call == nullptr || call->over == nullptr) return std::nullopt;
    if (is_inside_) throw SqlError(expr.location, "OVER may not stand inside of OVER");
    Call bound;
    bound.name = sql::to_sql(expr);
    for (std::size_t i = 0; i < calls_.size(); ++i) {
        if (calls_[i].name == bound.name) return result_of(i);
    }
    is_inside_ = true;
    bound.window = bind_window(*call->over);
    bound.call.frame = bind_frame(*call->over, bound_windows_[bound.window]);
    bind_function(*call, expr.location, bound);
    is_inside_ = false;
    check_count(bound, expr.location);
    calls_.push_back(std::move(bound));
    return result_of(calls_.size() - 1);
}

ExprPtr OverCollector::result_of(std::size_t call) const {
    ExprPtr column = make_column(kBase + call, calls_[call].call.result_type);
    return calls_[call].finish ? calls_[call].finish(std::move(column)) : column;
}

void OverCollector::check_count(const Call& added, sql::Location at) const {
    if (added.call.kind != OverKind::kAggregate) return;
    const auto count = std::count_if(calls_.begin(), calls_.end(), [](const Call& call) {
        return call.call.kind == OverKind::kAggregate;
    });
    if (count == std::ptrdiff_t{kAggregatesMax})
        throw SqlError(at, "at most " + std::to_string(kAggregatesMax) + " aggregates with OVER");
}

const sql::WindowSpec& OverCollector::base_of(const sql::WindowSpec& spec) const {
    for (const sql::NamedWindow& window : windows_) {
        if (&window.spec == &spec) break;  // Only what stands before it.
        if (window.name.text == spec.base->text) return window.spec;
    }
    throw SqlError(spec.base->location,
                   "there is no window '" + spec.base->text + "'",
                   "windows are named behind the query, each before those that are based on it: "
                   "WINDOW w AS (PARTITION BY .. ORDER BY ..)");
}

std::size_t OverCollector::bind_window(const sql::WindowSpec& spec) {
    Window window;
    if (spec.base) window = bound_windows_[bind_window(base_of(spec))];
    for (const sql::ExprPtr& expr : spec.partition_by) {
        ExprPtr bound = bind_(*expr);
        check_sortable(bound->type, "PARTITION BY", expr->location);
        const bool is_there =
            std::any_of(window.partition.begin(), window.partition.end(), [&](const ExprPtr& each) {
                return equal(*each, *bound);
            });
        if (!is_there) window.partition.push_back(std::move(bound));
    }
    for (const sql::OrderItem& item : spec.order_by) {
        ExprPtr bound = bind_(*item.expr);
        check_sortable(bound->type, "ORDER BY", item.expr->location);
        window.order.push_back({std::move(bound), sort_item(item)});
    }
    const auto is_same = [&](const Window& other) {
        return std::equal(window.partition.begin(),
                          window.partition.end(),
                          other.partition.begin(),
                          other.partition.end(),
                          [](const ExprPtr& a, const ExprPtr& b) { return equal(*a, *b); }) &&
               std::equal(window.order.begin(),
                          window.order.end(),
                          other.order.begin(),
                          other.order.end(),
                          [](const Order& a, const Order& b) {
                              return equal(*a.expr, *b.expr) && same_order(a.item, b.item);
                          });
    };
    const auto found = std::find_if(bound_windows_.begin(), bound_windows_.end(), is_same);
    const auto index = static_cast<std::size_t>(found - bound_windows_.begin());
    if (found == bound_windows_.end()) bound_windows_.push_back(std::move(window));
    return index;
}

OverFrame OverCollector::bind_frame(const sql::WindowSpec& spec, const Window& window) {
    OverFrame frame;
    if (!spec.frame) {
        if (spec.base) return bind_frame(base_of(spec), window);
        if (window.order.empty()) frame.end = OverFrame::Bound::kUnboundedFollowing;
        return frame;
    }
    frame.is_rows = spec.frame->unit == sql::FrameUnit::kRows;
    frame.start = bound_of(spec.frame->start.kind);
    frame.end = bound_of(spec.frame->end.kind);
    if (spec.frame->start.offset)
        frame.start_offset = bind_offset(spec.frame->start, frame, window);
    if (spec.frame->end.offset) frame.end_offset = bind_offset(spec.frame->end, frame, window);
    const auto place = [](OverFrame::Bound bound, std::int64_t offset) {
        if (bound == OverFrame::Bound::kPreceding) return std::pair(1, -offset);
        if (bound == OverFrame::Bound::kFollowing) return std::pair(1, offset);
        const bool is_current = bound == OverFrame::Bound::kCurrentRow;
        const bool is_first = bound == OverFrame::Bound::kUnboundedPreceding;
        return std::pair(is_current ? 1 : is_first ? 0 : 2, std::int64_t{0});
    };
    if (place(frame.start, frame.start_offset) > place(frame.end, frame.end_offset))
        throw SqlError(spec.frame->location, "the frame of OVER ends before it starts");
    return frame;
}

std::int64_t OverCollector::bind_offset(const sql::FrameBound& bound,
                                        const OverFrame& frame,
                                        const Window& window) {
    const ExprPtr offset = bind_(*bound.offset);
    const auto* value = std::get_if<std::int64_t>(&offset->literal.data);
    const bool is_literal = offset->kind == ExprKind::kLiteral && value != nullptr;
    if (!is_literal || *value < 0)
        throw SqlError(bound.location, "the frame of OVER expects a literal that is not negative");
    const bool is_interval = offset->type.kind == TypeKind::kIntervalDaySecond;
    if (frame.is_rows) {
        if (!offset->type.is_integer())
            throw SqlError(bound.location, "ROWS expects a number of rows");
        return *value;
    }
    if (window.order.size() != 1)
        throw SqlError(bound.location, "RANGE with a distance needs one expression in ORDER BY");
    const Type& type = window.order[0].expr->type;
    const bool fits =
        type.is_timestamp() ? is_interval : type.is_integer() && offset->type.is_integer();
    if (!fits)
        throw SqlError(bound.location,
                       "RANGE over " + type.with_nullable(true).to_string() +
                           " cannot be measured in " + offset->type.with_nullable(true).to_string(),
                       "ORDER BY a timestamp takes an INTERVAL of days to seconds, an integer an "
                       "integer");
    return *value;
}

std::int64_t OverCollector::literal_count(const sql::Expr& expr, std::string_view what) {
    const ExprPtr bound = bind_(expr);
    const auto* value = std::get_if<std::int64_t>(&bound->literal.data);
    if (bound->kind != ExprKind::kLiteral || value == nullptr || *value < 0)
        throw SqlError(expr.location, std::string(what) + " expects a literal number");
    return *value;
}

void OverCollector::bind_function(const sql::Call& call, sql::Location at, Call& bound) {
    const std::string& name = last_part(call.name);
    if (is_gathering(call)) {
        bind_gathered(call, at, bound);
        return;
    }
    if (!call.within_group.empty()) throw sql::not_supported(at, "WITHIN GROUP");
    if (const auto aggregate = find_aggregate(name)) {
        check_nulls(call, *aggregate, at);
        bind_aggregate(call, *aggregate, at, bound);
        return;
    }
    if (call.nulls == sql::NullTreatment::kIgnore) throw sql::not_supported(at, "IGNORE NULLS");
    const auto kind = find_window_function(name);
    if (!kind)
        throw SqlError(call.name.location,
                       "'" + name + "' is no function that takes OVER",
                       "aggregates do, and ROW_NUMBER, RANK, DENSE_RANK, PERCENT_RANK, CUME_DIST, "
                       "NTILE, LAG and LEAD");
    if (call.distinct || call.filter != nullptr)
        throw SqlError(at, "DISTINCT and FILTER are for aggregates, " + name + " is none");
    bound.call.kind = *kind;
    if (*kind == OverKind::kLag || *kind == OverKind::kLead) {
        bind_neighbour(call, at, bound);
        return;
    }
    const bool is_share = *kind == OverKind::kPercentRank || *kind == OverKind::kCumeDist;
    bound.call.result_type = (is_share ? Type::double_precision() : Type::bigint()).not_null();
    const std::size_t wanted = *kind == OverKind::kNtile ? 1 : 0;
    if (call.arguments.size() != wanted)
        throw SqlError(at, name + (wanted == 1 ? " takes one argument" : " takes no argument"));
    if (wanted == 0) return;
    bound.call.count = literal_count(*call.arguments[0].value, name);
    bound.call.result_type = Type::integer().not_null();
    if (bound.call.count == 0) throw SqlError(at, "NTILE expects at least one tile");
}

void OverCollector::bind_neighbour(const sql::Call& call, sql::Location at, Call& bound) {
    const std::string& name = last_part(call.name);
    if (call.arguments.empty() || call.arguments.size() > 3)
        throw SqlError(at, name + " takes a value, how many rows away, and what else it gives");
    bound.argument = bind_(*call.arguments[0].value);
    bound.call.result_type = bound.argument->type.with_nullable(true);
    if (call.arguments.size() > 1) bound.call.count = literal_count(*call.arguments[1].value, name);
    if (call.arguments.size() < 3) return;
    const sql::Expr& otherwise = *call.arguments[2].value;
    bound.otherwise = cast_or_throw(bind_(otherwise),
                                    bound.argument->type.with_nullable(true),
                                    CastMode::kImplicit,
                                    settings_,
                                    otherwise.location);
}

void OverCollector::bind_aggregate(const sql::Call& call,
                                   AggregateKind kind,
                                   sql::Location at,
                                   Call& bound) {
    const std::string& name = last_part(call.name);
    bound.call.kind = OverKind::kAggregate;
    AggregateCall& aggregate = bound.call.aggregate;
    aggregate.kind = kind;
    const bool has_argument = !call.arguments.empty() &&
                              !std::holds_alternative<sql::Star>(call.arguments[0].value->node);
    if (!has_argument) {
        if (kind != AggregateKind::kCount || is_distinct(call))
            throw SqlError(at, name + "(*) is not an aggregate, only COUNT(*) is");
        aggregate.kind = AggregateKind::kCountStar;
        aggregate.result_type = Type::bigint().not_null();
    } else {
        if (kind == AggregateKind::kListAgg) aggregate.separator = list_separator(call, bind_, at);
        if (call.arguments.size() != 1 && kind != AggregateKind::kListAgg)
            throw SqlError(at, name + " takes one argument");
        bound.argument = bind_(*call.arguments[0].value);
        auto type = aggregate_result_type(kind, bound.argument->type);
        if (!type) throw SqlError(at, type.error().message);
        // A frame may be empty, or all its values NULL.
        aggregate.argument_type = bound.argument->type.with_nullable(true);
        aggregate.result_type = *std::move(type);
        if (is_distinct(call)) check_sortable(bound.argument->type, "DISTINCT", at);
        aggregate.is_distinct = is_distinct(call) && minds_repetition(kind);
    }
    bind_filter(call, bound);
    const bool is_count =
        aggregate.kind == AggregateKind::kCountStar || aggregate.kind == AggregateKind::kCount;
    if (!is_count) aggregate.result_type = aggregate.result_type.with_nullable(true);
    bound.call.result_type = aggregate.result_type;
}

void OverCollector::bind_filter(const sql::Call& call, Call& bound) {
    if (call.filter == nullptr) return;
    bound.filter = bind_(*call.filter);
    if (bound.filter->type.kind != TypeKind::kBoolean)
        throw SqlError(call.filter->location, "FILTER expects a BOOLEAN");
}

void OverCollector::bind_gathered(const sql::Call& call, sql::Location at, Call& bound) {
    Gathering gathering = bind_gathering(call, bind_, settings_, at);
    bound.call.kind = OverKind::kAggregate;
    bound.call.aggregate = std::move(gathering.call);
    // A frame may be empty, or all its values NULL.
    bound.call.aggregate.argument_type = gathering.element->type.with_nullable(true);
    bound.call.result_type = bound.call.aggregate.result_type;
    bound.argument = std::move(gathering.element);
    bound.finish = std::move(gathering.finish);
    bind_filter(call, bound);
}

void OverCollector::keep(ColumnMap& columns) const {
    for (std::size_t i = 0; i < calls_.size(); ++i)
        columns[kBase + i] = make_column(kBase + i, calls_[i].call.result_type);
}

RelPtr OverCollector::finish(RelPtr input, const Fix& fix) {
    std::vector<ExprPtr> columns = identity(*input);
    std::vector<Over> nodes(bound_windows_.size());
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        for (const ExprPtr& expr : bound_windows_[i].partition)
            nodes[i].partition.push_back(place_of(columns, fix(expr)));
        for (const Order& order : bound_windows_[i].order) {
            nodes[i].order.push_back(order.item);
            nodes[i].order.back().column = place_of(columns, fix(order.expr));
        }
    }
    for (Call& call : calls_) {
        if (call.argument != nullptr)
            call.call.aggregate.argument = place_of(columns, fix(call.argument));
        if (call.filter != nullptr)
            call.call.aggregate.filter = place_of(columns, fix(call.filter));
        if (call.otherwise != nullptr) call.call.otherwise = place_of(columns, fix(call.otherwise));
    }
    RelPtr rel = with_columns(input, std::move(columns));
    for (std::size_t i = 0; i < nodes.size(); ++i) {
        std::vector<ColumnInfo> out = rel->columns;
        for (Call& call : calls_) {
            if (call.window != i) continue;
            call.column = out.size();
            out.push_back({call.name, call.call.result_type, Role::kPlain, nullptr});
            nodes[i].calls.push_back(call.call);
        }
        if (nodes[i].calls.empty()) continue;  // A window that others are based on.
        nodes[i].input = std::move(rel);
        rel = make_rel(std::move(out), std::move(nodes[i]));
    }
    const std::vector<ExprPtr> own = identity(*rel);
    for (std::size_t i = 0; i < own.size(); ++i)
        fixed_[i] = own[i];
    for (std::size_t i = 0; i < calls_.size(); ++i)
        fixed_[kBase + i] = make_column(calls_[i].column, calls_[i].call.result_type);
    return rel;
}

ExprPtr OverCollector::fix(const ExprPtr& expr) const {
    return substitute(expr, fixed_);
}

}  // namespace thalweg::plan
