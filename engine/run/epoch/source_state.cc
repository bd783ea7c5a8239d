#include "engine/run/epoch/source_state.h"

#include <limits>

namespace thalweg {

namespace {

constexpr std::size_t kIdBytesMax = 64 * 1024;

}  // namespace

void write_source_state(StateWriter& writer, const SourceState& state) {
    writer.i64(state.watermark.nanos);
    writer.boolean(state.has_had_split);
    writer.varint(state.positions.size());
    for (const SourcePosition& position : state.positions) {
        writer.text(position.id);
        writer.u64(position.epoch);
        writer.u64(position.position);
    }
}

SourceState read_source_state(StateReader& reader) {
    SourceState state;
    state.watermark.nanos = reader.i64();
    state.has_had_split = reader.boolean();
    const std::uint64_t count = reader.count(std::numeric_limits<std::uint32_t>::max());
    for (std::uint64_t i = 0; i < count && reader.ok(); ++i) {
        SourcePosition position;
        position.id = reader.text(kIdBytesMax);
        position.epoch = reader.u64();
        position.position = reader.u64();
        if (reader.ok()) state.positions.push_back(std::move(position));
    }
    return state;
}

}  // namespace thalweg
