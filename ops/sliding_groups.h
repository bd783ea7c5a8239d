#pragma once

#include "ops/group_dictionary.h"
#include "ops/group_key.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace thalweg {

// What a sliding window knows of a group, at the front of its payload. Behind it: the back sum.
// All zeros for a group that has just been made.
struct SlidingGroup {
    static constexpr std::uint32_t kTouched = std::uint32_t{1} << 31U;

    std::uint32_t newest_slice = 0;  // The slot of the newest entry not yet in the front; 0: none.
    std::uint32_t newest = 0;        // That entry; older ones by their links.
    std::uint32_t chain_count = 0;  // How many that is: the link of the last of them means nothing.
    std::uint32_t back_count = 0;   // How many of them are in the back sum.
    std::uint32_t front = 0;        // The oldest entry of the front; newer ones by their links.
    std::uint32_t row = 0;          // Of the result, plus one; 0: none. With kTouched.

    [[nodiscard]] bool is_in_window() const noexcept { return front != 0 || back_count != 0; }

    [[nodiscard]] std::uint32_t row_number() const noexcept { return row & ~kTouched; }

    [[nodiscard]] bool is_in_use() const noexcept {
        return (chain_count | front | back_count | row) != 0;
    }

    [[nodiscard]] std::byte* back_sum() noexcept {
        return reinterpret_cast<std::byte*>(this) + sizeof *this;
    }
};

static_assert(sizeof(SlidingGroup) == 24);

// The groups of a sliding window, for as long as any slice has them: keys to ids 0, 1, ...
//
// Shape     One dictionary, whose positions are the ids and whose payloads are SlidingGroups, so
// that
//           the lookup of a key brings the line in which its state lies.
// Ids       Groups that nobody uses stay until renumber(), so that a key that comes and goes keeps
//           its id. Whoever holds ids then translates them.
// Lifetime  A reference to a group is good until the next locate() or renumber().
// Threads   One at a time.
class SlidingGroups {
  public:
    static constexpr std::uint32_t kGone = GroupDictionary::kAbsent;

    SlidingGroups(std::vector<Type> key_types, const HashSeed& seed, std::size_t sum_bytes);

    // The ids of the keys of `rows`, new groups made.
    void locate(std::span<const Column* const> keys, Selection rows, std::span<std::uint32_t> ids);

    [[nodiscard]] std::size_t size() const noexcept { return dictionary_.size(); }

    [[nodiscard]] SlidingGroup& operator[](std::uint32_t id) noexcept {
        DEBUG_ASSERT(id < size());
        return *reinterpret_cast<SlidingGroup*>(payloads_ + id * stride_);
    }

    [[nodiscard]] const GroupKey& key() const noexcept { return key_; }

    // The encoded key of a group, for GroupKey::decode().
    [[nodiscard]] const std::byte* key_of(std::uint32_t id) const noexcept {
        return dictionary_.entries().entry(id);
    }

    // Forgets the groups that nobody uses, where they are many. Returns the new id of each old one,
    // kGone for those, or nothing when all is as it was. `entries`: of all slices, which whoever is
    // to translate ids walks over.
    [[nodiscard]] std::span<const std::uint32_t> renumber(std::size_t entries);

    [[nodiscard]] std::size_t memory_bytes() const noexcept;

  private:
    // So few unused groups are not worth a walk.
    static constexpr std::size_t kUnusedMin = 4096;

    void point() noexcept;
    void copy_groups(std::uint32_t first, std::size_t count, GroupDictionary& target);

    GroupKey key_;
    std::size_t payload_bytes_;
    KeyHistory history_;
    GroupDictionary dictionary_;
    std::byte* payloads_ = nullptr;  // Of the dictionary, as it is now.
    std::size_t stride_ = 0;
    std::size_t renumber_at_ = 2 * kUnusedMin;
    GroupKey::Encoded encoded_;
    std::vector<std::uint32_t> new_ids_;
};

}  // namespace thalweg
