#include "engine/plan/bind_query.h"
#include "engine/plan/conjuncts.h"
#include "engine/plan/connectors.h"

#include <algorithm>
#include <utility>

// Lookup joins: a stream on the left, FOR SYSTEM_TIME AS OF its processing time, and a bounded file
// on the right, perhaps behind views that filter and project it.

namespace thalweg::plan {

using sql::SqlError;

namespace {

// The scan below filters and projections; null where there is anything else.
const Scan* scan_below(const Rel& rel) {
    if (const auto* scan = std::get_if<Scan>(&rel.node)) return scan;
    if (const auto* filter = std::get_if<Filter>(&rel.node)) return scan_below(*filter->input);
    if (const auto* project = std::get_if<Project>(&rel.node)) return scan_below(*project->input);
    return nullptr;
}

void check_time(const Expr& time, const Scope& stream, sql::Location at) {
    const Role role =
        time.kind == ExprKind::kColumn ? stream.columns[time.column].role : Role::kPlain;
    if (role == Role::kProctime) return;
    constexpr const char* kHint =
        "a lookup join reads FOR SYSTEM_TIME AS OF s.at, where the left side s declares at AS "
        "PROCTIME(); a temporal join reads it AS OF a row time";
    throw SqlError(at, "FOR SYSTEM_TIME AS OF expects a processing time of the left side", kHint);
}

void check_table(const Rel& rel,
                 const std::string& name,
                 sql::Location at,
                 const TimeZonePtr& zone) {
    const Scan* const scan = scan_below(rel);
    if (scan == nullptr)
        throw SqlError(
            at,
            "cannot look rows up in '" + name + "': it is not a table",
            "a lookup join reads a table with 'connector' = 'filesystem', or a view that "
            "only filters and projects one");
    const TableDefinition& table = *scan->table->definition;
    const SourceSpec spec = source_spec(table, zone);
    check(table, spec);
    if (table.connector() != "filesystem" || !check_source(spec)->is_bounded)
        throw SqlError(at,
                       "cannot look rows up in '" + name + "': it is a stream, read by '" +
                           table.connector() + "'",
                       "a lookup join reads a file whole at the start: 'connector' = 'filesystem' "
                       "without 'source.monitor-interval'");
    if (table.watermark != nullptr)
        throw SqlError(at,
                       "cannot look rows up in '" + name + "': it has a WATERMARK",
                       "the rows of a lookup table have no time; declare it without WATERMARK");
}

// What ON says of a lookup join, taken apart.
struct LookupCondition {
    struct Key {
        ExprPtr left;  // Both over both sides' columns.
        ExprPtr right;
    };

    std::vector<Key> keys;
    std::vector<ExprPtr> of_stream;  // Read one side alone, and cannot fail on a row that would
    std::vector<ExprPtr> of_table;   // have found no partner.
    std::vector<ExprPtr> rest;
    bool has_equality = false;
};

bool can_be_key(const Type& type) {
    const Physical physical = type.physical();
    return physical != Physical::kList && physical != Physical::kRow;
}

class ConditionBinder {
  public:
    ConditionBinder(const Scope& both, std::size_t left_count, const ExprSettings& settings)
        : both_(both), left_count_(left_count), settings_(settings) {}

    [[nodiscard]] LookupCondition bind(const sql::Expr& on) {
        for (const sql::Expr* const conjunct : conjuncts(on)) {
            ExpressionBinder binder(both_, settings_);
            const auto* binary = std::get_if<sql::Binary>(&conjunct->node);
            const bool is_equal = binary != nullptr && binary->op == sql::BinaryOp::kEqual;
            if (is_equal && bind_key(*binary, conjunct->location)) continue;
            ExprPtr part = binder.bind_condition(*conjunct, "ON");
            place(std::move(part));
        }
        return std::move(found_);
    }

  private:
    [[nodiscard]] Side side(const Expr& expr) const {
        return side_of(expr, left_count_, both_.columns.size());
    }

    void place(ExprPtr part) {
        const Side reads = side(*part);
        if (may_fail(*part) || is_volatile(*part)) {
            found_.rest.push_back(std::move(part));
        } else if (reads == Side::kRight) {
            found_.of_table.push_back(std::move(part));
        } else if (reads == Side::kLeft) {
            found_.of_stream.push_back(std::move(part));
        } else {
            found_.rest.push_back(std::move(part));
        }
    }

    // Whether an equality is a key. One of floating point is asked again, as NaN equals nothing.
    bool bind_key(const sql::Binary& equality, sql::Location at) {
        ExpressionBinder binder(both_, settings_);
        ExprPtr a = binder.bind(*equality.left);
        ExprPtr b = binder.bind(*equality.right);
        const Side a_side = side(*a);
        const Side b_side = side(*b);
        found_.has_equality = found_.has_equality ||
                              (a_side == Side::kRight && b_side == Side::kNone) ||
                              (a_side == Side::kNone && b_side == Side::kRight);
        if (!((a_side == Side::kLeft && b_side == Side::kRight) ||
              (a_side == Side::kRight && b_side == Side::kLeft)) ||
            is_volatile(*a) || is_volatile(*b)) {
            return false;
        }
        auto type = common_type({a->type, b->type});
        if (!type) throw SqlError(at, type.error().message);
        if (!can_be_key(*type)) return false;
        if (a_side == Side::kRight) std::swap(a, b);
        a = cast_or_throw(a, *type, CastMode::kImplicit, settings_, at);
        b = cast_or_throw(b, *type, CastMode::kImplicit, settings_, at);
        found_.keys.push_back({std::move(a), std::move(b)});
        found_.has_equality = true;
        return !type->is_approximate();
    }

