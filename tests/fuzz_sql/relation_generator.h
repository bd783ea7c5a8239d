#pragma once

#include "state/base/random.h"
#include "tests/fuzz_sql/expression_generator.h"
#include "tests/fuzz_sql/relation.h"

#include <cstddef>
#include <optional>
#include <vector>

// Random queries, two or three SELECTs deep.

namespace thalweg::fuzz {

class RelationGenerator {
  public:
    explicit RelationGenerator(Random& random) : random_(random) {}

    // At most so many SELECTs deep.
    Relation relation(std::size_t depth);

    Relation select_over(Relation below);

  private:
    // --- Parts: relation_generator.cc ---

    Relation input(std::size_t depth);
    ExpressionGenerator over_inputs(const Relation& relation);
    Kind any_kind();
    static void name_columns(Relation& relation);
    void add_where(Relation& relation, const Relation& scope, std::uint64_t percent);
    // Items and the columns that they make; a column of the input stays what it is.
    void add_items(Relation& relation, const std::vector<Column>& scope);
    static void add_item_columns(Relation& relation, const std::vector<Column>& scope, bool keeps);
    Aggregate aggregate(ExpressionGenerator& expressions, bool is_plain);
    void add_aggregates(Relation& relation, bool is_plain);
    // No key is a literal, which would be the number of a column.
    void add_keys(Relation& relation, std::size_t count);
    void add_sets(Relation& relation);
    void add_having(Relation& relation);
    std::vector<std::size_t> some_columns(const Relation& below, std::size_t count);

    // --- Relations: relation_generator.cc, joins_generator.cc, times_generator.cc ---

    Relation select(std::size_t depth);
    Relation group(std::size_t depth);

    void add_equalities(Relation& relation, std::size_t count);
    void add_bounds(Relation& relation);
    void add_interval(Relation& relation);
    Relation join(std::size_t depth);
    Relation join_of(Relation left, Relation right);
    Relation semi_join(std::size_t depth);
    Relation semi_join_of(Relation left, Relation right);
    Relation many_join(std::size_t depth);
    Relation window_join(std::size_t depth);
    Relation scalar(std::size_t depth);
    Relation unnest(std::size_t depth);
    Relation temporal(std::size_t depth);
    Relation select_kinds(Relation below, const std::vector<Kind>& kinds);
    Relation set_operation(std::size_t depth);

    // By all columns, so that there is one answer.
    void add_total_order(Relation& relation);
    // A row time without equals, of rows that stay; or none.
    static std::vector<std::size_t> unique_times(const Relation& below);
    Relation top_n(std::size_t depth);
    static std::vector<std::size_t> row_times(const Relation& below);
    // A relation with a row time, from which windows can be made.
    Relation timed_input(std::size_t depth);
    WindowSpec window_spec(const Relation& below);
    Relation window(std::size_t depth);
    Relation group_window(std::size_t depth);
    Relation windowed(Relation below, const std::optional<WindowSpec>& like);
    Relation over(std::size_t depth);
    void add_over_aggregates(Relation& relation);

    Random& random_;
};

[[nodiscard]] Relation random_relation(Random& random);

// The first column that is a bound of a window, of that kind.
[[nodiscard]] std::optional<std::size_t> find_bound(const Relation& relation, WindowBound bound);

}  // namespace thalweg::fuzz
