#pragma once

#include "engine/sql/ast_expression.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

// Queries of the syntax tree (ast.h says what holds for all of it).

namespace thalweg::sql {

struct QueryBody;
using QueryBodyPtr = std::unique_ptr<QueryBody>;

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
    kDefault,  // Not written; Flink takes it for TO NEXT ROW.
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

}  // namespace thalweg::sql
