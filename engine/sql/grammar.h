#pragma once

#include "engine/sql/ast.h"
#include "engine/sql/limits.h"
#include "engine/sql/token_cursor.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The grammar as one class, a method a rule; parser.h is its door. Statements are in parser.cc, the
// rest in parse_ddl.cc, parse_type.cc, parse_query.cc, parse_table.cc, parse_match.cc,
// parse_expression.cc and parse_call.cc.
//
// Stack: depth_ counts the rules that contain themselves. Trees are also bounded where the parser
// loops instead of recursing (a + b + c ..., joins, set operations), through Expr::height and
// Query::height, because whoever reads the tree recurses.

namespace thalweg::sql {

class Grammar final : private TokenCursor {
  public:
    using TokenCursor::TokenCursor;

    std::vector<Statement> parse_script();
    Statement parse_single_statement();
    ExprPtr parse_single_expression();

  private:
    // Binding strength of operators, loosest first.
    enum Level {
        kOrLevel,
        kAndLevel,
        kNotLevel,
        kIsLevel,
        kCompareLevel,
        kInLevel,
        kAddLevel,
        kMultiplyLevel,
        kUnaryLevel
    };

    /// Counts one level of nesting for as long as it lives.
    class Nesting {
      public:
        explicit Nesting(Grammar& grammar);

        ~Nesting() { --grammar_.depth_; }

        Nesting(const Nesting&) = delete;
        Nesting& operator=(const Nesting&) = delete;

      private:
        Grammar& grammar_;
    };

    // parser.cc
    Statement parse_statement();
    Statement::Node parse_statement_node();
    Statement::Node parse_execute();
    Statement::Node parse_explain();
    Statement::Node parse_show();
    Statement::Node parse_set();
    Statement::Node parse_reset();
    Statement::Node parse_describe();
    InsertInto parse_insert();
    StatementSet parse_statement_set();
    [[noreturn]] void fail_statement();

    // parse_ddl.cc
    Statement::Node parse_create();
    Statement::Node parse_drop();
    void parse_create_table(CreateTable& table);
    CreateView parse_create_view();
    CreateFunction parse_create_function();
    void parse_table_element(CreateTable& table);
    void parse_column(CreateTable& table);
    void parse_watermark(CreateTable& table);
    void parse_primary_key(CreateTable& table);
    bool accept_not_enforced();
    void parse_table_clauses(CreateTable& table);
    Distribution parse_distribution();
    LikeTable parse_like_table();
    std::vector<Name> parse_column_names(std::string_view purpose);
    std::vector<Option> parse_options(std::string_view owner);
    Option parse_option();
    std::optional<Text> accept_comment();
    bool accept_if_not_exists();

    // parse_type.cc
    TypeName parse_type();
    TypeName parse_simple_type();
    bool accept_time_zone(bool with);
    void parse_timestamp_type(TypeName& type);
    void parse_interval_type(TypeName& type);
    void parse_row_type(TypeName& type);
    void parse_element_types(TypeName& type);
    void parse_precision(TypeName& type, bool with_scale);
    void parse_nullability(TypeName& type);

    // parse_query.cc
    bool at_query_start();
    bool at_query_continuation();
    QueryPtr parse_query();
    QueryPtr continue_query(QueryPtr nested);
    void finish_query(Query& query, Location start);
    void parse_with(Query& query);
    QueryBodyPtr parse_body(int minimum, QueryBodyPtr left);
    QueryBodyPtr parse_body_operand();
    Select parse_select();
    SelectItem parse_select_item();
    Values parse_values();
    std::vector<GroupingElement> parse_group_by();
    GroupingElement parse_grouping_element();
    std::vector<ExprPtr> parse_grouping_set();
    void parse_limits(Query& query);
    std::vector<OrderItem> parse_order_items();
    OrderItem parse_order_item();
    WindowSpec parse_window_spec();
    Frame parse_frame();
    FrameBound parse_frame_bound();
    std::vector<Hint> parse_hints();
    Hint parse_hint();

