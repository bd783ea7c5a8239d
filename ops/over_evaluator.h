#pragma once

#include "ops/aggregate/layout.h"
#include "ops/aggregate/retraction.h"
#include "ops/aggregate/state_update.h"
#include "ops/over.h"
#include "ops/record_pool.h"
#include "state/arena.h"
#include "state/batch.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace thalweg {

// What is left of the rows of a partition that are gone: how many there were, and how many groups
// of equal ones.
struct OverTotals {
    std::int64_t rows = 0;
    std::int64_t groups = 0;
};

// Computes OVER calls of one window over one partition at a time.
//
// Use     begin(), add() for each row in order, evaluate(), then the results lie in the batches
//         behind the columns of the input.
// Frames  That begin with the partition are taken in once, in a state that goes on from one
//         evaluation to the next (states); for all others each frame that differs from that of the
//         row before is taken in anew, a column at a time: O(rows of the frame) for each row.
//         Those of DISTINCT calls move over the rows of the evaluation: each is taken in and away
//         once.
// Threads One at a time.
class OverEvaluator {
  public:
    explicit OverEvaluator(const OverSpec& spec);

    void begin();
    void add(const Record& record);

    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    // The results of rows from `from` on; the rows before have been evaluated before, those before
    // the first are `totals` and `states`, which move on. Texts of states go to `arena`.
    void evaluate(std::size_t from,
                  OverTotals& totals,
                  std::span<std::uint64_t> states,
                  Arena& arena);

    [[nodiscard]] const Batch& batch(std::size_t index) const { return *batches_[index]; }

    [[nodiscard]] std::size_t batch_count() const noexcept {
        return (size_ + kBatchRows - 1) / kBatchRows;
    }

    // The rows at the end that later ones may ask for.
    [[nodiscard]] std::size_t rows_needed() const;

    // The state of the frames that begin with the partition, in words; and its columns in a
    // snapshot.
    [[nodiscard]] std::size_t state_words() const noexcept;
    void append_state_fields(std::vector<Field>& fields) const;
    void save_state(const std::uint64_t* states, Batch& batch, std::size_t first_column) const;
    void load_state(std::uint64_t* states,
                    const BatchView& view,
                    std::size_t first_column,
                    std::size_t row,
                    Arena& arena) const;

    [[nodiscard]] std::size_t memory_bytes() const noexcept;

  private:
    // Aggregates of one frame.
    struct Group {
        OverFrame frame;
        std::vector<std::size_t> calls;
        std::unique_ptr<AggregateLayout> layout;
        std::unique_ptr<StateUpdate> update;
        std::size_t state_offset = 0;  // In words, where the frame begins with the partition.
        std::vector<std::uint64_t> scratch;
    };

    // A DISTINCT call, and its state during an evaluation.
    struct Distinct {
        std::size_t call = 0;
        std::unique_ptr<RetractableCall> aggregate;
        std::vector<std::uint64_t> state;
    };

    [[nodiscard]] static bool is_running(const OverFrame& frame) noexcept {
        return frame.start == OverFrame::Bound::kUnboundedPreceding;
    }

    // A row that is ordered by NULL is any distance away from all but its equals.
    [[nodiscard]] bool is_endless(std::size_t row) const noexcept {
        return values_[row] == INT64_MIN || values_[row] == INT64_MAX;
    }

    [[nodiscard]] std::size_t frame_start(const OverFrame& frame, std::size_t row) const;
    [[nodiscard]] std::size_t frame_end(const OverFrame& frame, std::size_t row) const;
    [[nodiscard]] std::size_t first_at_least(std::int64_t value) const;
    [[nodiscard]] std::int64_t order_value(const Batch& batch, std::size_t row) const;
    void take(Group& group, std::uint64_t* state, std::size_t first, std::size_t end, Arena& arena);
    void finish(const Group& group, const std::uint64_t* state, std::size_t row);
    void run_group(Group& group, std::size_t from, std::uint64_t* state, Arena& arena);
    void slide_group(Group& group, std::size_t from);
    void move_rows(Distinct& distinct, std::size_t first, std::size_t end, bool is_delete);
    void run_distinct(Distinct& distinct, std::size_t from);
    void number_rows(std::size_t call, std::size_t from, const OverTotals& totals);
    void find_neighbours(std::size_t call, std::size_t from);

    OverSpec spec_;
    std::size_t width_;
    std::vector<Group> groups_;
    std::vector<Distinct> distinct_;
    RetractionInput moved_;
    std::vector<std::unique_ptr<Batch>> batches_;
    std::size_t size_ = 0;
    std::vector<std::uint32_t> peer_first_;  // Of each row, the first of those equal to it,
    std::vector<std::uint32_t> peer_end_;    // the row behind the last of them,
    std::vector<std::uint32_t> group_of_;    // and how many groups come before it.
    std::vector<std::int64_t> values_;       // What it is ordered by, for RANGE with a distance.
    std::vector<std::byte> last_key_;
    bool needs_values_ = false;
    std::uint64_t first_position_ = 1;  // Of the first row in all of the partition's; from 1.
    Arena arena_;                       // Texts of states that last for a frame.
    std::vector<std::byte*> states_;
};

}  // namespace thalweg
