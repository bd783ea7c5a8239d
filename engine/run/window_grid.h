#pragma once

#include "ops/window.h"
#include "state/base/time.h"

#include <cstdint>
#include <vector>

namespace thalweg {

// Where the windows of a query may end, asked to find out whether two rows may share a watermark.
//
// Rows are processed a batch at a time and judged as if one at a time, under the watermark that the
// row before them left. Processing a row under an older watermark makes a difference only if, in
// between, the watermark passed the end of a slice that the row falls before: then the batch is
// cut there. The answers err on the side of cutting (in zones whose clocks change), which costs
// time and never a result.
//
// Sessions  end wherever rows say so: every watermark is worth passing on, and a row fares
//           differently if it comes at or before an end that may have been passed.
// Threads   Immutable.
class WindowGrid {
  public:
    // Keeps the windows of event time with arithmetic of their own.
    explicit WindowGrid(const std::vector<WindowSpec>& windows);

    // Whether a window may end between the two: the later one is worth passing on.
    [[nodiscard]] bool passes_end(Watermark before, Watermark after) const;

    // Under a watermark in force in [after, until), the one the stage knows being `before`.
    struct Line {
        std::int64_t time_ns;  // Rows before it may fare differently than under `before`.
        Watermark until;
    };

    [[nodiscard]] Line line(Watermark before, Watermark after) const;

    // So far behind a row its watermark must be, if no row from there on is to come before an end
    // that was passed.
    [[nodiscard]] std::int64_t delay_min_ns() const noexcept {
        return kNanosPerMilli + (has_sessions_ ? 1 : 0);
    }

  private:
    struct Grid {
        WindowSpec window;
        std::int64_t width;  // Of its slices.
    };

    [[nodiscard]] static bool passes_end(const Grid& grid, Watermark before, Watermark after);

    std::vector<Grid> grids_;
    bool has_sessions_ = false;
};

}  // namespace thalweg
