#include "ops/open_sessions.h"

#include "state/base/assertion.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace thalweg {

namespace {

constexpr std::size_t kPayloadBytes = 8;

}  // namespace

OpenSessions::OpenSessions(const Settings& settings)
    : keys_(settings.key_types, settings.seed, kPayloadBytes),
      gap_ns_(settings.gap_ns),
      touching_join_(settings.touching_join) {
    ASSERT(gap_ns_ > 0);
}

void OpenSessions::locate(std::span<const Column* const> keys, Selection rows) {
    first_new_ = keys_.find_or_insert(keys, rows, positions_);
}

std::optional<std::uint32_t> OpenSessions::restore(std::size_t i,
                                                   std::int64_t start_ns,
                                                   std::int64_t end_ns) {
    const std::uint32_t owner = positions_[i];
    const std::uint32_t later = last_later(owner, end_ns);
    const std::uint32_t slot = later == kNone ? first_of(owner) : sessions_[later].next;
    if (slot != kNone && meets(sessions_[slot], start_ns, end_ns)) return std::nullopt;
    return open({owner, later}, start_ns, end_ns);
}

// From the last one on: what moves into a hole has a session, or came before.
void OpenSessions::forget_empty() {
    for (std::size_t i = keys_.size(); i > first_new_; --i) {
        const auto owner = static_cast<std::uint32_t>(i - 1);
        if (first_of(owner) == kNone) erase_key(owner);
    }
    first_new_ = keys_.size();
}

std::optional<std::int64_t> OpenSessions::next_end() {
    while (!heap_.empty()) {
        const Due due = heap_.front();
        const Session& session = sessions_[due.slot];
        const bool is_live = session.stamp == due.stamp;
        if (is_live && session.end_ns == due.end_ns) return due.end_ns;
        if (is_live) {
            put_off_first(session.end_ns);
        } else {
            std::pop_heap(heap_.begin(), heap_.end());
            heap_.pop_back();
        }
    }
    return std::nullopt;
}

// Down to where it belongs, which is half of taking it out and pushing it again.
void OpenSessions::put_off_first(std::int64_t end_ns) {
    Due due = heap_.front();
    due.end_ns = end_ns;
    std::size_t hole = 0;
    for (std::size_t child = 1; child < heap_.size(); child = 2 * hole + 1) {
        const bool is_right = child + 1 < heap_.size() && heap_[child] < heap_[child + 1];
        child += static_cast<std::size_t>(is_right);
        if (!(due < heap_[child])) break;
        heap_[hole] = heap_[child];
        hole = child;
    }
    heap_[hole] = due;
}

void OpenSessions::close(std::uint32_t slot) {
    const std::uint32_t owner = sessions_[slot].owner;
    unlink(slot);
    if (first_of(owner) == kNone) erase_key(owner);
}

void OpenSessions::write_key(std::uint32_t slot,
                             std::span<Column* const> columns,
                             std::size_t row,
                             Arena& arena) const {
    for (Column* const column : columns)
        column->set_valid(row);
    keys_.write_key(sessions_[slot].owner, columns, row, arena);
}

std::size_t OpenSessions::memory_bytes() const noexcept {
    return keys_.memory_bytes() + sessions_.capacity() * sizeof(Session) +
           (free_.capacity() + positions_.capacity()) * sizeof(std::uint32_t) +
           heap_.capacity() * sizeof(Due);
}

std::uint32_t OpenSessions::open(Place place, std::int64_t start, std::int64_t end) {
    std::uint32_t slot = static_cast<std::uint32_t>(sessions_.size());
    if (free_.empty()) {
        sessions_.emplace_back();
    } else {
        slot = free_.back();
        free_.pop_back();
    }
    Session& session = sessions_[slot];
    session.start_ns = start;
    session.end_ns = end;
    session.owner = place.owner;
    session.previous = place.later;
    if (place.later == kNone) {
        session.next = first_of(place.owner);
        set_first(place.owner, slot);
    } else {
        session.next = std::exchange(sessions_[place.later].next, slot);
    }
    if (session.next != kNone) sessions_[session.next].previous = slot;
    push(slot);
    opened_ = slot;
    return slot;
}

void OpenSessions::unlink(std::uint32_t slot) {
    Session& session = sessions_[slot];
    if (session.previous == kNone) {
        set_first(session.owner, session.next);
    } else {
        sessions_[session.previous].next = session.next;
    }
    if (session.next != kNone) sessions_[session.next].previous = session.previous;
    session.owner = kNone;
    session.next = kNone;
    session.previous = kNone;
    ++session.stamp;
    free_.push_back(slot);
}

// The last key moves into the hole: its sessions are told.
void OpenSessions::erase_key(std::uint32_t owner) {
    const auto last = static_cast<std::uint32_t>(keys_.size() - 1);
    if (owner != last) {
        for (std::uint32_t slot = first_of(last); slot != kNone; slot = sessions_[slot].next)
            sessions_[slot].owner = owner;
    }
    keys_.erase_at(owner);
}

void OpenSessions::push(std::uint32_t slot) {
    heap_.push_back({sessions_[slot].end_ns, slot, sessions_[slot].stamp});
    std::push_heap(heap_.begin(), heap_.end());
}

}  // namespace thalweg
