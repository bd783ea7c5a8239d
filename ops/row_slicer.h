#pragma once

#include "ops/local_time.h"
#include "ops/op.h"
#include "ops/window.h"
#include "state/batch.h"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace thalweg {

// A slice. `start` is 0 unless windows are attached to the rows, where it takes both bounds to name
// one. Ordered by end.
struct SliceId {
    std::int64_t end = 0;
    std::int64_t start = 0;

    friend constexpr auto operator<=>(const SliceId&, const SliceId&) = default;
};

// Cuts a batch into the slices its rows fall into.
//
// Cost  Most batches fall into the slice of the one before: that takes a compare a row. Otherwise a
//       row costs a compare with the slice of the row before it, and a division where they differ.
class RowSlicer {
  public:
    struct Part {
        SliceId id;
        Selection rows;
    };

    // `has_slices`: rows carry their slice already, in the columns start_column (attached windows
    // only) and end_column of the spec. Otherwise it comes from their time.
    RowSlicer(const WindowSpec& spec, bool has_slices);

    // The slices of a view, the rows of each in their order. Rows with a NULL time are left out and
    // counted. Good until the next call.
    [[nodiscard]] const std::vector<Part>& cut(const BatchView& view, OpContext& context);

  private:
    [[nodiscard]] Selection without_nulls(const BatchView& view, OpContext& context);
    [[nodiscard]] bool is_one_slice(const std::int64_t* times, Selection rows) const noexcept;
    void assign(const std::int64_t* times, Selection rows);
    void assign(const BatchView& view, Selection rows);
    void partition(Selection rows);
    void partition_sorted(std::size_t from);
    void add_part(SliceId id, std::size_t from, std::size_t count);

    WindowSpec spec_;
    bool has_slices_;
    bool is_attached_;
    std::int64_t width_ = 0;
    LocalTimes local_;
    SliceId current_;
    std::vector<Part> parts_;
    std::array<SliceId, kBatchRows> ids_;          // Of the i-th selected row.
    std::array<std::uint16_t, kBatchRows> valid_;  // Rows with a time.
    std::vector<std::uint16_t> sorted_;            // Rows, slice by slice.
    std::vector<std::uint16_t> left_;              // Indexes of rows not yet in a part.
};

}  // namespace thalweg