    // parse_table.cc
    TableRefPtr parse_from();
    TableRefPtr parse_joins();
    bool accept_join(Join& join);
    void fail_at_refused_join();
    TableRefPtr parse_table();
    void parse_table_alias(TableRef& table);
    TableRefPtr parse_table_in_parentheses();
    TableRefPtr parse_lateral();
    TableRefPtr parse_table_function(bool lateral, Location start);
    void take_queries_as_tables(Expr& call);
    TableRefPtr parse_named_table();
    TableRefPtr parse_unnest();
    static TableRefPtr make_table(Location location, TableRef::Node node);

    // parse_match.cc
    TableRefPtr parse_match(TableRefPtr input);
    void parse_match_output(MatchRecognize& match);
    void parse_match_pattern(MatchRecognize& match);
    void parse_skip(MatchRecognize& match);
    std::vector<NamedExpr> parse_measures();
    std::vector<NamedExpr> parse_defines();
    std::vector<PatternSubset> parse_subsets();
    Pattern parse_pattern();
    Pattern parse_pattern_sequence();
    Pattern parse_pattern_factor();
    Pattern parse_pattern_primary();
    void parse_quantifier(Pattern& pattern);

    // parse_expression.cc
    struct Infix {
        BinaryOp op;
        Level level;
    };

    ExprPtr parse_expr();
    ExprPtr parse_operators(Level minimum);
    std::optional<Infix> at_infix(Level minimum);
    ExprPtr parse_infix(ExprPtr left, Infix infix);
    ExprPtr parse_quantified(ExprPtr left, BinaryOp op, std::string_view word);
    ExprPtr parse_prefix();
    ExprPtr parse_postfix(ExprPtr operand);
    bool at_predicate();
    ExprPtr parse_predicate(ExprPtr operand);
    ExprPtr parse_between(ExprPtr operand, bool negated);
    ExprPtr parse_in(ExprPtr operand, bool negated);
    ExprPtr parse_like(ExprPtr operand, bool negated, LikeKind kind);
    ExprPtr parse_is(ExprPtr operand);
    ExprPtr parse_primary();
    ExprPtr parse_literal();
    ExprPtr parse_unicode_string();
    ExprPtr parse_parenthesised();
    ExprPtr parse_identifier();
    [[noreturn]] void fail_no_expression();
    std::vector<ExprPtr> parse_expr_list();

    // parse_call.cc
    ExprPtr accept_special_form();
    ExprPtr accept_function_form(const std::string& word);
    ExprPtr parse_word_literal(LiteralKind kind);
    ExprPtr parse_time_literal(LiteralKind kind);
    ExprPtr parse_zoned_literal();
    ExprPtr parse_interval();
    TimeUnit parse_interval_unit();
    ExprPtr parse_unit();
    [[noreturn]] void fail_no_unit(std::string_view wanted);
    ExprPtr parse_case();
    ExprPtr parse_cast();
    ExprPtr parse_constructor();
    ExprPtr parse_row();
    ExprPtr parse_exists();
    ExprPtr parse_descriptor();
    Call begin_call();
    void add_argument(Call& call, ExprPtr value) const;
    ExprPtr finish_call(Call call);
    ExprPtr parse_extract();
    ExprPtr parse_trim();
    ExprPtr parse_position();
    ExprPtr parse_substring();
    ExprPtr parse_overlay();
    ExprPtr parse_rounding();
    ExprPtr parse_timestamp_arithmetic();
    ExprPtr parse_call(QualifiedName name);
    bool parse_null_treatment(Call& call);
    ExprPtr parse_call_tail(Call call);
    WindowSpec parse_over();
    Argument parse_argument();
    ExprPtr parse_table_argument();
    ExprPtr finish_table_argument(Location start, TableRefPtr table);

    // parse_json.cc
    void add_keyword(Call& call, Location start, std::string text);
    ExprPtr parse_json_reader();
    std::string parse_json_type(const std::string& function);
    std::string parse_json_wrapper();
    std::string parse_json_behaviour(const std::string& function);
    std::string parse_json_event(const std::string& function);
    bool accept_json_nulls(Call& call);
    ExprPtr parse_json_object();
    ExprPtr parse_json_array();
    ExprPtr finish_json(Call call);

    // Shared by all, parser.cc
    ExprPtr make(Location location, Expr::Node node);
    void grow_query(Location location);
    void check_list(std::size_t size) const;

    int depth_ = 0;
    std::uint32_t height_max_ = 0;  // Of the expressions and subqueries of the query being parsed.
};

}  // namespace thalweg::sql
