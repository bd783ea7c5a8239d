#pragma once

#include "state/base/assertion.h"
#include "state/column.h"
#include "state/pages.h"
#include "state/selection.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

// The index of tables whose keys are integers that lie close together: ids from a sequence, houses
// and plugs, segments of a road. From a key to a position without a hash and without a comparison.
//
// The idea. A key has up to four parts, each an integer of some range that is known so far. Written
// in mixed radix over those ranges it is a number, and that number is the place in an array of
// positions:
//
//     code of a part   value - origin, below size; 0 for NULL, where that can be, and 1 and more
//                      for the others
//     slot of a key    sum of code * step, step being the product of the sizes of the parts before
//     slots[slot]      0: absent; else the position of its entry, plus one
//
// A batch is looked up in two passes without a branch: a column at a time from values to slots,
// which also says whether any value lay outside, and one from slots to positions. COUNT, SUM, MIN,
// MAX of rows in memory, Zen 5, ns a row of the whole query, hashed and direct: 100 keys 8.1 and
// 5.1, 10,000 keys 9.2 and 5.8.
//
// What it costs is decided by whoever owns it: cover() is told how many slots it may take. Keys
// chosen to be far apart cost that bound and no more; then a table goes over to FlatIndex
// (ops/group_dictionary.h). Slots are 4 bytes, so that at one key in four an entry pays as much as
// in a FlatIndex, and less when they are denser.

namespace thalweg {

// The values of one part of the keys seen so far. Empty at first.
struct KeyRange {
    std::int64_t low = std::numeric_limits<std::int64_t>::max();
    std::int64_t high = std::numeric_limits<std::int64_t>::min();

    [[nodiscard]] bool empty() const noexcept { return low > high; }

    // high - low; of a range that is not empty.
    [[nodiscard]] std::uint64_t distance() const noexcept {
        return static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
    }

    void take(std::int64_t value) noexcept {
        low = value < low ? value : low;
        high = value > high ? value : high;
    }

    void take(const KeyRange& other) noexcept {
        low = other.low < low ? other.low : low;
        high = other.high > high ? other.high : high;
    }

    // Takes in the values of `rows` that are not null, of a column of BOOLEANs or integers.
    void take(const Column& column, Selection rows);

    friend bool operator==(const KeyRange&, const KeyRange&) = default;
};

// Threads  One at a time.
class DirectIndex {
  public:
    static constexpr std::uint32_t kAbsent = ~std::uint32_t{0};
    static constexpr std::size_t kPartsMax = 4;
    static constexpr std::uint64_t kSlotsMax = std::uint64_t{1} << 31U;

    // A key as words: a part each, sign-extended; bit k of `nulls`: part k is NULL.
    struct Key {
        const std::uint64_t* parts;
        std::uint64_t nulls;
    };

    enum class Found : std::uint8_t {
        kAll,      // Every row has a position.
        kAbsent,   // Some rows have none: kAbsent.
        kOutside,  // Some rows lie outside the ranges; positions mean nothing.
    };

    // Bit k of `nullable`: part k may be NULL.
    explicit DirectIndex(std::uint64_t nullable = ~std::uint64_t{0}) : nullable_(nullable) {}

    DirectIndex(DirectIndex&&) = default;
    DirectIndex& operator=(DirectIndex&&) = default;
    DirectIndex(const DirectIndex&) = delete;
    DirectIndex& operator=(const DirectIndex&) = delete;
    ~DirectIndex() = default;

    // Whether the values of a column of this form can be a part.
    [[nodiscard]] static bool takes(Physical physical) noexcept {
        return physical == Physical::kBool || physical == Physical::kInt32 ||
               physical == Physical::kInt64;
    }

    // The least slots that keys of these ranges need; more than kSlotsMax: too many to count.
    [[nodiscard]] std::uint64_t slots_for(std::span<const KeyRange> ranges) const noexcept;

    [[nodiscard]] bool is_open() const noexcept { return slot_count_ != 0; }

    [[nodiscard]] std::size_t slot_count() const noexcept { return slot_count_; }

    // Makes every key of `ranges` fit, and those around them where there is room, in at most
    // `slots_max` slots, all empty afterwards: who has entries places them again. Returns false,
    // and nothing has changed, when they need more, or have come to need a little more too often.
    [[nodiscard]] bool cover(std::span<const KeyRange> ranges, std::uint64_t slots_max);

    // Positions of the keys of `rows`, part k in columns[k]. Open only.
    [[nodiscard]] Found find(std::span<const Column* const> columns,
                             Selection rows,
                             std::span<std::uint32_t> positions) const;

    // Whether a key lies within the ranges.
    [[nodiscard]] bool covers(Key key) const noexcept {
        for (std::size_t k = 0; k < part_count_; ++k) {
            const auto [origin, size, step, least] = parts_[k];
            const bool is_null = ((key.nulls >> k) & 1U) != 0;
            if (!is_null && key.parts[k] - origin - least >= size - least) return false;
        }
        return true;
    }

    // The slot of a key that lies within the ranges: 0, or its position plus one.
    [[nodiscard]] std::uint32_t& slot(Key key) noexcept {
        DEBUG_ASSERT(covers(key));
        std::uint64_t at = 0;
        for (std::size_t k = 0; k < part_count_; ++k)
            at += ((key.nulls >> k) & 1U) != 0 ? 0
                                               : (key.parts[k] - parts_[k].origin) * parts_[k].step;
        return slots()[at];
    }

    // Empties all slots; keeps memory, and the ranges until the next cover().
    void clear() noexcept;

    void release() noexcept;

    [[nodiscard]] std::size_t memory_bytes() const noexcept {
        return pages_.memory_bytes(slot_count_ * sizeof(std::uint32_t));
    }

  private:
    struct Part {
        std::uint64_t origin = 0;  // The value whose code would be 0; modulo 2^64.
        std::uint64_t size = 0;    // Codes.
        std::uint64_t step = 0;
        std::uint64_t least = 0;  // The code of the least value: 1 where 0 is for NULL.
    };

    [[nodiscard]] std::uint64_t null_codes(std::size_t part) const noexcept {
        return (nullable_ >> part) & 1U;
    }

    [[nodiscard]] std::uint32_t* slots() noexcept {
        return reinterpret_cast<std::uint32_t*>(pages_.data());
    }

    [[nodiscard]] const std::uint32_t* slots() const noexcept {
        return reinterpret_cast<const std::uint32_t*>(pages_.data());
    }

    // How often ranges may be covered without room to spare before that is taken for a trick.
    static constexpr std::size_t kTightMax = 16;

    [[nodiscard]] KeyRange widened(std::size_t part,
                                   const KeyRange& range,
                                   std::uint64_t divisor) const;
    void open(std::span<const KeyRange> ranges);

    // Adds the codes of a column to the slots of its rows, or begins them; true: some lie outside.
    [[nodiscard]] static bool take_part(const Part& part,
                                        const Column& column,
                                        Selection rows,
                                        std::uint32_t* slots);

    std::uint64_t nullable_;
    std::array<Part, kPartsMax> parts_;
    std::array<KeyRange, kPartsMax> ranges_;  // What the parts cover.
    std::size_t part_count_ = 0;
    std::size_t slot_count_ = 0;
    std::size_t tight_count_ = 0;
    bool is_fresh_ = true;  // Nothing has been found to lie outside since clear().
    Pages pages_;
};

}  // namespace thalweg
