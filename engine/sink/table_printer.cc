#include "engine/sink/table_printer.h"

#include "engine/sink/cell_text.h"
#include "engine/sink/print_encoder.h"
#include "state/text/utf8.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace thalweg {

namespace {

constexpr std::array<std::string_view, 4> kOps = {"+I", "-U", "+U", "-D"};

// People read SQL's form of times; all else is as the connector print has it.
std::string text_of(const Column& column, std::size_t row) {
    std::string text;
    if (column.is_null(row)) {
        text = "NULL";
    } else if (column.type().is_timestamp() || column.type().kind == TypeKind::kTime) {
        append_cell_text(text, column, row, ' ');
    } else {
        append_printed(text, column, row);
    }
    return text;
}

}  // namespace

TablePrinter::TablePrinter(SchemaPtr schema, bool has_changes)
    : schema_(std::move(schema)), has_changes_(has_changes) {
    if (has_changes_) {
        names_.emplace_back("op");
        stands_right_.push_back(false);
    }
    for (const Field& field : schema_->fields) {
        names_.push_back(field.name);
        stands_right_.push_back(field.type.is_numeric());
    }
    for (const std::string& name : names_)
        widths_.push_back(utf8_length(name));
}

void TablePrinter::print(const BatchView& rows, std::string& out) {
    if (rows.size() == 0) return;
    cells_.clear();
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::size_t row = rows.selection[i];
        const RowKind kind = rows.kind(row);
        if (has_changes_) cells_.emplace_back(kOps[static_cast<std::size_t>(kind)]);
        for (const Column* const column : rows.columns)
            cells_.push_back(text_of(*column, row));
    }
    measure();
    if (!std::exchange(has_heading_, true)) append_heading(out);
    for (std::size_t cell = 0; cell < cells_.size(); cell += names_.size())
        append_line(out, cell, false);
}

void TablePrinter::measure() {
    for (std::size_t cell = 0; cell < cells_.size(); ++cell) {
        std::size_t& width = widths_[cell % names_.size()];
        width = std::max(width, utf8_length(cells_[cell]));
    }
}

void TablePrinter::append_heading(std::string& out) const {
    append_line(out, 0, true);
    for (std::size_t i = 0; i < widths_.size(); ++i) {
        if (i > 0) out += '+';
        out.append(widths_[i] + 2, '-');
    }
    out += '\n';
}

void TablePrinter::append_line(std::string& out, std::size_t first_cell, bool is_heading) const {
    for (std::size_t i = 0; i < names_.size(); ++i) {
        const std::string& text = is_heading ? names_[i] : cells_[first_cell + i];
        const std::size_t blanks = widths_[i] - utf8_length(text);
        const bool is_last = i + 1 == names_.size();
        out += i == 0 ? " " : " | ";
        if (stands_right_[i]) out.append(blanks, ' ');
        out += text;
        if (!stands_right_[i] && !is_last) out.append(blanks, ' ');
    }
    out += '\n';
}

}  // namespace thalweg
