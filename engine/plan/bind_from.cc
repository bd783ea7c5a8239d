#include "engine/plan/bind_query.h"
#include "state/multiset.h"

#include <utility>

namespace thalweg::plan {

using sql::SqlError;

namespace {

JoinKind kind_of(sql::JoinKind kind) {
    switch (kind) {
        case sql::JoinKind::kLeft: return JoinKind::kLeft;
        case sql::JoinKind::kRight: return JoinKind::kRight;
        case sql::JoinKind::kFull: return JoinKind::kFull;
        case sql::JoinKind::kInner:
        case sql::JoinKind::kCross: break;
    }
    return JoinKind::kInner;
}

// The element columns of UNNEST: one for an ARRAY of scalars, the fields of an ARRAY of ROWs, key
// and value of a MAP. A MULTISET has been made an ARRAY.
std::vector<ColumnInfo> element_columns(const Type& list, sql::Location at) {
    if (list.kind == TypeKind::kMap)
        return {{"key", list.fields->at(0).type, Role::kPlain, nullptr},
                {"value", list.fields->at(1).type, Role::kPlain, nullptr}};
    if (list.kind != TypeKind::kArray)
        throw SqlError(at, "UNNEST expects an ARRAY or a MAP, found " + list.to_string());
    const Type& element = list.fields->at(0).type;
    if (element.kind != TypeKind::kRow) return {{"f0", element, Role::kPlain, nullptr}};
    std::vector<ColumnInfo> fields;
    for (const Field& field : *element.fields) {
        const Type type = field.type.with_nullable(field.type.nullable || element.nullable);
        fields.push_back({field.name, type, Role::kPlain, nullptr});
    }
    return fields;
}

// All columns of a table. Computed ones are computed behind the scan, so that what WHERE leaves out
// is not computed and cannot fail; but for the row time, which the watermark needs of every row.
RelPtr read_table(const std::shared_ptr<const BoundTable>& table) {
    Scan scan{table, {}};
    std::vector<ExprPtr> values;
    bool computes = false;
    for (std::size_t i = 0; i < table->columns.size(); ++i) {
        scan.outputs.push_back({i, {}});
        const bool is_computed = table->definition->columns[i].source == ColumnSource::kComputed;
        const bool is_behind = is_computed && table->columns[i].role != Role::kRowtime;
        values.push_back(is_behind ? table->values[i] : make_column(i, table->columns[i].type));
        computes = computes || is_behind;
    }
    RelPtr rel = make_rel(table->columns, std::move(scan));
    if (!computes) return rel;
    return make_rel(table->columns, Project{std::move(rel), std::move(values)});
}

}  // namespace

QueryBinder::From QueryBinder::aliased(RelPtr rel, const sql::TableRef& ref, std::string fallback) {
    Scope scope = Scope::of(*rel, ref.alias ? ref.alias->text : std::move(fallback));
    if (!ref.alias_columns.empty()) {
        if (ref.alias_columns.size() != scope.columns.size())
            throw SqlError(ref.alias->location,
                           "'" + ref.alias->text + "' names " +
                               std::to_string(ref.alias_columns.size()) +
                               " columns, the table has " + std::to_string(scope.columns.size()));
        for (std::size_t i = 0; i < scope.columns.size(); ++i)
            scope.columns[i].name = ref.alias_columns[i].text;
    }
    return {std::move(rel), std::move(scope)};
}

RelPtr QueryBinder::resolve_table(const sql::QualifiedName& name,
                                  const std::vector<sql::Hint>& hints) {
    const std::string& text = last_part(name);
    if (!hints.empty()) {
        const TableDefinition* const table = catalog_.find_table(text);
        if (table == nullptr)
            throw SqlError(hints[0].name.location, "OPTIONS stands behind a table of CREATE TABLE");
        return read_table(bind_options(*table, hints));
    }
    for (auto scope = common_tables_.rbegin(); scope != common_tables_.rend(); ++scope) {
        const auto found = scope->find(text);
        if (found != scope->end()) return found->second;
    }
    if (const ViewDefinition* view = catalog_.find_view(text)) return bind_view(*view);
    const TableDefinition* definition = catalog_.find_table(text);
    if (definition == nullptr) throw catalog_.unknown_table(name);
    std::shared_ptr<const BoundTable>& table = tables_[definition];
    if (table == nullptr) table = bind_table(*definition, settings_);
    return read_table(table);
}

QueryBinder::From QueryBinder::bind_named(const sql::NamedTable& table, const sql::TableRef& ref) {
    if (table.as_of != nullptr)
        throw SqlError(table.as_of->location,
                       "FOR SYSTEM_TIME AS OF stands on the right side of a join only",
                       "FROM s JOIN t FOR SYSTEM_TIME AS OF s.at AS t ON s.k = t.k");
    return aliased(resolve_table(table.name, table.hints), ref, last_part(table.name));
}

QueryBinder::From QueryBinder::bind_from(const sql::TableRef& ref) {
    if (const auto* named = std::get_if<sql::NamedTable>(&ref.node)) return bind_named(*named, ref);
    if (const auto* derived = std::get_if<sql::DerivedTable>(&ref.node)) {
        if (derived->lateral)
            throw SqlError(
                ref.location, "LATERAL needs a table before it", "FROM t, LATERAL (...)");
        return aliased(bind(*derived->query), ref, "");
    }
    if (const auto* function = std::get_if<sql::TableFunction>(&ref.node)) {
        if (function->lateral) throw sql::not_supported(ref.location, "LATERAL TABLE");
        return bind_table_function(*function, ref);
    }
    if (const auto* join = std::get_if<sql::Join>(&ref.node)) {
        return bind_join(*join, nullptr, ref.location);
    }
    if (std::holds_alternative<sql::Unnest>(ref.node)) {
        throw SqlError(ref.location,
                       "UNNEST needs a table before it",
                       "FROM t CROSS JOIN UNNEST(t.list) AS u(element)");
    }
    return bind_match(std::get<sql::MatchRecognize>(ref.node), ref);
}

QueryBinder::From QueryBinder::bind_unnest(From left, const sql::TableRef& ref, bool keep_empty) {
    const auto& unnest = std::get<sql::Unnest>(ref.node);
    ExpressionBinder binder(left.scope, expr_settings_);
    ExprPtr list = binder.bind(*unnest.operand);
    if (is_multiset(list->type))
        list = make_call("$ELEMENTS_OF", {std::move(list)}, expr_settings_).value();
    std::vector<ColumnInfo> elements = element_columns(list->type, unnest.operand->location);
    if (unnest.with_ordinality)
        elements.push_back({"ordinality", Type::integer().not_null(), Role::kPlain, nullptr});
    if (keep_empty) {
        for (ColumnInfo& element : elements)
            element.type.nullable = true;
    }
    std::vector<ColumnInfo> columns = left.rel->columns;
    columns.insert(columns.end(), elements.begin(), elements.end());
    Scope right{elements, {{ref.alias ? ref.alias->text : "", 0, elements.size()}}};
    if (!ref.alias_columns.empty()) {
        if (ref.alias_columns.size() != elements.size())
            throw SqlError(ref.alias->location,
                           "UNNEST gives " + std::to_string(elements.size()) + " columns, '" +
                               ref.alias->text + "' names " +
                               std::to_string(ref.alias_columns.size()));
        for (std::size_t i = 0; i < elements.size(); ++i)
            right.columns[i].name = ref.alias_columns[i].text;
    }
    Scope scope = Scope::side_by_side(left.scope, right);
    return {make_rel(std::move(columns),
                     Unnest{left.rel, std::move(list), keep_empty, unnest.with_ordinality}),
            std::move(scope)};
}

QueryBinder::From QueryBinder::bind_join(const sql::Join& join,
                                         const sql::Expr* where,
                                         sql::Location at) {
    const bool has_shared = join.natural || !join.using_columns.empty();
    From left = bind_from(*join.left);
    if (std::holds_alternative<sql::Unnest>(join.right->node)) {
        if (has_shared) throw sql::not_supported(at, "USING or NATURAL with UNNEST");
        const bool is_left = join.kind == sql::JoinKind::kLeft;
        const bool is_right = join.kind == sql::JoinKind::kRight;
        if (is_right || join.kind == sql::JoinKind::kFull)
            throw sql::not_supported(at, "this kind of join with UNNEST");
        if (is_left && join.condition != nullptr) {
            const auto* literal = std::get_if<sql::Literal>(&join.condition->node);
            if (literal == nullptr || literal->text != "TRUE")
                throw sql::not_supported(join.condition->location,
                                         "a condition other than TRUE on UNNEST");
        }
        From unnested = bind_unnest(std::move(left), *join.right, is_left);
        if (join.kind == sql::JoinKind::kInner && join.condition != nullptr) {
            ExpressionBinder binder(unnested.scope, expr_settings_);
            ExprPtr condition = binder.bind_condition(*join.condition, "ON");
            unnested.rel = make_filter_rel(unnested.rel, std::move(condition));
        }
        return unnested;
    }
    const auto* derived = std::get_if<sql::DerivedTable>(&join.right->node);
    if (derived != nullptr && derived->lateral)
        return bind_lateral(std::move(left), join, *derived, *join.right);
    const auto* named = std::get_if<sql::NamedTable>(&join.right->node);
    const bool has_as_of = named != nullptr && named->as_of != nullptr;
    const std::optional<std::size_t> as_of =
        has_as_of ? event_time_of(*named->as_of, left.scope) : std::nullopt;
    const bool is_lookup = has_as_of && !as_of;
    From right = is_lookup ? bind_snapshot(*named, *join.right, left.scope)
                 : as_of ? aliased(resolve_table(named->name), *join.right, last_part(named->name))
                         : bind_from(*join.right);
    if (has_shared && has_as_of)
        throw sql::not_supported(at, "USING or NATURAL with FOR SYSTEM_TIME AS OF");
    Scope both = Scope::side_by_side(left.scope, right.scope);
    const std::vector<Shared> shared = shared_columns(join, left.scope, right.scope);
    const bool takes_where = join.condition == nullptr && join.kind == sql::JoinKind::kCross;
    const sql::Expr* const on = takes_where ? where : join.condition.get();
    if (on == nullptr && is_lookup)
        throw SqlError(at, "a lookup join needs an ON with equal keys", "ON s.k = t.k");
    RelPtr rel;
    if (is_lookup) {
        rel = bind_lookup_join(left, right, join, *on, both);
    } else if (as_of) {
        rel = bind_temporal_join(left, right, join, *as_of, bind_conjuncts(on, both, "ON"), at);
    } else {
        rel = join_sides(left,
                         right,
                         kind_of(join.kind),
                         has_shared ? shared_conditions(shared, left.scope, right.scope, at)
                                    : bind_conjuncts(join.condition.get(), both, "ON"),
                         bind_hints(where, both),
                         join.condition != nullptr ? join.condition->location : at);
    }
    for (std::size_t i = 0; i < both.columns.size(); ++i) {
        std::string name = std::move(both.columns[i].name);
        both.columns[i] = rel->columns[i];
        both.columns[i].name = std::move(name);
    }
    From joined{std::move(rel), std::move(both)};
    if (!has_shared) return joined;
    return merge_shared(std::move(joined), left.scope.columns.size(), shared, join);
}

}  // namespace thalweg::plan
