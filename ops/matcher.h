#pragma once

#include "ops/expr/program.h"
#include "ops/match.h"
#include "ops/match_frame.h"
#include "ops/match_history.h"
#include "ops/match_pattern.h"
#include "ops/op.h"
#include "ops/record_pool.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace thalweg {

// One way to match the rows since a start: where it stands, and what the rows were.
struct MatchThread {
    std::uint32_t step = 0;
    MatchHistory history;
};

// All ways to match that start with one row, the most preferred first; and the complete match that
// will be the result once no thread is left, none of which is less preferred.
struct MatchAttempt {
    std::uint64_t start = 0;  // The place of its first row in the partition.
    std::int64_t start_time = 0;
    std::vector<MatchThread> threads;
    std::optional<MatchHistory> found;

    [[nodiscard]] bool is_decided() const noexcept { return threads.empty(); }

    [[nodiscard]] std::size_t memory_bytes() const noexcept;
};

// Takes rows through the steps of a pattern.
//
// Conditions  Of DEFINE are asked for a row, a variable and a thread, over what the thread has
//             taken and the row. Those that look at the row alone are known beforehand: mark().
// Ways        Of threads that stand at the same step the most preferred stays, where no condition
//             asks what the rows before were: so there are no more threads than steps. Where one
//             does, equal histories are one. More than kThreadsMax of an attempt fail the query.
// Threads     One at a time.
class Matcher {
  public:
    static constexpr std::size_t kThreadsMax = 10'000;

    // Borrows the spec.
    explicit Matcher(const MatchSpec& spec);

    // What is known of the conditions for the rows of a view: for Record::mark of the i-th.
    [[nodiscard]] std::span<const std::uint32_t> mark(const BatchView& view,
                                                      Selection rows,
                                                      OpContext& context);

    // Whether an attempt may start with a row that has this mark.
    [[nodiscard]] bool can_start(std::uint32_t mark) const;

    // An attempt that is to take its first row.
    void begin(MatchAttempt& attempt) const;

    // Takes the last of `rows`, the rows of the partition, of which the attempt's first is `first`.
    // Returns how many conditions were asked, and rows aggregated for them.
    std::size_t take(MatchAttempt& attempt,
                     std::span<Record* const> rows,
                     std::size_t first,
                     OpContext& context);

    // Whether a pattern may wait for the end of its partition to know its match.
    [[nodiscard]] bool waits_for_end() const noexcept { return !program_.is_plain(); }

    [[nodiscard]] const MatchProgram& program() const noexcept { return program_; }

    [[nodiscard]] std::size_t memory_bytes() const noexcept { return frame_.memory_bytes(); }

  private:
    static constexpr std::size_t kMarkedMax = 16;  // A mark: low half known, high half the answer.

    struct Condition {
        bool is_always = true;
        MatchFrame::Needs needs;
        std::optional<Program> program;
        std::optional<Program> early;  // The same over the columns of the input.
    };

    // The attempt that takes a row, while it does.
    struct Turn {
        MatchAttempt* attempt = nullptr;
        std::span<Record* const> rows;
        std::size_t first = 0;
        OpContext* context = nullptr;
        bool is_over = false;  // No less preferred thread is of interest.
        std::size_t work = 0;
    };

    bool explore(Turn& turn, std::uint32_t step, MatchHistory& history, bool is_last);
    [[nodiscard]] bool is_true(Turn& turn, std::uint32_t variable, MatchHistory& history);
    void go_on(Turn& turn, std::uint32_t next, MatchHistory& history, bool is_last);
    void add_thread(Turn& turn, std::uint32_t step, MatchHistory& history, bool is_last) const;
    [[nodiscard]] bool asks_history() const;

    const MatchSpec& spec_;
    MatchProgram program_;
    MatchFrame frame_;
    std::vector<Condition> conditions_;  // By variable.
    bool asks_history_ = false;
    std::vector<MatchThread> old_;
    std::vector<std::uint32_t> marks_;
};

}  // namespace thalweg
