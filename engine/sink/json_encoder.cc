#include "engine/sink/json_encoder.h"

#include "engine/sink/cell_text.h"
#include "engine/sink/frame_writer.h"
#include "state/multiset.h"
#include "state/text/base64.h"
#include "state/text/format_options.h"
#include "state/text/json.h"
#include "state/text/number.h"

#include <array>
#include <cmath>
#include <utility>
#include <vector>

namespace thalweg {

namespace {

constexpr std::array<std::string_view, 7> kOptions = {"timestamp-format.standard",
                                                      "map-null-key.mode",
                                                      "map-null-key.literal",
                                                      "encode.ignore-null-fields",
                                                      "encode.decimal-as-plain-number",
                                                      "fail-on-missing-field",
                                                      "ignore-parse-errors"};

enum class NullKeys : std::uint8_t { kFail, kDrop, kLiteral };

struct JsonStyle {
    char separator = ' ';
    NullKeys null_keys = NullKeys::kFail;
    std::string null_key;
    bool skips_nulls = false;
    bool has_op = false;
};

std::string_view op_of(RowKind kind) {
    switch (kind) {
        case RowKind::kInsert: return "\"__op\":\"+I\"";
        case RowKind::kUpdateBefore: return "\"__op\":\"-U\"";
        case RowKind::kUpdateAfter: return "\"__op\":\"+U\"";
        case RowKind::kDelete: break;
    }
    return "\"__op\":\"-D\"";
}

// Writes values of any type; false when a map has a NULL key and the style says that it must not.
class JsonWriter {
  public:
    JsonWriter(const JsonStyle& style, std::string& out) : style_(style), out_(out) {}

    [[nodiscard]] bool value(const Column& column, std::size_t row) {
        if (column.is_null(row)) {
            out_ += "null";
            return true;
        }
        const Type& type = column.type();
        switch (type.kind) {
            case TypeKind::kBigint:
                append_int64(out_, column.data<std::int64_t>()[row]);
                return true;
            case TypeKind::kChar:
            case TypeKind::kVarchar:
                append_json_string(out_, column.data<StringRef>()[row].view());
                return true;
            case TypeKind::kArray: return array(column, row);
            case TypeKind::kMap: return map(column, row);
            case TypeKind::kRow: return fields(column, row);
            default: break;
        }
        scalar(column, row);
        return true;
    }

  private:
    static bool is_finite(const Column& column, std::size_t row) {
        if (column.type().kind == TypeKind::kDouble)
            return std::isfinite(column.data<double>()[row]);
        return column.type().kind != TypeKind::kFloat || std::isfinite(column.data<float>()[row]);
    }

    void scalar(const Column& column, std::size_t row) {
        if (!is_quoted_in_json(column.type()) && is_finite(column, row)) {
            append_cell_text(out_, column, row, style_.separator);
            return;
        }
        quoted(column, row);
    }

    void quoted(const Column& column, std::size_t row) {
        out_ += '"';
        if (column.type().is_binary()) {
            append_base64(out_, column.data<StringRef>()[row].view());
        } else {
            append_cell_text(out_, column, row, style_.separator);
        }
        out_ += '"';
    }

    bool array(const Column& column, std::size_t row) {
        const ListRef list = column.data<ListRef>()[row];
        out_ += '[';
        for (std::uint32_t i = 0; i < list.length; ++i) {
            if (i > 0) out_ += ',';
            if (!value(column.child(0), list.offset + i)) return false;
        }
        out_ += ']';
        return true;
    }

    bool map(const Column& column, std::size_t row) {
        const ListRef list = column.data<ListRef>()[row];
        const Column& keys = column.child(0);
        const char* separator = "";
        out_ += '{';
        for (std::uint32_t i = 0; i < list.length; ++i) {
            const std::size_t at = list.offset + i;
            const bool is_null = keys.is_null(at);
            if (is_null && style_.null_keys == NullKeys::kFail) return false;
            if (is_null && style_.null_keys == NullKeys::kDrop) continue;
            out_ += separator;
            separator = ",";
            if (is_null) {
                append_json_string(out_, style_.null_key);
            } else if (column.type().fields->front().type.is_character()) {
                append_json_string(out_, keys.data<StringRef>()[at].view());
            } else {
                quoted(keys, at);  // Of a multiset.
            }
            out_ += ':';
            if (!value(column.child(1), at)) return false;
        }
        out_ += '}';
        return true;
    }

