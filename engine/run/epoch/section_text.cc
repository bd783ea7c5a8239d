#include "engine/run/epoch/section_text.h"

#include "engine/run/epoch/epoch_part.h"
#include "engine/run/epoch/manifest.h"
#include "engine/run/epoch/result_numbers.h"
#include "engine/run/epoch/source_state.h"
#include "state/base/time.h"
#include "state/batch_codec.h"
#include "state/text/json.h"
#include "state/text/timestamp.h"
#include "state/value_text.h"

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace thalweg {

namespace {

// An instant, as text in UTC; those that stand for no instant have words.
std::string instant_text(std::int64_t nanos) {
    if (nanos == Watermark::min().nanos) return "none";
    if (nanos == Watermark::max().nanos) return "the end of time";
    std::string text;
    append_timestamp(text, nanos, 9);
    return text;
}

// A watermark and a schema, then batches of rows to the end.
Result<void> dump_rows(StateReader& values, const PutText& put) {
    const std::int64_t watermark_ns = values.i64();
    const SchemaPtr schema = std::make_shared<const Schema>(read_schema(values));
    TRY_VOID(values.finish());
    put("watermark " + instant_text(watermark_ns) + "\n");
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

Result<void> dump_positions(StateReader& values, const PutText& put) {
    const SourceState state = read_source_state(values);
    TRY_VOID(values.finish());
    put("watermark " + instant_text(state.watermark.nanos) +
        (state.has_had_split ? "" : ", no input yet") + "\n");
    for (const SourcePosition& position : state.positions) {
        std::string text;
        append_json_string(text, position.id);
        text += " epoch " + std::to_string(position.epoch) + " position " +
                std::to_string(position.position) + "\n";
        put(text);
    }
    return {};
}

void put_names(std::string_view what, const std::vector<std::string>& names, const PutText& put) {
    for (const std::string& name : names)
        put(std::string(what) + " " + name + "\n");
}

Result<void> dump_manifest(StateReader& values, const PutText& put) {
    const Manifest manifest = read_manifest(values);
    TRY_VOID(values.finish());
    put("written " + instant_text(manifest.written_ns) + ", " + std::to_string(manifest.shards) +
        " shards, " + std::to_string(manifest.ingest_agents) + " ingest agents" +
        (manifest.has_ended ? ", the query has come to its end" : "") + "\n");
    put_names("operator", manifest.operators, put);
    put_names("source", manifest.sources, put);
    put_names("outbox", manifest.outboxes, put);
    return {};
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

Result<void> dump_bytes(StateReader& values, const PutText& put) {
    std::array<std::byte, kLineBytes> line{};
    for (std::uint64_t offset = 0; !values.at_end(); offset += kLineBytes) {
        std::size_t used = 0;
        while (used < line.size() && !values.at_end())
            line[used++] = std::byte{values.u8()};
        TRY_VOID(values.finish());
        put(line_of(offset, std::span(line).first(used)));
    }
    return values.finish();
}

// The epoch, when it ended, and bytes.
Result<void> dump_outbox(StateReader& values, const PutText& put) {
    const std::uint64_t epoch = values.u64();
    const std::int64_t sealed_ns = values.i64();
    TRY_VOID(values.finish());
    put("of generation " + std::to_string(epoch) + ", sealed " + instant_text(sealed_ns) + "\n");
    return dump_bytes(values, put);
}

Result<void> dump_numbers(StateReader& values, const PutText& put) {
    const ResultCount count = read_result_count(values);
    TRY_VOID(values.finish());
    put("the next row: epoch " + std::to_string(count.epoch) + ", sequence " +
        std::to_string(count.sequence) + "\n");
    return {};
}

}  // namespace

Result<void> dump_section(const SnapshotReader& reader, std::size_t index, const PutText& put) {
    const SectionEntry& entry = reader.sections()[index];
    put("--- " + entry.label.name() + ", " + std::to_string(entry.length) + " bytes\n");
    BlockStream stream = reader.stream(index);
    StateReader values(stream);
    if (entry.label.kind == kOperatorKind) return dump_rows(values, put);
    if (entry.label.kind == kPositionsKind) return dump_positions(values, put);
    if (entry.label.kind == kManifestKind) return dump_manifest(values, put);
    if (entry.label.kind == kNumbersKind) return dump_numbers(values, put);
    if (entry.label.kind == kOutboxKind) return dump_outbox(values, put);
    return dump_bytes(values, put);
}

}  // namespace thalweg
