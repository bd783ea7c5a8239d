#pragma once

#include "state/base/hash.h"
#include "state/column.h"
#include "state/flat_table.h"
#include "state/selection.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace thalweg {

// The values that a DISTINCT aggregate has seen, for all groups of one table: pairs of a group's
// position and a value, in one table for all groups, so that a small set costs one entry and not
// an allocation.
class DistinctSet {
  public:
    DistinctSet(Type type, const HashSeed& seed);

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

    [[nodiscard]] std::size_t memory_bytes() const noexcept;

  private:
    void encode(std::span<const std::uint32_t> groups, const Column& column, Selection rows);

    Type type_;
    HashSeed seed_;
    std::size_t words_;                  // Of a value; 0: a string.
    std::unique_ptr<FlatTable> values_;  // Key: group, value words.
    std::unique_ptr<ByteTable> texts_;   // Key: group in four bytes, then the text.
    std::vector<std::uint64_t> keys_;
    std::vector<std::uint64_t> hashes_;
    std::vector<StringRef> refs_;
    std::vector<std::uint32_t> positions_;
    Arena arena_;
};

}  // namespace thalweg
