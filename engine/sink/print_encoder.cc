#include "engine/sink/print_encoder.h"

#include "engine/sink/cell_text.h"
#include "state/text/timestamp.h"

#include <array>
#include <utility>

namespace thalweg {

namespace {

constexpr std::array<std::string_view, 4> kOps = {"+I[", "-U[", "+U[", "-D["};

void append_escaped(std::string& out, std::string_view text) {
    static constexpr std::string_view kHex = "0123456789abcdef";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte != 0x7f) {
            out += c;
        } else if (c == '\n') {
            out += "\\n";
        } else if (c == '\t') {
            out += "\\t";
        } else {
            out += "\\x";
            out += kHex[byte >> 4U];
            out += kHex[byte & 15U];
        }
    }
}

void append_bytes(std::string& out, std::string_view bytes) {
    const char* separator = "";
    out += '[';
    for (const char c : bytes) {
        out += std::exchange(separator, ", ");
        out += std::to_string(static_cast<signed char>(c));
    }
    out += ']';
}

// From `first` on, `out` ends with HH:MM:SS.nnnnnnnnn; drops the digits that say nothing.
void shorten_time(std::string& out, bool keeps_seconds) {
    constexpr std::string_view kNoFraction = ".000000000";
    constexpr std::string_view kNoSeconds = ":00";
    if (out.ends_with(kNoFraction)) {
        out.resize(out.size() - kNoFraction.size());
        if (!keeps_seconds && out.ends_with(kNoSeconds)) out.resize(out.size() - kNoSeconds.size());
        return;
    }
    while (out.ends_with("000"))
        out.resize(out.size() - 3);
}

void append_instant(std::string& out, const Column& column, std::size_t row) {
    constexpr std::size_t kDateSize = 10;
    const bool is_zoned = column.type().kind == TypeKind::kTimestampLtz;
    const std::size_t first = out.size();
    append_timestamp(out, column.data<std::int64_t>()[row], 9);
    out[first + kDateSize] = 'T';
    shorten_time(out, is_zoned);
    if (is_zoned) out += 'Z';
}

void append_list(std::string& out, const Column& column, std::size_t row) {
    const bool is_map = column.type().kind == TypeKind::kMap;
    const ListRef list = column.data<ListRef>()[row];
    const char* separator = "";
    out += is_map ? '{' : '[';
    for (std::uint32_t i = 0; i < list.length; ++i) {
        out += std::exchange(separator, ", ");
        append_printed(out, column.child(0), list.offset + i);
        if (!is_map) continue;
        out += '=';
        append_printed(out, column.child(1), list.offset + i);
    }
    out += is_map ? '}' : ']';
}

class PrintEncoder final : public Encoder {
  public:
    explicit PrintEncoder(std::string prefix) : prefix_(std::move(prefix)) {}

    Result<void> encode(const BatchView& rows, std::string& out) override {
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const std::size_t row = rows.selection[i];
            const RowKind kind = rows.kind(row);
            out += prefix_;
            out += kOps[static_cast<std::size_t>(kind)];
            const char* separator = "";
            for (const Column* const column : rows.columns) {
                out += std::exchange(separator, ", ");
                append_printed(out, *column, row);
            }
            out += "]\n";
        }
        return {};
    }

  private:
    std::string prefix_;
};

}  // namespace

void append_printed(std::string& out, const Column& column, std::size_t row) {
    if (column.is_null(row)) {
        out += "null";
        return;
    }
    const Type& type = column.type();
    switch (type.kind) {
        case TypeKind::kChar:
        case TypeKind::kVarchar: append_escaped(out, column.data<StringRef>()[row].view()); return;
        case TypeKind::kBinary:
        case TypeKind::kVarbinary: append_bytes(out, column.data<StringRef>()[row].view()); return;
        case TypeKind::kTime:
            append_time(out, column.data<std::int32_t>()[row], 9);
            shorten_time(out, false);
            return;
        case TypeKind::kTimestamp:
        case TypeKind::kTimestampLtz: append_instant(out, column, row); return;
        case TypeKind::kArray:
        case TypeKind::kMap: append_list(out, column, row); return;
        case TypeKind::kRow: break;
        default: append_cell_text(out, column, row, 'T'); return;
    }
    const char* separator = "";
    out += "+I[";
    for (std::size_t i = 0; i < column.child_count(); ++i) {
        out += std::exchange(separator, ", ");
        append_printed(out, column.child(i), row);
    }
    out += ']';
}

std::unique_ptr<Encoder> make_print_encoder(const SinkSpec& spec) {
    std::string prefix;
    const auto identifier = spec.options.find("print-identifier");
    if (identifier != spec.options.end() && !identifier->second.empty())
        prefix = identifier->second + "> ";
    return std::make_unique<PrintEncoder>(std::move(prefix));
}

}  // namespace thalweg
