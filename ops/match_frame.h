#pragma once

#include "ops/aggregate/layout.h"
#include "ops/aggregate/state_update.h"
#include "ops/match.h"
#include "ops/match_history.h"
#include "ops/record_pool.h"
#include "state/arena.h"
#include "state/batch.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace thalweg {

// The rows that a match may look at: those of the partition that are kept, in order, from the one
// that the match starts with at `first`.
struct MatchRows {
    std::span<Record* const> rows;
    std::size_t first = 0;
    const MatchHistory* history = nullptr;
};

// The columns that expressions of MATCH_RECOGNIZE read, filled for one match after the other.
//
// Cost     A row is decoded for each reference, unless it is the one that was there before; an
//          aggregate takes in all rows of its variable.
// Threads  One at a time.
class MatchFrame {
  public:
    // What an expression reads.
    struct Needs {
        std::vector<std::size_t> references;
        std::vector<std::size_t> groups;
        bool has_time = false;
    };

    // Borrows the spec and the expressions, which are of it.
    MatchFrame(const MatchSpec& spec, const MatchExpressions& expressions);

    [[nodiscard]] Needs needs_of(const Expr& expr) const;

    // Writes what is needed into row `to`; the row becomes the last one. Returns how many rows were
    // aggregated.
    std::size_t fill(std::size_t to, const Needs& needs, const MatchRows& rows, std::int64_t time);

    [[nodiscard]] BatchView view() const { return batch_.view(); }

    [[nodiscard]] std::size_t size() const noexcept { return batch_.size(); }

    void clear();

    [[nodiscard]] std::size_t memory_bytes() const noexcept;

  private:
    // The aggregates of one variable.
    struct Group {
        std::optional<std::uint32_t> variable;
        std::vector<std::size_t> places;  // Among the aggregates of the expressions.
        std::unique_ptr<AggregateLayout> layout;
        std::unique_ptr<StateUpdate> update;
        std::vector<std::uint64_t> state;
    };

    // What a reference had before, and in which row.
    struct Last {
        const Record* record = nullptr;
        std::uint64_t arrival = 0;
        std::size_t row = SIZE_MAX;
    };

    void write(std::size_t reference, std::size_t to, const Record* record);
    std::size_t aggregate(Group& group, std::size_t to, const MatchRows& rows);
    void take(Group& group, std::span<Record* const> rows);
    void take_batch(Group& group);

    const MatchExpressions& expressions_;
    std::size_t width_;
    Batch batch_;
    Batch input_;  // Rows for aggregates.
    std::vector<Group> groups_;
    std::vector<Last> last_;
    Arena texts_;  // Of states.
    std::uint64_t taken_ = 0;
    std::vector<std::byte*> states_;
    std::size_t fills_ = 0;
};

// How many rows back PREV looks at most.
[[nodiscard]] std::size_t rows_back(const MatchSpec& spec);

// The row that a reference means; nothing if there is none.
[[nodiscard]] std::optional<std::size_t> find_row(const MatchReference& reference,
                                                  const MatchRows& rows);

}  // namespace thalweg
