#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace thalweg {

// PATTERN of a MATCH_RECOGNIZE: variables, one after the other or instead of each other, and how
// often.
struct MatchPattern {
    enum class Kind : std::uint8_t { kVariable, kSequence, kAlternation };

    Kind kind = Kind::kVariable;
    std::uint32_t variable = 0;  // Of kVariable.
    std::vector<MatchPattern> children = {};
    std::uint32_t minimum = 1;
    std::optional<std::uint32_t> maximum = 1;  // None: no end.
    bool is_reluctant = false;
};

// A pattern as steps that rows are taken through.
//
// Shape
//   kRow     takes a row that is its variable, and goes to `next`
//   kSplit   goes to `next` and to `other`, which is less preferred
//   kEnd     the match is complete
//   kDead    there is none this way
// Plain     A sequence of variables, each there once: what Flink takes. A greedy quantifier without
//           a fixed count is `is_committed` then: a row that can be taken once more is not tried
//           for what follows, not even where the quantifier has all rows that it may have, as
//           Flink's compiler has it (NFACompiler: what is behind takes what it cannot). Every other
//           split is gone both ways. The match that is complete first wins.
// Preferred All other patterns: the order of preference of ISO/IEC 19075-5 (SQL:2016): the earlier
//           alternative, the greedy loop once more, the reluctant one not. Steps and the order of
//           threads are those of Thompson's and Pike's regular expression machines. A repeated
//           part that may take no row is over when it takes none.
// Immutable after construction.
class MatchProgram {
  public:
    static constexpr std::size_t kStepsMax = 10'000;

    struct Step {
        enum class Kind : std::uint8_t { kRow, kSplit, kEnd, kDead };

        Kind kind = Kind::kEnd;
        bool is_committed = false;
        std::uint32_t variable = 0;
        std::uint32_t next = 0;
        std::uint32_t other = 0;
    };

    // Of at most kStepsMax steps (step_count()).
    explicit MatchProgram(const MatchPattern& pattern);

    [[nodiscard]] bool is_plain() const noexcept { return is_plain_; }

    [[nodiscard]] std::uint32_t start() const noexcept { return start_; }

    [[nodiscard]] std::size_t size() const noexcept { return steps_.size(); }

    [[nodiscard]] const Step& operator[](std::size_t index) const { return steps_[index]; }

    // The steps kRow and kEnd that a step leads to without a row, the most preferred first.
    [[nodiscard]] const std::vector<std::uint32_t>& reached(std::uint32_t step) const {
        return reached_[step];
    }

    // Whether kEnd is among them.
    [[nodiscard]] bool can_end(std::uint32_t step) const { return can_end_[step]; }

  private:
    std::uint32_t add(Step step);
    std::uint32_t add_once(const MatchPattern& pattern, std::uint32_t next);
    std::uint32_t add_repeated(const MatchPattern& pattern, std::uint32_t next);
    std::uint32_t add_guard(std::uint32_t variable, std::uint32_t next);
    void find_reached(std::uint32_t from);

    bool is_plain_;
    std::uint32_t start_ = 0;
    std::vector<Step> steps_;
    std::vector<std::vector<std::uint32_t>> reached_;
    std::vector<bool> can_end_;
};

// How many steps the pattern would have; at least MatchProgram::kStepsMax + 1 where it is more.
[[nodiscard]] std::size_t step_count(const MatchPattern& pattern);

// A sequence of variables, each there once, without a reluctant `?`.
[[nodiscard]] bool is_plain(const MatchPattern& pattern);

// Whether a plain pattern may end in what a greedy quantifier takes: it could never tell.
[[nodiscard]] bool ends_greedily(const MatchPattern& pattern);

// "A B+? (C | D){2,4}".
[[nodiscard]] std::string to_string(const MatchPattern& pattern,
                                    const std::vector<std::string>& variables);

}  // namespace thalweg
