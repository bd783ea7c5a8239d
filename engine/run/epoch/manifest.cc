#include "engine/run/epoch/manifest.h"

namespace thalweg {

namespace {

constexpr std::uint64_t kNamesMax = 1U << 16U;
constexpr std::size_t kNameBytesMax = 4096;

void write_names(StateWriter& writer, const std::vector<std::string>& names) {
    writer.varint(names.size());
    for (const std::string& name : names)
        writer.text(name);
}

std::vector<std::string> read_names(StateReader& reader) {
    std::vector<std::string> names;
    const std::uint64_t count = reader.count(kNamesMax);
    for (std::uint64_t i = 0; i < count && reader.ok(); ++i)
        names.emplace_back(reader.text(kNameBytesMax));
    return names;
}

}  // namespace

void write_manifest(StateWriter& writer, const Manifest& manifest) {
    writer.i64(manifest.written_ns);
    writer.boolean(manifest.has_ended);
    writer.u32(manifest.shards);
    writer.u32(manifest.ingest_agents);
    write_names(writer, manifest.operators);
    write_names(writer, manifest.sources);
    write_names(writer, manifest.outboxes);
}

Manifest read_manifest(StateReader& reader) {
    Manifest manifest;
    manifest.written_ns = reader.i64();
    manifest.has_ended = reader.boolean();
    manifest.shards = reader.u32();
    manifest.ingest_agents = reader.u32();
    manifest.operators = read_names(reader);
    manifest.sources = read_names(reader);
    manifest.outboxes = read_names(reader);
    return manifest;
}

}  // namespace thalweg
