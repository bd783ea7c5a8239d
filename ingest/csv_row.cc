#include "ingest/csv_row.h"

#include "ingest/digits.h"

#include <algorithm>
#include <utility>

namespace thalweg {

namespace {

constexpr CsvFault kFine{};
constexpr CsvFault kWrongType{RejectReason::kWrongType,
                              "a value that does not fit its column's type"};
constexpr CsvFault kMissing{RejectReason::kMissingField, "fewer fields than columns"};
constexpr CsvFault kNull{RejectReason::kMissingField, "no value for a NOT NULL column"};
constexpr CsvFault kTooMany{RejectReason::kMalformed, "more fields than columns"};
constexpr CsvFault kNotText{RejectReason::kMalformed, "text that is not UTF-8"};

bool is_nested(const Type& type) {
    return type.kind == TypeKind::kArray || type.kind == TypeKind::kRow;
}

bool is_flat(const Type& type) {
    return type.fields == nullptr && !type.is_interval() && type.kind != TypeKind::kNull;
}

bool can_be_read(const Type& type) {
    if (is_flat(type)) return true;
    return is_nested(type) && std::all_of(type.fields->begin(),
                                          type.fields->end(),
                                          [](const Field& field) { return is_flat(field.type); });
}

// Up to 18 digits and a sign, all of the text. Nothing: not that, which may still be a number.
std::optional<std::int64_t> read_short_integer(std::string_view text) {
    const char* at = text.data();
    const bool is_negative = *at == '-';
    if (is_negative) ++at;
    std::uint64_t magnitude = 0;
    const std::size_t digits = read_digits(at, magnitude);
    if (digits == 0 || digits > 18 || at != text.data() + text.size()) return std::nullopt;
    const auto value = static_cast<std::int64_t>(magnitude);
    return is_negative ? -value : value;
}

// Cuts the text before `delimiter` off the front of `rest`.
std::string_view take_part(std::string_view& rest, char delimiter) {
    const std::size_t end = rest.find(delimiter);
    const std::string_view part = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    return part;
}

}  // namespace

Result<CsvRow> CsvRow::make(const FormatSpec& spec,
                            const CsvDialect& dialect,
                            bool allows_missing) {
    CsvRow row(dialect, spec.declared.size(), allows_missing);
    for (std::size_t i = 0; i < spec.wanted.size(); ++i) {
        const WantedColumn& wanted = spec.wanted[i];
        if (wanted.metadata != Metadata::kNone) continue;
        const auto declared =
            std::find_if(spec.declared.begin(), spec.declared.end(), [&](const Field& field) {
                return field.name == wanted.path.front();
            });
        ASSERT(declared != spec.declared.end());
        if (!can_be_read(declared->type)) {
            return fail(Code::kUnsupported,
                        "column '" + declared->name + "' is " + declared->type.to_string() +
                            ", which format 'csv' cannot read");
        }
        Target target{i,
                      static_cast<std::size_t>(declared - spec.declared.begin()),
                      std::nullopt,
                      is_nested(wanted.type)};
        if (wanted.path.size() > 1) {
            const std::vector<Field>& parts = *declared->type.fields;
            const auto part = std::find_if(parts.begin(), parts.end(), [&](const Field& field) {
                return field.name == wanted.path[1];
            });
            ASSERT(part != parts.end());
            target.part = static_cast<std::size_t>(part - parts.begin());
        }
        row.targets_.push_back(target);
    }
    return row;
}

bool CsvRow::is_flat() const noexcept {
    return std::none_of(targets_.begin(), targets_.end(), [](const Target& target) {
        return target.part || target.is_nested;
    });
}

CsvFault CsvRow::write(const CsvFields& fields,
                       RowAppender& rows,
                       const TextContext& context) const {
    if (fields.count != declared_) [[unlikely]] {
        if (fields.count < declared_ && !allows_missing_) return kMissing;
        const bool has_empty_end =
            fields.count == declared_ + 1 && fields.fields[declared_].text.empty();
        if (fields.count > declared_ && !has_empty_end) return kTooMany;
    }
    for (const Target& target : targets_) {
        Column& column = rows.column(target.column);
        const CsvFault fault =
            target.field < fields.count
                ? write_field(target, fields.fields[target.field], column, rows.row(), context)
                : write_null(column, rows.row());
        if (!fault.is_none()) return fault;
    }
    return kFine;
}

CsvFault CsvRow::write_null(Column& column, std::size_t row) const {
    if (!column.type().nullable) return kNull;
    set_null_deep(column, row);
    return kFine;
}

CsvFault CsvRow::write_field(const Target& target,
                             const CsvField& field,
                             Column& column,
                             std::size_t row,
                             const TextContext& context) const {
    if (target.part) {
        std::string_view rest = field.text;
        std::string_view part;
        bool is_there = !rest.empty();
        for (std::size_t i = 0; i <= *target.part; ++i) {
            is_there = is_there && (i == 0 || !rest.empty());
            part = take_part(rest, dialect_.array_delimiter);
        }
        if (!is_there) return write_null(column, row);
        return write_scalar({part, false}, column, row, context);
    }
    if (!target.is_nested) return write_scalar(field, column, row, context);
    const bool is_null = !field.is_quoted && dialect_.null_literal.has_value() &&
                         field.text == *dialect_.null_literal;
    if (is_null) return write_null(column, row);
    return write_nested(field.text, column, row, context);
}

CsvFault CsvRow::write_scalar(const CsvField& field,
                              Column& column,
                              std::size_t row,
                              const TextContext& context) const {
    const Type& type = column.type();
    const bool is_text = type.is_character();
    if (!field.is_quoted) {
        const bool is_null = dialect_.null_literal ? field.text == *dialect_.null_literal : false;
        if (is_null || (field.text.empty() && !is_text)) return write_null(column, row);
    }
    if (is_text) {
        if (!is_utf8(field.text)) return kNotText;
        write_string(field.text, column, row);
        return kFine;
    }
    if (type.is_integer() && !field.text.empty()) {
        if (const std::optional<std::int64_t> value = read_short_integer(field.text))
            return write_integer(*value, column, row) ? kFine : kWrongType;
    }
    if (type.kind == TypeKind::kDouble && !field.text.empty()) {
        double& value = column.data<double>()[row];
        if (read_short_double(field.text.data(), field.text.data() + field.text.size(), value)) {
            column.set_valid(row);
            return kFine;
        }
    }
    return write_text(field.text, column, row, context) ? kFine : kWrongType;
}

CsvFault CsvRow::write_nested(std::string_view text,
                              Column& column,
                              std::size_t row,
                              const TextContext& context) const {
    column.set_valid(row);
    if (column.type().kind == TypeKind::kRow) {
        for (std::size_t i = 0; i < column.child_count(); ++i) {
            const bool is_missing = text.empty();
            const CsvField part{take_part(text, dialect_.array_delimiter), false};
            const CsvFault fault = is_missing ? write_null(column.child(i), row)
                                              : write_scalar(part, column.child(i), row, context);
            if (!fault.is_none()) return fault;
        }
        return text.empty() ? kFine : kTooMany;
    }
    const std::size_t first = column.child_rows();
    std::size_t count = 0;
    while (!text.empty()) {
        column.child(0).reserve(first + count + 1);
        const bool is_last = text.find(dialect_.array_delimiter) == std::string_view::npos;
        const CsvField part{take_part(text, dialect_.array_delimiter), false};
        const CsvFault fault = write_scalar(part, column.child(0), first + count, context);
        if (!fault.is_none()) return fault;
        ++count;
        if (is_last) break;
    }
    column.data<ListRef>()[row] = {static_cast<std::uint32_t>(first),
                                   static_cast<std::uint32_t>(count)};
    column.set_child_rows(first + count);
    return kFine;
}

}  // namespace thalweg
