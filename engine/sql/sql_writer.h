#pragma once

#include "engine/sql/ast.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// Writes trees as text; unparse.h is its door. Expressions are in write_expression.cc, queries in
// write_query.cc, statements in write_statement.cc.

namespace thalweg::sql {

class SqlWriter {
  public:
    void write(const Expr& expr);
    void write(const TypeName& type);
    void write(const QualifiedName& name);
    void write(const Query& query);
    void write(const Statement& statement);

    [[nodiscard]] std::string take() { return std::move(out_); }

  private:
    // Joins what `write_item` writes for each item with commas.
    template <class Items, class WriteItem>
    void list(const Items& items, WriteItem write_item) {
        bool first = true;
        for (const auto& item : items) {
            if (!first) out_ += ", ";
            first = false;
            write_item(item);
        }
    }

    // write_expression.cc
    void operand(const Expr& expr);
    void postfix_operand(const Expr& expr, bool before_dot);
    void expressions(const std::vector<ExprPtr>& items);
    void name(const Name& name);
    void names(const std::vector<Name>& names);
    void function_name(const Call& call);
    void backticks(std::string_view word);
    void quoted(std::string_view value);

    void text(const Text& value) { quoted(value.value); }

    void node(const Literal& literal);
    void node(const IntervalLiteral& literal);
    void node(const Identifier& identifier);
    void node(const Star& star);
    void node(const Call& call);
    void node(const Keyword& keyword);
    void node(const TableArgument& argument);
    void node(const Descriptor& descriptor);
    void node(const Unary& unary);
    void node(const Binary& binary);
    void node(const IsTest& test);
    void node(const Between& between);
    void node(const InList& in);
    void node(const InQuery& in);
    void node(const Exists& exists);
    void node(const ScalarQuery& scalar);
    void node(const Like& like);
    void node(const Case& conditional);
    void node(const Cast& cast);
    void node(const ArrayConstructor& array);
    void node(const MapConstructor& map);
    void node(const RowConstructor& row);
    void node(const Subscript& subscript);
    void node(const FieldAccess& access);
    void arguments(const Call& call);
    void call_tail(const Call& call);
    void type_parameters(const TypeName& type);

    // write_query.cc
    void order_by(const std::vector<OrderItem>& items);
    void order_items(const std::vector<OrderItem>& items);
    void partition_by(const std::vector<ExprPtr>& items);
    void window(const WindowSpec& spec);
    void frame(const Frame& frame);
    void bound(const FrameBound& bound);
    void hints(const std::vector<Hint>& hints);
    void options(const std::vector<Option>& options);
    void option(const Option& option);
    void body(const QueryBody& body);
    void node(const Select& select);
    void node(const SetOperation& operation);
    void node(const Values& values);
    void node(const NestedQuery& nested);
    void grouping(const GroupingElement& element);
    void grouping_set(const std::vector<ExprPtr>& set);
    void table(const TableRef& table);
    void table_in_parentheses(const TableRef& table, bool parentheses);
    void node(const NamedTable& table);
    void node(const DerivedTable& table);
    void node(const TableFunction& function);
    void node(const Unnest& unnest);
    void node(const Join& join);
    void node(const MatchRecognize& match);
    void pattern(const Pattern& pattern);
    void quantifier(const Pattern& pattern);
    void skip(const MatchRecognize& match);

    // write_statement.cc
    void node(const CreateTable& table);
    void node(const CreateView& view);
    void node(const CreateFunction& function);
    void node(const InsertInto& insert);
    void node(const StatementSet& set);
    void node(const SelectStatement& select);
    void node(const SetOption& set);
    void node(const ResetOption& reset);
    void node(const Explain& explain);
    void node(const Drop& drop);
    void node(const Show& show);
    void node(const Describe& describe);
    void column(const ColumnDefinition& column);
    void primary_key(const PrimaryKey& key);
    void table_clauses(const CreateTable& table);
    void comment(const std::optional<Text>& comment);

    std::string out_;
};

}  // namespace thalweg::sql
