// Queries from WITH to FETCH; what stands in FROM is in parse_table.cc.

#include "engine/sql/grammar.h"

#include <algorithm>

namespace thalweg::sql {

bool Grammar::at_query_start() {
    return at_keyword("SELECT") || at_keyword("WITH") || at_keyword("VALUES");
}

// Behind a query in parentheses: it was only the first operand.
bool Grammar::at_query_continuation() {
    for (const std::string_view word :
         {"UNION", "INTERSECT", "EXCEPT", "ORDER", "LIMIT", "OFFSET", "FETCH"}) {
        if (at_keyword(word)) return true;
    }
    return false;
}

QueryPtr Grammar::parse_query() {
    const Location start = here();
    const Nesting nesting(*this);
    const std::uint32_t outer = std::exchange(height_max_, 0);
    auto query = std::make_unique<Query>();
    if (accept_keyword("WITH")) parse_with(*query);
    query->body = parse_body(0, nullptr);
    finish_query(*query, start);
    height_max_ = std::max(outer, query->height);
    return query;
}

QueryPtr Grammar::continue_query(QueryPtr nested) {
    const Location start = nested->location;
    const std::uint32_t outer = std::exchange(height_max_, nested->height + 1);
    auto left = std::make_unique<QueryBody>(QueryBody{start, NestedQuery{std::move(nested)}});
    auto query = std::make_unique<Query>();
    query->body = parse_body(0, std::move(left));
    finish_query(*query, start);
    height_max_ = std::max(outer, query->height);
    return query;
}

void Grammar::finish_query(Query& query, Location start) {
    if (at_keyword("ORDER")) {
        take();
        query.order_by = parse_order_items();
    }
    parse_limits(query);
    query.location = since(start);
    grow_query(query.location);
    query.height = height_max_;
}

void Grammar::parse_with(Query& query) {
    if (at_keyword("RECURSIVE") && !at_keyword("AS", 1) && !at_symbol("(", 1)) {
        throw not_supported(here(), "WITH RECURSIVE");
    }
    do {
        CommonTable table;
        table.name = expect_name("a table name");
        if (at_symbol("(")) table.columns = parse_column_names("after the column names");
        expect_keyword("AS");
        expect_symbol("(", "before the query of " + table.name.text);
        table.query = parse_query();
        expect_symbol(")", "to close the query of " + table.name.text);
        query.with.push_back(std::move(table));
        check_list(query.with.size());
    } while (accept_symbol(","));
}

// INTERSECT (level 1) binds tighter than UNION and EXCEPT (level 0).
QueryBodyPtr Grammar::parse_body(int minimum, QueryBodyPtr left) {
    if (!left) left = parse_body_operand();
    for (;;) {
        SetOperation operation;
        int level = 0;
        const Location place = here();
        if (minimum == 0 && accept_keyword("UNION")) {
            operation.op = SetOp::kUnion;
        } else if (minimum == 0 && accept_keyword("EXCEPT")) {
            operation.op = SetOp::kExcept;
        } else if (minimum <= 1 && accept_keyword("INTERSECT")) {
            operation.op = SetOp::kIntersect;
            level = 1;
        } else {
            return left;
        }
        operation.op_location = place;
        operation.all = accept_keyword("ALL");
        if (!operation.all) accept_keyword("DISTINCT");
        const Location start = left->location;
        operation.left = std::move(left);
        operation.right = parse_body(level + 1, nullptr);
        grow_query(place);
        left = std::make_unique<QueryBody>(QueryBody{since(start), std::move(operation)});
    }
}

QueryBodyPtr Grammar::parse_body_operand() {
    const Location start = here();
    auto body = std::make_unique<QueryBody>();
    if (accept_keyword("SELECT")) {
        body->node = parse_select();
    } else if (accept_keyword("VALUES")) {
        body->node = parse_values();
    } else if (accept_symbol("(")) {
        NestedQuery nested{parse_query()};
        expect_symbol(")", "to close the query");
        body->node = std::move(nested);
    } else if (at_keyword("TABLE")) {
        throw not_supported(here(), "TABLE as a query");
    } else {
        fail_expected("a query: SELECT, VALUES or '('");
    }
    body->location = since(start);
    return body;
}

Select Grammar::parse_select() {
    Select select;
    if (at_symbol("/*+")) select.hints = parse_hints();
    select.distinct = accept_keyword("DISTINCT");
    if (!select.distinct) accept_keyword("ALL");
    do {
        select.items.push_back(parse_select_item());
        check_list(select.items.size());
    } while (accept_symbol(","));
    if (accept_keyword("FROM")) select.from = parse_from();
    if (accept_keyword("WHERE")) select.where = parse_expr();
    if (accept_keyword("GROUP")) select.group_by = parse_group_by();
    if (accept_keyword("HAVING")) select.having = parse_expr();
    if (accept_keyword("WINDOW")) {
        do {
            NamedWindow window;
            window.name = expect_name("a window name");
            expect_keyword("AS");
            window.spec = parse_window_spec();
            select.windows.push_back(std::move(window));
            check_list(select.windows.size());
        } while (accept_symbol(","));
    }
    if (at_keyword("QUALIFY")) throw not_supported(here(), "QUALIFY");
    return select;
}

SelectItem Grammar::parse_select_item() {
    SelectItem item;
    const Location start = here();
    std::size_t ahead = 0;
    const auto at_word = [&] {
        return at_kind(TokenKind::kWord, ahead) || at_kind(TokenKind::kQuotedName, ahead);
    };
    while (at_word() && at_symbol(".", ahead + 1))
        ahead += 2;
    if (!at_symbol("*", ahead)) {
        item.expr = parse_expr();
        item.alias = accept_alias();
        return item;
    }
    Star star;
    while (!at_symbol("*")) {
        star.qualifier.push_back(expect_any_name("a table name"));
        expect_symbol(".", "after the table name");
    }
    take();
    item.expr = make(since(start), std::move(star));
    return item;
}

Values Grammar::parse_values() {
    Values values;
    do {
        std::vector<ExprPtr> row;
        if (at_keyword("ROW") && at_symbol("(", 1)) take();
        if (accept_symbol("(")) {
            row = parse_expr_list();
            expect_symbol(")", "to close the row");
        } else {
            row.push_back(parse_expr());
        }
        values.rows.push_back(std::move(row));
        check_list(values.rows.size());
    } while (accept_symbol(","));
    return values;
}

std::vector<GroupingElement> Grammar::parse_group_by() {
    expect_keyword("BY");
    std::vector<GroupingElement> elements;
    if (at_keyword("DISTINCT")) throw not_supported(here(), "GROUP BY DISTINCT");
    do {
        elements.push_back(parse_grouping_element());
        check_list(elements.size());
    } while (accept_symbol(","));
    return elements;
}

GroupingElement Grammar::parse_grouping_element() {
    GroupingElement element;
    const Location start = here();
    if (at_keyword("GROUPING") && at_keyword("SETS", 1)) {
        element.kind = GroupingKind::kGroupingSets;
        take();
    } else if (at_keyword("ROLLUP") && at_symbol("(", 1)) {
        element.kind = GroupingKind::kRollup;
    } else if (at_keyword("CUBE") && at_symbol("(", 1)) {
        element.kind = GroupingKind::kCube;
    } else {
        element.sets.push_back(parse_grouping_set());
        element.location = since(start);
        return element;
    }
    take();
    expect_symbol("(", "before the grouping sets");
    do {
        const bool nested = at_keyword("ROLLUP") || at_keyword("CUBE") || at_keyword("GROUPING");
        if (nested && (at_symbol("(", 1) || at_keyword("SETS", 1))) {
            throw not_supported(here(), "a grouping set inside another");
        }
        element.sets.push_back(parse_grouping_set());
        check_list(element.sets.size());
    } while (accept_symbol(","));
    expect_symbol(")", "to close the grouping sets");
    element.location = since(start);
    return element;
}

// `a`, `(a, b)` or `()`. An expression may begin with a parenthesis as well: (a + b) * 2.
std::vector<ExprPtr> Grammar::parse_grouping_set() {
    std::vector<ExprPtr> set;
    if (at_symbol("(") && at_symbol(")", 1)) {
        take();
        take();
        return set;
    }
    const bool parenthesis = at_symbol("(");
    ExprPtr expr = parse_expr();
    auto* const row = std::get_if<RowConstructor>(&expr->node);
    if (parenthesis && row != nullptr) return std::move(row->items);
    set.push_back(std::move(expr));
    return set;
}

void Grammar::parse_limits(Query& query) {
    for (;;) {
        const Location start = here();
        if (!query.limit && accept_keyword("LIMIT")) {
            if (accept_keyword("ALL")) continue;
            query.limit = parse_operators(kAddLevel);
        } else if (!query.offset && accept_keyword("OFFSET")) {
            query.offset = parse_operators(kAddLevel);
            if (!accept_keyword("ROWS")) accept_keyword("ROW");
        } else if (!query.limit && accept_keyword("FETCH")) {
            if (!accept_keyword("FIRST")) expect_keyword("NEXT");
            const bool one = at_keyword("ROW") || at_keyword("ROWS");
            query.limit =
                one ? make(start, Literal{LiteralKind::kExact, "1"}) : parse_operators(kAddLevel);
            if (!accept_keyword("ROWS")) expect_keyword("ROW");
            expect_keyword("ONLY");
        } else {
            return;
        }
    }
}

std::vector<OrderItem> Grammar::parse_order_items() {
    expect_keyword("BY");
    std::vector<OrderItem> items;
    do {
        items.push_back(parse_order_item());
        check_list(items.size());
    } while (accept_symbol(","));
    return items;
}

OrderItem Grammar::parse_order_item() {
    OrderItem item;
    item.expr = parse_expr();
    item.descending = accept_keyword("DESC");
    if (!item.descending) accept_keyword("ASC");
    if (accept_keyword("NULLS")) {
        item.nulls_first = accept_keyword("FIRST");
        if (!*item.nulls_first) expect_keyword("LAST");
    }
    return item;
}

WindowSpec Grammar::parse_window_spec() {
    WindowSpec spec;
    const Location start = here();
    expect_symbol("(", "before the window");
    const bool frame = (at_keyword("ROWS") || at_keyword("RANGE")) && !at_symbol(")", 1);
    if (!frame && !at_keyword("PARTITION") && at_name()) spec.base = expect_name("a window name");
    if (accept_keyword("PARTITION")) {
        expect_keyword("BY");
        spec.partition_by = parse_expr_list();
    }
    if (accept_keyword("ORDER")) spec.order_by = parse_order_items();
    if (at_keyword("GROUPS")) throw not_supported(here(), "a frame of GROUPS");
    if (at_keyword("ROWS") || at_keyword("RANGE")) spec.frame = parse_frame();
    if (at_keyword("EXCLUDE")) throw not_supported(here(), "EXCLUDE in a frame");
    expect_symbol(")", "to close the window");
    spec.location = since(start);
    return spec;
}

Frame Grammar::parse_frame() {
    Frame frame;
    frame.location = here();
    frame.unit = accept_keyword("ROWS") ? FrameUnit::kRows : FrameUnit::kRange;
    if (frame.unit == FrameUnit::kRange) expect_keyword("RANGE");
    if (accept_keyword("BETWEEN")) {
        frame.start = parse_frame_bound();
        expect_keyword("AND");
        frame.end = parse_frame_bound();
    } else {
        frame.start = parse_frame_bound();
    }
    frame.location = since(frame.location);
    return frame;
}

FrameBound Grammar::parse_frame_bound() {
    FrameBound bound;
    bound.location = here();
    if (accept_keywords("CURRENT", "ROW")) {
        bound.kind = BoundKind::kCurrentRow;
    } else if (accept_keywords("UNBOUNDED", "PRECEDING")) {
        bound.kind = BoundKind::kUnboundedPreceding;
    } else if (accept_keywords("UNBOUNDED", "FOLLOWING")) {
        bound.kind = BoundKind::kUnboundedFollowing;
    } else {
        bound.offset = parse_operators(kAddLevel);
        bound.kind = accept_keyword("PRECEDING") ? BoundKind::kPreceding : BoundKind::kFollowing;
        if (bound.kind == BoundKind::kFollowing && !accept_keyword("FOLLOWING")) {
            fail_expected("PRECEDING or FOLLOWING");
        }
    }
    bound.location = since(bound.location);
    return bound;
}

std::vector<Hint> Grammar::parse_hints() {
    std::vector<Hint> hints;
    expect_symbol("/*+", "");
    do {
        hints.push_back(parse_hint());
        check_list(hints.size());
        accept_symbol(",");
    } while (!at_symbol("*/") && !at_statement_end());
    expect_symbol("*/", "to close the hint");
    return hints;
}

Hint Grammar::parse_hint() {
    Hint hint;
    hint.name = expect_name("the name of a hint");
    if (!accept_symbol("(") || accept_symbol(")")) return hint;
    do {
        if (at_kind(TokenKind::kString) && at_symbol("=", 1)) {
            hint.options.push_back(parse_option());
        } else if (at_kind(TokenKind::kString)) {
            hint.arguments.push_back(expect_string("an argument"));
        } else {
            Name word = expect_any_name("an argument of the hint");
            hint.arguments.push_back({std::move(word.text), word.location});
        }
        check_list(hint.options.size() + hint.arguments.size());
    } while (accept_symbol(","));
    expect_symbol(")", "to close the arguments of " + hint.name.text);
    return hint;
}

}  // namespace thalweg::sql
