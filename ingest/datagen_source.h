#pragma once

#include "ingest/datagen_column.h"
#include "ingest/made_streams.h"
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
// of a sequence, whichever is first. Rows come from streams, as many as there were instances when
// the table was first read: stream i of n has row i and every n-th from there. The values depend on
// the column's name, the stream and the row alone: a run can be repeated, but for instants, which
// are `now`.
//
// Replay    The streams are divided among the instances that there are now; the rows before are
//           made again and thrown away, 5 ns for each row and column.
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

    [[nodiscard]] Replay replay() const override { return Replay::kPositions; }

    [[nodiscard]] Result<void> restore(const std::vector<SourcePosition>& positions) override;

    void seal(std::uint64_t epoch, std::vector<SourcePosition>& positions) override;

  private:
    // Every count-th row of the table, from row `index` on.
    struct Stream {
        MadeStream place;
        std::vector<DatagenColumn> columns;
    };

    // A stream of which nothing is made yet.
    Stream& add_stream(std::size_t index, std::size_t count);
    void set_pace();
    [[nodiscard]] Stream* next_stream();
    [[nodiscard]] bool is_over() const;
    [[nodiscard]] std::uint64_t due(std::int64_t now_ns);
    void make(Stream& stream, std::size_t count, std::int64_t now_ns);
    void finish(Outlet& outlet);

    DatagenSettings settings_;
    SourceInstance instance_;
    double rows_per_ns_ = 0;
    Batch batch_;
    std::vector<Stream> streams_;  // Of this instance.
    std::size_t last_stream_ = 0;  // They take turns.
    SourceCounters counters_;
    SplitId split_{};
    std::optional<std::int64_t> started_at_ns_;
    std::uint64_t paced_ = 0;  // Rows made since started_at_ns_.
    bool is_stopping_ = false;
    bool is_finished_ = false;
};

}  // namespace thalweg
