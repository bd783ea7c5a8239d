#pragma once

#include "engine/sql/ast.h"

#include <variant>

// Visits what hangs directly under an expression, in the order it is written.

namespace thalweg::sql {

/// Calls `on_expr(const Expr&)` for each expression directly under `expr`, those of OVER, FILTER
/// and WITHIN GROUP included, and `on_query(const Query&)` for each subquery. Nulls are left out.
template <class OnExpr, class OnQuery>
void for_each_child(const Expr& expr, OnExpr&& on_expr, OnQuery&& on_query) {
    struct Visitor {
        OnExpr& on_expr;
        OnQuery& on_query;

        void one(const ExprPtr& child) {
            if (child) on_expr(*child);
        }

        void all(const std::vector<ExprPtr>& children) {
            for (const ExprPtr& child : children)
                one(child);
        }

        void all(const std::vector<OrderItem>& items) {
            for (const OrderItem& item : items)
                one(item.expr);
        }

        void operator()(const Literal&) {}

        void operator()(const IntervalLiteral&) {}

        void operator()(const Identifier&) {}

        void operator()(const Star&) {}

        void operator()(const Keyword&) {}

        void operator()(const Descriptor&) {}

        void operator()(const Call& call) {
            for (const Argument& argument : call.arguments)
                one(argument.value);
            all(call.within_group);
            one(call.filter);
            if (!call.over) return;
            all(call.over->partition_by);
            all(call.over->order_by);
            if (!call.over->frame) return;
            one(call.over->frame->start.offset);
            one(call.over->frame->end.offset);
        }

        void operator()(const TableArgument& argument) {
            if (const auto* derived = std::get_if<DerivedTable>(&argument.table->node)) {
                on_query(*derived->query);
            }
            all(argument.partition_by);
            all(argument.order_by);
        }

        void operator()(const Unary& unary) { one(unary.operand); }

        void operator()(const Binary& binary) {
            one(binary.left);
            one(binary.right);
        }

        void operator()(const IsTest& test) { one(test.operand); }

        void operator()(const Between& between) {
            one(between.operand);
            one(between.low);
            one(between.high);
        }

        void operator()(const InList& in) {
            one(in.operand);
            all(in.items);
        }

        void operator()(const InQuery& in) {
            one(in.operand);
            on_query(*in.query);
        }

        void operator()(const Exists& exists) { on_query(*exists.query); }

        void operator()(const ScalarQuery& scalar) { on_query(*scalar.query); }

        void operator()(const Like& like) {
            one(like.operand);
            one(like.pattern);
            one(like.escape);
        }

        void operator()(const Case& conditional) {
            one(conditional.operand);
            for (const CaseBranch& branch : conditional.branches) {
                one(branch.when);
                one(branch.then);
            }
            one(conditional.otherwise);
        }

        void operator()(const Cast& cast) { one(cast.operand); }

        void operator()(const ArrayConstructor& array) { all(array.items); }

        void operator()(const MapConstructor& map) { all(map.items); }

        void operator()(const RowConstructor& row) { all(row.items); }

        void operator()(const Subscript& subscript) {
            one(subscript.operand);
            one(subscript.index);
        }

        void operator()(const FieldAccess& access) { one(access.operand); }
    };

    std::visit(Visitor{on_expr, on_query}, expr.node);
}

}  // namespace thalweg::sql
