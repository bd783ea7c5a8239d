#pragma once

#include "engine/plan/settings.h"
#include "engine/sink/sink.h"
#include "engine/sql/ast.h"
#include "engine/sql/sql_error.h"
#include "ingest/format.h"
#include "state/schema.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The tables and views of a script, as their CREATE statements left them: types are bound, options
// split between connector and format, expressions still syntax. Borrows the script's tree, which
// outlives it. Failure: SqlError.

namespace thalweg::plan {

// kNumber: what a sink fills in itself.
enum class ColumnSource : std::uint8_t { kPhysical, kComputed, kMetadata, kNumber };

struct TableColumn {
    std::string name;
    sql::Location location;
    ColumnSource source = ColumnSource::kPhysical;
    Type type;                                   // Of kComputed: unknown until bound.
    const sql::Expr* expression = nullptr;       // Of kComputed.
    Metadata metadata = Metadata::kNone;         // Of kMetadata.
    bool is_virtual = false;                     // Metadata that a sink does not write.
    ResultNumber number = ResultNumber::kEpoch;  // Of kNumber.
};

struct OptionLocation {
    sql::Location key;
    sql::Location value;
};

struct TableDefinition {
    std::string name;
    sql::Location location;
    std::vector<TableColumn> columns;
    std::size_t watermark_column = 0;  // Index in columns, if there is a watermark.
    const sql::Expr* watermark = nullptr;
    std::vector<std::size_t> primary_key;
    std::vector<sql::Name> partitioned_by;
    std::map<std::string, std::string> options;
    std::map<std::string, OptionLocation> option_locations;

    [[nodiscard]] const std::string* option(const std::string& key) const;
    [[nodiscard]] std::string connector() const;
    [[nodiscard]] std::string format() const;
    [[nodiscard]] std::string path() const;  // As it is written; "" where there is none.
};

struct ViewDefinition {
    std::string name;
    std::vector<std::string> columns;  // Empty: the query's.
    const sql::Query* query = nullptr;
};

class Catalog {
  public:
    void create(const sql::CreateTable& statement, sql::Location location);
    void create(const sql::CreateView& statement);
    void drop(const sql::Drop& statement);

    // Null when there is none of that name.
    [[nodiscard]] const TableDefinition* find_table(std::string_view name) const;
    [[nodiscard]] const ViewDefinition* find_view(std::string_view name) const;

    // An error at `name` that says what is there and what may have been meant.
    [[nodiscard]] sql::SqlError unknown_table(const sql::QualifiedName& name) const;

  private:
    // The shared_ptr keeps what a plan points to alive when the name is dropped or replaced.
    std::map<std::string, std::shared_ptr<const TableDefinition>, std::less<>> tables_;
    std::map<std::string, std::shared_ptr<const ViewDefinition>, std::less<>> views_;
    std::vector<std::shared_ptr<const TableDefinition>> all_tables_;
    std::vector<std::shared_ptr<const ViewDefinition>> all_views_;
};

// An error at `name` with the column that may have been meant.
[[nodiscard]] sql::SqlError unknown_column(const TableDefinition& table, const sql::Name& name);

// Whether records say in the column's field which kind of row they are.
[[nodiscard]] bool is_row_kind(const TableDefinition& table, const TableColumn& column);

// The last part of a name; catalogs and databases before it are accepted and ignored.
[[nodiscard]] const std::string& last_part(const sql::QualifiedName& name);

// The type that a type name means, with Flink's defaults and bounds.
[[nodiscard]] Type bind_type(const sql::TypeName& name);

}  // namespace thalweg::plan
