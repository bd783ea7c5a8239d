#include "ingest/journal_entry.h"

#include "state/base/assertion.h"
#include "state/store/journal_segment.h"

namespace thalweg {

namespace {

constexpr std::uint8_t kCarriedBit = 0x80;

void append_u8(std::vector<std::byte>& bytes, std::uint8_t value) {
    bytes.push_back(static_cast<std::byte>(value));
}

void append_varint(std::vector<std::byte>& bytes, std::uint64_t value) {
    while (value > 127) {
        append_u8(bytes, static_cast<std::uint8_t>((value & 127U) | 128U));
        value >>= 7U;
    }
    append_u8(bytes, static_cast<std::uint8_t>(value));
}

void append_time(std::vector<std::byte>& bytes, std::int64_t time_ns) {
    const auto raw = std::as_bytes(std::span(&time_ns, 1));
    bytes.insert(bytes.end(), raw.begin(), raw.end());
}

void append_text(std::vector<std::byte>& bytes, std::string_view text) {
    append_varint(bytes, text.size());
    const auto raw = std::as_bytes(std::span(text));
    bytes.insert(bytes.end(), raw.begin(), raw.end());
}

}  // namespace

void append_entry(std::vector<std::byte>& bytes, const JournalEntry& entry) {
    ASSERT(entry.kind != JournalEntry::Kind::kRestarted);
    append_u8(bytes,
              static_cast<std::uint8_t>(static_cast<std::uint8_t>(entry.kind) |
                                        (entry.is_carried ? kCarriedBit : 0U)));
    if (entry.kind == JournalEntry::Kind::kSender) {
        append_text(bytes, entry.peer);
        return;
    }
    append_time(bytes, entry.time_ns);
    if (entry.kind == JournalEntry::Kind::kPacket) {
        append_varint(bytes, entry.segment_bytes);
        append_varint(bytes, entry.position);
        append_varint(bytes, entry.dropped_before);
        append_u8(bytes, entry.is_truncated ? 1 : 0);
        append_text(bytes, entry.bytes);
        return;
    }
    append_varint(bytes, entry.connection);
    if (entry.kind == JournalEntry::Kind::kClosed) {
        append_u8(bytes, static_cast<std::uint8_t>(entry.how));
        return;
    }
    if (entry.kind == JournalEntry::Kind::kOpened) {
        append_varint(bytes, entry.connection_id);
        append_varint(bytes, entry.offset);
        append_varint(bytes, entry.sequence);
        append_u8(bytes, entry.is_skipping ? 1 : 0);
        append_text(bytes, entry.peer);
    }
    append_text(bytes, entry.bytes);
}

Result<bool> EntryReader::next(JournalEntry& entry) {
    if (values_.ok() && values_.at_end()) return false;
    entry = {};
    read(entry);
    TRY_VOID(values_.finish());
    return true;
}

void EntryReader::read(JournalEntry& entry) {
    const std::uint8_t kind = values_.u8();
    entry.is_carried = (kind & kCarriedBit) != 0;
    entry.kind = static_cast<JournalEntry::Kind>(kind & ~kCarriedBit);
    const bool is_known =
        entry.kind >= JournalEntry::Kind::kOpened && entry.kind <= JournalEntry::Kind::kPacket;
    if (!is_known) {
        values_.reject("no kind of entry has this number");
    } else if (entry.kind == JournalEntry::Kind::kSender) {
        entry.peer = values_.text(kGroupBytesMax);
    } else {
        entry.time_ns = values_.i64();
        if (entry.kind == JournalEntry::Kind::kPacket) {
            read_packet(entry);
            return;
        }
        entry.connection = values_.varint();
        if (entry.kind == JournalEntry::Kind::kClosed) {
            const std::uint8_t how = values_.u8();
            if (how > static_cast<std::uint8_t>(StreamEnd::kStopped))
                values_.reject("no end of a stream has this number");
            entry.how = static_cast<StreamEnd>(how);
            return;
        }
        if (entry.kind == JournalEntry::Kind::kOpened) read_opened(entry);
        entry.bytes = values_.text(kGroupBytesMax);
    }
}

void EntryReader::read_opened(JournalEntry& entry) {
    entry.connection_id = values_.varint();
    entry.offset = values_.varint();
    entry.sequence = values_.varint();
    entry.is_skipping = values_.boolean();
    entry.peer = values_.text(kGroupBytesMax);
}

void EntryReader::read_packet(JournalEntry& entry) {
    entry.segment_bytes = values_.varint();
    entry.position = values_.varint();
    entry.dropped_before = static_cast<std::uint32_t>(values_.count(UINT32_MAX));
    entry.is_truncated = values_.boolean();
    entry.bytes = values_.text(kGroupBytesMax);
    const bool fits =
        entry.position <= entry.bytes.size() && (entry.bytes.empty() || entry.segment_bytes > 0);
    if (!fits) values_.reject("a packet that does not have the bytes it speaks of");
}

}  // namespace thalweg
