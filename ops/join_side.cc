#include "ops/join_side.h"

#include "state/base/assertion.h"

#include <utility>

namespace thalweg {

JoinSide::JoinSide(const SchemaPtr& schema,
                   bool loses_rows,
                   const HashSeed& seed,
                   std::int64_t ttl_ns)
    : layout_(schema), loses_rows_(loses_rows), seed_(seed), ttl_(ttl_ns) {}

std::uint32_t JoinSide::find(const std::byte* packed) const {
    DEBUG_ASSERT(loses_rows_);
    const std::uint32_t place =
        index_.find(layout_.hash(packed, seed_), [&](std::uint32_t candidate) {
            return layout_.equal(entries_[indexed_[candidate]].row, packed);
        });
    return place == FlatIndex::kAbsent ? kNone : indexed_[place];
}

std::uint32_t JoinSide::new_entry() {
    if (free_ == kNone) {
        ASSERT(entries_.size() < kNone);
        entries_.emplace_back();
        if (ttl_.is_on()) written_ms_.emplace_back();
        return static_cast<std::uint32_t>(entries_.size() - 1);
    }
    const std::uint32_t entry = free_;
    free_ = entries_[entry].next;
    --free_count_;
    // What is frozen does not have it.
    if (is_frozen()) static_cast<void>(touch({&entry, 1}));
    return entry;
}

void JoinSide::add(std::byte* packed, Counts counts, std::uint32_t& head) {
    const std::uint32_t entry = new_entry();
    entries_[entry] = {packed, head, kNone, counts.matches, counts.copies, kNone};
    if (head != kNone) entries_[head].previous = entry;
    head = entry;
    write_now(entry);
    if (loses_rows_) index(entry);
}

void JoinSide::index(std::uint32_t entry) {
    if (index_.size() == index_.capacity()) index_.grow();
    entries_[entry].place = index_.append(layout_.hash(entries_[entry].row, seed_));
    indexed_.push_back(entry);
}

// The last one of the index takes its place there.
void JoinSide::leave_index(std::uint32_t entry) {
    const std::uint32_t place = entries_[entry].place;
    index_.erase(place);
    const std::uint32_t moved = indexed_.back();
    indexed_.pop_back();
    if (moved == entry) return;
    indexed_[place] = moved;
    entries_[moved].place = place;
}

void JoinSide::remove(std::uint32_t entry, std::uint32_t& head) {
    Entry& gone = entries_[entry];
    if (--gone.copies > 0) return;
    if (loses_rows_) leave_index(entry);
    if (gone.previous == kNone) {
        DEBUG_ASSERT(head == entry);
        head = gone.next;
    } else {
        entries_[gone.previous].next = gone.next;
    }
    if (gone.next != kNone) entries_[gone.next].previous = gone.previous;
    drop(std::exchange(gone.row, nullptr));
    gone.next = std::exchange(free_, entry);
    ++free_count_;
}

std::span<const std::uint32_t> JoinSide::next_expired(std::int64_t now_ns) {
    expired_.clear();
    if (now_ns < next_tick_ns()) return expired_;
    const StateTtl::Step step = ttl_.next_step(now_ns, entries_.size());
    for (std::size_t i = step.first; i < step.end; ++i) {
        const auto entry = static_cast<std::uint32_t>(i);
        if (entries_[entry].row != nullptr && has_expired(entry)) expired_.push_back(entry);
    }
    return expired_;
}

SchemaPtr JoinSide::state_schema(const SchemaPtr& schema, bool has_ttl) {
    std::vector<Field> fields = schema->fields;
    fields.push_back({"matches", Type::bigint().not_null()});
    fields.push_back({"copies", Type::bigint().not_null()});
    if (has_ttl) fields.push_back({"written", Type::bigint().not_null()});
    return make_schema(std::move(fields));
}

std::span<const std::uint32_t> JoinSide::take_next(std::size_t rows_max) {
    const FrozenEntries::Run run = frozen_.take_next(rows_max);
    taken_.clear();
    for (std::uint32_t entry = run.first; entry < run.first + run.count; ++entry) {
        if (entries_[entry].row != nullptr) taken_.push_back(entry);
    }
    return taken_;
}

void JoinSide::write(std::span<const std::uint32_t> entries, Batch& batch) {
    batch.clear();
    written_.clear();
    for (const std::uint32_t entry : entries)
        written_.push_back(entries_[entry].row);
    for (std::size_t i = 0; i < layout_.size(); ++i)
        layout_.unpack(written_, i, batch.column(i), batch.arena());
    auto* const matches = batch.column(layout_.size()).data<std::int64_t>();
    auto* const copies = batch.column(layout_.size() + 1).data<std::int64_t>();
    for (std::size_t i = 0; i < entries.size(); ++i) {
        matches[i] = entries_[entries[i]].matches;
        copies[i] = entries_[entries[i]].copies;
    }
    if (ttl_.is_on()) {
        auto* const times = batch.column(layout_.size() + 2).data<std::int64_t>();
        for (std::size_t i = 0; i < entries.size(); ++i)
            times[i] = written_ms_[entries[i]];
    }
    batch.set_size(entries.size());
}

std::size_t JoinSide::memory_bytes() const noexcept {
    return heap_.memory_bytes() + entries_.capacity() * sizeof(Entry) + index_.memory_bytes() +
           indexed_.capacity() * sizeof(std::uint32_t) + frozen_.memory_bytes() +
           written_ms_.capacity() * sizeof(std::int64_t);
}

}  // namespace thalweg
