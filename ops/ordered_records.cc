#include "ops/ordered_records.h"

#include "ops/sort_key.h"

#include <algorithm>

namespace thalweg {

namespace {

// Whether a record comes before a place in the order.
bool is_before(const Record& record,
               std::span<const std::byte> key,
               std::uint64_t arrival) noexcept {
    const int order = compare_keys(record.key(), key);
    return order != 0 ? order < 0 : record.arrival < arrival;
}

auto lower_bound(const std::vector<Record*>& chunk,
                 std::span<const std::byte> key,
                 std::uint64_t arrival) {
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
    const std::vector<Chunk>& chunks = *chunks_;
    if (chunks.size() == 1) return 0;  // Nearly always, and no record need be fetched for it.
    const auto found = std::lower_bound(
        chunks.begin(), chunks.end(), arrival, [&](const Chunk& each, std::uint64_t wanted) {
            return is_before(*each.back(), key, wanted);
        });
    const auto index = static_cast<std::size_t>(found - chunks.begin());
    return std::min(index, chunks.size() - 1);
}

std::size_t OrderedRecords::place_in(std::size_t chunk,
                                     std::span<const std::byte> key,
                                     std::uint64_t arrival) const noexcept {
    const Chunk& of = (*chunks_)[chunk];
    return static_cast<std::size_t>(lower_bound(of, key, arrival) - of.begin());
}

std::size_t OrderedRecords::place_of(std::span<const std::byte> key,
                                     std::uint64_t arrival) const noexcept {
    std::size_t at = 0;
    while (at < size_ && is_before(*few_[at], key, arrival))
        ++at;
    return at;
}

void OrderedRecords::insert(Record* record) {
    if (chunks_ == nullptr && size_ < kFewMax) {
        insert_among_few(record);
    } else {
        if (chunks_ == nullptr) {
            chunks_ = std::make_unique<std::vector<Chunk>>();
            chunks_->emplace_back(few_.begin(), few_.end());
        }
        insert_among_many(record);
    }
    ++size_;
}

// Behind all others is where rows go that come in order.
void OrderedRecords::insert_among_few(Record* record) {
    std::size_t at = size_;
    for (; at != 0 && !is_before(*few_[at - 1], record->key(), record->arrival); --at)
        few_[at] = few_[at - 1];
    few_[at] = record;
}

void OrderedRecords::insert_among_many(Record* record) {
    std::vector<Chunk>& chunks = *chunks_;
    const std::size_t index = chunk_of(record->key(), record->arrival);
    Chunk& chunk = chunks[index];
    const bool is_last = is_before(*chunk.back(), record->key(), record->arrival);
    chunk.insert(is_last ? chunk.end() : lower_bound(chunk, record->key(), record->arrival),
                 record);
    if (chunk.size() < kChunkMax) return;
    const auto middle = chunk.begin() + kChunkMax / 2;
    Chunk upper(middle, chunk.end());
    chunk.erase(middle, chunk.end());
    chunks.insert(chunks.begin() + static_cast<std::ptrdiff_t>(index) + 1, std::move(upper));
}

Record* OrderedRecords::take_from_few(std::size_t at) {
    Record* const record = few_[at];
    std::copy(few_.begin() + static_cast<std::ptrdiff_t>(at) + 1,
              few_.begin() + static_cast<std::ptrdiff_t>(size_),
              few_.begin() + static_cast<std::ptrdiff_t>(at));
    --size_;
    return record;
}

Record* OrderedRecords::take(std::span<const std::byte> key, std::span<const std::byte> row) {
    if (chunks_ == nullptr) {
        for (std::size_t at = place_of(key, 0); at < size_; ++at) {
            if (!is_same(few_[at]->key(), key)) return nullptr;
            if (is_same(few_[at]->row(), row)) return take_from_few(at);
        }
        return nullptr;
    }
    std::vector<Chunk>& chunks = *chunks_;
    std::size_t index = chunk_of(key, 0);
    auto at = lower_bound(chunks[index], key, 0);
    while (true) {
        Chunk& chunk = chunks[index];
        if (at == chunk.end()) {
            if (++index == chunks.size()) return nullptr;
            at = chunks[index].begin();
            continue;
        }
        Record* const record = *at;
        if (!is_same(record->key(), key)) return nullptr;
        if (!is_same(record->row(), row)) {
            ++at;
            continue;
        }
        chunk.erase(at);
        if (chunk.empty()) chunks.erase(chunks.begin() + static_cast<std::ptrdiff_t>(index));
        if (--size_ == 0) chunks_.reset();
        return record;
    }
}

Record* OrderedRecords::take_back() {
    if (chunks_ == nullptr) return few_[--size_];
    Record* const record = back();
    chunks_->back().pop_back();
    if (chunks_->back().empty()) chunks_->pop_back();
    if (--size_ == 0) chunks_.reset();
    return record;
}

void OrderedRecords::take_front(std::size_t count) {
    DEBUG_ASSERT(count <= size_);
    if (chunks_ == nullptr) {
        std::copy(few_.begin() + static_cast<std::ptrdiff_t>(count),
                  few_.begin() + static_cast<std::ptrdiff_t>(size_),
                  few_.begin());
        size_ -= count;
        return;
    }
    size_ -= count;
    if (size_ == 0) {
        chunks_.reset();
        return;
    }
    auto chunk = chunks_->begin();
    for (; count != 0 && count >= chunk->size(); ++chunk)
        count -= chunk->size();
    if (count != 0)
        chunk->erase(chunk->begin(), chunk->begin() + static_cast<std::ptrdiff_t>(count));
    chunks_->erase(chunks_->begin(), chunk);
}

std::size_t OrderedRecords::memory_bytes() const noexcept {
    if (chunks_ == nullptr) return 0;
    std::size_t total = sizeof(*chunks_) + chunks_->capacity() * sizeof(Chunk);
    for (const Chunk& chunk : *chunks_)
        total += chunk.capacity() * sizeof(Record*);
    return total;
}

}  // namespace thalweg
