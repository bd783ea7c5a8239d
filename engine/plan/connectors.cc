#include "engine/plan/connectors.h"

#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

namespace thalweg::plan {

namespace {

std::string with_format(const std::string& connector, const std::string& format) {
    return format.empty() ? connector : connector + ", " + format;
}

// At the option that a message names, by key or by value, else at the table.
[[noreturn]] void refuse(const TableDefinition& table, std::string message) {
    const std::string prefix = "table '" + table.name + "': ";
    if (!message.starts_with(prefix)) message.insert(0, prefix);
    const auto names = [&](const std::string& text) {
        return message.find("'" + text + "'", prefix.size()) != std::string::npos;
    };
    const bool is_key = message.find("unknown option") != std::string::npos;
    for (const auto& [key, at] : table.option_locations) {
        if (names(key)) throw sql::SqlError(is_key ? at.key : at.value, message);
    }
    for (const auto& [key, at] : table.option_locations) {
        if (names(table.options.at(key))) throw sql::SqlError(at.value, message);
    }
    throw sql::SqlError(table.location, message);
}

// What a filesystem table's path means, without following links; empty for other tables.
std::filesystem::path path_of(const TableDefinition& table) {
    constexpr std::string_view kScheme = "file://";
    std::string text = table.path();
    if (table.connector() != "filesystem" || text.empty()) return {};
    if (text.starts_with(kScheme)) text.erase(0, kScheme.size());
    std::error_code error;
    return std::filesystem::absolute(text, error).lexically_normal();
}

}  // namespace

SourceSpec source_spec(const TableDefinition& table, const TimeZonePtr& zone) {
    SourceSpec spec;
    spec.name = table.name;
    spec.connector = table.connector();
    spec.options = table.options;
    spec.format.format = table.format();
    spec.format.zone = zone;
    for (const TableColumn& column : table.columns) {
        if (column.source == ColumnSource::kPhysical)
            spec.format.declared.push_back({column.name, column.type});
    }
    if (const auto traits = check_source(spec)) {
        spec.format.framing = traits->default_framing;
        spec.format.ignore_parse_errors = traits->ignore_parse_errors;
    }
    return spec;
}

SinkSpec sink_spec(const TableDefinition& table, const TimeZonePtr& zone) {
    SinkSpec spec;
    spec.name = table.name;
    spec.connector = table.connector();
    spec.options = table.options;
    spec.format = table.format();
    spec.zone = zone;
    std::vector<Field> fields;
    for (const TableColumn& column : table.columns) {
        if (column.source == ColumnSource::kNumber)
            spec.numbers.push_back({fields.size(), column.number});
        else if (column.source != ColumnSource::kPhysical)
            continue;
        if (!column.type.nullable) spec.required.push_back(fields.size());
        fields.push_back({column.name, column.type});
    }
    spec.schema = make_schema(std::move(fields));
    return spec;
}

void check(const TableDefinition& table, const SourceSpec& spec) {
    const auto traits = check_source(spec);
    if (!traits) refuse(table, traits.error().message);
}

void check(const TableDefinition& table, const SinkSpec& spec) {
    const auto result = check_sink(spec);
    if (!result) refuse(table, result.error().message);
}

void check_overwriting(const TableDefinition& sink, const TableDefinition& source) {
    const std::filesystem::path written = path_of(sink);
    const std::filesystem::path read = path_of(source);
    if (!written.has_filename())
        return;  // Another kind of table, or a directory, which only grows.
    const std::filesystem::path place = read.has_filename() ? read : read.parent_path();
    if (place != written && place != written.parent_path()) return;
    refuse(sink,
           "'" + sink.path() + "' is read by '" + source.name +
               "' in the same script, and writing would empty it first");
}

std::string describe(const SourceSpec& spec) {
    return with_format(spec.connector, spec.format.format);
}

std::string describe(const SinkSpec& spec) {
    return with_format(spec.connector, spec.format);
}

}  // namespace thalweg::plan
