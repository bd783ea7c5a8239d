#include "state/value_text.h"

#include "state/text/decimal.h"
#include "state/text/json.h"
#include "state/text/number.h"
#include "state/text/timestamp.h"

#include <cmath>
#include <cstdint>
#include <vector>

namespace thalweg {

namespace {

void append_hex(std::string& out, const std::string& bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    out += '"';
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        out += kDigits[byte >> 4U];
        out += kDigits[byte & 15U];
    }
    out += '"';
}

void append_whole(std::string& out, const Type& type, std::int64_t value) {
    switch (type.kind) {
        case TypeKind::kDate:
            out += '"';
            append_date(out, static_cast<std::int32_t>(value));
            out += '"';
            return;
        case TypeKind::kTime:
            out += '"';
            append_time(out, static_cast<std::int32_t>(value), 3);
            out += '"';
            return;
        case TypeKind::kTimestamp:
        case TypeKind::kTimestampLtz:
            out += '"';
            append_timestamp(out, value, 9);
            out += '"';
            return;
        default: append_int64(out, value);
    }
}

void append_float_text(std::string& out, const Type& type, double value) {
    if (!std::isfinite(value)) out += '"';
    if (type.kind == TypeKind::kFloat) {
        append_float(out, static_cast<float>(value));
    } else {
        append_double(out, value);
    }
    if (!std::isfinite(value)) out += '"';
}

void append_list(std::string& out, const Type& type, const Value::List& values) {
    const std::vector<Field>& fields = *type.fields;
    if (type.kind == TypeKind::kRow) {
        out += '{';
        for (std::size_t i = 0; i < values.size(); ++i) {
            if (i > 0) out += ',';
            append_json_string(out, fields[i].name);
            out += ':';
            append_value_text(out, fields[i].type, values[i]);
        }
        out += '}';
        return;
    }
    // A map is shown as its keys and values in turn: keys need not be strings.
    out += '[';
    for (std::size_t i = 0; i < values.size(); ++i) {
        if (i > 0) out += ',';
        append_value_text(out, fields[i % fields.size()].type, values[i]);
    }
    out += ']';
}

}  // namespace

void append_value_text(std::string& out, const Type& type, const Value& value) {
    if (value.is_null()) {
        out += "null";
    } else if (const auto* const truth = std::get_if<bool>(&value.data)) {
        out += *truth ? "true" : "false";
    } else if (const auto* const whole = std::get_if<std::int64_t>(&value.data)) {
        append_whole(out, type, *whole);
    } else if (const auto* const real = std::get_if<double>(&value.data)) {
        append_float_text(out, type, *real);
    } else if (const auto* const decimal = std::get_if<Int128>(&value.data)) {
        append_decimal(out, *decimal, type.scale);
    } else if (const auto* const text = std::get_if<std::string>(&value.data)) {
        type.is_binary() ? append_hex(out, *text) : append_json_string(out, *text);
    } else {
        append_list(out, type, std::get<Value::List>(value.data));
    }
}

void append_row_text(std::string& out, const Batch& rows, std::size_t row) {
    out += '{';
    const Schema& schema = *rows.schema();
    for (std::size_t i = 0; i < schema.size(); ++i) {
        if (i > 0) out += ',';
        append_json_string(out, schema[i].name);
        out += ':';
        append_value_text(out, schema[i].type, value_at(rows.column(i), row));
    }
    out += '}';
}

}  // namespace thalweg