    const Scope& both_;
    std::size_t left_count_;
    const ExprSettings& settings_;
    LookupCondition found_;
};

// The join shows what its sides showed, without the columns that were added for keys.
RelPtr show(const LookupJoin& node, std::size_t left_count) {
    std::vector<ColumnInfo> columns = node.input->columns;
    for (const std::size_t column : node.shown) {
        ColumnInfo info = node.table->columns[column];
        info.type.nullable = info.type.nullable || node.kind == JoinKind::kLeft;
        info.role = Role::kPlain;
        columns.push_back(std::move(info));
    }
    const std::size_t added = node.input->columns.size() - left_count;
    const std::size_t count = columns.size();
    RelPtr rel = make_rel(std::move(columns), node);
    if (added == 0) return rel;
    std::vector<ExprPtr> shown;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i) {
        if (i >= left_count && i < left_count + added) continue;
        shown.push_back(make_column(i, rel->columns[i].type));
        names.push_back(rel->columns[i].name);
    }
    return make_project_rel(std::move(rel), std::move(shown), std::move(names));
}

}  // namespace

QueryBinder::From QueryBinder::bind_snapshot(const sql::NamedTable& table,
                                             const sql::TableRef& ref,
                                             const Scope& stream) {
    ExpressionBinder binder(stream, expr_settings_);
    check_time(*binder.bind(*table.as_of), stream, table.as_of->location);
    RelPtr rel = resolve_table(table.name, table.hints);
    const std::string& name = last_part(table.name);
    check_table(*rel, name, table.name.location, settings_.zone());
    return aliased(std::move(rel), ref, name);
}

RelPtr QueryBinder::bind_lookup_join(const From& left,
                                     const From& right,
                                     const sql::Join& join,
                                     const sql::Expr& on,
                                     const Scope& both) {
    if (join.kind == sql::JoinKind::kRight || join.kind == sql::JoinKind::kFull)
        throw SqlError(join.right->location,
                       "a lookup join is INNER or LEFT",
                       "the rows of the table that nobody looks up can never be told apart from "
                       "those that somebody will");
    const std::size_t left_count = left.rel->columns.size();
    LookupCondition condition = ConditionBinder(both, left_count, expr_settings_).bind(on);
    if (!condition.has_equality)
        throw SqlError(on.location,
                       "a lookup join needs an equality with a column of the table",
                       "ON s.k = t.k AND ...");
    // What WHERE says in place of ON is asked by WHERE.
    if (join.condition == nullptr) {
        condition.rest.clear();
        condition.of_stream.clear();
    }
    std::vector<ExprPtr> to_table(left_count, nullptr);
    for (const ExprPtr& column : identity(*right.rel))
        to_table.push_back(column);
    RelPtr table = right.rel;
    for (ExprPtr& part : condition.of_table)
        part = substitute(part, to_table);
    if (!condition.of_table.empty())
        table = make_filter_rel(std::move(table), conjunction(condition.of_table));

    LookupJoin node;
    node.kind = join.kind == sql::JoinKind::kLeft ? JoinKind::kLeft : JoinKind::kInner;
    RelPtr stream = left.rel;
    if (node.kind == JoinKind::kLeft) {  // A row that is refused stays, without a partner.
        condition.rest.insert(
            condition.rest.end(), condition.of_stream.begin(), condition.of_stream.end());
    } else if (!condition.of_stream.empty()) {
        stream = make_filter_rel(std::move(stream), conjunction(condition.of_stream));
    }
    std::vector<ExprPtr> left_columns = identity(*stream);
    std::vector<ExprPtr> table_columns = identity(*table);
    for (const LookupCondition::Key& key : condition.keys) {
        const std::size_t l = position_of(left_columns, key.left);
        const std::size_t r = position_of(table_columns, substitute(key.right, to_table));
        node.keys.push_back({l, r, false});
    }
    node.input = with_columns(stream, std::move(left_columns));
    node.table = with_columns(table, std::move(table_columns));
    for (std::size_t i = 0; i < right.rel->columns.size(); ++i)
        node.shown.push_back(i);
    const std::size_t added = node.input->columns.size() - left_count;
    std::vector<ExprPtr> moved;  // The residual reads the widened input.
    for (std::size_t i = 0; i < both.columns.size(); ++i)
        moved.push_back(make_column(i < left_count ? i : i + added, both.columns[i].type));
    for (ExprPtr& part : condition.rest)
        part = substitute(part, moved);
    node.residual = conjunction(condition.rest);
    return show(node, left_count);
}

}  // namespace thalweg::plan
