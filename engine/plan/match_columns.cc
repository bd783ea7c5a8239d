#include "engine/plan/match_columns.h"

#include <utility>

namespace thalweg::plan {

namespace {

// Which columns of its own some expressions read.
std::vector<bool> columns_read(const MatchExpressions& expressions, std::size_t width) {
    std::vector<bool> used(expressions.time_column(width) + 1, false);
    for (const ExprPtr& expr : expressions.expressions) {
        if (expr != nullptr) mark_columns(*expr, used);
    }
    return used;
}

void mark(const MatchExpressions& expressions, std::vector<bool>& used) {
    const std::size_t width = used.size();
    const std::vector<bool> read = columns_read(expressions, width);
    for (std::size_t reference = 0; reference < expressions.references.size(); ++reference) {
        for (std::size_t column = 0; column < width; ++column) {
            if (read[expressions.reference_column(reference, column, width)]) used[column] = true;
        }
    }
    for (std::size_t i = 0; i < expressions.aggregates.size(); ++i) {
        if (!read[expressions.aggregate_column(i, width)]) continue;
        const AggregateCall& call = expressions.aggregates[i].call;
        if (call.kind != AggregateKind::kCountStar) used[call.argument] = true;
        if (call.filter) used[*call.filter] = true;
    }
}

// Moves expressions to a frame of another width; reference 0 stays where it is.
class Mover {
  public:
    Mover(const MatchExpressions& old,
          std::size_t old_width,
          const Rel& input,
          const std::function<std::optional<std::size_t>(std::size_t)>& moved)
        : old_(old),
          old_width_(old_width),
          width_(input.columns.size()),
          moved_(moved),
          read_(columns_read(old, old_width)) {}

    MatchExpressions move(bool keeps_first) {
        MatchExpressions result;
        for (std::size_t i = 0; i < old_.references.size(); ++i) {
            const bool is_kept = (keeps_first && i == 0) || reads_reference(i);
            places_.push_back(is_kept ? result.references.size() : SIZE_MAX);
            if (is_kept) result.references.push_back(old_.references[i]);
        }
        std::vector<std::size_t> aggregates;
        for (std::size_t i = 0; i < old_.aggregates.size(); ++i) {
            if (!read_[old_.aggregate_column(i, old_width_)]) continue;
            aggregates.push_back(i);
            result.aggregates.push_back(moved_aggregate(old_.aggregates[i]));
        }
        collect_types();
        std::vector<ExprPtr> columns(read_.size());
        for (std::size_t i = 0; i < old_.references.size(); ++i)
            move_reference(i, result, columns);
        for (std::size_t i = 0; i < aggregates.size(); ++i)
            put(old_.aggregate_column(aggregates[i], old_width_),
                result.aggregate_column(i, width_),
                columns);
        put(old_.time_column(old_width_), result.time_column(width_), columns);
        for (const ExprPtr& expr : old_.expressions)
            result.expressions.push_back(expr == nullptr ? nullptr : substitute(expr, columns));
        return result;
    }

  private:
    [[nodiscard]] bool reads_reference(std::size_t reference) const {
        for (std::size_t column = 0; column < old_width_; ++column) {
            if (read_[old_.reference_column(reference, column, old_width_)]) return true;
        }
        return false;
    }

    [[nodiscard]] MatchAggregate moved_aggregate(MatchAggregate aggregate) const {
        AggregateCall& call = aggregate.call;
        if (call.kind != AggregateKind::kCountStar) call.argument = *moved_(call.argument);
        if (call.filter) call.filter = *moved_(*call.filter);
        return aggregate;
    }

    void move_reference(std::size_t reference,
                        const MatchExpressions& result,
                        std::vector<ExprPtr>& columns) const {
        if (places_[reference] == SIZE_MAX) return;
        for (std::size_t column = 0; column < old_width_; ++column) {
            const std::optional<std::size_t> to = moved_(column);
            if (to)
                put(old_.reference_column(reference, column, old_width_),
                    result.reference_column(places_[reference], *to, width_),
                    columns);
        }
    }

    void put(std::size_t from, std::size_t to, std::vector<ExprPtr>& columns) const {
        if (read_[from]) columns[from] = make_column(to, types_[from]);
    }

    // A column keeps the type that the expression gave it.
    void collect_types() {
        types_.resize(read_.size());
        for (const ExprPtr& expr : old_.expressions) {
            if (expr != nullptr) collect_types(*expr);
        }
    }

    void collect_types(const thalweg::Expr& expr) {
        if (expr.kind == ExprKind::kColumn) types_[expr.column] = expr.type;
        for (const ExprPtr& argument : expr.arguments)
            collect_types(*argument);
    }

    const MatchExpressions& old_;
    std::size_t old_width_;
    std::size_t width_;
    const std::function<std::optional<std::size_t>(std::size_t)>& moved_;
    std::vector<bool> read_;
    std::vector<std::size_t> places_;  // Of the old references.
    std::vector<Type> types_;
};

}  // namespace

void mark_match_columns(const MatchSpec& spec, std::vector<bool>& used) {
    mark(spec.defines, used);
    mark(spec.measures, used);
}

void move_match_columns(MatchSpec& spec,
                        std::size_t old_width,
                        const Rel& input,
                        const std::function<std::optional<std::size_t>(std::size_t)>& moved) {
    MatchExpressions defines = Mover(spec.defines, old_width, input, moved).move(true);
    MatchExpressions measures = Mover(spec.measures, old_width, input, moved).move(false);
    spec.defines = std::move(defines);
    spec.measures = std::move(measures);
}

}  // namespace thalweg::plan
