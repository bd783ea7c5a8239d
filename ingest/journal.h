#pragma once

#include "ingest/journal_entry.h"
#include "ingest/journal_replay.h"
#include "ingest/source.h"
#include "state/store/journal_files.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace thalweg {

// The journal of one instance of a source that cannot ask for anything again: what it receives is
// written down, and after a crash it is its own sender (docs/decisions/0008-journal.md).
//
//     source's thread                         writer's thread
//     append() -> open group --flush()-->     write(): append to the segment, sync
//                 (the other one)    <-- group is durable --
//
// Groups    There are two: one is filled while the other is written. A group goes when 4 MiB are
//           full, or 4 ms after the one before; while one is on its way the next one grows, so
//           groups are as large as the disk is slow. has_room() is false when both are full: then
//           nothing is read.
// Segments  cut(), at a barrier, begins another one, whose number is the position of the source: a
//           snapshot with this position goes on with that segment. What belongs to both sides of
//           the barrier (a record of which a part has come) is appended behind the cut once more,
//           as `is_carried`. is_sealed(): the new segment is durable, and so all before it.
// Life      restore(), if there is something to go on from; open(); replay() until it is null; then
//           append().
// Threads   write(): the writer's. All else: the source's.
// Ordering  What was appended before a group was handed over is visible to the writer, and its
//           group is the source's again when the writer has said so: by release and acquire of the
//           two counts.
// Failure   write(): kFull may be tried again; all else is final, and the query must end.
class Journal {
  public:
    static constexpr std::size_t kGroupBytesDue = std::size_t{4} << 20U;
    static constexpr std::int64_t kGroupAgeNs = 4'000'000;

    // Borrows the files.
    struct Settings {
        JournalFiles* files = nullptr;
        std::string source;
        std::uint32_t instance = 0;
        std::uint32_t instance_count = 1;
        std::function<void()> wake_source;  // Any thread.
    };

    explicit Journal(Settings settings) : settings_(std::move(settings)) {}

    // Setting up: wakes the thread that writes.
    void set_wake_writer(std::function<void()> wake) { wake_writer_ = std::move(wake); }

    // Whether it is one of a journal, of whatever instance.
    [[nodiscard]] static bool is_position(const SourcePosition& position);

    // The positions of all instances, as of the epoch that was recovered.
    void restore(const std::vector<SourcePosition>& positions);

    // Finds out what is to be done once more. `say` hears what was not whole.
    [[nodiscard]] Result<void> open(JournalReplay::Say say);

    // What was received in an earlier life and is not in the state; null: nothing, or no more.
    [[nodiscard]] JournalReplay* replay() noexcept { return replay_.get(); }

    void end_replay() { replay_.reset(); }

    [[nodiscard]] bool has_room() const noexcept { return front().bytes.size() < kGroupBytesDue; }

    void append(const JournalEntry& entry);

    // Hands over what is due, by the time of the source.
    void flush(std::int64_t now_ns);

    [[nodiscard]] SourcePosition cut();

    [[nodiscard]] bool is_sealed();

    // Of what was received, durable by now; and in how many groups.
    [[nodiscard]] std::uint64_t durable_bytes() const noexcept { return durable_bytes_; }

    [[nodiscard]] std::uint64_t durable_groups() const noexcept { return durable_groups_; }

    // Makes the group durable that was handed over. Returns whether there was one.
    [[nodiscard]] Result<bool> write();

  private:
    // Where a group is divided: `segment` 0 is a group of its own, else the first of a segment.
    struct Mark {
        std::size_t offset = 0;
        Generation segment = 0;
    };

    struct Group {
        std::vector<std::byte> bytes;
        std::vector<Mark> marks;
        std::uint64_t received_bytes = 0;
    };

    [[nodiscard]] Group& front() noexcept { return groups_[handed_here_ % 2]; }

    [[nodiscard]] const Group& front() const noexcept { return groups_[handed_here_ % 2]; }

    [[nodiscard]] bool is_writer_idle();
    void hand_over();
    [[nodiscard]] Result<std::vector<Generation>> chain(std::uint32_t instance) const;
    [[nodiscard]] Result<void> write_part(std::span<const std::byte> part);

    Settings settings_;
    std::function<void()> wake_writer_;
    std::array<Group, 2> groups_;
    std::atomic<std::uint64_t> handed_{0};  // Groups that were handed over.
    std::atomic<std::uint64_t> done_{0};    // Of these, durable.

    // The source's.
    std::vector<SourcePosition> positions_;
    std::unique_ptr<JournalReplay> replay_;
    std::uint64_t handed_here_ = 0;
    std::uint64_t done_seen_ = 0;
    std::uint64_t cut_group_ = 0;  // The group with the latest cut, counted from 1.
    std::int64_t handed_at_ns_ = INT64_MIN;
    std::uint64_t durable_bytes_ = 0;
    std::uint64_t durable_groups_ = 0;

    // The writer's.
    std::unique_ptr<SegmentWriter> segment_;
    Generation number_ = 0;    // Of the segment, before it is there as well.
    SegmentOwner owner_;       // Of the next segment.
    bool is_named_ = false;    // The name of the segment is durable.
    bool is_wanted_ = false;   // The segment must be there, also without entries.
    bool is_written_ = false;  // The part is, though its file's name may not be durable.
    std::size_t part_ = 0;     // Of the group: done with so many of its parts.
};

// Opens the journal of a table that asks for one, or says how it would get it where there is none.
[[nodiscard]] Result<void> open_journal(Journal* journal,
                                        const std::string& table,
                                        JournalReplay::Say say);

}  // namespace thalweg
