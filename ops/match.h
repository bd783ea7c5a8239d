#pragma once

#include "ops/aggregate/aggregate.h"
#include "ops/expr/expr.h"
#include "ops/match_pattern.h"
#include "ops/sort_key.h"
#include "state/base/hash.h"
#include "state/schema.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace thalweg {

// A row that an expression of MATCH_RECOGNIZE looks at: of those of a variable, or of all of the
// match, one counted from the first or from the last, and from there some rows back, whether these
// are of the match or not: PREV(LAST(A.x, offset), rows_back).
struct MatchReference {
    std::optional<std::uint32_t> variable;  // None: any.
    bool is_first = false;
    std::uint32_t offset = 0;
    std::uint32_t rows_back = 0;

    friend bool operator==(const MatchReference&, const MatchReference&) = default;
};

// An aggregate over the rows of a variable, or of the match; arguments are columns of the input.
struct MatchAggregate {
    std::optional<std::uint32_t> variable;
    AggregateCall call;
    std::string text;  // As written, for EXPLAIN.
};

// Expressions, and what their columns are: those of the input once for each reference, in order,
// NULL where there is no such row; then the aggregates; then, in MEASURES, MATCH_ROWTIME().
struct MatchExpressions {
    std::vector<MatchReference> references;
    std::vector<MatchAggregate> aggregates;
    std::vector<ExprPtr> expressions;

    [[nodiscard]] std::size_t reference_column(std::size_t reference,
                                               std::size_t column,
                                               std::size_t width) const noexcept {
        return reference * width + column;
    }

    [[nodiscard]] std::size_t aggregate_column(std::size_t aggregate,
                                               std::size_t width) const noexcept {
        return references.size() * width + aggregate;
    }

    [[nodiscard]] std::size_t time_column(std::size_t width) const noexcept {
        return aggregate_column(aggregates.size(), width);
    }
};

// Where the next match may start.
enum class MatchSkip : std::uint8_t {
    kPastLastRow,
    kToNextRow,
    kToFirst,  // Row of skip_variable.
    kToLast,
};

struct MatchSpec {
    SchemaPtr schema;  // Of the input.
    std::vector<std::size_t> partition;
    // Which of these, by their place among them, the exchange in front hashes; empty: all.
    std::vector<std::size_t> route;
    std::vector<SortItem> order;  // The first is the time, ascending.
    bool is_event_time = false;   // Else rows are taken in the order of their arrival.
    std::vector<std::string> variables;
    MatchPattern pattern;
    MatchSkip skip = MatchSkip::kPastLastRow;
    std::uint32_t skip_variable = 0;
    std::optional<std::int64_t> within_ns;  // From the first row to the last, and less than that.
    MatchExpressions defines;   // By variable; null: always true. Reference 0 is the row itself.
    MatchExpressions measures;  // One for each column that comes out.
    // By variable: the condition looks at the row itself only, gives the same whenever it is asked,
    // and cannot fail. So all rows of a batch are asked at once, needed or not.
    std::vector<bool> is_early;
    HashSeed seed = HashSeed::from(0);
};

// The columns that come out.
[[nodiscard]] SchemaPtr match_schema(const MatchSpec& spec);

}  // namespace thalweg
