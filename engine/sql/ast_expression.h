#pragma once

#include "engine/sql/ast_type.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

// Expressions of the syntax tree (ast.h says what holds for all of it).

namespace thalweg::sql {

struct Expr;
struct Query;
struct TableRef;

using ExprPtr = std::unique_ptr<Expr>;
using QueryPtr = std::unique_ptr<Query>;
using TableRefPtr = std::unique_ptr<TableRef>;

enum class LiteralKind : std::uint8_t {
    kNull,
    kBoolean,      // text is TRUE, FALSE or UNKNOWN (the NULL of BOOLEAN)
    kExact,        // 12, 1.50, .5, 1.: an integer, or a DECIMAL when it has a point
    kApproximate,  // 1e3, 1.5E-2: a DOUBLE
    kString,       // text is the decoded value
    kBinary,       // X'45f0': text is the decoded bytes
    kDate,         // DATE '...': text is what the quotes hold, not validated
    kTime,
    kTimestamp,
    kTimestampLtz,
};

struct Literal {
    LiteralKind kind = LiteralKind::kNull;
    std::string text;
};

/// `INTERVAL [-]'text' FIRST [TO LAST]`, decoded: `value` is months when first is kYear or kMonth
/// (or kQuarter), else nanoseconds; the sign is in it. kWeek and kQuarter come alone.
struct IntervalLiteral {
    std::string text;       // What the quotes hold.
    bool negative = false;  // The sign before the quotes.
    TimeUnit first = TimeUnit::kSecond;
    TimeUnit last = TimeUnit::kSecond;  // Equal to first without TO.
    std::int64_t value = 0;

