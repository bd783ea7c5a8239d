#pragma once

#include "ops/aggregate/aggregate.h"
#include "ops/expand.h"
#include "ops/expr/expr.h"
#include "ops/match.h"
#include "ops/over.h"
#include "ops/rank.h"
#include "ops/window.h"
#include "ops/window_join.h"
#include "state/schema.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

// The relational tree between SQL and stages: names are resolved, expressions bound to column
// positions of their inputs, window table functions are nodes of their own.
//
// Shape   A Rel is immutable and shared; rewrites make new ones. Its columns carry, beside name and
//         type, the role that time plays in them, because streaming SQL gives meaning to more than
//         values: only a rowtime can be windowed, only window bounds can close a GROUP BY.

namespace thalweg::plan {

struct BoundTable;  // engine/plan/bind_table.h

// A window table function, as one definition: two columns belong to the same windows when they
// point to equal WindowInfos.
struct WindowInfo {
    WindowSpec spec;   // start_column and end_column are unused here.
    std::string text;  // "TUMBLE(size 1 h)", for EXPLAIN.
};

using WindowPtr = std::shared_ptr<const WindowInfo>;

[[nodiscard]] bool same_window(const WindowPtr& a, const WindowPtr& b);

enum class Role : std::uint8_t {
    kPlain,
    kRowtime,      // Event time, watermarked.
    kProctime,     // PROCTIME().
    kWindowStart,  // These three carry `window`; kWindowTime is a rowtime again.
    kWindowEnd,
    kWindowTime,
};

struct ColumnInfo {
    std::string name;
    Type type;
    Role role = Role::kPlain;
    WindowPtr window;
};

struct Rel;
using RelPtr = std::shared_ptr<const Rel>;

// One output column of a scan: a column of the table, or what `path` leads to inside of it, a ROW.
struct ScanColumn {
    std::size_t column = 0;
    std::vector<std::string> path;

