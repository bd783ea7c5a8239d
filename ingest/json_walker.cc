#include "ingest/json_walker.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace thalweg {

namespace {

namespace ondemand = simdjson::ondemand;

constexpr JsonFault kNotJson{RejectReason::kMalformed, "not a JSON object"};
constexpr JsonFault kNotAnObject{RejectReason::kWrongType, "an object for a ROW or MAP"};
constexpr JsonFault kNotAnArray{RejectReason::kWrongType, "an array for an ARRAY"};

std::string_view token_of(ondemand::value& value) {
    std::string_view token = value.raw_json_token();
    while (!token.empty() && static_cast<unsigned char>(token.back()) <= ' ')
        token.remove_suffix(1);
    return token;
}

// The field's name. Without escapes it is used where it lies; simdjson has found its closing quote.
bool read_key(ondemand::field& field, std::string_view& key) {
    const char* const first = field.key().raw();
    const char* end = first;
    while (*end != '"' && *end != '\\')
        ++end;
    if (*end == '\\') return field.unescaped_key().get(key) == simdjson::SUCCESS;
    key = {first, static_cast<std::size_t>(end - first)};
    return true;
}

// Walks one record. Lists and rows nest as deep as the column's type does, and no deeper.
class Walk {
  public:
    Walk(JsonRow& row, RowAppender& rows)
        : row_(row), rows_(rows), scratch_(*row.context().scratch) {}

    JsonFault object(ondemand::object object, const JsonNode& node) {
        std::size_t hint = 0;
        for (auto field_result : object) {
            ondemand::field field;
            if (std::move(field_result).get(field) != simdjson::SUCCESS) return kNotJson;
            std::string_view key;
            if (!read_key(field, key)) return kNotJson;
            const JsonNode* const child = JsonPlan::find(node, key, hint);
            if (child == nullptr) continue;
            const JsonFault fault = wanted(field.value(), *child);
            if (!fault.is_none()) return fault;
        }
        return kJsonFine;
    }

  private:
    JsonFault wanted(ondemand::value value, const JsonNode& node) {
        const std::string_view token = token_of(value);
        if (token == "null") return row_.write_null(node, rows_);
        if (!node.is_leaf()) {
            ondemand::object nested;
            if (value.get_object().get(nested) != simdjson::SUCCESS) return not_object(token);
            return object(nested, node);
        }
        row_.mark_seen(node.first_leaf);
        if (node.column == JsonNode::kNoColumn) return kJsonFine;
        return cell(value, token, rows_.column(static_cast<std::size_t>(node.column)), rows_.row());
    }

    static JsonFault not_object(std::string_view token) {
        return token.starts_with('{') ? kNotJson : kNotAnObject;
    }

    JsonFault any_cell(ondemand::value value, Column& column, std::size_t row) {
        const std::string_view token = token_of(value);
        if (token != "null") return cell(value, token, column, row);
        if (!column.type().nullable) return kJsonMissing;
        set_null_deep(column, row);
        return kJsonFine;
    }

    JsonFault cell(ondemand::value value, std::string_view token, Column& column, std::size_t row) {
        const TypeKind kind = column.type().kind;
        if (kind == TypeKind::kRow) return row_cell(value, token, column, row);
        if (kind == TypeKind::kMap) return map_cell(value, token, column, row);
        if (kind == TypeKind::kArray) return array_cell(value, token, column, row);
        switch (token.empty() ? '\0' : token.front()) {
            case '"': return string_cell(value, token, column, row);
            case '{':
            case '[': return raw_cell(value, token, column, row);
            case 't':
            case 'f': {
                if (token != "true" && token != "false") return kJsonBadNumber;
                return write_json_boolean(token == "true", column, row);
            }
            default: break;
        }
        if (!is_json_number(token)) return kJsonBadNumber;
        return write_json_number(token, column, row, row_.context());
    }

    // Without escapes the text is used where it lies. With them simdjson unescapes into a buffer
    // that the next record overwrites, so long ones are copied.
    JsonFault string_cell(ondemand::value value,
                          std::string_view token,
                          Column& column,
                          std::size_t row) {
        std::string_view text;
        const std::size_t end = token.find_first_of("\"\\", 1);
        if (end != std::string_view::npos && token[end] == '"') {
            if (end + 1 != token.size()) return kNotJson;
            text = token.substr(1, end - 1);
        } else {
            if (value.get_string().get(text) != simdjson::SUCCESS) return kNotJson;
            if (column.physical() == Physical::kString) text = scratch_.copy(text);
        }
        return write_json_string(text, column, row, row_.context());
    }

    // An object or array for a STRING: its text, without blanks, as Flink.
    JsonFault raw_cell(ondemand::value value,
                       std::string_view token,
                       Column& column,
                       std::size_t row) {
        if (!column.type().is_character()) return kJsonWrongType;
        std::string_view raw;
        simdjson::error_code error{};
        if (token.front() == '{') {
            ondemand::object nested;
            error = value.get_object().get(nested);
            if (error == simdjson::SUCCESS) error = nested.raw_json().get(raw);
        } else {
            ondemand::array nested;
            error = value.get_array().get(nested);
            if (error == simdjson::SUCCESS) error = nested.raw_json().get(raw);
        }
        if (error != simdjson::SUCCESS) return kNotJson;
        char* const target = scratch_.allocate(raw.size() + simdjson::SIMDJSON_PADDING);
        std::size_t size = 0;
        if (simdjson::minify(raw.data(), raw.size(), target, size) != simdjson::SUCCESS)
            return kNotJson;
        write_string({target, size}, column, row);
        return kJsonFine;
    }

