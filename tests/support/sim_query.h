#pragma once

#include "state/base/random.h"
#include "tests/support/oracle.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

// The queries of the simulator: SQL with random parameters, and beside it what it means, said with
// the oracle's loops. The tables are t0 and t1, with the columns of SimEvent and `at`, the
// processing time; and d, a lookup table.

namespace thalweg::test {

// The cells of a table's rows.
enum EventCell : std::size_t { kId, kKey, kNumber, kText, kTime };

// What the engine took, as rows with the watermark before each.
struct SimInput {
    std::vector<OracleRows> tables;
    Watermark final;  // Reached in the end.
};

struct SimAnswer {
    std::vector<std::vector<Row>> sinks;
    OracleCounts counts;
};

struct SimQuery {
    std::string name;
    std::string script;
    std::size_t tables = 1;
    std::string file;  // What is in the file of lookup table d, if the script reads it.
    std::vector<std::string> sinks = {""};  // "" is the only one.
    bool is_stateless = false;              // The watermark changes nothing.
    // Of the first sink: where COUNT(*) is, behind the cells that identify a row.
    std::optional<std::size_t> count_cell;
    bool counts_all = false;    // Every row that is neither late nor filtered is in one count.
    bool has_changes = false;   // Rows of a sink take back others: check_rows() of left_of() them.
    bool has_two_ways = false;  // Rows of one source reach a window twice, each way in its time.
    bool is_windowed = false;  // Of the last sink: cell 1 is window_end, and windows come in order.
    std::function<SimAnswer(const SimInput&)> answer;
};

struct SimQueryLimits {
    std::string format;
    std::int64_t delay_ms = 0;         // Of the watermark.
    std::int64_t idle_timeout_ms = 0;  // 0 is never.
    bool has_one_order = true;         // The order of a key's rows is known.
    bool allows_two_tables = false;
};

[[nodiscard]] SimQuery random_query(const SimQueryLimits& limits, Random& random);

}  // namespace thalweg::test
