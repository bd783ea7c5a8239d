#pragma once

#include "ops/group_key.h"
#include "ops/small_index.h"
#include "state/arena.h"
#include "state/batch.h"
#include "state/flat_table.h"
#include "state/schema.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace thalweg {

// What the rows of a lookup table look like, and by which of their columns they are found.
struct LookupTableSpec {
    SchemaPtr schema;
    std::vector<std::size_t> keys;  // Columns of the rows; none: every row is found by everybody.
    HashSeed seed = HashSeed::from(0);
};

// The rows of a bounded table by key: the right side of a lookup join.
//
// Shape     Rows lie in columns, in the order in which they came. Those of equal keys make a group;
//           where every key comes once (is_unique()) the group of a key is the number of its row.
//           A row with a NULL among its keys equals nobody and is not kept.
// Indexes   All keys are in a hash table. When they have come, a single key may get a better index
//           beside it: integers that lie close together an array over these values, a few other
//           integers or short texts a SmallIndex.
// Lifetime  Strings that columns give away live as long as the table.
// Threads   add() and finish(): one. After finish() it never changes, and any number of threads
//           read it, each with a Probe of its own.
class LookupTable {
  public:
    static constexpr std::uint32_t kNone = EntryTable::kAbsent;
    static constexpr std::size_t kRowsMax = std::size_t{1} << 31U;

    // Of one key. A batch of the stream gives at most so many results for each of its rows, in one
    // step: more would be more than the agents behind have room for.
    static constexpr std::size_t kRowsOfKeyMax = kBatchRows;

    // Room for one batch of questions.
    struct Probe {
        GroupKey::Encoded encoded;
    };

    explicit LookupTable(LookupTableSpec spec);

    // Takes rows in; no more than kRowsMax in all.
    void add(const BatchView& rows);

    // No more rows will come.
    void finish();

    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    [[nodiscard]] std::size_t key_count() const noexcept { return entries().size(); }

    [[nodiscard]] bool is_unique() const noexcept { return size() == key_count(); }

    [[nodiscard]] const Schema& schema() const noexcept { return *spec_.schema; }

    [[nodiscard]] const Column& column(std::size_t index) const { return columns_[index]; }

    // The group of each of `rows`, kNone where there is none: keys[i] holds key i in the physical
    // form of the table's, and is NULL in no row.
    void find(std::span<const Column* const> keys,
              Selection rows,
              Probe& probe,
              std::span<std::uint32_t> groups) const;

    // After finish(): of the key that has most.
    [[nodiscard]] std::size_t rows_of_key_max() const noexcept;

    // The rows of a group, in order. Not of a table that is unique, where they are the group.
    [[nodiscard]] std::span<const std::uint32_t> rows_of(std::uint32_t group) const noexcept {
        DEBUG_ASSERT(!is_unique());
        return std::span(rows_by_group_)
            .subspan(group_starts_[group], group_starts_[group + 1] - group_starts_[group]);
    }

    [[nodiscard]] std::size_t memory_bytes() const noexcept;

  private:
    [[nodiscard]] const EntryTable& entries() const noexcept {
        return words_ ? static_cast<const EntryTable&>(*words_) : *texts_;
    }

    // Values of a direct index for each key, and how many it may have however few keys there are.
    static constexpr std::uint64_t kValuesPerKey = 4;
    static constexpr std::uint64_t kValuesMin = 64 * 1024;

    [[nodiscard]] Selection with_keys(const BatchView& rows);
    [[nodiscard]] bool is_integer() const noexcept;
    void group_rows();
    void index_directly();
    void find_directly(const Column& key, Selection rows, std::span<std::uint32_t> groups) const;
    void index_small();
    [[nodiscard]] std::int64_t integer_at(std::uint32_t group) const noexcept;
    void find_small(const Column& key, Selection rows, std::span<std::uint32_t> groups) const;

    LookupTableSpec spec_;
    GroupKey key_;
    std::optional<FlatTable> words_;
    std::optional<ByteTable> texts_;
    std::vector<std::uint32_t> direct_;  // From lowest_ on, and kNone behind; empty: not in use.
    std::int64_t lowest_ = 0;
    std::optional<SmallIndex> small_;
    std::vector<Column> columns_;
    Arena arena_;
    std::size_t size_ = 0;
    std::vector<std::uint32_t> group_of_row_;   // Until finish().
    std::vector<std::uint32_t> group_starts_;   // In rows_by_group_, and one more at the end.
    std::vector<std::uint32_t> rows_by_group_;  // Both empty when the keys are unique.

    // Of add().
    Probe probe_;
    std::vector<std::uint16_t> kept_;
    std::vector<std::uint32_t> positions_;
};

using LookupTablePtr = std::shared_ptr<const LookupTable>;

}  // namespace thalweg
