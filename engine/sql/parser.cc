// The doors, the statements, and what all rules share.

#include "engine/sql/parser.h"

#include "engine/sql/children.h"
#include "engine/sql/grammar.h"

#include <algorithm>
#include <array>

namespace thalweg::sql {
namespace {

template <class Rule>
auto guarded(std::string_view text, Rule rule)
    -> tl::expected<decltype(rule(std::declval<Grammar&>())), SqlError> {
    try {
        Grammar grammar(text);
        return rule(grammar);
    } catch (const SqlError& error) {
        return tl::make_unexpected(error);
    }
}

}  // namespace

tl::expected<std::vector<Statement>, SqlError> parse_script(std::string_view text) {
    return guarded(text, [](Grammar& grammar) { return grammar.parse_script(); });
}

tl::expected<Statement, SqlError> parse_statement(std::string_view text) {
    return guarded(text, [](Grammar& grammar) { return grammar.parse_single_statement(); });
}

tl::expected<ExprPtr, SqlError> parse_expression(std::string_view text) {
    return guarded(text, [](Grammar& grammar) { return grammar.parse_single_expression(); });
}

// ------------------------------------------------------------------------------------ shared

Grammar::Nesting::Nesting(Grammar& grammar) : grammar_(grammar) {
    if (grammar_.depth_ >= static_cast<int>(kDepthLimit)) {
        throw SqlError(grammar_.here(),
                       "nested deeper than " + std::to_string(kDepthLimit) + " levels");
    }
    ++grammar_.depth_;
}

ExprPtr Grammar::make(Location location, Expr::Node node) {
    auto expr = std::make_unique<Expr>(Expr{location, std::move(node), 1});
    std::uint32_t below = 0;
    for_each_child(
        *expr,
        [&](const Expr& child) { below = std::max(below, child.height); },
        [&](const Query& query) { below = std::max(below, query.height); });
    expr->height = below + 1;
    if (expr->height > kHeightLimit) {
        throw SqlError(
            location,
            "the expression is more than " + std::to_string(kHeightLimit) + " operators high",
            "an IN list does the work of many ORs");
    }
    height_max_ = std::max(height_max_, expr->height);
    return expr;
}

void Grammar::grow_query(Location location) {
    if (++height_max_ > kHeightLimit) {
        throw SqlError(location,
                       "the query is more than " + std::to_string(kHeightLimit) + " levels high");
    }
}

void Grammar::check_list(std::size_t size) const {
    if (size > kListLimit) {
        throw SqlError(here(), "the list has more than " + std::to_string(kListLimit) + " items");
    }
}

// -------------------------------------------------------------------------------- statements

std::vector<Statement> Grammar::parse_script() {
    std::vector<Statement> statements;
    while (!at_end()) {
        if (accept_symbol(";")) continue;
        statements.push_back(parse_statement());
        if (statements.size() > kStatementCountLimit) {
            throw SqlError(statements.back().location, "the script has too many statements");
        }
    }
    return statements;
}

Statement Grammar::parse_single_statement() {
    Statement statement = parse_statement();
    if (!at_end()) fail_expected("one statement and no more");
    return statement;
}

ExprPtr Grammar::parse_single_expression() {
    ExprPtr expr = parse_expr();
    if (!at_end()) fail_expected("the end of the expression");
    return expr;
}

Statement Grammar::parse_statement() {
    const Location start = here();
    height_max_ = 0;
    Statement statement;
    statement.node = parse_statement_node();
    statement.location = since(start);
    if (!accept_symbol(";") && !at_end()) fail_expected("';' or the end of the statement");
    return statement;
}

Statement::Node Grammar::parse_statement_node() {
    if (at_query_start() || at_symbol("(")) return SelectStatement{parse_query()};
    if (at_keyword("CREATE")) return parse_create();
    if (at_keyword("INSERT")) return parse_insert();
    if (at_keyword("DROP")) return parse_drop();
    if (at_keyword("SET")) return parse_set();
    if (at_keyword("RESET")) return parse_reset();
    if (at_keyword("EXPLAIN")) return parse_explain();
    if (at_keyword("SHOW")) return parse_show();
    if (at_keyword("DESCRIBE") || at_keyword("DESC")) return parse_describe();
    if (at_keyword("EXECUTE") || at_keyword("BEGIN")) return parse_execute();
    fail_statement();
}

void Grammar::fail_statement() {
    for (const std::string_view word : {"ALTER",
                                        "ANALYZE",
                                        "CALL",
                                        "COMPILE",
                                        "DELETE",
                                        "LOAD",
                                        "MERGE",
                                        "REPLACE",
                                        "STOP",
                                        "TRUNCATE",
                                        "UNLOAD",
                                        "UPDATE",
                                        "USE",
                                        "ADD",
                                        "REMOVE"}) {
        if (at_keyword(word)) throw not_supported(here(), word);
    }
    fail_expected("a statement such as SELECT, INSERT INTO or CREATE TABLE");
}

InsertInto Grammar::parse_insert() {
    InsertInto insert;
    expect_keyword("INSERT");
    insert.overwrite = accept_keyword("OVERWRITE");
    if (!insert.overwrite) expect_keyword("INTO");
    insert.target = expect_qualified_name("the table to insert into");
    if (at_symbol("/*+")) insert.hints = parse_hints();
    if (at_keyword("PARTITION")) throw not_supported(here(), "INSERT into a PARTITION");
    const bool columns = at_symbol("(") && !at_symbol("(", 1) && !at_keyword("SELECT", 1) &&
                         !at_keyword("VALUES", 1) && !at_keyword("WITH", 1);
    if (columns) insert.columns = parse_column_names("after the column names");
    insert.query = parse_query();
    return insert;
}

Statement::Node Grammar::parse_execute() {
    const bool legacy = take().location.length == std::string_view("BEGIN").size();
    if (!legacy && at_keyword("PLAN")) throw not_supported(last(), "EXECUTE PLAN");
    if (!legacy && (at_query_start() || at_keyword("INSERT"))) return parse_statement_node();
    expect_keyword("STATEMENT");
    expect_keyword("SET");
    if (!legacy) expect_keyword("BEGIN");
    if (legacy) expect_symbol(";", "after BEGIN STATEMENT SET");
    return parse_statement_set();
}

// From behind BEGIN to END.
StatementSet Grammar::parse_statement_set() {
    StatementSet set;
    while (!accept_keyword("END")) {
        Statement statement;
        const Location start = here();
        if (!at_keyword("INSERT")) fail_expected("INSERT INTO, or END to close the statement set");
        statement.node = parse_insert();
        statement.location = since(start);
        expect_symbol(";", "after the INSERT");
        set.inserts.push_back(std::move(statement));
        check_list(set.inserts.size());
    }
    if (set.inserts.empty()) throw SqlError(last(), "the statement set is empty");
    return set;
}

Statement::Node Grammar::parse_explain() {
    static constexpr auto kDetails = std::to_array<std::string_view>({
        "ESTIMATED_COST",
        "CHANGELOG_MODE",
        "PLAN_ADVICE",
        "JSON_EXECUTION_PLAN",
    });
    take();
    Explain explain;
    if (accept_keyword("PLAN")) {
        expect_keyword("FOR");
    } else {
        bool more = true;
        for (std::size_t i = 0; more && i < kDetails.size();) {
            if (!accept_keyword(kDetails[i])) {
                ++i;
                continue;
            }
            explain.details.push_back(static_cast<ExplainDetail>(i));
            check_list(explain.details.size());
            more = accept_symbol(",");
            i = 0;
        }
    }
    const bool explains = at_query_start() || at_symbol("(") || at_keyword("INSERT") ||
                          at_keyword("EXECUTE") || at_keyword("BEGIN") || at_keyword("STATEMENT");
    if (!explains) fail_expected("a query, INSERT INTO or a statement set to explain");
    const Location start = here();
    explain.statement = std::make_unique<Statement>();
    if (accept_keyword("STATEMENT")) {
        expect_keyword("SET");
        expect_keyword("BEGIN");
        explain.statement->node = parse_statement_set();
    } else {
        explain.statement->node = parse_statement_node();
    }
    explain.statement->location = since(start);
    return explain;
}

Statement::Node Grammar::parse_show() {
    struct Listing {
        std::string_view word;
        ShowKind kind;
    };

    static constexpr auto kListings = std::to_array<Listing>({
        {"TABLES", ShowKind::kTables},
        {"VIEWS", ShowKind::kViews},
        {"FUNCTIONS", ShowKind::kFunctions},
        {"DATABASES", ShowKind::kDatabases},
        {"CATALOGS", ShowKind::kCatalogs},
        {"JOBS", ShowKind::kJobs},
    });
    take();
    for (const Listing& listing : kListings) {
        if (accept_keyword(listing.word)) return Show{listing.kind, std::nullopt};
    }
    Show show;
    if (accept_keyword("COLUMNS")) {
        show.kind = ShowKind::kColumns;
        if (!accept_keyword("IN")) expect_keyword("FROM");
    } else if (accept_keyword("PARTITIONS")) {
        show.kind = ShowKind::kPartitions;
    } else if (accept_keywords("CREATE", "TABLE")) {
        show.kind = ShowKind::kCreateTable;
    } else if (accept_keywords("CREATE", "VIEW")) {
        show.kind = ShowKind::kCreateView;
    } else {
        fail_expected("TABLES, VIEWS, FUNCTIONS, COLUMNS FROM, CREATE TABLE or the like");
    }
    show.name = expect_qualified_name("a name");
    return show;
}

Statement::Node Grammar::parse_set() {
    take();
    SetOption set;
    if (!at_statement_end()) set.option = parse_option();
    return set;
}

Statement::Node Grammar::parse_reset() {
    take();
    ResetOption reset;
    if (!at_statement_end()) reset.key = expect_string("an option key");
    return reset;
}

Statement::Node Grammar::parse_describe() {
    take();
    if (at_keyword("JOB") && at_kind(TokenKind::kString, 1)) {
        throw not_supported(here(), "DESCRIBE JOB");
    }
    if (accept_keyword("FUNCTION")) {  // The names of most functions are reserved words.
        accept_keyword("EXTENDED");
        QualifiedName name;
        name.parts.push_back(expect_any_name("the name of a function"));
        name.location = last();
        return Show{ShowKind::kFunctions, std::move(name)};
    }
    return Describe{expect_qualified_name("a table name")};
}

}  // namespace thalweg::sql
