#pragma once

#include "state/base/time.h"
#include "state/column.h"
#include "state/selection.h"
#include "state/text/time_zone.h"

#include <cstdint>
#include <utility>
#include <vector>

// Event times of TIMESTAMP_LTZ on the local clock that windows follow.

namespace thalweg {

// A watermark for windows on the local clock of `zone` (null: unchanged): no row that follows will
// have a local time at or before it. Where clocks are about to be set back this stays behind the
// clock, so that the hour that comes twice is counted whole.
[[nodiscard]] Watermark local_watermark(Watermark watermark, const TimeZonePtr& zone);

// About the least watermark under which a window ending at `local_end` on that clock fires: exact
// but where the clocks change.
[[nodiscard]] Watermark watermark_that_passes(std::int64_t local_end, const TimeZonePtr& zone);

// Times of rows on a local clock, a batch at a time.
class LocalTimes {
  public:
    explicit LocalTimes(TimeZonePtr zone) : zone_(std::move(zone)) {}

    // A time for each of `rows`, at the row's index. Good until the next call; without a zone these
    // are `times` themselves. Not asked about nulls: whatever lies there is converted too.
    [[nodiscard]] const std::int64_t* convert(const std::int64_t* times, Selection rows);

  private:
    TimeZonePtr zone_;
    std::vector<std::int64_t> local_;
};

}  // namespace thalweg
