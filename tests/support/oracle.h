#pragma once

#include "ops/window.h"
#include "state/base/time.h"
#include "tests/support/window_oracle.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

// Queries a row at a time, by definition: what the engine's results are compared with. Nothing here
// knows slices, batches, programs or plans. A window is the set of rows whose time it contains, an
// aggregate is a loop over a list, a join is two loops.
//
// Time   Each row carries the watermark in force before it. A row is late for a window that this
//        watermark has passed, and is dropped and counted when it is late for all its windows.

namespace thalweg::test {

struct OracleRow {
    Row cells;
    std::optional<std::int64_t> time;  // Of its time attribute; nothing for NULL.
    Watermark before;
};

using OracleRows = std::vector<OracleRow>;

// What became of rows that are not in the result.
struct OracleCounts {
    std::uint64_t late = 0;
    std::uint64_t filtered = 0;
    std::uint64_t null_time = 0;

    friend bool operator==(const OracleCounts&, const OracleCounts&) = default;
};

struct OracleWindow {
    std::int64_t end = 0;  // First, so that windows are ordered as they fire.
    std::int64_t start = 0;

    friend auto operator<=>(const OracleWindow&, const OracleWindow&) = default;
};

using OracleWindows = std::map<OracleWindow, std::vector<Row>>;
using RowTest = std::function<bool(const Row&)>;  // False also for unknown.
using RowChange = std::function<Row(const Row&)>;
using Aggregate = std::function<Value(const std::vector<Row>&)>;

// Every window of the specification that contains `time`.
[[nodiscard]] std::vector<OracleWindow> windows_of(const WindowSpec& spec, std::int64_t time);

[[nodiscard]] OracleRows keep(const OracleRows& rows, const RowTest& test, OracleCounts& counts);
[[nodiscard]] OracleRows change(const OracleRows& rows, const RowChange& make);
[[nodiscard]] OracleRows both(OracleRows rows, const OracleRows& more);

// A row for each word of cell `text`, appended to the row.
[[nodiscard]] OracleRows unnest(const OracleRows& rows, std::size_t text);

// The windows that fire up to `final`, with the rows that were in time.
[[nodiscard]] OracleWindows fired(const OracleRows& rows,
                                  const WindowSpec& spec,
                                  Watermark final,
                                  OracleCounts& counts);

// A row for each window and key: window_start, window_end, keys, aggregates. Its time is the end of
// the window less a millisecond; no watermark in force is behind it. Without keys too a window
// needs a row to exist.
[[nodiscard]] OracleRows aggregate(const OracleWindows& windows,
                                   const std::vector<std::size_t>& keys,
                                   const std::vector<Aggregate>& aggregates);

enum class JoinKind : std::uint8_t { kInner, kLeft, kRight, kFull };

// Both sides hold the same columns, as many as `width`; equal keys match, NULL never does. The
// result: window_start, window_end, the left row, the right row.
struct JoinSpec {
    JoinKind kind = JoinKind::kInner;
    std::size_t key = 0;
    std::size_t width = 0;
};

[[nodiscard]] OracleRows join(const OracleWindows& left,
                              const OracleWindows& right,
                              const JoinSpec& spec);

// Aggregates over a cell of BIGINT.
[[nodiscard]] Aggregate count_rows();
[[nodiscard]] Aggregate count_of(std::size_t cell);
[[nodiscard]] Aggregate count_distinct(std::size_t cell);
[[nodiscard]] Aggregate sum_of(std::size_t cell);
[[nodiscard]] Aggregate average_of(std::size_t cell);
[[nodiscard]] Aggregate least_of(std::size_t cell);
[[nodiscard]] Aggregate greatest_of(std::size_t cell);
[[nodiscard]] Aggregate first_of(std::size_t cell);
[[nodiscard]] Aggregate last_of(std::size_t cell);
[[nodiscard]] Aggregate only(RowTest test, Aggregate aggregate);

[[nodiscard]] inline bool is_null(const Value& value) {
    return value.is_null();
}

[[nodiscard]] inline std::int64_t number(const Value& value) {
    return std::get<std::int64_t>(value.data);
}

}  // namespace thalweg::test