    [[nodiscard]] bool is_year_month() const { return first <= TimeUnit::kMonth; }
};

/// `a`, `t.a`, `row_column.field`, `PATTERN_VARIABLE.a`: which of these, the binder decides.
struct Identifier {
    QualifiedName name;
};

/// `*`, `t.*`: the qualifier may be empty. Stands in a select list and as the argument of COUNT(*).
struct Star {
    std::vector<Name> qualifier;
};

struct OrderItem {
    ExprPtr expr;
    bool descending = false;
    std::optional<bool> nulls_first;  // Absent: Flink's default, nulls are the smallest value.
};

enum class FrameUnit : std::uint8_t { kRows, kRange };

enum class BoundKind : std::uint8_t {
    kUnboundedPreceding,
    kPreceding,  // offset
    kCurrentRow,
    kFollowing,  // offset
    kUnboundedFollowing,
};

struct FrameBound {
    BoundKind kind = BoundKind::kCurrentRow;
    ExprPtr offset;  // Null unless kPreceding or kFollowing.
    Location location;
};

struct Frame {
    FrameUnit unit = FrameUnit::kRange;
    FrameBound start;
    FrameBound end;  // kCurrentRow when only the start is written.
    Location location;
};

/// What stands in OVER (...) and after WINDOW w AS.
struct WindowSpec {
    Location location;
    std::optional<Name> base;  // OVER (w ...), and OVER w, which has nothing else.
    std::vector<ExprPtr> partition_by;
    std::vector<OrderItem> order_by;
    std::optional<Frame> frame;
};

/// One argument of a call; `name` is there in `SIZE => INTERVAL '1' HOUR`.
struct Argument {
    std::optional<Name> name;
    ExprPtr value;
};

enum class NullTreatment : std::uint8_t { kNone, kRespect, kIgnore };

/// A function call of any sort: scalar, aggregate, window, table function.
///
/// Special syntax arrives here as ordinary arguments, keywords as Keyword expressions:
///     EXTRACT(YEAR FROM x)            -> EXTRACT(Keyword YEAR, x)
///     TIMESTAMPADD(DAY, n, x)         -> TIMESTAMPADD(Keyword DAY, n, x), TIMESTAMPDIFF likewise
///     CEIL(x TO HOUR), FLOOR, CEILING -> CEIL(x, Keyword HOUR)
///     TRIM(BOTH a FROM b)             -> TRIM(Keyword BOTH, a, b); TRIM(x) stays TRIM(x)
///     TRIM(LEADING FROM b)            -> TRIM(Keyword LEADING, ' ', b)
///     SUBSTRING(x FROM a FOR b)       -> SUBSTRING(x, a, b)
///     POSITION(a IN b)                -> POSITION(a, b)
///     OVERLAY(x PLACING y FROM a FOR b) -> OVERLAY(x, y, a, b)
///     CURRENT_TIMESTAMP               -> CURRENT_TIMESTAMP(), without_parentheses
///     COUNT(*)                        -> COUNT(Star)
struct Call {
    QualifiedName name;
    std::vector<Argument> arguments;
    bool distinct = false;
    bool without_parentheses = false;
    NullTreatment nulls = NullTreatment::kNone;
    std::vector<OrderItem> within_group;
    ExprPtr filter;                    // May be null.
    std::unique_ptr<WindowSpec> over;  // May be null.
};

/// A keyword that stands as an argument: a time unit in the singular (YEAR) or BOTH, LEADING,
/// TRAILING. In capitals. `unit` is set for time units.
struct Keyword {
    std::string text;
    std::optional<TimeUnit> unit;
};

/// `TABLE t [PARTITION BY a, b] [ORDER BY c]`, `TABLE (query)` or `(query)` as an argument of a
/// table function.
struct TableArgument {
    TableRefPtr table;  // A NamedTable or a DerivedTable.
    std::vector<ExprPtr> partition_by;
    std::vector<OrderItem> order_by;
};

/// `DESCRIPTOR(a, b)`.
struct Descriptor {
    std::vector<Name> columns;
};

enum class UnaryOp : std::uint8_t { kNegate, kPlus, kNot };

struct Unary {
    UnaryOp op = UnaryOp::kNot;
    ExprPtr operand;
};

enum class BinaryOp : std::uint8_t {
    kOr,
    kAnd,
    kEqual,
    kNotEqual,
    kLess,
    kLessOrEqual,
    kGreater,
    kGreaterOrEqual,
    kIsDistinctFrom,
    kIsNotDistinctFrom,
    kOverlaps,  // Both operands are RowConstructors of two.
    kAdd,
    kSubtract,
    kConcatenate,
    kMultiply,
    kDivide,
    kModulo,
};

struct Binary {
    BinaryOp op = BinaryOp::kAnd;
    ExprPtr left;
    ExprPtr right;
    Location op_location;
};

enum class IsKind : std::uint8_t {
    kNull,
    kTrue,
    kFalse,
    kUnknown,
    kJsonValue,  // IS JSON [VALUE]
    kJsonObject,
    kJsonArray,
    kJsonScalar,
};

struct IsTest {
    IsKind kind = IsKind::kNull;
    bool negated = false;
    ExprPtr operand;
};

struct Between {
    ExprPtr operand;
    ExprPtr low;
    ExprPtr high;
    bool negated = false;
    bool symmetric = false;
};

struct InList {
    ExprPtr operand;
    std::vector<ExprPtr> items;  // At least one.
    bool negated = false;
};

struct InQuery {
    ExprPtr operand;
    QueryPtr query;
    bool negated = false;
};

struct Exists {
    QueryPtr query;
};

/// `(SELECT ...)` where a value is expected.
struct ScalarQuery {
    QueryPtr query;
};

enum class LikeKind : std::uint8_t { kLike, kSimilar };

struct Like {
    LikeKind kind = LikeKind::kLike;
    ExprPtr operand;
    ExprPtr pattern;
    ExprPtr escape;  // May be null.
    bool negated = false;
};

struct CaseBranch {
    ExprPtr when;
    ExprPtr then;
};

struct Case {
    ExprPtr operand;                   // Null in the searched form.
    std::vector<CaseBranch> branches;  // At least one.
    ExprPtr otherwise;                 // May be null.
};

/// CAST(x AS t), TRY_CAST(x AS t), x::t.
struct Cast {
    ExprPtr operand;
    TypeName type;
    bool is_try = false;
};

struct ArrayConstructor {
    std::vector<ExprPtr> items;
};

struct MapConstructor {
    std::vector<ExprPtr> items;  // key, value, key, value, ...
};

/// ROW(a, b), or (a, b) with at least two items.
struct RowConstructor {
    std::vector<ExprPtr> items;
};

/// `x[i]`: an element of an array (1-based) or of a map.
struct Subscript {
    ExprPtr operand;
    ExprPtr index;
};

/// `f(x).name`, `a[1].name`: a field of a value that is not itself a dotted name.
struct FieldAccess {
    ExprPtr operand;
    Name field;
};

struct Expr {
    using Node = std::variant<Literal,
                              IntervalLiteral,
                              Identifier,
                              Star,
                              Call,
                              Keyword,
                              TableArgument,
                              Descriptor,
                              Unary,
                              Binary,
                              IsTest,
                              Between,
                              InList,
                              InQuery,
                              Exists,
                              ScalarQuery,
                              Like,
                              Case,
                              Cast,
                              ArrayConstructor,
                              MapConstructor,
                              RowConstructor,
                              Subscript,
                              FieldAccess>;
    Location location;
    Node node;
    std::uint32_t height = 1;  // Nodes on the longest path downwards, subqueries included.
};

}  // namespace thalweg::sql
