#pragma once

#include "engine/sql/location.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// The tree that the parser makes of SQL text. Nothing is resolved: names are names, numbers are
// text.
//
// Shape. Expr, TableRef, QueryBody and Statement are a location and a variant of plain structs, so
// a reader switches with std::visit or std::get_if. Children are unique_ptrs and never null unless
// the comment says "may be null". Paths are bounded: Expr::height and Query::height never exceed
// kHeightLimit (limits.h), so code that recurses over the tree is safe on a default stack.
//
// Keywords and function names are case-insensitive: function names keep their spelling in
// Call::name, compare them with same_keyword() (token.h). Identifiers are case-sensitive. Special
// function syntax is normalised into plain calls, see Call.

namespace thalweg::sql {

struct Expr;
struct Query;
struct QueryBody;
struct TableRef;
struct Statement;

using ExprPtr = std::unique_ptr<Expr>;
using QueryPtr = std::unique_ptr<Query>;
using QueryBodyPtr = std::unique_ptr<QueryBody>;
using TableRefPtr = std::unique_ptr<TableRef>;
using StatementPtr = std::unique_ptr<Statement>;

// ---------------------------------------------------------------------------------------- names

struct Name {
    std::string text;  // Without quotes, doubled backticks undone.
    Location location;
    bool quoted = false;
};

/// `a.b.c`; never empty.
struct QualifiedName {
    std::vector<Name> parts;
    Location location;
};

/// A quoted string of the text, decoded.
struct Text {
    std::string value;
    Location location;
};

/// One `'key' = 'value'` of WITH, SET or a hint.
struct Option {
    Text key;
    Text value;
};

/// `/*+ NAME(...) */`: options for OPTIONS('k'='v'), STATE_TTL, LOOKUP; plain words for others.
struct Hint {
    Name name;
    std::vector<Option> options;
    std::vector<Text> arguments;
};

// ---------------------------------------------------------------------------------------- types

enum class TimeUnit : std::uint8_t {
    kMillennium,
    kCentury,
    kDecade,
    kYear,
    kQuarter,
    kMonth,
    kWeek,
    kDay,
    kHour,
    kMinute,
    kSecond,
    kMillisecond,
    kMicrosecond,
    kNanosecond,
    kEpoch,
    kDayOfYear,    // DOY
    kDayOfWeek,    // DOW
    kIsoYear,      // ISOYEAR
    kIsoDayOfWeek  // ISODOW
};

enum class TypeKind : std::uint8_t {
    kBoolean,
    kTinyInt,
    kSmallInt,
    kInt,
    kBigInt,
    kFloat,
    kDouble,
    kDecimal,  // precision, scale
    kChar,     // precision = length
    kVarChar,  // precision = length; without one it is a STRING
    kString,
    kBinary,     // precision = length
    kVarBinary,  // precision = length
    kBytes,
    kDate,
    kTime,          // precision
    kTimestamp,     // precision
    kTimestampTz,   // precision; WITH TIME ZONE
    kTimestampLtz,  // precision; also WITH LOCAL TIME ZONE
    kInterval,      // interval_first, interval_last, precision of the first unit, scale of seconds
    kArray,         // elements[0]
    kMultiset,      // elements[0]
    kMap,           // elements[0] to elements[1]
    kRow,           // fields
    kRaw,
    kVariant,
    kBitmap,
    kGeography,
    kDescriptor,
    kNamed,  // a structured type of the catalog: name
};

struct TypeField;

/// A data type as written. Absent precision and scale are absent: the binder knows the defaults.
struct TypeName {
    TypeKind kind = TypeKind::kInt;
    Location location;
    bool nullable = true;  // false after NOT NULL
    std::optional<std::uint32_t> precision;
    std::optional<std::uint32_t> scale;
    TimeUnit interval_first = TimeUnit::kDay;
    TimeUnit interval_last = TimeUnit::kSecond;
    std::vector<TypeName> elements;
    std::vector<TypeField> fields;
    std::optional<QualifiedName> name;
};

struct TypeField {
    Name name;
    TypeName type;
    std::optional<Text> comment;
};

// ---------------------------------------------------------------------------------- expressions

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

// --------------------------------------------------------------------------------------- queries

struct NamedTable {
    QualifiedName name;
    std::vector<Hint> hints;
    ExprPtr as_of;  // FOR SYSTEM_TIME AS OF; may be null.
};

/// `(query) AS t`, also `(VALUES (1), (2)) AS t(a)`.
struct DerivedTable {
    QueryPtr query;
    bool lateral = false;
};

/// `TABLE(f(...))`, `LATERAL TABLE(f(...))`, `f(...)`: window TVFs, user table functions, PTFs.
struct TableFunction {
    ExprPtr call;  // Holds a Call.
    bool lateral = false;
};

struct Unnest {
    ExprPtr operand;
    bool with_ordinality = false;
};

enum class JoinKind : std::uint8_t { kInner, kLeft, kRight, kFull, kCross };

struct Join {
    JoinKind kind = JoinKind::kInner;
    TableRefPtr left;
    TableRefPtr right;
    ExprPtr condition;                // Null without ON.
    std::vector<Name> using_columns;  // Empty without USING.
    bool natural = false;
    bool comma = false;  // FROM a, b; the kind is kCross.
};

enum class PatternKind : std::uint8_t {
    kVariable,     // variable
    kSequence,     // children one after another
    kAlternation,  // children
    kPermutation,  // PERMUTE(children)
    kExclusion,    // {- children[0] -}
    kStart,        // ^
    kEnd,          // $
};

/// One node of a MATCH_RECOGNIZE pattern; `maximum` is absent for an open quantifier.
struct Pattern {
    PatternKind kind = PatternKind::kVariable;
    Location location;
    Name variable;
    std::vector<Pattern> children;
    std::uint32_t minimum = 1;
    std::optional<std::uint32_t> maximum = 1;
    bool reluctant = false;
};

enum class SkipKind : std::uint8_t {
    kDefault,  // Not written; the standard says PAST LAST ROW.
    kPastLastRow,
    kToNextRow,
    kToFirst,  // variable
    kToLast,   // variable
};

/// `expr AS name` in MEASURES, `name AS expr` in DEFINE.
struct NamedExpr {
    Name name;
    ExprPtr expr;
};

struct PatternSubset {
    Name name;
    std::vector<Name> members;
};

struct MatchRecognize {
    TableRefPtr input;
    std::vector<ExprPtr> partition_by;
    std::vector<OrderItem> order_by;
    std::vector<NamedExpr> measures;
    bool all_rows_per_match = false;
    SkipKind skip = SkipKind::kDefault;
    std::optional<Name> skip_variable;
    Pattern pattern;
    ExprPtr within;  // May be null.
    std::vector<PatternSubset> subsets;
    std::vector<NamedExpr> defines;
};

struct TableRef {
    using Node =
        std::variant<NamedTable, DerivedTable, TableFunction, Unnest, Join, MatchRecognize>;
    Location location;
    Node node;
    std::optional<Name> alias;  // Never on a Join.
    std::vector<Name> alias_columns;
};

struct SelectItem {
    ExprPtr expr;  // May hold a Star.
    std::optional<Name> alias;
};

enum class GroupingKind : std::uint8_t { kPlain, kGroupingSets, kRollup, kCube };

/// One element of GROUP BY. kPlain: sets has one set, `a` is {a}, `(a, b)` is {a, b}, `()` is {}.
/// Otherwise each set is one argument: ROLLUP(a, (b, c)) is {a}, {b, c}.
struct GroupingElement {
    GroupingKind kind = GroupingKind::kPlain;
    Location location;
    std::vector<std::vector<ExprPtr>> sets;
};

struct NamedWindow {
    Name name;
    WindowSpec spec;
};

struct Select {
    bool distinct = false;
    std::vector<Hint> hints;
    std::vector<SelectItem> items;
    TableRefPtr from;                       // Null without FROM.
    ExprPtr where;                          // May be null.
    std::vector<GroupingElement> group_by;  // Empty without GROUP BY.
    ExprPtr having;                         // May be null.
    std::vector<NamedWindow> windows;
};

enum class SetOp : std::uint8_t { kUnion, kIntersect, kExcept };

struct SetOperation {
    SetOp op = SetOp::kUnion;
    bool all = false;
    QueryBodyPtr left;
    QueryBodyPtr right;
    Location op_location;
};

/// `VALUES (1, 'a'), (2, 'b')`: rows of one length are not enforced here.
struct Values {
    std::vector<std::vector<ExprPtr>> rows;
};

/// A query in parentheses, with its own ORDER BY and LIMIT, as an operand of a set operation.
struct NestedQuery {
    QueryPtr query;
};

struct QueryBody {
    using Node = std::variant<Select, SetOperation, Values, NestedQuery>;
    Location location;
    Node node;
};

struct CommonTable {
    Name name;
    std::vector<Name> columns;
    QueryPtr query;
};

struct Query {
    Location location;
    std::vector<CommonTable> with;
    QueryBodyPtr body;
    std::vector<OrderItem> order_by;
    ExprPtr offset;  // May be null.
    ExprPtr limit;   // LIMIT n and FETCH NEXT n ROWS ONLY; null without, and for LIMIT ALL.
    std::uint32_t height = 1;
};

// ------------------------------------------------------------------------------------ statements

/// `name type [NOT NULL] [COMMENT '...']`.
struct PhysicalColumn {
    TypeName type;
};

/// `name AS expr`.
struct ComputedColumn {
    ExprPtr expr;
};

/// `name type METADATA [FROM 'key'] [VIRTUAL]`.
struct MetadataColumn {
    TypeName type;
    std::optional<Text> key;
    bool is_virtual = false;
};

struct ColumnDefinition {
    Name name;
    Location location;
    std::variant<PhysicalColumn, ComputedColumn, MetadataColumn> node;
    std::optional<Text> comment;
};

/// `WATERMARK FOR column AS expr`.
struct WatermarkDefinition {
    QualifiedName column;
    ExprPtr expr;
    Location location;
};

/// `[CONSTRAINT name] PRIMARY KEY (columns) [NOT ENFORCED]`.
struct PrimaryKey {
    std::optional<Name> name;
    std::vector<Name> columns;
    bool not_enforced = false;
    Location location;
};

enum class DistributionKind : std::uint8_t { kUnspecified, kHash, kRange };

/// `DISTRIBUTED [BY [HASH|RANGE] (columns)] [INTO n BUCKETS]`.
struct Distribution {
    DistributionKind kind = DistributionKind::kUnspecified;
    std::vector<Name> columns;
    std::optional<std::uint32_t> buckets;
    Location location;
};

enum class LikeStrategy : std::uint8_t { kIncluding, kExcluding, kOverwriting };

enum class LikeFeature : std::uint8_t {
    kAll,
    kConstraints,
    kDistribution,
    kGenerated,
    kMetadata,
    kOptions,
    kPartitions,
    kWatermarks,
};

struct LikeRule {
    LikeStrategy strategy = LikeStrategy::kIncluding;
    LikeFeature feature = LikeFeature::kAll;
};

struct LikeTable {
    QualifiedName table;
    std::vector<LikeRule> rules;
};

struct CreateTable {
    bool or_replace = false;
    bool temporary = false;
    bool if_not_exists = false;
    QualifiedName name;
    std::vector<ColumnDefinition> columns;
    std::vector<WatermarkDefinition> watermarks;  // More than one is refused by the binder.
    std::vector<PrimaryKey> primary_keys;         // Likewise.
    std::optional<Text> comment;
    std::optional<Distribution> distribution;
    std::vector<Name> partitioned_by;
    std::vector<Option> options;
    std::optional<LikeTable> like;
    QueryPtr as_query;  // CREATE TABLE ... AS; may be null.
};

struct ViewColumn {
    Name name;
    std::optional<Text> comment;
};

struct CreateView {
    bool temporary = false;
    bool if_not_exists = false;
    QualifiedName name;
    std::vector<ViewColumn> columns;
    std::optional<Text> comment;
    QueryPtr query;
    Location query_location;  // For SHOW CREATE VIEW: the text of the query.
};

struct CreateFunction {
    bool temporary = false;
    bool system = false;
    bool if_not_exists = false;
    QualifiedName name;
    Text identifier;
    std::string language;  // JAVA, SCALA, PYTHON or empty.
    std::vector<Text> jars;
};

struct InsertInto {
    QualifiedName target;
    std::vector<Hint> hints;
    std::vector<Name> columns;  // Empty: all, in order.
    bool overwrite = false;
    QueryPtr query;
};

/// `EXECUTE STATEMENT SET BEGIN ...; END` and `BEGIN STATEMENT SET; ...; END`.
struct StatementSet {
    std::vector<Statement> inserts;  // Each holds an InsertInto; at least one.
};

struct SelectStatement {
    QueryPtr query;
};

/// `SET 'key' = 'value'`; without an option, `SET` lists them all.
struct SetOption {
    std::optional<Option> option;
};

/// `RESET 'key'`; without a key, all.
struct ResetOption {
    std::optional<Text> key;
};

enum class ExplainDetail : std::uint8_t {
    kEstimatedCost,
    kChangelogMode,
    kPlanAdvice,
    kJsonExecutionPlan,
};

struct Explain {
    std::vector<ExplainDetail> details;  // Empty for PLAN FOR and plain EXPLAIN.
    StatementPtr statement;              // A SelectStatement, InsertInto or StatementSet.
};

enum class ObjectKind : std::uint8_t { kTable, kView, kFunction, kDatabase, kCatalog };

struct Drop {
    ObjectKind object = ObjectKind::kTable;
    bool temporary = false;
    bool if_exists = false;
    bool cascade = false;
    QualifiedName name;
};

enum class ShowKind : std::uint8_t {
    kTables,
    kViews,
    kFunctions,
    kDatabases,
    kCatalogs,
    kJobs,
    kColumns,      // name
    kPartitions,   // name
    kCreateTable,  // name
    kCreateView,   // name
};

struct Show {
    ShowKind kind = ShowKind::kTables;
    std::optional<QualifiedName> name;
};

/// `DESCRIBE t`, `DESC t`.
struct Describe {
    QualifiedName name;
};

struct Statement {
    using Node = std::variant<CreateTable,
                              CreateView,
                              CreateFunction,
                              InsertInto,
                              StatementSet,
                              SelectStatement,
                              SetOption,
                              ResetOption,
                              Explain,
                              Drop,
                              Show,
                              Describe>;
    Location location;  // The whole statement, without its semicolon.
    Node node;
};

}  // namespace thalweg::sql
