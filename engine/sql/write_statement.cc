#include "engine/sql/sql_writer.h"
#include "engine/sql/unparse.h"

#include <array>

namespace thalweg::sql {
namespace {

template <class Tree>
std::string written(const Tree& tree) {
    SqlWriter writer;
    writer.write(tree);
    return writer.take();
}

}  // namespace

std::string to_sql(const Expr& expr) {
    return written(expr);
}

std::string to_sql(const TypeName& type) {
    return written(type);
}

std::string to_sql(const QualifiedName& name) {
    return written(name);
}

std::string to_sql(const Query& query) {
    return written(query);
}

std::string to_sql(const Statement& statement) {
    return written(statement);
}

void SqlWriter::write(const Statement& statement) {
    std::visit([&](const auto& alternative) { node(alternative); }, statement.node);
}

void SqlWriter::comment(const std::optional<Text>& comment) {
    if (!comment) return;
    out_ += " COMMENT ";
    text(*comment);
}

void SqlWriter::node(const CreateTable& table) {
    out_ += table.or_replace ? "CREATE OR REPLACE " : "CREATE ";
    if (table.temporary) out_ += "TEMPORARY ";
    out_ += table.if_not_exists ? "TABLE IF NOT EXISTS " : "TABLE ";
    write(table.name);
    bool first = true;
    const auto begin_element = [&] {
        out_ += first ? " (" : ", ";
        first = false;
    };
    for (const ColumnDefinition& each : table.columns) {
        begin_element();
        column(each);
    }
    for (const WatermarkDefinition& watermark : table.watermarks) {
        begin_element();
        out_ += "WATERMARK FOR ";
        write(watermark.column);
        out_ += " AS ";
        write(*watermark.expr);
    }
    for (const PrimaryKey& key : table.primary_keys) {
        begin_element();
        primary_key(key);
    }
    if (!first) out_ += ')';
    table_clauses(table);
}

void SqlWriter::column(const ColumnDefinition& column) {
    name(column.name);
    out_ += ' ';
    if (const auto* computed = std::get_if<ComputedColumn>(&column.node)) {
        out_ += "AS ";
        write(*computed->expr);
    } else if (const auto* metadata = std::get_if<MetadataColumn>(&column.node)) {
        write(metadata->type);
        out_ += " METADATA";
        if (metadata->key) {
            out_ += " FROM ";
            text(*metadata->key);
        }
        if (metadata->is_virtual) out_ += " VIRTUAL";
    } else {
        write(std::get<PhysicalColumn>(column.node).type);
    }
    comment(column.comment);
}

void SqlWriter::primary_key(const PrimaryKey& key) {
    if (key.name) {
        out_ += "CONSTRAINT ";
        name(*key.name);
        out_ += ' ';
    }
    out_ += "PRIMARY KEY (";
    names(key.columns);
    out_ += key.not_enforced ? ") NOT ENFORCED" : ")";
}

void SqlWriter::table_clauses(const CreateTable& table) {
    static constexpr auto kStrategies =
        std::to_array<std::string_view>({"INCLUDING ", "EXCLUDING ", "OVERWRITING "});
    static constexpr auto kFeatures = std::to_array<std::string_view>({
        "ALL",
        "CONSTRAINTS",
        "DISTRIBUTION",
        "GENERATED",
        "METADATA",
        "OPTIONS",
        "PARTITIONS",
        "WATERMARKS",
    });
    static constexpr auto kDistributions =
        std::to_array<std::string_view>({"(", "HASH (", "RANGE ("});
    comment(table.comment);
    if (table.distribution) {
        const Distribution& distribution = *table.distribution;
        out_ += " DISTRIBUTED";
        if (!distribution.columns.empty()) {
            out_ += " BY ";
            out_ += kDistributions[static_cast<std::size_t>(distribution.kind)];
            names(distribution.columns);
            out_ += ')';
        }
        if (distribution.buckets) {
            out_ += " INTO " + std::to_string(*distribution.buckets) + " BUCKETS";
        }
    }
    if (!table.partitioned_by.empty()) {
        out_ += " PARTITIONED BY (";
        names(table.partitioned_by);
        out_ += ')';
    }
    if (!table.options.empty()) {
        out_ += " WITH ";
        options(table.options);
    }
    if (table.like) {
        out_ += " LIKE ";
        write(table.like->table);
        if (!table.like->rules.empty()) out_ += " (";
        for (std::size_t i = 0; i < table.like->rules.size(); ++i) {
            const LikeRule rule = table.like->rules[i];
            if (i > 0) out_ += ' ';
            out_ += kStrategies[static_cast<std::size_t>(rule.strategy)];
            out_ += kFeatures[static_cast<std::size_t>(rule.feature)];
        }
        if (!table.like->rules.empty()) out_ += ')';
    }
    if (!table.as_query) return;
    out_ += " AS ";
    write(*table.as_query);
}

void SqlWriter::node(const CreateView& view) {
    out_ += view.temporary ? "CREATE TEMPORARY VIEW " : "CREATE VIEW ";
    if (view.if_not_exists) out_ += "IF NOT EXISTS ";
    write(view.name);
    if (!view.columns.empty()) out_ += " (";
    list(view.columns, [&](const ViewColumn& column) {
        name(column.name);
        comment(column.comment);
    });
    if (!view.columns.empty()) out_ += ')';
    comment(view.comment);
    out_ += " AS ";
    write(*view.query);
}

void SqlWriter::node(const CreateFunction& function) {
    out_ += function.temporary ? "CREATE TEMPORARY " : "CREATE ";
    if (function.system) out_ += "SYSTEM ";
    out_ += function.if_not_exists ? "FUNCTION IF NOT EXISTS " : "FUNCTION ";
    write(function.name);
    out_ += " AS ";
    text(function.identifier);
    if (!function.language.empty()) out_ += " LANGUAGE " + function.language;
    if (!function.jars.empty()) out_ += " USING ";
    list(function.jars, [&](const Text& jar) {
        out_ += "JAR ";
        text(jar);
    });
}

void SqlWriter::node(const InsertInto& insert) {
    out_ += insert.overwrite ? "INSERT OVERWRITE " : "INSERT INTO ";
    write(insert.target);
    hints(insert.hints);
    if (!insert.columns.empty()) {
        out_ += " (";
        names(insert.columns);
        out_ += ')';
    }
    out_ += ' ';
    write(*insert.query);
}

void SqlWriter::node(const StatementSet& set) {
    out_ += "EXECUTE STATEMENT SET BEGIN ";
    for (const Statement& insert : set.inserts) {
        write(insert);
        out_ += "; ";
    }
    out_ += "END";
}

void SqlWriter::node(const SelectStatement& select) {
    write(*select.query);
}

void SqlWriter::node(const SetOption& set) {
    out_ += "SET";
    if (!set.option) return;
    out_ += ' ';
    option(*set.option);
}

void SqlWriter::node(const ResetOption& reset) {
    out_ += "RESET";
    if (!reset.key) return;
    out_ += ' ';
    text(*reset.key);
}

void SqlWriter::node(const Explain& explain) {
    static constexpr auto kDetails = std::to_array<std::string_view>({
        "ESTIMATED_COST",
        "CHANGELOG_MODE",
        "PLAN_ADVICE",
        "JSON_EXECUTION_PLAN",
    });
    out_ += "EXPLAIN ";
    list(explain.details,
         [&](ExplainDetail detail) { out_ += kDetails[static_cast<std::size_t>(detail)]; });
    if (!explain.details.empty()) out_ += ' ';
    write(*explain.statement);
}

void SqlWriter::node(const Drop& drop) {
    static constexpr auto kWords =
        std::to_array<std::string_view>({"TABLE ", "VIEW ", "FUNCTION ", "DATABASE ", "CATALOG "});
    out_ += drop.temporary ? "DROP TEMPORARY " : "DROP ";
    out_ += kWords[static_cast<std::size_t>(drop.object)];
    if (drop.if_exists) out_ += "IF EXISTS ";
    write(drop.name);
    if (drop.cascade) out_ += " CASCADE";
}

void SqlWriter::node(const Show& show) {
    static constexpr auto kWords = std::to_array<std::string_view>({
        "TABLES",
        "VIEWS",
        "FUNCTIONS",
        "DATABASES",
        "CATALOGS",
        "JOBS",
        "COLUMNS FROM",
        "PARTITIONS",
        "CREATE TABLE",
        "CREATE VIEW",
    });
    const bool is_one_function = show.kind == ShowKind::kFunctions && show.name;
    out_ += is_one_function ? "DESCRIBE FUNCTION" : "SHOW ";
    if (!is_one_function) out_ += kWords[static_cast<std::size_t>(show.kind)];
    if (!show.name) return;
    out_ += ' ';
    write(*show.name);
}

void SqlWriter::node(const Describe& describe) {
    out_ += "DESCRIBE ";
    write(describe.name);
}

}  // namespace thalweg::sql
