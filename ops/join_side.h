#pragma once

#include "ops/frozen_entries.h"
#include "ops/row_layout.h"
#include "ops/state_ttl.h"
#include "state/flat_index.h"
#include "state/schema.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace thalweg {

// The rows of one side of a join that remembers them for as long as they are not deleted.
//
// Shape    A row is bytes (RowLayout) and an entry: how many of it there are, how many rows of the
//          other side it has met, and its neighbours among the rows of its key, whose first one
//          whoever has the keys knows. Entries stay where they are and are used again. Sides that
//          lose rows find them by a hash of all their columns (a FlatIndex); rows that are equal in
//          all columns share an entry there. Sides that only gain have an entry for each row and no
//          such index.
// TTL      An entry has when it was last written; see there who writes. Who walks a chain skips
//          what has expired; forget() takes it out.
// Memory   32 bytes an entry, some 22 more where there is the index, 8 with a TTL, and the row.
// Freezing As FrozenEntries: what is about to be changed is named first, by touch().
// Threads  One at a time.
class JoinSide {
  public:
    static constexpr std::uint32_t kNone = 0xFFFF'FFFF;

    JoinSide(const SchemaPtr& schema,
             bool loses_rows,
             const HashSeed& seed,
             std::int64_t ttl_ns = 0);

    // --- Rows on their way in or out ---

    // Packs rows; each goes on to add() or drop(), which own it then.
    void pack(const BatchView& view, Selection rows, std::vector<std::byte*>& packed) {
        layout_.pack(view, rows, heap_, packed);
    }

    void drop(std::byte* packed) noexcept { RowLayout::give_back(heap_, packed); }

    // The entry of a row that is equal to this one; kNone without one. Of a side that loses rows.
    [[nodiscard]] std::uint32_t find(const std::byte* packed) const;

    // What is known of a row beside its columns.
    struct Counts {
        std::uint32_t matches = 0;
        std::uint32_t copies = 1;
    };

    // Adds a row to those whose first one is `head`.
    void add(std::byte* packed, Counts counts, std::uint32_t& head);

    // One row more that is equal to that of an entry.
    void add_copy(std::uint32_t entry, std::uint32_t copies) { entries_[entry].copies += copies; }

    // Takes one row away. `head` is the first of its key.
    void remove(std::uint32_t entry, std::uint32_t& head);

    // Takes all rows of an entry away.
    void forget(std::uint32_t entry, std::uint32_t& head) {
        entries_[entry].copies = 1;
        remove(entry, head);
    }

    // --- Times, with a TTL; what is added is written now ---

    [[nodiscard]] StateTtl& ttl() noexcept { return ttl_; }

    [[nodiscard]] const StateTtl& ttl() const noexcept { return ttl_; }

    [[nodiscard]] bool has_expired(std::uint32_t entry) const {
        return ttl_.is_on() && ttl_.has_expired(written_ms_[entry]);
    }

    void set_written(std::uint32_t entry, std::int64_t written_ms) {
        if (ttl_.is_on()) written_ms_[entry] = written_ms;
    }

    void write_now(std::uint32_t entry) { set_written(entry, ttl_.now_ms()); }

    [[nodiscard]] std::int64_t next_tick_ns() const noexcept { return ttl_.next_tick_ns(size()); }

    // The next entries of the sweep that have expired: to be forgotten.
    [[nodiscard]] std::span<const std::uint32_t> next_expired(std::int64_t now_ns);

    // --- Rows that are there ---

    [[nodiscard]] std::uint32_t next(std::uint32_t entry) const { return entries_[entry].next; }

    [[nodiscard]] const std::byte* row(std::uint32_t entry) const { return entries_[entry].row; }

    [[nodiscard]] std::uint32_t copies(std::uint32_t entry) const { return entries_[entry].copies; }

    [[nodiscard]] std::uint32_t& matches(std::uint32_t entry) { return entries_[entry].matches; }

    // Entries that hold rows.
    [[nodiscard]] std::size_t size() const noexcept { return entries_.size() - free_count_; }

    [[nodiscard]] bool loses_rows() const noexcept { return loses_rows_; }

    [[nodiscard]] const RowLayout& layout() const noexcept { return layout_; }

    // Always inline: g++ 12 drops calls of functions that only prefetch.
    [[gnu::always_inline]] void prefetch(std::uint32_t entry) const {
        __builtin_prefetch(&entries_[entry]);
    }

    // --- The state as rows: the columns, then matches and copies, and with a TTL "written" ---

    [[nodiscard]] static SchemaPtr state_schema(const SchemaPtr& schema, bool has_ttl = false);

    void freeze() { frozen_.freeze(entries_.size()); }

    [[nodiscard]] bool is_frozen() const noexcept { return frozen_.is_frozen(); }

    // Of entries that are about to change, those that must be written before; written from now on.
    [[nodiscard]] std::span<const std::uint32_t> touch(std::span<const std::uint32_t> entries) {
        frozen_.take(entries, taken_);
        return taken_;
    }

    // The next entries to write, at most `rows_max`.
    [[nodiscard]] std::span<const std::uint32_t> take_next(std::size_t rows_max);

    // Writes entries as rows of state_schema(); at most kBatchRows. Borrows from them.
    void write(std::span<const std::uint32_t> entries, Batch& batch);

    [[nodiscard]] std::size_t memory_bytes() const noexcept;

  private:
    struct Entry {
        std::byte* row = nullptr;
        std::uint32_t next = kNone;  // Of one without a row: the next such.
        std::uint32_t previous = kNone;
        std::uint32_t matches = 0;
        std::uint32_t copies = 1;
        std::uint32_t place = kNone;  // In the index.
    };

    static_assert(sizeof(Entry) == 32);

    [[nodiscard]] std::uint32_t new_entry();
    void index(std::uint32_t entry);
    void leave_index(std::uint32_t entry);

    RowLayout layout_;
    bool loses_rows_;
    HashSeed seed_;
    RowHeap heap_;
    std::vector<Entry> entries_;
    std::uint32_t free_ = kNone;
    std::size_t free_count_ = 0;
    FlatIndex index_;                     // By all columns,
    std::vector<std::uint32_t> indexed_;  // of these entries.
    FrozenEntries frozen_;
    std::vector<std::uint32_t> taken_;
    std::vector<const std::byte*> written_;
    StateTtl ttl_;
    std::vector<std::int64_t> written_ms_;  // Of each entry, with a TTL.
    std::vector<std::uint32_t> expired_;
};

}  // namespace thalweg
