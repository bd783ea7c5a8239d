#include "ops/ordered_records.h"

#include "ops/sort_key.h"

#include <algorithm>

namespace thalweg {

namespace {

using Chunk = std::vector<Record*>;

// Whether a record comes before a place in the order.
bool is_before(const Record& record,
               std::span<const std::byte> key,
               std::uint64_t arrival) noexcept {
    const int order = compare_keys(record.key(), key);
    return order != 0 ? order < 0 : record.arrival < arrival;
}

auto lower_bound(const Chunk& chunk, std::span<const std::byte> key, std::uint64_t arrival) {
    return std::lower_bound(
        chunk.begin(), chunk.end(), arrival, [&](const Record* each, std::uint64_t wanted) {
            return is_before(*each, key, wanted);
        });
}

bool is_same(std::span<const std::byte> a, std::span<const std::byte> b) noexcept {
    return compare_keys(a, b) == 0;
}

}  // namespace

std::size_t OrderedRecords::chunk_of(std::span<const std::byte> key,
                                     std::uint64_t arrival) const noexcept {
    if (chunks_.size() == 1) return 0;  // Nearly always, and no record need be fetched for it.
    const auto found = std::lower_bound(
        chunks_.begin(), chunks_.end(), arrival, [&](const Chunk& each, std::uint64_t wanted) {
            return is_before(*each.back(), key, wanted);
        });
    const auto index = static_cast<std::size_t>(found - chunks_.begin());
    return std::min(index, chunks_.size() - 1);
}

std::size_t OrderedRecords::place_in(std::size_t chunk,
                                     std::span<const std::byte> key,
                                     std::uint64_t arrival) const noexcept {
    return static_cast<std::size_t>(lower_bound(chunks_[chunk], key, arrival) -
                                    chunks_[chunk].begin());
}

void OrderedRecords::insert(Record* record) {
    ++size_;
    if (chunks_.empty()) {
        chunks_.push_back({record});
        return;
    }
    const std::size_t index = chunk_of(record->key(), record->arrival);
    Chunk& chunk = chunks_[index];
    // Behind all others is where rows go that come in order.
    const bool is_last = is_before(*chunk.back(), record->key(), record->arrival);
    chunk.insert(is_last ? chunk.end() : lower_bound(chunk, record->key(), record->arrival),
                 record);
    if (chunk.size() < kChunkMax) return;
    const auto middle = chunk.begin() + kChunkMax / 2;
    Chunk upper(middle, chunk.end());
    chunk.erase(middle, chunk.end());
    chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(index) + 1, std::move(upper));
}

Record* OrderedRecords::take(std::span<const std::byte> key, std::span<const std::byte> row) {
    if (chunks_.empty()) return nullptr;
    std::size_t index = chunk_of(key, 0);
    auto at = lower_bound(chunks_[index], key, 0);
    while (true) {
        Chunk& chunk = chunks_[index];
        if (at == chunk.end()) {
            if (++index == chunks_.size()) return nullptr;
            at = chunks_[index].begin();
            continue;
        }
        Record* const record = *at;
        if (!is_same(record->key(), key)) return nullptr;
        if (!is_same(record->row(), row)) {
            ++at;
            continue;
        }
        chunk.erase(at);
        if (chunk.empty()) chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(index));
        --size_;
        return record;
    }
}

Record* OrderedRecords::take_back() {
    Record* const record = back();
    chunks_.back().pop_back();
    if (chunks_.back().empty()) chunks_.pop_back();
    --size_;
    return record;
}

void OrderedRecords::take_front(std::size_t count) {
    DEBUG_ASSERT(count <= size_);
    size_ -= count;
    auto chunk = chunks_.begin();
    for (; count != 0 && count >= chunk->size(); ++chunk)
        count -= chunk->size();
    if (count != 0)
        chunk->erase(chunk->begin(), chunk->begin() + static_cast<std::ptrdiff_t>(count));
    chunks_.erase(chunks_.begin(), chunk);
}

std::size_t OrderedRecords::memory_bytes() const noexcept {
    std::size_t total = chunks_.capacity() * sizeof(Chunk);
    for (const Chunk& chunk : chunks_)
        total += chunk.capacity() * sizeof(Record*);
    return total;
}

}  // namespace thalweg
