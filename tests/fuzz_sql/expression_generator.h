#pragma once

#include "state/base/random.h"
#include "tests/fuzz_sql/expression.h"

#include <cstddef>
#include <utility>
#include <vector>

// Random expressions over a scope. Sizes are such that no sum overflows: a product has a literal.

namespace thalweg::fuzz {

[[nodiscard]] inline bool chance(Random& random, std::uint64_t percent) {
    return random.below(100) < percent;
}

template <typename T>
[[nodiscard]] const T& pick(Random& random, const std::vector<T>& choices) {
    return choices[random.below(choices.size())];
}

class ExpressionGenerator {
  public:
    ExpressionGenerator(std::vector<Kind> scope, Random& random)
        : scope_(std::move(scope)), random_(random) {}

    // A tree of at most so many levels above its leaves.
    [[nodiscard]] Expr any(Kind kind, std::size_t depth);

    // One that has a column, if a column of any kind can be made into it.
    [[nodiscard]] Expr with_column(Kind kind, std::size_t depth);

    [[nodiscard]] Expr condition() { return any(Kind::kBool, 1 + random_.below(3)); }

    [[nodiscard]] Value random_value(Kind kind);

  private:
    Expr leaf(Kind kind);
    Expr call(ExprOp op, Kind kind, std::vector<Expr> args);
    Expr integer(std::size_t depth);
    Expr text(std::size_t depth);
    Expr truth(std::size_t depth);
    Expr comparison(std::size_t depth);
    Expr choice(Kind kind, std::size_t depth);
    Kind any_kind();

    std::vector<Kind> scope_;
    Random& random_;
};

}  // namespace thalweg::fuzz
