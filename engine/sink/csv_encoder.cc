#include "engine/sink/csv_encoder.h"

#include "engine/sink/cell_text.h"
#include "engine/sink/frame_writer.h"
#include "state/text/base64.h"
#include "state/text/format_options.h"
#include "state/text/number.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace thalweg {

namespace {

constexpr std::array<std::string_view, 8> kOptions = {"field-delimiter",
                                                      "quote-character",
                                                      "disable-quote-character",
                                                      "escape-character",
                                                      "null-literal",
                                                      "allow-comments",
                                                      "array-element-delimiter",
                                                      "ignore-parse-errors"};

struct CsvStyle {
    char delimiter = ',';
    std::optional<char> quote = '"';
    std::optional<char> escape;
    std::string null_literal;
    char array_delimiter = ';';
    bool allows_comments = false;
};

bool is_nested(const Type& type) {
    return type.kind == TypeKind::kArray || type.kind == TypeKind::kRow;
}

bool is_flat(const Type& type) {
    return type.fields == nullptr;
}

bool can_be_written(const Type& type) {
    if (is_flat(type)) return true;
    return is_nested(type) && std::all_of(type.fields->begin(),
                                          type.fields->end(),
                                          [](const Field& field) { return is_flat(field.type); });
}

class CsvEncoder final : public Encoder {
  public:
    CsvEncoder(SchemaPtr schema, CsvStyle style, RecordFraming framing)
        : schema_(std::move(schema)), style_(std::move(style)), frame_(framing) {
        specials_ = {style_.delimiter, '\n', '\r'};
        if (style_.quote) specials_ += *style_.quote;
        if (style_.escape) specials_ += *style_.escape;
    }

    Result<void> encode(const BatchView& rows, std::string& out) override {
        for (std::size_t i = 0; i < rows.size(); ++i) {
            frame_.begin(out);
            const std::size_t row = rows.selection[i];
            for (std::size_t k = 0; k < rows.columns.size(); ++k) {
                if (k > 0) out += style_.delimiter;
                if (write(rows[k], row, out)) continue;
                frame_.undo(out);
                return fail(Code::kInvalid,
                            "column '" + (*schema_)[k].name +
                                "' has a text that needs quoting, and "
                                "'csv.disable-quote-character' is 'true'");
            }
            frame_.end(out);
        }
        return {};
    }

  private:
    // False: the text needs quotes or escapes and there are none.
    [[nodiscard]] bool write(const Column& column, std::size_t row, std::string& out) {
        if (column.is_null(row)) {
            out += style_.null_literal;
            return true;
        }
        const Type& type = column.type();
        if (type.kind == TypeKind::kBigint) {
            append_int64(out, column.data<std::int64_t>()[row]);
            return true;
        }
        if (type.is_character()) return write_text(column.data<StringRef>()[row].view(), out);
        text_.clear();
        if (is_nested(type)) {
            write_parts(column, row);
        } else {
            write_scalar(column, row, text_);
        }
        return write_text(text_, out);
    }

    static void write_scalar(const Column& column, std::size_t row, std::string& out) {
        if (column.type().is_binary()) {
            append_base64(out, column.data<StringRef>()[row].view());
        } else {
            append_cell_text(out, column, row, ' ');
        }
    }

    void write_part(const Column& column, std::size_t row) {
        if (column.is_null(row)) {
            text_ += style_.null_literal;
        } else {
            write_scalar(column, row, text_);
        }
    }

    void write_parts(const Column& column, std::size_t row) {
        if (column.type().kind == TypeKind::kRow) {
            for (std::size_t i = 0; i < column.child_count(); ++i) {
                if (i > 0) text_ += style_.array_delimiter;
                write_part(column.child(i), row);
            }
            return;
        }
        const ListRef list = column.data<ListRef>()[row];
        for (std::uint32_t i = 0; i < list.length; ++i) {
            if (i > 0) text_ += style_.array_delimiter;
            write_part(column.child(0), list.offset + i);
        }
    }

    [[nodiscard]] bool write_text(std::string_view text, std::string& out) const {
        const bool is_plain = !text.empty() && text != style_.null_literal &&
                              !(style_.allows_comments && text.front() == '#') &&
                              text.find_first_of(specials_) == std::string_view::npos;
        if (is_plain) {
            out += text;
            return true;
        }
        if (!style_.quote) return write_escaped(text, out);
        out += *style_.quote;
        for (const char c : text) {
            if (style_.escape && (c == *style_.escape || c == *style_.quote)) {
                out += *style_.escape;
            } else if (c == *style_.quote) {
                out += c;
            }
            out += c;
        }
        out += *style_.quote;
        return true;
    }

    [[nodiscard]] bool write_escaped(std::string_view text, std::string& out) const {
        const bool has_special = text.find_first_of(specials_) != std::string_view::npos;
        if (has_special && !style_.escape) return false;
        for (const char c : text) {
            if (has_special && specials_.find(c) != std::string::npos) out += *style_.escape;
            out += c;
        }
        return true;
    }

    SchemaPtr schema_;
    CsvStyle style_;
    FrameWriter frame_;
    std::string specials_;
    std::string text_;  // Of one cell.
};

Result<CsvStyle> read_style(const FormatOptions& options) {
    CsvStyle style;
    TRY(style.delimiter, options.character("field-delimiter", ','));
    TRY(const bool has_no_quote, options.boolean("disable-quote-character", false));
    TRY(const char quote, options.character("quote-character", '"'));
    style.quote = quote;
    if (has_no_quote) style.quote.reset();
    if (options.has("escape-character")) {
        TRY(const char escape, options.character("escape-character", '\\'));
        style.escape = escape;
    }
    style.null_literal = options.text("null-literal", "");
    TRY(style.allows_comments, options.boolean("allow-comments", false));
    TRY(style.array_delimiter, options.character("array-element-delimiter", ';'));
    return style;
}

}  // namespace

Result<std::unique_ptr<Encoder>> make_csv_encoder(const SinkSpec& spec, RecordFraming framing) {
    TRY(const FormatOptions options,
        FormatOptions::check_prefixed(spec.format, spec.options, kOptions));
    TRY(CsvStyle style, read_style(options));
    for (const Field& field : spec.schema->fields) {
        if (can_be_written(field.type)) continue;
        return fail(Code::kUnsupported,
                    "column '" + field.name + "' is " + field.type.to_string() +
                        ", which format 'csv' cannot write");
    }
    return std::make_unique<CsvEncoder>(spec.schema, std::move(style), framing);
}

}  // namespace thalweg