    friend bool operator==(const ScanColumn&, const ScanColumn&) = default;
};

// A source table.
struct Scan {
    std::shared_ptr<const BoundTable> table;
    std::vector<ScanColumn> outputs;
};

// Columns of the table that tell its rows apart where rows come as changes of them: the latest of
// each key is kept behind the scan. None: rows are taken as they come.
[[nodiscard]] std::vector<std::size_t> change_keys(const Scan& scan);

struct Filter {
    RelPtr input;
    ExprPtr condition;
};

struct Project {
    RelPtr input;
    std::vector<ExprPtr> expressions;
};

// TABLE(TUMBLE(...)): the input's columns, then window_start, window_end, window_time.
struct AssignWindow {
    RelPtr input;
    WindowPtr window;
    std::size_t time_column = 0;
    std::vector<std::size_t> partition = {};  // SESSION: whose sessions they are.
};

[[nodiscard]] bool is_session(const AssignWindow& node);

// GROUP BY window and keys. Output: keys, calls, window_start, window_end, window_time.
// Without a window: keys, calls; and what is said of the window means nothing.
struct Aggregate {
    RelPtr input;
    WindowPtr window;
    bool is_attached = true;  // The input has window_start and window_end columns (start, end).
    std::size_t start_column = 0;
    std::size_t end_column = 0;
    std::size_t time_column = 0;  // Of the fused form: the row's time, windows assigned by slices.
    std::vector<std::size_t> keys;
    std::vector<AggregateCall> calls;
    std::optional<std::int64_t> ttl_ns = {};  // Of STATE_TTL; without a window.
};

// Output: left columns, right columns.
struct WindowJoin {
    RelPtr left;
    RelPtr right;
    JoinKind kind = JoinKind::kInner;
    WindowPtr window;
    std::size_t left_start = 0, left_end = 0;
    std::size_t right_start = 0, right_end = 0;
    std::vector<JoinKey> keys;
    ExprPtr residual;  // May be null.
};

// What an interval join says of the times of its sides: left BETWEEN right + lower AND right +
// upper.
struct TimeBounds {
    std::size_t left = 0;  // Columns of the sides.
    std::size_t right = 0;
    std::int64_t lower_ns = 0;
    std::int64_t upper_ns = 0;
    bool is_event_time = true;
};

// Of a temporal join: the right side as of a time of the left.
struct AsOf {
    std::size_t left = 0;  // Columns of the sides.
    std::size_t right = 0;
};

// What STATE_TTL says of the sides of a join.
using SideTtls = std::array<std::optional<std::int64_t>, 2>;

// A join for all time, or of rows whose times lie close together. Output: left columns, right
// columns; kSemi and kAnti: left columns. Bound with the whole condition in `residual`; keys are
// taken from there when it is optimized.
struct StreamJoin {
    RelPtr left;
    RelPtr right;
    JoinKind kind = JoinKind::kInner;
    std::vector<JoinKey> keys;
    ExprPtr residual;  // May be null.
    std::optional<TimeBounds> bounds = {};
    std::optional<AsOf> as_of = {};
    SideTtls ttls_ns = {};
};

// Each row of `input`, a stream, with the rows of `table`, which is bounded: filters and
// projections of one file. Output: the input's columns, then columns `shown` of the table.
struct LookupJoin {
    RelPtr input;
    RelPtr table;
    JoinKind kind = JoinKind::kInner;  // Or kLeft.
    std::vector<JoinKey> keys;         // Of input and table; none: all rows of the table.
    std::vector<std::size_t> shown;
    ExprPtr residual;  // Over all columns of input, then of table; may be null.
};

// Output: the input's columns, then the element's, then, if asked for, its place.
struct Unnest {
    RelPtr input;
    ExprPtr list;
    bool keep_empty = false;
    bool has_ordinality = false;
};

// Each row once for each grouping set. Output: the input's columns, keys of the set or NULL, its
// number.
struct Expand {
    RelPtr input;
    ExpandSpec spec;
};

struct UnionAll {
    std::vector<RelPtr> inputs;
};

// f(..) OVER (PARTITION BY .. ORDER BY ..): the calls of one window. Output: the input's columns,
// then the calls.
struct Over {
    RelPtr input;
    std::vector<std::size_t> partition;
    std::vector<SortItem> order;
    std::vector<OverCall> calls;
};

// The rows that rank from `first` to `last` in their partition: an Over with a ranking whose result
// is compared, LIMIT, deduplication. Output: the input's columns, then, if asked for, the number.
struct Rank {
    RelPtr input;
    std::vector<std::size_t> partition;  // Without the bounds of `window`.
    std::vector<SortItem> order;
    RankKind kind = RankKind::kRowNumber;
    std::uint64_t first = 1;
    std::uint64_t last = 0;
    bool has_number = false;
    bool newest_first = false;  // Among equal rows.
    WindowPtr window;           // By window, when it fires; null: for all time.
    std::size_t start_column = 0, end_column = 0;
};

// ORDER BY of the whole query. Its first item a rowtime, ascending: rows pass with the watermark;
// else at the end of the input.
struct Sort {
    RelPtr input;
    std::vector<SortItem> order;
    bool is_temporal = false;
};

// MATCH_RECOGNIZE. Output: a column for each of spec.measures.
struct Match {
    RelPtr input;
    MatchSpec spec;  // Without schema, route and seed.
};

struct Rel {
    std::vector<ColumnInfo> columns;
    std::variant<Scan,
                 Filter,
                 Project,
                 AssignWindow,
                 Aggregate,
                 WindowJoin,
                 StreamJoin,
                 LookupJoin,
                 Unnest,
                 Expand,
                 UnionAll,
                 Over,
                 Rank,
                 Sort,
                 Match>
        node;
};

template <class Node>
[[nodiscard]] RelPtr make_rel(std::vector<ColumnInfo> columns, Node node) {
    return std::make_shared<const Rel>(Rel{std::move(columns), std::move(node)});
}

[[nodiscard]] SchemaPtr schema_of(const Rel& rel);

// What a relation reads, left to right; of a scan nothing.
[[nodiscard]] std::vector<RelPtr> inputs_of(const Rel& rel);

// Column references to every column of `rel`, in order.
[[nodiscard]] std::vector<thalweg::ExprPtr> identity(const Rel& rel);

// A filter, a projection: with the columns that follow from the input's.
[[nodiscard]] RelPtr make_filter_rel(RelPtr input, ExprPtr condition);
[[nodiscard]] RelPtr make_project_rel(RelPtr input,
                                      std::vector<ExprPtr> expressions,
                                      std::vector<std::string> names);

// A GROUP BY without a window, and for how long it keeps a group.
[[nodiscard]] RelPtr with_ttl(const RelPtr& rel, std::optional<std::int64_t> ttl_ns);

// For keys of joins that are no plain columns: the position of an expression among `columns`,
// behind them if it is none of them; and a projection of `rel` that has those that were added, or
// `rel` itself where none was.
[[nodiscard]] std::size_t position_of(std::vector<ExprPtr>& columns, ExprPtr expr);
[[nodiscard]] RelPtr with_columns(const RelPtr& rel, std::vector<ExprPtr> columns);

// The columns a window table function appends.
[[nodiscard]] std::vector<ColumnInfo> window_columns(const WindowPtr& window);

}  // namespace thalweg::plan
