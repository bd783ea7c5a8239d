#include "ingest/stream_journal.h"

namespace thalweg {

namespace {

JournalEntry entry_of(JournalEntry::Kind kind, std::uint64_t connection, std::int64_t time_ns) {
    JournalEntry entry;
    entry.kind = kind;
    entry.connection = connection;
    entry.time_ns = time_ns;
    return entry;
}

}  // namespace

void StreamJournal::opened(std::uint64_t connection,
                           const StreamReader& reader,
                           std::int64_t time_ns,
                           bool is_carried) {
    JournalEntry entry = entry_of(JournalEntry::Kind::kOpened, connection, time_ns);
    entry.is_carried = is_carried;
    entry.peer = reader.origin().peer;
    entry.connection_id = static_cast<std::uint64_t>(reader.origin().connection_id);
    entry.offset = reader.rest_offset();
    entry.sequence = static_cast<std::uint64_t>(reader.next_sequence());
    entry.is_skipping = reader.is_skipping();
    entry.bytes = reader.rest();
    journal_->append(entry);
}

void StreamJournal::bytes(std::uint64_t connection, std::string_view bytes, std::int64_t time_ns) {
    JournalEntry entry = entry_of(JournalEntry::Kind::kBytes, connection, time_ns);
    entry.bytes = bytes;
    journal_->append(entry);
}

void StreamJournal::closed(std::uint64_t connection,
                           const StreamReader& reader,
                           std::int64_t time_ns) {
    JournalEntry entry = entry_of(JournalEntry::Kind::kClosed, connection, time_ns);
    entry.how = reader.how_ended();
    journal_->append(entry);
}

}  // namespace thalweg
