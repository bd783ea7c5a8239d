#pragma once

#include "ingest/stream_reader.h"
#include "state/base/status.h"
#include "state/store/state_reader.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace thalweg {

// What a source has received, as its journal keeps it (docs/FORMATS.md): enough to do once more
// what was done with it.
struct JournalEntry {
    enum class Kind : std::uint8_t {
        kOpened = 1,     // A stream: from where on, and what had come of a record that goes on.
        kBytes = 2,      // Of a stream.
        kClosed = 3,     // A stream.
        kSender = 4,     // Who sent the packets that follow.
        kPacket = 5,     // One datagram, or several of one size.
        kRestarted = 6,  // Never written: the process died here, and its streams broke off.
    };

    Kind kind = Kind::kBytes;
    bool is_carried = false;  // What a segment repeats of the one before it.
    std::uint32_t chain = 0;  // Not written: of which instance's journal.
    std::uint64_t connection = 0;
    std::int64_t time_ns = 0;  // When it was received.
    std::string_view peer;     // As the next: good until the reader goes on.
    std::string_view bytes;
    std::uint64_t connection_id = 0;
    std::uint64_t offset = 0;
    std::uint64_t sequence = 0;
    bool is_skipping = false;  // The stream is in the middle of a record that is too long.
    StreamEnd how = StreamEnd::kBroken;
    std::uint64_t segment_bytes = 0;  // Of a packet: the size of its datagrams.
    std::uint64_t position = 0;       // Of a packet: how much of it was done with.
    std::uint32_t dropped_before = 0;
    bool is_truncated = false;
};

void append_entry(std::vector<std::byte>& bytes, const JournalEntry& entry);

// Takes the entries of one group apart, which may be any bytes.
//
// Failure   kCorrupt, with the byte: not an entry.
class EntryReader {
  public:
    EntryReader() : values_(std::span<const std::byte>()) {}

    explicit EntryReader(std::span<const std::byte> payload) : values_(payload) {}

    // False at the end.
    [[nodiscard]] Result<bool> next(JournalEntry& entry);

  private:
    void read(JournalEntry& entry);
    void read_opened(JournalEntry& entry);
    void read_packet(JournalEntry& entry);

    StateReader values_;
};

}  // namespace thalweg
