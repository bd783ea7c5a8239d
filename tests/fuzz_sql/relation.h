#pragma once

#include "tests/fuzz_sql/expression.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

// Queries of the fuzzer: a tree of relations, each a SELECT over those below it.
//
// Shape     kScalar has one aggregate, over its second input, or none for EXISTS. kUnnest has the
//           elements of its array in `residual`, which of kScalar is a condition over the columns
//           of the first input and the value. kTemporal is the second input, a kTopN of one row, at
//           the time `window.time` of the first. Expressions of a relation are over the columns of
//           its inputs, one input behind the other; `having` is over what comes out. A condition
//           is there (one element) or not (none).

namespace thalweg::fuzz {

enum class RelationKind : std::uint8_t {
    kTable,
    kSelect,
    kGroup,
    kJoin,
    kSemiJoin,
    kSetOperation,
    kTopN,
    kWindow,
    kOver,
    kWindowed,  // The rows of a window table function, as they are.
    kScalar,    // Items and a scalar subquery.
    kUnnest,
    kTemporal,
    kManyJoin,  // FROM a, b, c WHERE ...
};

enum class JoinKind : std::uint8_t { kInner, kLeft, kRight, kFull };
enum class SemiKind : std::uint8_t { kIn, kNotIn, kExists, kNotExists };
enum class SetKind : std::uint8_t { kUnion, kIntersect, kExcept };
enum class WindowKind : std::uint8_t { kTumble, kHop, kCumulate, kSession };
enum class RankKind : std::uint8_t { kRowNumber, kRank, kDenseRank, kLimit };
enum class SetsForm : std::uint8_t { kSets, kRollup, kCube };
enum class WindowBound : std::uint8_t { kNone, kStart, kEnd };

enum class AggregateKind : std::uint8_t {
    kCountRows,
    kCount,
    kSum,
    kMin,
    kMax,
    kAvg,
    kGrouping,  // Of a key, in kGroup.
    kLag,       // From here on of kOver.
    kLead,
    kRowNumber,
};

struct Column {
    std::string name;
    Kind kind = Kind::kInt;
    bool is_row_time = false;     // Windows and OVER may stand on it.
    bool has_equal_times = true;  // Of a row time: two rows may have the same.
    WindowBound bound = WindowBound::kNone;
};

struct Aggregate {
    AggregateKind kind = AggregateKind::kCountRows;
    bool is_distinct = false;
    std::vector<Expr> argument;  // None of kCountRows, else one.
    std::vector<Expr> filter;
};

struct Order {
    std::size_t column = 0;
    bool is_descending = false;
};

struct WindowSpec {
    WindowKind kind = WindowKind::kTumble;
    std::size_t time = 0;  // The column.
    std::int64_t size_s = 10;
    std::int64_t step_s = 10;  // Of kHop and kCumulate; divides the size.
};

struct Relation {
    RelationKind kind = RelationKind::kTable;
    std::vector<Column> columns;  // What comes out.
    std::vector<Relation> inputs;
    bool is_view = false;  // Stands in a CREATE VIEW of its own.

    std::size_t table = 0;    // kTable
    std::vector<Expr> items;  // What is selected; of kGroup and kWindow the keys.
    std::vector<Expr> where;
    bool is_distinct = false;  // kSelect

    std::vector<Aggregate> aggregates;           // kGroup, kWindow, kOver
    std::vector<std::vector<std::size_t>> sets;  // Of items; none is a plain GROUP BY.
    SetsForm sets_form = SetsForm::kSets;        // How they are written.
    std::vector<Expr> having;

    JoinKind join = JoinKind::kInner;
    SemiKind semi = SemiKind::kIn;
    std::vector<std::pair<Expr, Expr>>
        equalities;  // kJoin, kSemiJoin; of IN the first is the value.
    std::vector<Expr> residual;

    SetKind set = SetKind::kUnion;
    bool is_all = false;

    std::vector<std::size_t> partition;  // kTopN, kOver: columns of the input.
    std::vector<Order> order;
    RankKind rank = RankKind::kRowNumber;
    std::size_t first = 1;  // kTopN: the numbers from `first` to `limit`.
    std::size_t limit = 1;
    bool has_number = false;  // The row number is the last column.

    WindowSpec window;
    bool is_group_window = false;     // kWindow: GROUP BY TUMBLE(...), with sessions of each key.
    bool has_range = false;           // kOver: RANGE, not ROWS.
    std::vector<std::int64_t> bound;  // kOver: how many rows or seconds back; none is all.
};

// A scope: the columns of all inputs.
[[nodiscard]] std::vector<Column> input_columns(const Relation& relation);

[[nodiscard]] std::vector<Kind> kinds_of(const std::vector<Column>& columns);

[[nodiscard]] Kind kind_of(const Aggregate& aggregate);

// Of the row number of a kTopN, whether or not that is selected: no column below has it.
[[nodiscard]] std::string number_name(const Relation& relation);

// Whether what has come out is, whenever nothing is on its way, the answer for the rows so far;
// else only at the end of the input, since something waits for watermarks.
[[nodiscard]] bool is_live(const Relation& relation);

[[nodiscard]] bool uses_table(const Relation& relation, std::size_t table);

// --- Tables -------------------------------------------------------------------------------------

// t0 only gains rows, t1 is a changelog, t2 one with a key.
inline constexpr std::size_t kTables = 3;

[[nodiscard]] Relation table_relation(std::size_t table);

[[nodiscard]] std::string table_name(std::size_t table);

// CREATE TABLE ...;
[[nodiscard]] std::string table_sql(std::size_t table);

}  // namespace thalweg::fuzz
