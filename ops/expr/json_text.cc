#include "ops/expr/json_text.h"

#include "ops/expr/cast.h"
#include "state/text/base64.h"
#include "state/text/json.h"
#include "state/text/number.h"
#include "state/text/timestamp.h"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

namespace thalweg {

namespace {

void append_list(std::string& out, const Column& column, std::size_t row, const TimeZone& zone) {
    const ListRef list = column.data<ListRef>()[row];
    const bool is_map = column.type().kind == TypeKind::kMap;
    out += is_map ? '{' : '[';
    std::string key;
    for (std::size_t i = list.offset; i < std::size_t{list.offset} + list.length; ++i) {
        if (i != list.offset) out += ',';
        if (is_map) {
            key.clear();
            if (!column.child(0).is_null(i)) append_text(key, column.child(0), i, zone);
            append_json_string(out, key);
            out += ':';
        }
        append_json(out, column.child(is_map ? 1 : 0), i, zone);
    }
    out += is_map ? '}' : ']';
}

void append_members(std::string& out, const Column& column, std::size_t row, const TimeZone& zone) {
    out += '{';
    for (std::size_t i = 0; i < column.child_count(); ++i) {
        if (i != 0) out += ',';
        append_json_string(out, (*column.type().fields)[i].name);
        out += ':';
        append_json(out, column.child(i), row, zone);
    }
    out += '}';
}

// Whether the text of a value is JSON as it is.
bool is_bare(const Column& column, std::size_t row) {
    if (column.type().is_exact()) return true;
    if (column.physical() == Physical::kFloat) return std::isfinite(column.data<float>()[row]);
    return column.physical() == Physical::kDouble && std::isfinite(column.data<double>()[row]);
}

// An instant is written as UTC reads it.
void append_time(std::string& out, const Column& column, std::size_t row) {
    const Type& type = column.type();
    std::string text;
    append_timestamp(text, column.data<std::int64_t>()[row], type.precision);
    if (const std::size_t blank = text.find(' '); blank != std::string::npos) text[blank] = 'T';
    if (type.kind == TypeKind::kTimestampLtz) text += 'Z';
    append_json_string(out, text);
}

}  // namespace

void append_json(std::string& out, const Column& column, std::size_t row, const TimeZone& zone) {
    const Type& type = column.type();
    if (column.is_null(row)) {
        out += "null";
    } else if (column.physical() == Physical::kList) {
        append_list(out, column, row, zone);
    } else if (column.physical() == Physical::kRow) {
        append_members(out, column, row, zone);
    } else if (column.physical() == Physical::kBool) {
        out += column.data<std::uint8_t>()[row] != 0 ? "true" : "false";
    } else if (is_bare(column, row)) {
        append_text(out, column, row, zone);
    } else if (type.is_timestamp()) {
        append_time(out, column, row);
    } else if (column.physical() == Physical::kString) {
        std::string encoded;
        const std::string_view text = column.data<StringRef>()[row].view();
        if (type.is_binary()) append_base64(encoded, text);
        append_json_string(out, type.is_binary() ? std::string_view(encoded) : text);
    } else {
        std::string text;
        append_text(text, column, row, zone);
        append_json_string(out, text);
    }
}

bool append_scalar(std::string& out, simdjson::dom::element value) {
    switch (value.type()) {
        case simdjson::dom::element_type::STRING:
            out += std::string_view(value.get_string().value_unsafe());
            return true;
        case simdjson::dom::element_type::INT64:
            append_int64(out, value.get_int64().value_unsafe());
            return true;
        case simdjson::dom::element_type::UINT64:
            out += std::to_string(value.get_uint64().value_unsafe());
            return true;
        case simdjson::dom::element_type::DOUBLE:
            append_double(out, value.get_double().value_unsafe());
            return true;
        case simdjson::dom::element_type::BOOL:
            out += value.get_bool().value_unsafe() ? "true" : "false";
            return true;
        case simdjson::dom::element_type::ARRAY:
        case simdjson::dom::element_type::OBJECT:
        case simdjson::dom::element_type::NULL_VALUE: return false;
    }
    return false;
}

namespace {

void append_members(std::string& out, simdjson::dom::object members) {
    using Member = simdjson::dom::key_value_pair;
    std::vector<Member> sorted;
    for (const Member member : members)
        sorted.push_back(member);
    std::ranges::stable_sort(sorted, {}, &Member::key);
    out += '{';
    bool is_first = true;
    for (std::size_t i = 0; i < sorted.size(); ++i) {
        if (i + 1 < sorted.size() && sorted[i + 1].key == sorted[i].key) continue;
        if (!is_first) out += ',';
        is_first = false;
        append_json_string(out, sorted[i].key);
        out += ':';
        append_json(out, sorted[i].value);
    }
    out += '}';
}

}  // namespace

void append_json(std::string& out, simdjson::dom::element value) {
    simdjson::dom::array elements;
    simdjson::dom::object members;
    bool is_first = true;
    if (value.is_string()) {
        append_json_string(out, value.get_string().value_unsafe());
    } else if (value.is_null()) {
        out += "null";
    } else if (value.get(elements) == simdjson::SUCCESS) {
        out += '[';
        for (const simdjson::dom::element each : elements) {
            if (!is_first) out += ',';
            is_first = false;
            append_json(out, each);
        }
        out += ']';
    } else if (value.get(members) == simdjson::SUCCESS) {
        append_members(out, members);
    } else {
        static_cast<void>(append_scalar(out, value));
    }
}

}  // namespace thalweg
