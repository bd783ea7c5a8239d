#pragma once

#include "state/store/section.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace thalweg {

// What an agent has to say about an epoch: a piece of a snapshot, or that there is no more of it.
//
// Pieces are sections on their own, so that those of several agents may come in any order and be
// written as they come.
struct EpochPart {
    std::uint64_t epoch = 0;  // As EpochDesk counts.
    SectionLabel label;
    std::vector<std::byte> bytes;
    bool is_last = false;     // The agent is done with the epoch; no label, no bytes.
    bool is_at_rest = false;  // The last one of an ingest agent: nothing more will be read.
};

using EpochPartPtr = std::unique_ptr<EpochPart>;

// The kinds of sections, as docs/FORMATS.md describes them.
inline constexpr std::string_view kManifestKind = "epoch";
inline constexpr std::string_view kOperatorKind = "operator";
inline constexpr std::string_view kPositionsKind = "positions";
inline constexpr std::string_view kOutboxKind = "outbox";
inline constexpr std::string_view kOutboxStartKind = "outbox-start";
inline constexpr std::string_view kNumbersKind = "result-numbers";

// Bytes in one piece, about: 0.1 ms of a thread's time.
inline constexpr std::size_t kPartBytes = 256 * 1024;

}  // namespace thalweg
