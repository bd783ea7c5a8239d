#pragma once

#include "state/base/status.h"
#include "state/store/state_reader.h"
#include "state/store/state_writer.h"

#include <cstddef>
#include <cstdint>
#include <string>

// A section is a named stream of bytes in a snapshot: the state of one operator on one shard, a
// table of sessions, the positions of a source. The store does not know what is in it.

namespace thalweg {

inline constexpr std::size_t kSectionKindBytesMax = 64;
inline constexpr std::size_t kSectionOwnerBytesMax = 256;

// What its writer says about a section.
struct SectionLabel {
    std::string kind;          // What it holds: "operator", "sessions", "positions".
    std::string owner;         // Whose it is: the uid of an operator; may be empty.
    std::uint32_t schema = 0;  // The version of the encoding inside.
    std::uint32_t part = 0;    // The number of the shard or agent that wrote it.
    bool is_critical = true;   // Whether a program that does not know the kind must refuse.

    friend bool operator==(const SectionLabel&, const SectionLabel&) = default;

    // As messages name it: operator 'window 1' part 3.
    [[nodiscard]] std::string name() const;
};

// One row of a snapshot's table of sections.
struct SectionEntry {
    SectionLabel label;
    std::uint64_t offset = 0;  // Of its first block, in the file.
    std::uint64_t length = 0;  // Of what was written into it: the payloads of its blocks.
    std::uint64_t block_count = 0;
    std::uint32_t checksum = 0;  // Of the checksums of its blocks.

    friend bool operator==(const SectionEntry&, const SectionEntry&) = default;
};

void write_entry(StateWriter& writer, const SectionEntry& entry);

// `newer` when the file has a higher minor version, whose entries may end with what is not known
// here. Errors are left in the reader.
[[nodiscard]] SectionEntry read_entry(StateReader& reader, bool newer);

}  // namespace thalweg
