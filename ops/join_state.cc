#include "ops/join_state.h"

#include "ops/join_output.h"

#include <algorithm>

namespace thalweg {

JoinState::JoinState(const StreamJoinSpec& join, std::array<bool, 2> loses_rows)
    : schemas_{JoinSide::state_schema(join.left, join.ttls_ns[0] != 0),
               JoinSide::state_schema(join.right, join.ttls_ns[1] != 0)},
      key_columns_{join_key_columns(join, 0), join_key_columns(join, 1)},
      keys_(join.keys, join_key_types(join), join.seed),
      sides_{JoinSide(join.left, loses_rows[0], join.seed, join.ttls_ns[0]),
             JoinSide(join.right, loses_rows[1], join.seed, join.ttls_ns[1])},
      rows_{Batch(schemas_[0]), Batch(schemas_[1])} {}

std::uint32_t JoinState::add(std::size_t port,
                             std::size_t i,
                             std::byte* packed,
                             JoinSide::Counts counts) {
    const std::uint32_t position = keys_.position(i);
    std::uint32_t head = keys_.head(position, port);
    sides_[port].add(packed, counts, head);
    keys_.set_head(position, port, head);
    return head;
}

void JoinState::remove(std::size_t port, std::size_t i, std::uint32_t entry) {
    const std::uint32_t position = keys_.position(i);
    std::uint32_t head = keys_.head(position, port);
    const std::uint32_t old_head = head;
    sides_[port].remove(entry, head);
    if (head != old_head) keys_.set_head(position, port, head);
}

void JoinState::forget(std::size_t port, std::size_t i, std::uint32_t entry) {
    const std::uint32_t position = keys_.position(i);
    std::uint32_t head = keys_.head(position, port);
    sides_[port].forget(entry, head);
    keys_.set_head(position, port, head);
}

void JoinState::sweep(std::int64_t now_ns) {
    for (std::size_t port = 0; port < 2; ++port) {
        std::span<const std::uint32_t> expired = sides_[port].next_expired(now_ns);
        while (!expired.empty()) {
            const std::size_t count = std::min(expired.size(), kBatchRows);
            forget_all(port, expired.first(count));
            expired = expired.subspan(count);
        }
    }
}

// Of keys that nobody has looked up.
void JoinState::forget_all(std::size_t port, std::span<const std::uint32_t> entries) {
    touch(port, entries);
    const BatchView rows = rows_of(port, entries).view();
    keys_.look_up(rows, rows.selection, port);
    for (std::size_t i = 0; i < entries.size(); ++i)
        forget(port, i, entries[i]);
    keys_.erase_empty();
}

const Batch& JoinState::rows_of(std::size_t port, std::span<const std::uint32_t> entries) {
    sides_[port].write(entries, rows_[port]);
    return rows_[port];
}

std::vector<StateTable> JoinState::tables() const {
    return {{"left", schemas_[0], StateRoute::kByKey, key_columns_[0]},
            {"right", schemas_[1], StateRoute::kByKey, key_columns_[1]}};
}

void JoinState::freeze(StateOut& out) {
    out_ = &out;
    for (JoinSide& side : sides_)
        side.freeze();
}

Progress JoinState::save(std::size_t rows_max) {
    std::size_t saved = 0;
    for (std::size_t port = 0; port < 2; ++port) {
        while (sides_[port].is_frozen()) {
            if (saved >= rows_max) return Progress::kMore;
            const auto entries = sides_[port].take_next(std::min(rows_max - saved, kBatchRows));
            write(port, entries);
            saved += std::max<std::size_t>(entries.size(), 1);
        }
    }
    return Progress::kDone;
}

void JoinState::write(std::size_t port, std::span<const std::uint32_t> entries) {
    if (entries.empty()) return;
    out_->open(port, entries.size()).append(rows_of(port, entries).view());
}

std::size_t JoinState::memory_bytes() const noexcept {
    return keys_.memory_bytes() + sides_[0].memory_bytes() + sides_[1].memory_bytes();
}

}  // namespace thalweg
