#include "state/flat_table.h"

#include "state/base/bits.h"

#include <new>
#include <utility>

namespace thalweg {
namespace {

std::uint64_t word_at(const std::byte* bytes, std::size_t index) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes + index * sizeof word, sizeof word);
    return word;
}

// How a FlatTable sees its keys. One shape for each common width, so that comparing is one or two
// instructions, and a loop for the others.
template <std::size_t kWords>
struct FixedKeys {
    const std::byte* keys;

    bool operator()(std::size_t row, const std::byte* entry) const noexcept {
        std::uint64_t difference = 0;
        for (std::size_t i = 0; i < kWords; ++i)
            difference |= word_at(keys, row * kWords + i) ^ word_at(entry, i);
        return difference == 0;
    }

    void operator()(std::size_t row, std::byte* entry) const noexcept {
        std::memcpy(entry, keys + row * kWords * 8, kWords * 8);
    }
};

struct WideKeys {
    const std::byte* keys;
    std::size_t key_bytes;

    bool operator()(std::size_t row, const std::byte* entry) const noexcept {
        return std::memcmp(keys + row * key_bytes, entry, key_bytes) == 0;
    }

    void operator()(std::size_t row, std::byte* entry) const noexcept {
        std::memcpy(entry, keys + row * key_bytes, key_bytes);
    }
};

template <class Use>
decltype(auto) with_keys(const std::byte* keys, std::size_t key_bytes, const Use& use) {
    if (key_bytes == 8) return use(FixedKeys<1>{keys});
    if (key_bytes == 16) return use(FixedKeys<2>{keys});
    return use(WideKeys{keys, key_bytes});
}

const StringRef& key_of(const std::byte* entry) noexcept {
    return *reinterpret_cast<const StringRef*>(entry);
}

}  // namespace

EntryTable::EntryTable(std::size_t key_bytes, std::size_t payload_bytes)
    : key_bytes_(key_bytes), stride_(key_bytes + align_up(payload_bytes, 8)) {
    ASSERT(key_bytes % 8 == 0);
    ASSERT(key_bytes > 0);
}

void EntryTable::reserve(std::size_t entries) {
    index_.reserve(entries);
    entries_.grow(index_.capacity() * stride_);
}

void EntryTable::grow() {
    size_max_ = std::max(size_max_, size());
    index_.grow();
    entries_.grow(index_.capacity() * stride_);
}

void EntryTable::erase_entry(std::uint32_t position) noexcept {
    size_max_ = std::max(size_max_, size());
    const std::byte* const last = entries_.data() + (size() - 1) * stride_;
    std::byte* const hole = entry(position);
    if (hole != last) std::memcpy(hole, last, stride_);
    index_.erase(position);
    --size_;
}

void EntryTable::grow_entries() {
    constexpr std::size_t kEntriesMin = 64;
    size_max_ = std::max(size_max_, size());
    ASSERT(size_ < FlatIndex::kSizeMax);
    entries_.grow(std::max(kEntriesMin, size_ * 2) * stride_);
}

void EntryTable::clear_entries() noexcept {
    constexpr std::size_t kBytesKept = std::size_t{1} << 20U;
    size_max_ = std::max(size_max_, size());
    const std::size_t used = std::exchange(size_, 0);
    const std::size_t capacity = index_.capacity();
    index_.clear();
    if (capacity == 0) {
        if (entries_.size() < kBytesKept || used * stride_ >= entries_.size() / 8) return;
        entries_.release();
        size_max_ = 0;
        return;
    }
    if (index_.capacity() == capacity) return;
    entries_.release();
    entries_.grow(index_.capacity() * stride_);
    size_max_ = 0;
}

void EntryTable::release_entries() noexcept {
    index_.release();
    entries_.release();
    size_ = 0;
    size_max_ = 0;
}

void EntryTable::swap(EntryTable& other) noexcept {
    std::swap(index_, other.index_);
    std::swap(entries_, other.entries_);
    std::swap(size_, other.size_);
    std::swap(key_bytes_, other.key_bytes_);
    std::swap(stride_, other.stride_);
    std::swap(size_max_, other.size_max_);
    std::swap(walks_, other.walks_);
}

