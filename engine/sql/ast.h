#pragma once

#include "engine/sql/ast_expression.h"
#include "engine/sql/ast_query.h"
#include "engine/sql/ast_type.h"
#include "engine/sql/location.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
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
//
// In parts: ast_type.h, ast_expression.h, ast_query.h, and here the statements.

namespace thalweg::sql {

struct Statement;
using StatementPtr = std::unique_ptr<Statement>;

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
