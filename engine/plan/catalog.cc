#include "engine/plan/catalog.h"

#include "engine/plan/like_table.h"
#include "engine/sql/suggest.h"
#include "ingest/format.h"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace thalweg::plan {

namespace {

using sql::SqlError;

struct MetadataKey {
    std::string_view key;
    Metadata metadata;
};

constexpr std::array kMetadataKeys = {
    MetadataKey{"peer_address", Metadata::kPeerAddress},
    MetadataKey{"receive_time", Metadata::kReceiveTime},
    MetadataKey{"connection_id", Metadata::kConnectionId},
    MetadataKey{"sequence", Metadata::kSequence},
    MetadataKey{"dropped_before", Metadata::kDroppedBefore},
    MetadataKey{"raw", Metadata::kRaw},
};

struct NumberKey {
    std::string_view key;
    ResultNumber number;
};

constexpr std::array kNumberKeys = {
    NumberKey{"result_epoch", ResultNumber::kEpoch},
    NumberKey{"result_sequence", ResultNumber::kSequence},
};

// What reading a key yields; a declared type must be one that this casts to.
Type metadata_type(Metadata metadata) {
    switch (metadata) {
        case Metadata::kPeerAddress: return Type::string();
        case Metadata::kReceiveTime: return Type::timestamp_ltz(9);
        case Metadata::kRaw: return Type::bytes();
        case Metadata::kRowKind: return Type::string();
        case Metadata::kNone:
        case Metadata::kConnectionId:
        case Metadata::kSequence:
        case Metadata::kDroppedBefore: break;
    }
    return Type::bigint();
}

// Virtual, as in Flink: not one of the columns that INSERT gives.
TableColumn bind_number(const sql::ColumnDefinition& definition,
                        const sql::MetadataColumn& node,
                        const NumberKey& key) {
    const std::string name = "metadata '" + std::string(key.key) + "'";
    const Type type = bind_type(node.type);
    if (type.kind != TypeKind::kBigint)
        throw SqlError(node.type.location, name + " is BIGINT, not " + type.to_string());
    if (!node.is_virtual)
        throw SqlError(definition.location,
                       name + " is filled in by the sink, no INSERT gives it",
                       "declare it METADATA FROM '" + std::string(key.key) + "' VIRTUAL");
    TableColumn column;
    column.name = definition.name.text;
    column.location = definition.location;
    column.source = ColumnSource::kNumber;
    column.type = type;
    column.is_virtual = true;
    column.number = key.number;
    return column;
}

TableColumn bind_metadata(const sql::ColumnDefinition& definition,
                          const sql::MetadataColumn& node) {
    const std::string& key = node.key ? node.key->value : definition.name.text;
    const sql::Location at = node.key ? node.key->location : definition.name.location;
    std::vector<std::string_view> keys;
    for (const MetadataKey& known : kMetadataKeys) {
        keys.push_back(known.key);
        if (known.key != key) continue;
        const Type type = bind_type(node.type);
        if (type.kind != metadata_type(known.metadata).kind) {
            throw SqlError(node.type.location,
                           "metadata '" + key + "' is " +
                               metadata_type(known.metadata).to_string() + ", not " +
                               type.to_string());
        }
        return {definition.name.text,
                definition.location,
                ColumnSource::kMetadata,
                type,
                nullptr,
                known.metadata,
                node.is_virtual};
    }
    for (const NumberKey& known : kNumberKeys) {
        keys.push_back(known.key);
        if (known.key == key) return bind_number(definition, node, known);
    }
    std::string hint = sql::did_you_mean(sql::nearest(key, keys));
    if (hint.empty())
        hint =
            "known keys: peer_address, receive_time, connection_id, sequence, dropped_before, raw, "
            "and of a sink result_epoch, result_sequence";
    throw SqlError(at, "unknown metadata key '" + key + "'", hint);
}

TableColumn bind_column(const sql::ColumnDefinition& definition) {
    if (const auto* physical = std::get_if<sql::PhysicalColumn>(&definition.node)) {
        return {definition.name.text,
                definition.location,
                ColumnSource::kPhysical,
                bind_type(physical->type),
                nullptr,
                Metadata::kNone,
                false};
    }
    if (const auto* computed = std::get_if<sql::ComputedColumn>(&definition.node)) {
        return {definition.name.text,
                definition.location,
                ColumnSource::kComputed,
                Type{},
                computed->expr.get(),
                Metadata::kNone,
                false};
    }
    return bind_metadata(definition, std::get<sql::MetadataColumn>(definition.node));
}

std::size_t find_column(const TableDefinition& table, const sql::Name& name) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
        if (table.columns[i].name == name.text) return i;
    }
    throw unknown_column(table, name);
}