std::size_t EntryTable::memory_bytes() const noexcept {
    return index_.memory_bytes() + entries_.memory_bytes(std::max(size_max_, size()) * stride_);
}

FlatTable::FlatTable(std::size_t key_bytes, std::size_t payload_bytes)
    : EntryTable(key_bytes, payload_bytes) {
    ASSERT(key_bytes <= kKeyBytesMax);
}

std::size_t FlatTable::find_or_insert(std::span<const std::byte> keys,
                                      std::span<const std::uint64_t> hashes,
                                      std::span<std::uint32_t> positions) {
    ASSERT(is_indexed_);
    ASSERT(keys.size() == hashes.size() * key_bytes());
    return with_keys(keys.data(), key_bytes(), [&](const auto& shape) {
        return find_or_insert_rows(hashes, positions, shape, shape);
    });
}

void FlatTable::find(std::span<const std::byte> keys,
                     std::span<const std::uint64_t> hashes,
                     std::span<std::uint32_t> positions) const {
    ASSERT(is_indexed_);
    ASSERT(keys.size() == hashes.size() * key_bytes());
    with_keys(
        keys.data(), key_bytes(), [&](const auto& shape) { find_rows(hashes, positions, shape); });
}

bool FlatTable::erase(std::span<const std::byte> key, std::uint64_t hash) {
    std::uint32_t position = kAbsent;
    find(key, {&hash, 1}, {&position, 1});
    if (position == kAbsent) return false;
    erase_entry(position);
    return true;
}

ByteTable::ByteTable(std::size_t payload_bytes) : EntryTable(sizeof(StringRef), payload_bytes) {}

StringRef ByteTable::keep(StringRef key) {
    if (key.is_inline()) return key;
    live_bytes_ += key.size();
    return StringRef(arena_.copy(key.view()));
}

std::size_t ByteTable::find_or_insert(std::span<const StringRef> keys,
                                      std::span<const std::uint64_t> hashes,
                                      std::span<std::uint32_t> positions) {
    ASSERT(keys.size() == hashes.size());
    return find_or_insert_rows(
        hashes,
        positions,
        [&](std::size_t row, const std::byte* entry) { return keys[row] == key_of(entry); },
        [&](std::size_t row, std::byte* entry) { new (entry) StringRef(keep(keys[row])); });
}

void ByteTable::find(std::span<const StringRef> keys,
                     std::span<const std::uint64_t> hashes,
                     std::span<std::uint32_t> positions) const {
    ASSERT(keys.size() == hashes.size());
    find_rows(hashes, positions, [&](std::size_t row, const std::byte* entry) {
        return keys[row] == key_of(entry);
    });
}

bool ByteTable::erase(StringRef key, std::uint64_t hash) {
    std::uint32_t position = kAbsent;
    find({&key, 1}, {&hash, 1}, {&position, 1});
    if (position == kAbsent) return false;
    erase_at(position);
    return true;
}

void ByteTable::erase_at(std::uint32_t position) {
    const StringRef key = key_of(entry(position));
    if (!key.is_inline()) {
        live_bytes_ -= key.size();
        dead_bytes_ += key.size();
    }
    erase_entry(position);
    if (dead_bytes_ > live_bytes_ + Arena::kFirstChunkBytes) compact();
}

void ByteTable::compact() {
    const Arena old = std::exchange(arena_, Arena());
    live_bytes_ = 0;
    dead_bytes_ = 0;
    for (std::size_t i = 0; i < size(); ++i) {
        std::byte* const target = entry(static_cast<std::uint32_t>(i));
        const StringRef moved = keep(key_of(target));
        new (target) StringRef(moved);
    }
}

void ByteTable::clear() noexcept {
    clear_entries();
    arena_.reset();
    live_bytes_ = 0;
    dead_bytes_ = 0;
}

void ByteTable::release() noexcept {
    release_entries();
    arena_ = Arena();
    live_bytes_ = 0;
    dead_bytes_ = 0;
}

}  // namespace thalweg
