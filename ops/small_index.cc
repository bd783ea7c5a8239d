#include "ops/small_index.h"

#include "state/base/assertion.h"

#include <algorithm>
#include <bit>
#include <type_traits>

namespace thalweg {

SmallIndex::SmallIndex(std::span<const Key> keys, const HashSeed& seed)
    : first_secret_(seed[0]), second_secret_(seed[1]) {
    ASSERT(keys.size() <= kKeysMax);
    slots_.resize(std::bit_ceil(std::max<std::size_t>(keys.size(), 1) * 4));
    mask_ = slots_.size() - 1;
    entries_.reserve(keys.size() + 1);
    entries_.push_back({0, 0, kNoSize});
    for (const Key& key : keys) {
        std::size_t at = home_of(key);
        while (slots_[at] != 0)
            at = (at + 1) & mask_;
        slots_[at] = static_cast<std::uint32_t>(entries_.size());
        entries_.push_back(key);
    }
}

std::uint32_t SmallIndex::search(const Key& key) const noexcept {
    for (std::size_t at = home_of(key); slots_[at] != 0; at = (at + 1) & mask_) {
        if (!differ(entries_[slots_[at]], key)) return slots_[at];
    }
    return 0;
}

template <class T>
void SmallIndex::find(const T* values, Selection rows, std::span<std::uint32_t> numbers) const {
    const std::uint32_t* const slots = slots_.data();
    const Key* const entries = entries_.data();
    std::uint32_t* number = numbers.data();
    rows.for_each([&](std::size_t row) {
        if constexpr (std::is_same_v<T, StringRef>) {
            if (values[row].size() > kTextBytesMax) [[unlikely]] {
                *number++ = kAbsent;
                return;
            }
        }
        const Key key = key_of(values[row]);
        std::uint32_t place = slots[home_of(key)];
        const auto is_other = static_cast<unsigned>(differ(entries[place], key));
        if ((is_other & static_cast<unsigned>(place != 0)) != 0) [[unlikely]]
            place = search(key);
        *number++ = place - 1;  // Of place 0: kAbsent.
    });
}

template void SmallIndex::find(const StringRef*, Selection, std::span<std::uint32_t>) const;
template void SmallIndex::find(const std::int32_t*, Selection, std::span<std::uint32_t>) const;
template void SmallIndex::find(const std::int64_t*, Selection, std::span<std::uint32_t>) const;

}  // namespace thalweg
