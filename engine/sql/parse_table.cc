// What stands in FROM: tables, joins, functions.

#include "engine/sql/grammar.h"

namespace thalweg::sql {

TableRefPtr Grammar::make_table(Location location, TableRef::Node node) {
    return std::make_unique<TableRef>(TableRef{location, std::move(node), std::nullopt, {}});
}

// A comma is a cross join that binds loosest.
TableRefPtr Grammar::parse_from() {
    TableRefPtr left = parse_joins();
    while (at_symbol(",")) {
        const Location start = left->location;
        const Location place = take().location;
        Join join;
        join.kind = JoinKind::kCross;
        join.comma = true;
        join.left = std::move(left);
        join.right = parse_joins();
        grow_query(place);
        left = make_table(since(start), std::move(join));
    }
    return left;
}

TableRefPtr Grammar::parse_joins() {
    TableRefPtr left = parse_table();
    for (;;) {
        const Location start = left->location;
        const Location place = here();
        Join join;
        if (!accept_join(join)) return left;
        join.left = std::move(left);
        join.right = parse_table();
        if (accept_keyword("ON")) {
            join.condition = parse_expr();
        } else if (accept_keyword("USING")) {
            join.using_columns = parse_column_names("after the columns of USING");
        } else if (join.kind != JoinKind::kCross && !join.natural) {
            fail_expected("ON or USING after the joined table");
        }
        if (join.kind == JoinKind::kCross && (join.condition || !join.using_columns.empty())) {
            throw SqlError(place, "CROSS JOIN takes no condition", "write JOIN ... ON ...");
        }
        grow_query(place);
        left = make_table(since(start), std::move(join));
    }
}

// Takes everything up to and with JOIN.
bool Grammar::accept_join(Join& join) {
    join.natural = accept_keyword("NATURAL");
    if (accept_keyword("CROSS")) {
        join.kind = JoinKind::kCross;
    } else if (accept_keyword("LEFT")) {
        join.kind = JoinKind::kLeft;
    } else if (accept_keyword("RIGHT")) {
        join.kind = JoinKind::kRight;
    } else if (accept_keyword("FULL")) {
        join.kind = JoinKind::kFull;
    } else if (!accept_keyword("INNER")) {
        if (join.natural) expect_keyword("JOIN");
        return join.natural || accept_keyword("JOIN");
    }
    const bool outer = join.kind != JoinKind::kInner && join.kind != JoinKind::kCross;
    if (outer) accept_keyword("OUTER");
    fail_at_refused_join();
    expect_keyword("JOIN");
    return true;
}

void Grammar::fail_at_refused_join() {
    for (const std::string_view word : {"SEMI", "ANTI", "ASOF"}) {
        if (at_keyword(word) && at_keyword("JOIN", 1)) {
            throw not_supported(here(), std::string(word) + " JOIN");
        }
    }
}

TableRefPtr Grammar::parse_table() {
    const Nesting nesting(*this);
    TableRefPtr table;
    if (at_symbol("(")) {
        table = parse_table_in_parentheses();
    } else if (at_keyword("LATERAL")) {
        table = parse_lateral();
    } else if (at_keyword("TABLE")) {
        table = parse_table_function(false, here());
    } else if (at_keyword("UNNEST")) {
        table = parse_unnest();
    } else {
        table = parse_named_table();
    }
    parse_table_alias(*table);
    if (at_keyword("MATCH_RECOGNIZE") && at_symbol("(", 1)) {
        table = parse_match(std::move(table));
        parse_table_alias(*table);
    }
    return table;
}

void Grammar::parse_table_alias(TableRef& table) {
    fail_at_refused_join();
    for (const std::string_view word : {"TABLESAMPLE", "PIVOT", "UNPIVOT"}) {
        if (at_keyword(word)) throw not_supported(here(), word);
    }
    const Location place = here();
    std::optional<Name> alias = accept_alias();
    if (alias && (table.alias || std::holds_alternative<Join>(table.node))) {
        throw not_supported(place, "an alias behind these parentheses");
    }
    if (!alias) return;
    table.alias = std::move(alias);
    if (at_symbol("(")) table.alias_columns = parse_column_names("after the column names");
    if (at_keyword("FOR") && at_keyword("SYSTEM_TIME", 1)) {
        throw SqlError(here(),
                       "FOR SYSTEM_TIME AS OF stands before the alias",
                       "write t FOR SYSTEM_TIME AS OF x AS " + table.alias->text);
    }
    table.location = since(table.location);
}

TableRefPtr Grammar::parse_table_in_parentheses() {
    const Location start = take().location;
    if (at_query_start()) {
        QueryPtr query = parse_query();
        expect_symbol(")", "to close the subquery");
        return make_table(since(start), DerivedTable{std::move(query), false});
    }
    TableRefPtr table = parse_from();
    auto* const nested = std::get_if<DerivedTable>(&table->node);
    if (nested != nullptr && !table->alias && !nested->lateral && at_query_continuation()) {
        nested->query = continue_query(std::move(nested->query));
    }
    expect_symbol(")", "to close the parenthesis");
    table->location = since(start);
    return table;
}

TableRefPtr Grammar::parse_lateral() {
    const Location start = take().location;
    if (at_keyword("TABLE")) return parse_table_function(true, start);
    if (at_keyword("UNNEST")) return parse_unnest();
    expect_symbol("(", "or TABLE after LATERAL");
    QueryPtr query = parse_query();
    expect_symbol(")", "to close the subquery");
    return make_table(since(start), DerivedTable{std::move(query), true});
}

TableRefPtr Grammar::parse_table_function(bool lateral, Location start) {
    expect_keyword("TABLE");
    if (!at_symbol("(")) {
        throw SqlError(here(),
                       "expected '(' and a table function after TABLE",
                       "a table stands in FROM by its name alone");
    }
    take();
    QualifiedName name = expect_qualified_name("a table function");
    if (!at_symbol("(")) fail_expected("'(' and the arguments of " + name.parts.back().text);
    ExprPtr call = parse_call(std::move(name));
    expect_symbol(")", "to close TABLE(");
    take_queries_as_tables(*call);
    return make_table(since(start), TableFunction{std::move(call), lateral});
}

// As an argument of a table function a query in parentheses is a table and not a value.
void Grammar::take_queries_as_tables(Expr& call) {
    for (Argument& argument : std::get<Call>(call.node).arguments) {
        auto* const query = std::get_if<ScalarQuery>(&argument.value->node);
        if (query == nullptr) continue;
        const Location place = argument.value->location;
        TableArgument table;
        table.table = make_table(place, DerivedTable{std::move(query->query), false});
        argument.value = make(place, std::move(table));
    }
}

TableRefPtr Grammar::parse_named_table() {
    const Location start = here();
    if (at_keyword("VALUES")) {
        throw SqlError(here(), "VALUES in FROM stands in parentheses", "write (VALUES ...) AS t");
    }
    NamedTable table;
    table.name = expect_qualified_name("a table");
    if (at_symbol("(")) {
        ExprPtr call = parse_call(std::move(table.name));
        take_queries_as_tables(*call);
        return make_table(since(start), TableFunction{std::move(call), false});
    }
    if (at_symbol("/*+")) table.hints = parse_hints();
    if (accept_keyword("FOR")) {
        for (const std::string_view word : {"SYSTEM_TIME", "AS", "OF"})
            expect_keyword(word);
        table.as_of = parse_expr();
    }
    return make_table(since(start), std::move(table));
}

TableRefPtr Grammar::parse_unnest() {
    const Location start = take().location;
    expect_symbol("(", "after UNNEST");
    Unnest unnest;
    unnest.operand = parse_expr();
    if (at_symbol(",")) throw not_supported(here(), "UNNEST of several collections");
    expect_symbol(")", "to close UNNEST");
    unnest.with_ordinality = accept_keywords("WITH", "ORDINALITY");
    return make_table(since(start), std::move(unnest));
}

}  // namespace thalweg::sql