    JsonFault row_cell(ondemand::value value,
                       std::string_view token,
                       Column& column,
                       std::size_t row) {
        ondemand::object nested;
        if (value.get_object().get(nested) != simdjson::SUCCESS) return not_object(token);
        const std::vector<Field>& fields = *column.type().fields;
        column.set_valid(row);
        for (std::size_t i = 0; i < fields.size(); ++i)
            set_null_deep(column.child(i), row);
        for (auto field_result : nested) {
            ondemand::field field;
            if (std::move(field_result).get(field) != simdjson::SUCCESS) return kNotJson;
            std::string_view key;
            if (!read_key(field, key)) return kNotJson;
            const auto found = std::find_if(
                fields.begin(), fields.end(), [&](const Field& f) { return f.name == key; });
            if (found == fields.end()) continue;
            const auto index = static_cast<std::size_t>(found - fields.begin());
            const JsonFault fault = any_cell(field.value(), column.child(index), row);
            if (!fault.is_none()) return fault;
        }
        for (std::size_t i = 0; i < fields.size(); ++i) {
            if (!fields[i].type.nullable && column.child(i).is_null(row)) return kJsonMissing;
        }
        return kJsonFine;
    }

    JsonFault map_cell(ondemand::value value,
                       std::string_view token,
                       Column& column,
                       std::size_t row) {
        ondemand::object nested;
        if (value.get_object().get(nested) != simdjson::SUCCESS) return not_object(token);
        const std::size_t first = column.child_rows();
        std::size_t count = 0;
        for (auto field_result : nested) {
            ondemand::field field;
            if (std::move(field_result).get(field) != simdjson::SUCCESS) return kNotJson;
            std::string_view key;
            if (!read_key(field, key)) return kNotJson;
            for (std::size_t i = 0; i < 2; ++i)
                column.child(i).reserve(first + count + 1);
            write_string(scratch_.copy(key), column.child(0), first + count);
            const JsonFault fault = any_cell(field.value(), column.child(1), first + count);
            if (!fault.is_none()) return fault;
            ++count;
        }
        end_list(column, row, first, count);
        return kJsonFine;
    }

    JsonFault array_cell(ondemand::value value,
                         std::string_view token,
                         Column& column,
                         std::size_t row) {
        ondemand::array nested;
        if (value.get_array().get(nested) != simdjson::SUCCESS)
            return token.starts_with('[') ? kNotJson : kNotAnArray;
        const std::size_t first = column.child_rows();
        std::size_t count = 0;
        for (auto element_result : nested) {
            ondemand::value element;
            if (std::move(element_result).get(element) != simdjson::SUCCESS) return kNotJson;
            column.child(0).reserve(first + count + 1);
            const JsonFault fault = any_cell(element, column.child(0), first + count);
            if (!fault.is_none()) return fault;
            ++count;
        }
        end_list(column, row, first, count);
        return kJsonFine;
    }

    static void end_list(Column& column, std::size_t row, std::size_t first, std::size_t count) {
        column.set_valid(row);
        column.data<ListRef>()[row] = {static_cast<std::uint32_t>(first),
                                       static_cast<std::uint32_t>(count)};
        column.set_child_rows(first + count);
    }

    JsonRow& row_;
    RowAppender& rows_;
    Arena& scratch_;
};

}  // namespace

struct JsonWalker::Impl {
    ondemand::parser parser;
};

JsonWalker::JsonWalker() : impl_(std::make_unique<Impl>()) {}

JsonWalker::~JsonWalker() = default;

JsonFault JsonWalker::read(std::string_view record, JsonRow& row, RowAppender& rows) {
    constexpr std::size_t kCapacityMin = 1024;
    ondemand::parser& parser = impl_->parser;
    if (record.size() > parser.capacity()) {
        // A parser grows to the longest record seen, in powers of two: idle connections stay small.
        if (parser.allocate(std::bit_ceil(std::max(record.size(), kCapacityMin))) !=
            simdjson::SUCCESS)
            return kNotJson;
    }
    ondemand::document document;
    const simdjson::padded_string_view padded(
        record.data(), record.size(), record.size() + simdjson::SIMDJSON_PADDING);
    if (parser.iterate(padded).get(document) != simdjson::SUCCESS) return kNotJson;
    ondemand::object object;
    if (document.get_object().get(object) != simdjson::SUCCESS) return kNotJson;
    row.start();
    const JsonFault fault = Walk(row, rows).object(object, row.plan().root);
    if (!fault.is_none()) return fault;
    // The one answer that means that nothing follows the object.
    if (document.current_location().error() != simdjson::OUT_OF_BOUNDS) return kNotJson;
    return row.complete(rows);
}

}  // namespace thalweg
