#pragma once

#include "ingest/datagen_column.h"
#include "ingest/source.h"
#include "state/batch.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace thalweg {

// What a datagen table asks for.
struct DatagenSettings {
    std::vector<DatagenField> fields;  // Of the wanted columns, in order.
    std::vector<std::string> names;    // Of the same.
    std::int64_t rows_per_second = 10'000;
    std::optional<std::uint64_t> row_count;  // None: for ever.
};

// Reads the options of a datagen table with the declared columns of `format`.
[[nodiscard]] Result<DatagenSettings> read_datagen(const SourceOptions& options,
                                                   const FormatSpec& format);

// Rows made up, at a steady pace, straight into columns. Bounded by 'number-of-rows' or by the end
// of a sequence, whichever is first. Instances take every count-th row each. The values depend on
// the column's name, the row and the instance alone: a run can be repeated, but for instants, which
// are `now`.
//
// Contract  When the engine is behind for more than a second, what was not made by then is not
//           made up for.
// Threads   The ingest agent's.
class DatagenSource final : public Source {
  public:
    DatagenSource(DatagenSettings settings, const FormatSpec& format, SourceInstance instance);

    Result<void> open(Outlet& outlet) override;
    std::size_t poll(std::int64_t now_ns, std::size_t budget, Outlet& outlet) override;

    void stop() override { is_stopping_ = true; }

    [[nodiscard]] bool finished() const override { return is_finished_; }

    [[nodiscard]] bool is_bounded() const override { return settings_.row_count.has_value(); }

    [[nodiscard]] const SourceCounters& counters() const override { return counters_; }

    [[nodiscard]] std::int64_t next_poll_ns() const override;

  private:
    [[nodiscard]] std::uint64_t due(std::int64_t now_ns);
    void make(std::size_t count, std::int64_t now_ns);
    void finish(Outlet& outlet);

    DatagenSettings settings_;
    SourceInstance instance_;
    double rows_per_ns_;
    std::uint64_t rows_max_;  // Of this instance.
    Batch batch_;
    std::vector<DatagenColumn> columns_;
    SourceCounters counters_;
    SplitId split_{};
    std::optional<std::int64_t> started_at_ns_;
    std::uint64_t paced_ = 0;  // Rows made since started_at_ns_.
    std::uint64_t made_ = 0;
    bool is_stopping_ = false;
    bool is_finished_ = false;
};

}  // namespace thalweg
