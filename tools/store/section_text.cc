#include "tools/store/section_text.h"

#include "state/batch_codec.h"
#include "tools/store/value_text.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string>

namespace thalweg {

namespace {

// A schema, then batches of rows to the end.
Result<void> dump_rows(StateReader& values, const PutText& put) {
    const SchemaPtr schema = std::make_shared<const Schema>(read_schema(values));
    TRY_VOID(values.finish());
    while (!values.at_end()) {
        Batch rows(schema);
        read_rows(values, rows);
        TRY_VOID(values.finish());
        std::string text;
        for (std::size_t row = 0; row < rows.size(); ++row) {
            append_row_text(text, rows, row);
            text += '\n';
        }
        put(text);
    }
    return values.finish();
}

constexpr std::size_t kLineBytes = 32;

// Offset, digits, and the characters that can be shown.
std::string line_of(std::uint64_t offset, std::span<const std::byte> bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text = std::to_string(offset);
    text.insert(0, text.size() < 10 ? 10 - text.size() : 0, ' ');
    text += "  ";
    std::string shown;
    for (const std::byte byte : bytes) {
        const auto value = std::to_integer<unsigned>(byte);
        text += kDigits[value >> 4U];
        text += kDigits[value & 15U];
        shown += value >= 0x20 && value < 0x7f ? static_cast<char>(value) : '.';
    }
    text.append(2 * (kLineBytes - bytes.size()) + 2, ' ');
    return text + shown + "\n";
}

Result<void> dump_bytes(BlockStream& stream, const PutText& put) {
    std::array<std::byte, kLineBytes> line{};
    std::size_t used = 0;
    std::uint64_t offset = 0;
    for (;;) {
        TRY(const std::span<const std::byte> piece, stream.next());
        if (piece.empty()) break;
        for (const std::byte byte : piece) {
            line[used++] = byte;
            if (used < line.size()) continue;
            put(line_of(offset, line));
            offset += used;
            used = 0;
        }
    }
    if (used > 0) put(line_of(offset, std::span(line).first(used)));
    return {};
}

}  // namespace

Result<void> dump_section(const SnapshotReader& reader, std::size_t index, const PutText& put) {
    const SectionEntry& entry = reader.sections()[index];
    put("--- " + entry.label.name() + ", " + std::to_string(entry.length) + " bytes\n");
    BlockStream stream = reader.stream(index);
    if (entry.label.kind != "operator") return dump_bytes(stream, put);
    StateReader values(stream);
    return dump_rows(values, put);
}

}  // namespace thalweg
