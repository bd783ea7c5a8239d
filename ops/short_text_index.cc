#include "ops/short_text_index.h"

#include "state/base/assertion.h"

#include <algorithm>
#include <bit>

namespace thalweg {

ShortTextIndex::ShortTextIndex(std::span<const StringRef> texts, const HashSeed& seed)
    : first_secret_(seed[0]), second_secret_(seed[1]) {
    ASSERT(texts.size() <= kTextsMax);
    slots_.resize(std::bit_ceil(std::max<std::size_t>(texts.size(), 1) * 4));
    mask_ = slots_.size() - 1;
    entries_.reserve(texts.size());
    for (const StringRef& text : texts) {
        ASSERT(text.size() <= kTextBytesMax);
        const hash_detail::Pair pair = hash_detail::load_short(text.data(), text.size());
        entries_.push_back({pair.low, pair.high, text.size()});
        std::size_t at = hash(entries_.back()) & mask_;
        while (slots_[at] != 0)
            at = (at + 1) & mask_;
        slots_[at] = static_cast<std::uint32_t>(entries_.size());
    }
}

void ShortTextIndex::find(const StringRef* texts,
                          Selection rows,
                          std::span<std::uint32_t> numbers) const {
    const std::uint32_t* const slots = slots_.data();
    const Entry* const entries = entries_.data();
    std::uint32_t* number = numbers.data();
    rows.for_each([&](std::size_t row) {
        const StringRef& text = texts[row];
        std::uint32_t found = kAbsent;
        if (text.size() <= kTextBytesMax) [[likely]] {
            const hash_detail::Pair pair = hash_detail::load_short(text.data(), text.size());
            const Entry wanted{pair.low, pair.high, text.size()};
            for (std::size_t at = hash(wanted) & mask_; slots[at] != 0; at = (at + 1) & mask_) {
                const Entry& entry = entries[slots[at] - 1];
                const std::uint64_t difference = (entry.low ^ wanted.low) |
                                                 (entry.high ^ wanted.high) |
                                                 (entry.size ^ wanted.size);
                if (difference != 0) continue;
                found = slots[at] - 1;
                break;
            }
        }
        *number++ = found;
    });
}

}  // namespace thalweg