// Whether LIKE lets a column take the place of one that was taken over.
bool is_overwritten(const sql::CreateTable& statement,
                    const TableColumn& taken,
                    const TableColumn& own) {
    const bool is_computed = taken.source == ColumnSource::kComputed;
    if (taken.source != own.source || taken.source == ColumnSource::kPhysical) return false;
    const sql::LikeFeature feature =
        is_computed ? sql::LikeFeature::kGenerated : sql::LikeFeature::kMetadata;
    return strategy_of(*statement.like, feature) == sql::LikeStrategy::kOverwriting;
}

void bind_columns(const sql::CreateTable& statement, TableDefinition& table) {
    const std::size_t taken_count = table.columns.size();
    for (const sql::ColumnDefinition& definition : statement.columns) {
        TableColumn column = bind_column(definition);
        const auto same = std::ranges::find(table.columns, column.name, &TableColumn::name);
        if (same == table.columns.end()) {
            table.columns.push_back(std::move(column));
            continue;
        }
        const bool is_taken =
            same < table.columns.begin() + static_cast<std::ptrdiff_t>(taken_count);
        if (!is_taken || !is_overwritten(statement, *same, column))
            throw SqlError(definition.name.location,
                           is_taken ? "table '" + last_part(statement.like->table) +
                                          "' has a column '" + column.name + "' already"
                                    : "column '" + column.name + "' is declared twice");
        *same = std::move(column);
    }
    if (table.columns.empty())
        throw SqlError(statement.name.location, "table '" + table.name + "' has no columns");
}

void bind_watermark(const sql::CreateTable& statement, TableDefinition& table) {
    if (statement.watermarks.empty()) return;
    if (statement.watermarks.size() > 1) {
        throw SqlError(statement.watermarks[1].location, "a table has at most one WATERMARK");
    }
    const sql::WatermarkDefinition& watermark = statement.watermarks[0];
    if (table.watermark != nullptr && strategy_of(*statement.like, sql::LikeFeature::kWatermarks) !=
                                          sql::LikeStrategy::kOverwriting)
        throw SqlError(watermark.location,
                       "the table behind LIKE has a WATERMARK already",
                       "LIKE ... (OVERWRITING WATERMARKS) or (EXCLUDING WATERMARKS)");
    if (watermark.column.parts.size() > 1)
        throw sql::not_supported(watermark.column.location, "a WATERMARK on a nested field");
    table.watermark_column = find_column(table, watermark.column.parts[0]);
    table.watermark = watermark.expr.get();
}

void bind_primary_key(const sql::CreateTable& statement, TableDefinition& table) {
    if (statement.primary_keys.empty()) return;
    if (statement.primary_keys.size() > 1)
        throw SqlError(statement.primary_keys[1].location, "a table has at most one PRIMARY KEY");
    const sql::PrimaryKey& key = statement.primary_keys[0];
    if (!table.primary_key.empty())
        throw SqlError(key.location,
                       "the table behind LIKE has a PRIMARY KEY already",
                       "LIKE ... (EXCLUDING CONSTRAINTS)");
    if (!key.not_enforced) {
        throw SqlError(key.location,
                       "a PRIMARY KEY must be NOT ENFORCED",
                       "a stream's keys are promised by its producer, nobody can enforce them");
    }
    for (const sql::Name& name : key.columns)
        table.primary_key.push_back(find_column(table, name));
}

void bind_options(const sql::CreateTable& statement, TableDefinition& table) {
    std::set<std::string_view> own;
    for (const sql::Option& option : statement.options) {
        const bool is_new = own.insert(option.key.value).second;
        const bool may_replace = is_new && statement.like &&
                                 strategy_of(*statement.like, sql::LikeFeature::kOptions) ==
                                     sql::LikeStrategy::kOverwriting;
        if (!may_replace && table.options.contains(option.key.value)) {
            throw SqlError(option.key.location, "option '" + option.key.value + "' is given twice");
        }
        table.options[option.key.value] = option.value.value;
        table.option_locations[option.key.value] = {option.key.location, option.value.location};
    }
}

void check_row_kind(const TableDefinition& table) {
    for (const TableColumn& column : table.columns) {
        const Type string = Type::string();
        const bool is_string =
            column.type.kind == string.kind && column.type.precision == string.precision;
        if (!is_row_kind(table, column) || is_string) continue;
        throw SqlError(column.location,
                       "column '" + column.name + "' is the row kind of a record of " +
                           table.format() + ": a STRING, not " + column.type.to_string());
    }
}

// Where rows are not kept it makes no difference how they are divided.
void bind_partitions(const sql::CreateTable& statement, TableDefinition& table) {
    for (const sql::Name& name : statement.partitioned_by)
        static_cast<void>(find_column(table, name));
    if (!statement.partitioned_by.empty()) table.partitioned_by = statement.partitioned_by;
    const std::string connector = table.connector();
    if (table.partitioned_by.empty() || connector == "blackhole" || connector == "print") return;
    throw sql::not_supported(statement.partitioned_by.empty()
                                 ? statement.name.location
                                 : statement.partitioned_by[0].location,
                             "PARTITIONED BY of connector '" + connector + "'");
}

}  // namespace

const std::string& last_part(const sql::QualifiedName& name) {
    return name.parts.back().text;
}

