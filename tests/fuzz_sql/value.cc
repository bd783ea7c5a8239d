#include "tests/fuzz_sql/value.h"

#include <cstdio>

namespace thalweg::fuzz {

std::string time_text(std::int64_t ms) {
    char text[64];
    const int length = std::snprintf(text,
                                     sizeof text,
                                     "2024-01-01 %02d:%02d:%02d.%03d",
                                     static_cast<int>(ms / 3'600'000),
                                     static_cast<int>(ms / 60'000 % 60),
                                     static_cast<int>(ms / 1000 % 60),
                                     static_cast<int>(ms % 1000));
    return {text, static_cast<std::size_t>(length)};
}

std::string cell_text(const Value& value, Kind kind) {
    if (is_null(value)) return "NULL";
    switch (kind) {
        case Kind::kBool: return std::get<bool>(value) ? "true" : "false";
        case Kind::kInt: return std::to_string(std::get<std::int64_t>(value));
        case Kind::kText: return '"' + std::get<std::string>(value) + '"';
        case Kind::kTime: return '"' + time_text(std::get<std::int64_t>(value)) + '"';
    }
    return {};
}

std::string row_text(const Row& row, const std::vector<Kind>& kinds) {
    std::string text = "(";
    for (std::size_t i = 0; i < row.size(); ++i)
        text += (i == 0 ? "" : ", ") + cell_text(row[i], kinds[i]);
    return text + ")";
}

std::string literal_sql(const Value& value, Kind kind) {
    if (is_null(value)) return std::string("CAST(NULL AS ") + type_sql(kind) + ")";
    switch (kind) {
        case Kind::kBool: return std::get<bool>(value) ? "TRUE" : "FALSE";
        case Kind::kInt: return std::to_string(std::get<std::int64_t>(value));
        case Kind::kText: return "'" + std::get<std::string>(value) + "'";
        case Kind::kTime: return "TIMESTAMP '" + time_text(std::get<std::int64_t>(value)) + "'";
    }
    return {};
}

const char* type_sql(Kind kind) {
    switch (kind) {
        case Kind::kBool: return "BOOLEAN";
        case Kind::kInt: return "BIGINT";
        case Kind::kText: return "STRING";
        case Kind::kTime: return "TIMESTAMP(3)";
    }
    return "";
}

}  // namespace thalweg::fuzz
