#pragma once

#include "ops/group_dictionary.h"
#include "ops/group_key.h"
#include "state/base/hash.h"
#include "state/column.h"
#include "state/flat_table.h"
#include "state/selection.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace thalweg {

// What the sets of one DISTINCT aggregate share: the form of their keys, where those of the last
// set lay, and room for a batch.
//
// Threads  One at a time: the scratch is shared.
struct DistinctPlan {
    DistinctPlan(const Type& value_type, const HashSeed& hash_seed);

    Type type;
    HashSeed seed;
    GroupKey key;  // Of values that are no strings: group, value.
    KeyHistory history;

    GroupKey::Encoded encoded;
    Column group_column;
    std::vector<std::uint64_t> hashes;
    std::vector<StringRef> refs;
    std::vector<std::uint32_t> positions;
    Arena arena;
};

// The values that a DISTINCT aggregate has seen, for all groups of one table: pairs of a group's
// position and a value, in one dictionary for all groups, so that a small set costs one entry and
// not an allocation, and integers that lie close together cost neither hash nor comparison.
//
// Lifetime  The plan outlives the set.
class DistinctSet {
  public:
    explicit DistinctSet(DistinctPlan& plan);

    // Takes rows[i] of `column` into the set of groups[i]; no value is null. Writes to `fresh` the
    // indexes i whose value that group had not seen.
    void add(std::span<const std::uint32_t> groups,
             const Column& column,
             Selection rows,
             std::vector<std::uint16_t>& fresh);

    [[nodiscard]] std::size_t size() const noexcept;

    // Reads entries [from, from + groups.size()): the group of each, and its value into the rows of
    // `column`. Strings borrow from the set.
    void read(std::size_t from, std::span<std::uint32_t> groups, Column& column) const;

    // Forgets all values; keeps memory that was in use.
    void clear();

    [[nodiscard]] std::size_t memory_bytes() const noexcept;

  private:
    std::size_t add_words(std::span<const std::uint32_t> groups,
                          const Column& column,
                          Selection rows);
    std::size_t add_texts(std::span<const std::uint32_t> groups,
                          const Column& column,
                          Selection rows);

    DistinctPlan* plan_;
    std::optional<GroupDictionary> values_;
    std::optional<ByteTable> texts_;  // Key: group in four bytes, then the text.
};

}  // namespace thalweg