    bool fields(const Column& column, std::size_t row) {
        const char* separator = "";
        out_ += '{';
        for (std::size_t i = 0; i < column.child_count(); ++i) {
            if (style_.skips_nulls && column.child(i).is_null(row)) continue;
            out_ += separator;
            separator = ",";
            append_json_string(out_, (*column.type().fields)[i].name);
            out_ += ':';
            if (!value(column.child(i), row)) return false;
        }
        out_ += '}';
        return true;
    }

    const JsonStyle& style_;
    std::string& out_;
};

class JsonEncoder final : public Encoder {
  public:
    JsonEncoder(const SinkSpec& spec, JsonStyle style, RecordFraming framing)
        : schema_(spec.schema), style_(std::move(style)), frame_(framing) {
        for (const Field& field : schema_->fields) {
            std::string& key = keys_.emplace_back();
            append_json_string(key, field.name);
            key += ':';
        }
    }

    Result<void> encode(const BatchView& rows, std::string& out) override {
        JsonWriter writer(style_, out);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            frame_.begin(out);
            const std::size_t row = rows.selection[i];
            const std::size_t bad = write_fields(rows, row, writer, out);
            if (bad < rows.columns.size()) {
                frame_.undo(out);
                return fail(Code::kInvalid,
                            "column '" + (*schema_)[bad].name +
                                "' has a map with a NULL key, which JSON cannot carry; set "
                                "'json.map-null-key.mode' to 'DROP' or 'LITERAL'");
            }
            frame_.end(out);
        }
        return {};
    }

  private:
    // Returns the index of the column that could not be written, or how many there are.
    std::size_t write_fields(const BatchView& rows,
                             std::size_t row,
                             JsonWriter& writer,
                             std::string& out) {
        bool is_first = true;
        out += '{';
        for (std::size_t i = 0; i < rows.columns.size(); ++i) {
            const Column& column = rows[i];
            if (style_.skips_nulls && column.is_null(row)) continue;
            if (!is_first) out += ',';
            is_first = false;
            out += keys_[i];
            if (!writer.value(column, row)) return i;
        }
        if (style_.has_op) {
            if (!is_first) out += ',';
            out += op_of(rows.kind(row));
        }
        out += '}';
        return rows.columns.size();
    }

    SchemaPtr schema_;
    JsonStyle style_;
    FrameWriter frame_;
    std::vector<std::string> keys_;  // "name": of each column.
};

// The part of a type that JSON objects cannot carry, or nullptr. The values of a multiset are texts
// there, since it comes out of a query (COLLECT) and nobody chose its type.
const Type* find_unwritable(const Type& type) {
    if (type.kind == TypeKind::kMap) {
        const Type& key = type.fields->front().type;
        const bool fits = is_multiset(type) ? key.fields == nullptr : key.is_character();
        if (!fits) return &type;
    }
    if (type.fields == nullptr) return nullptr;
    for (const Field& field : *type.fields) {
        if (const Type* const found = find_unwritable(field.type)) return found;
    }
    return nullptr;
}

}  // namespace

Result<std::unique_ptr<Encoder>> make_json_encoder(const SinkSpec& spec, RecordFraming framing) {
    static constexpr std::array<std::string_view, 2> kStandards = {"SQL", "ISO-8601"};
    static constexpr std::array<std::string_view, 3> kModes = {"FAIL", "DROP", "LITERAL"};
    TRY(const FormatOptions options,
        FormatOptions::check_prefixed(spec.format, spec.options, kOptions));
    TRY(const std::string_view standard, options.choice("timestamp-format.standard", kStandards));
    TRY(const std::string_view mode, options.choice("map-null-key.mode", kModes));
    TRY([[maybe_unused]] const bool plain, options.boolean("encode.decimal-as-plain-number", true));
    JsonStyle style;
    TRY(style.skips_nulls, options.boolean("encode.ignore-null-fields", false));
    style.separator = standard == "SQL" ? ' ' : 'T';
    if (mode == "DROP") style.null_keys = NullKeys::kDrop;
    if (mode == "LITERAL") style.null_keys = NullKeys::kLiteral;
    style.null_key = options.text("map-null-key.literal", "null");
    style.has_op = spec.format == "changelog-json";
    for (const Field& field : spec.schema->fields) {
        const Type* const unwritable = find_unwritable(field.type);
        if (unwritable == nullptr) continue;
        return fail(Code::kUnsupported,
                    "column '" + field.name + "': JSON writes maps with CHAR, VARCHAR or STRING " +
                        "keys only, not " + unwritable->to_string());
    }
    return std::make_unique<JsonEncoder>(spec, std::move(style), framing);
}

}  // namespace thalweg