sql::SqlError unknown_column(const TableDefinition& table, const sql::Name& name) {
    std::vector<std::string> names;
    for (const TableColumn& column : table.columns)
        names.push_back(column.name);
    return {name.location,
            "table '" + table.name + "' has no column '" + name.text + "'",
            sql::did_you_mean(sql::nearest(name.text, names))};
}

bool is_row_kind(const TableDefinition& table, const TableColumn& column) {
    const std::string format = table.format();
    return format == "changelog-json" && column.source == ColumnSource::kPhysical &&
           column.name == row_kind_column(format).path.front();
}

const std::string* TableDefinition::option(const std::string& key) const {
    const auto found = options.find(key);
    return found == options.end() ? nullptr : &found->second;
}

std::string TableDefinition::connector() const {
    if (const std::string* given = option("connector")) return *given;
    if (const std::string* legacy = option("connector.type")) return *legacy;
    return "";
}

std::string TableDefinition::format() const {
    if (const std::string* given = option("format")) return *given;
    if (const std::string* legacy = option("format.type")) return *legacy;
    return "";
}

std::string TableDefinition::path() const {
    if (const std::string* given = option("path")) return *given;
    if (const std::string* legacy = option("connector.path")) return *legacy;
    return "";
}

void Catalog::create(const sql::CreateTable& statement, sql::Location location) {
    if (statement.as_query != nullptr)
        throw sql::not_supported(statement.as_query->location, "CREATE TABLE ... AS");
    if (statement.distribution)
        throw sql::not_supported(statement.distribution->location, "DISTRIBUTED BY");
    const std::string& name = last_part(statement.name);
    if (find_table(name) != nullptr || find_view(name) != nullptr) {
        if (statement.if_not_exists) return;
        if (!statement.or_replace)
            throw SqlError(statement.name.location, "table '" + name + "' exists already");
    }
    TableDefinition table;
    if (statement.like) {
        const TableDefinition* const base = find_table(last_part(statement.like->table));
        if (base == nullptr && find_view(last_part(statement.like->table)) != nullptr)
            throw SqlError(statement.like->table.location, "LIKE takes a table, this is a view");
        if (base == nullptr) throw unknown_table(statement.like->table);
        table = taken_over(*base, *statement.like);
    }
    table.name = name;
    table.location = location;
    bind_columns(statement, table);
    bind_watermark(statement, table);
    bind_primary_key(statement, table);
    bind_options(statement, table);
    check_row_kind(table);
    bind_partitions(statement, table);
    if (table.connector().empty()) {
        throw SqlError(statement.name.location,
                       "table '" + name + "' has no 'connector' option",
                       "add WITH ('connector' = '...', ...)");
    }
    all_tables_.push_back(std::make_shared<const TableDefinition>(std::move(table)));
    tables_[name] = all_tables_.back();
}

void Catalog::create(const sql::CreateView& statement) {
    const std::string& name = last_part(statement.name);
    if (find_table(name) != nullptr || find_view(name) != nullptr) {
        if (statement.if_not_exists) return;
        throw SqlError(statement.name.location, "view '" + name + "' exists already");
    }
    ViewDefinition view{name, {}, statement.query.get()};
    for (const sql::ViewColumn& column : statement.columns)
        view.columns.push_back(column.name.text);
    all_views_.push_back(std::make_shared<const ViewDefinition>(std::move(view)));
    views_[name] = all_views_.back();
}

void Catalog::drop(const sql::Drop& statement) {
    const std::string& name = last_part(statement.name);
    std::size_t erased = 0;
    switch (statement.object) {
        case sql::ObjectKind::kTable: erased = tables_.erase(name); break;
        case sql::ObjectKind::kView: erased = views_.erase(name); break;
        case sql::ObjectKind::kFunction:
            throw sql::not_supported(statement.name.location, "DROP FUNCTION");
        case sql::ObjectKind::kDatabase:
            throw sql::not_supported(statement.name.location, "DROP DATABASE");
        case sql::ObjectKind::kCatalog:
            throw sql::not_supported(statement.name.location, "DROP CATALOG");
    }
    if (erased == 0 && !statement.if_exists) throw unknown_table(statement.name);
}

const TableDefinition* Catalog::find_table(std::string_view name) const {
    const auto found = tables_.find(name);
    return found == tables_.end() ? nullptr : found->second.get();
}

const ViewDefinition* Catalog::find_view(std::string_view name) const {
    const auto found = views_.find(name);
    return found == views_.end() ? nullptr : found->second.get();
}

sql::SqlError Catalog::unknown_table(const sql::QualifiedName& name) const {
    std::vector<std::string> names;
    for (const auto& [table, definition] : tables_)
        names.push_back(table);
    for (const auto& [view, definition] : views_)
        names.push_back(view);
    return SqlError(name.location,
                    "there is no table or view '" + last_part(name) + "'",
                    sql::did_you_mean(sql::nearest(last_part(name), names)));
}

}  // namespace thalweg::plan
