#include "ingest/json_row.h"

#include "state/text/number.h"

#include <cmath>

namespace thalweg {

namespace {

JsonFault null_leaf(const JsonPlan::Leaf& leaf, RowAppender& rows) {
    if (leaf.column == JsonNode::kNoColumn) return kJsonFine;
    if (!leaf.nullable) return kJsonMissing;
    set_null_deep(rows.column(static_cast<std::size_t>(leaf.column)), rows.row());
    return kJsonFine;
}

void derive(const JsonPlan::Derived& derived, RowAppender& rows, Arena& scratch) {
    Column& target = rows.column(derived.column);
    const Column* source = &rows.column(derived.from_column);
    for (const std::size_t field : derived.fields) {
        if (source->is_null(rows.row())) break;
        source = &source->child(field);
    }
    if (source->is_null(rows.row())) {
        set_null_deep(target, rows.row());
    } else {
        target.copy_row(rows.row(), *source, rows.row(), scratch);
    }
}

bool write_whole_part(std::string_view text, Column& column, std::size_t row) {
    const std::optional<double> value = parse_double(text);
    if (!value || !(*value >= -0x1.0p63) || !(*value < 0x1.0p63)) return false;
    return write_integer(static_cast<std::int64_t>(*value), column, row);
}

}  // namespace

JsonFault JsonRow::write_null(const JsonNode& node, RowAppender& rows) {
    for (std::size_t leaf = node.first_leaf; leaf < node.leaf_end; ++leaf) {
        const JsonFault fault = null_leaf(plan_.leaves[leaf], rows);
        if (!fault.is_none()) return fault;
        seen_[leaf] = 2;
    }
    return kJsonFine;
}

JsonFault JsonRow::complete(RowAppender& rows) {
    for (std::size_t leaf = 0; leaf < seen_.size(); ++leaf) {
        if (seen_[leaf] != 0) continue;
        if (plan_.fail_on_missing && !plan_.leaves[leaf].may_be_missing) return kJsonMissing;
        const JsonFault fault = null_leaf(plan_.leaves[leaf], rows);
        if (!fault.is_none()) return fault;
    }
    for (const JsonPlan::Derived& derived : plan_.derived)
        derive(derived, rows, *context_.scratch);
    return kJsonFine;
}

JsonFault write_json_number(std::string_view text,
                            Column& column,
                            std::size_t row,
                            const TextContext& context) {
    const Type& type = column.type();
    if (type.is_integer()) {
        if (const std::optional<std::int64_t> value = parse_int64(text))
            return write_integer(*value, column, row) ? kJsonFine : kJsonWrongType;
        const bool has_point = text.find_first_of(".eE") != std::string_view::npos;
        return has_point && write_whole_part(text, column, row) ? kJsonFine : kJsonWrongType;
    }
    if (!type.is_numeric() && !type.is_character()) return kJsonWrongType;
    return write_text(text, column, row, context) ? kJsonFine : kJsonWrongType;
}

JsonFault write_json_string(std::string_view text,
                            Column& column,
                            std::size_t row,
                            const TextContext& context) {
    return write_text(text, column, row, context) ? kJsonFine : kJsonWrongType;
}

JsonFault write_json_boolean(bool value, Column& column, std::size_t row) {
    if (column.type().is_character()) {
        write_string(value ? "true" : "false", column, row);
        return kJsonFine;
    }
    if (column.type().kind != TypeKind::kBoolean) return kJsonWrongType;
    column.set_valid(row);
    column.data<std::uint8_t>()[row] = value ? 1 : 0;
    return kJsonFine;
}

bool is_json_number(std::string_view text) noexcept {
    std::size_t at = 0;
    const auto digits = [&] {
        const std::size_t first = at;
        while (at < text.size() && text[at] >= '0' && text[at] <= '9')
            ++at;
        return at - first;
    };
    if (at < text.size() && text[at] == '-') ++at;
    const bool starts_with_zero = at < text.size() && text[at] == '0';
    const std::size_t whole = digits();
    if (whole == 0 || (starts_with_zero && whole > 1)) return false;
    if (at < text.size() && text[at] == '.') {
        ++at;
        if (digits() == 0) return false;
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
        if (digits() == 0) return false;
    }
    return at == text.size();
}

}  // namespace thalweg
