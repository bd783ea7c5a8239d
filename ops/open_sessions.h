#pragma once

#include "ops/key_table.h"
#include "state/base/time.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace thalweg {

// The session windows of all keys that are open: which session a row joins, and which closes next.
// What a session holds is its owner's, by slot.
//
// Shape    A table of keys, each with a list of its sessions, one as a rule, the latest first; the
//          sessions in slots that are used again; and a heap of them by their end. An entry of the
//          heap keeps the end that its session had when it was pushed, and sinks to its place when
//          it comes up and the session has grown: so a row that extends a session touches no heap,
//          and each session has one entry, beside those of sessions that were absorbed, until their
//          time comes.
// Joining  A row of time t is a session [t, t + gap). Sessions that overlap are one, and so are
//          sessions that touch, in event time, as in Flink. By the clock a session is over at its
//          end.
// Lifetime A slot is good until its session is absorbed or closed. A key without sessions is
//          forgotten.
// Threads  One at a time.
class OpenSessions {
  public:
    static constexpr std::uint32_t kNone = 0xFFFF'FFFF;

    struct Settings {
        std::vector<Type> key_types;
        HashSeed seed = HashSeed::from(0);
        std::int64_t gap_ns = 0;
        bool touching_join = true;
    };

    explicit OpenSessions(const Settings& settings);

    // Finds the keys of some rows (keys[k] has key k) for join(): until forget_empty().
    void locate(std::span<const Column* const> keys, Selection rows);

    // The slot of the session that the i-th located row joins, opened if need be; kNone:
    // `watermark` has passed the end of it. before_change(slot) is called for a session that was
    // there. Of sessions that the row makes one, absorb(slot, other) is called for each but the
    // first, before the other's slot goes.
    template <class Before, class Absorb>
    std::uint32_t join(std::size_t i,
                       std::int64_t time_ns,
                       Watermark watermark,
                       const Before& before_change,
                       const Absorb& absorb) {
        const std::int64_t end = saturating_add(time_ns, gap_ns_);
        const std::uint32_t owner = positions_[i];
        const std::uint32_t later = last_later(owner, end);
        const std::uint32_t home = later == kNone ? first_of(owner) : sessions_[later].next;
        if (home == kNone || !meets(sessions_[home], time_ns, end))
            return watermark.passes(end) ? kNone : open({owner, later}, time_ns, end);
        before_change(home);
        for (;;) {
            const std::uint32_t other = sessions_[home].next;
            if (other == kNone || !meets(sessions_[other], time_ns, end)) break;
            absorb(home, other);
            widen(home, sessions_[other].start_ns, sessions_[other].end_ns);
            unlink(other);
        }
        widen(home, time_ns, end);
        return home;
    }

    // Opens a session that was saved, of the i-th located row; nothing: another of its key meets
    // it.
    [[nodiscard]] std::optional<std::uint32_t> restore(std::size_t i,
                                                       std::int64_t start_ns,
                                                       std::int64_t end_ns);

    // Whether the slot is that of the session opened last, asked for the first time.
    [[nodiscard]] bool take_opened(std::uint32_t slot) noexcept {
        if (opened_ != slot) return false;
        opened_ = kNone;
        return true;
    }

    // Forgets keys of the located rows that have no session: after a batch.
    void forget_empty();

    // Sessions that are open, and slots that there are.
    [[nodiscard]] std::size_t size() const noexcept { return sessions_.size() - free_.size(); }

    [[nodiscard]] std::size_t slot_count() const noexcept { return sessions_.size(); }

    [[nodiscard]] bool is_open(std::uint32_t slot) const noexcept {
        return sessions_[slot].owner != kNone;
    }

    [[nodiscard]] std::int64_t start(std::uint32_t slot) const { return sessions_[slot].start_ns; }

    [[nodiscard]] std::int64_t end(std::uint32_t slot) const { return sessions_[slot].end_ns; }

