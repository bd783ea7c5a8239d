#pragma once

#include "state/base/status.h"
#include "state/store/state_reader.h"
#include "state/store/state_writer.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace thalweg {

// What a snapshot says about itself and its query; docs/FORMATS.md has the bytes.
struct Manifest {
    std::int64_t written_ns = 0;  // Wall clock.
    bool has_ended = false;       // All inputs had come to their ends, and all results were out.
    std::uint32_t shards = 0;
    std::uint32_t ingest_agents = 0;
    std::vector<std::string> operators;  // Owners of all tables of state.
    std::vector<std::string> sources;
    std::vector<std::string> outboxes;
};

void write_manifest(StateWriter& writer, const Manifest& manifest);
[[nodiscard]] Manifest read_manifest(StateReader& reader);

// Results of one sink that were not published when the snapshot was written.
struct OutboxEpoch {
    std::uint64_t epoch = 0;       // Generation of the first snapshot they were in; 0: of none yet.
    std::int64_t sealed_ns = 0;    // Wall clock, when they were.
    std::uint64_t desk_epoch = 0;  // As EpochDesk counts; not written.
    std::vector<std::vector<std::byte>> pieces;
    std::size_t bytes = 0;
};

}  // namespace thalweg