    // The end of the session that ends first, and its slot.
    [[nodiscard]] std::optional<std::int64_t> next_end();

    [[nodiscard]] std::uint32_t next_slot() const { return heap_.front().slot; }

    // The session ends: its slot goes, and its key if it was the last.
    void close(std::uint32_t slot);

    // Writes the key of a session into row `row` of some columns.
    void write_key(std::uint32_t slot,
                   std::span<Column* const> columns,
                   std::size_t row,
                   Arena& arena) const;

    [[nodiscard]] std::size_t memory_bytes() const noexcept;

  private:
    struct Session {
        std::int64_t start_ns = 0;
        std::int64_t end_ns = 0;
        std::uint32_t owner = kNone;     // Its key; kNone: the slot is free.
        std::uint32_t next = kNone;      // The one before it in time, of the same key,
        std::uint32_t previous = kNone;  // and the one behind it.
        std::uint32_t stamp = 0;         // Of the use of the slot.
    };

    struct Due {
        std::int64_t end_ns = 0;
        std::uint32_t slot = 0;
        std::uint32_t stamp = 0;

        // For a heap whose front ends first.
        friend bool operator<(const Due& a, const Due& b) noexcept {
            return a.end_ns != b.end_ns ? a.end_ns > b.end_ns : a.slot > b.slot;
        }
    };

    // The payload of a key: its first session as slot + 1, so that a new one has none.
    [[nodiscard]] std::uint32_t first_of(std::uint32_t owner) noexcept {
        return static_cast<std::uint32_t>(
                   *reinterpret_cast<const std::uint64_t*>(keys_.payload(owner))) -
               1U;
    }

    void set_first(std::uint32_t owner, std::uint32_t slot) noexcept {
        *reinterpret_cast<std::uint64_t*>(keys_.payload(owner)) =
            static_cast<std::uint32_t>(slot + 1U);
    }

    [[nodiscard]] bool meets(const Session& session,
                             std::int64_t start_ns,
                             std::int64_t end_ns) const noexcept {
        return touching_join_ ? start_ns <= session.end_ns && end_ns >= session.start_ns
                              : start_ns < session.end_ns && end_ns > session.start_ns;
    }

    void widen(std::uint32_t slot, std::int64_t start_ns, std::int64_t end_ns) noexcept {
        Session& session = sessions_[slot];
        if (start_ns < session.start_ns) session.start_ns = start_ns;
        if (end_ns > session.end_ns) session.end_ns = end_ns;
    }

    // A place in the list of a key: behind `later`; kNone: at its front.
    struct Place {
        std::uint32_t owner = kNone;
        std::uint32_t later = kNone;
    };

    // The last session of a list that begins too late for a session with this end to meet it.
    [[nodiscard]] std::uint32_t last_later(std::uint32_t owner, std::int64_t end_ns) noexcept {
        std::uint32_t later = kNone;
        for (std::uint32_t slot = first_of(owner); slot != kNone; slot = sessions_[slot].next) {
            const std::int64_t start = sessions_[slot].start_ns;
            if (start < end_ns || (touching_join_ && start == end_ns)) break;
            later = slot;
        }
        return later;
    }

    [[nodiscard]] std::uint32_t open(Place place, std::int64_t start, std::int64_t end);
    // Takes a session out of the list of its key, and frees its slot.
    void unlink(std::uint32_t slot);
    void erase_key(std::uint32_t owner);
    void push(std::uint32_t slot);
    // The first of the heap has come up, and its session has grown.
    void put_off_first(std::int64_t end_ns);

    KeyTable keys_;
    std::int64_t gap_ns_;
    bool touching_join_;
    std::vector<Session> sessions_;
    std::vector<std::uint32_t> free_;
    std::vector<Due> heap_;
    std::uint32_t opened_ = kNone;
    std::size_t first_new_ = 0;  // Keys from here on came with the located rows.

    std::vector<std::uint32_t> positions_;
};

}  // namespace thalweg
