#include "engine/run/exchange_output.h"

#include "engine/run/key_hash.h"
#include "state/base/assertion.h"

#include <algorithm>
#include <utility>

namespace thalweg {

Lane::Lane(Target target, BatchPool& pool, Address address)
    : target_(target), pool_(&pool), address_(address) {
    ASSERT((target.ring == nullptr) != (target.gather == nullptr));
    ASSERT(target.wake != nullptr);
}

Lane::~Lane() {
    for (const EdgeItem& item : waiting_)
        std::unique_ptr<Batch>(item.batch).reset();
}

bool Lane::try_push(const EdgeItem& item) {
    const bool is_pushed =
        target_.ring != nullptr ? target_.ring->try_push(item) : target_.gather->try_push(item);
    if (is_pushed && *target_.wake != nullptr) (*target_.wake)->signal();
    return is_pushed;
}

void Lane::push(const EdgeItem& item) {
    if (waiting_.empty() && try_push(item)) return;
    waiting_.push_back(item);
}

bool Lane::ready() {
    while (!waiting_.empty() && try_push(waiting_.front()))
        waiting_.pop_front();
    return waiting_.empty();
}

bool Lane::append(const BatchView& rows, Selection selection, Watermark step) {
    bool is_sent = false;
    if (target_.gather != nullptr && open_step_ != step)
        send_open();  // Rings do not look at steps.
    open_step_ = step;
    for (std::size_t done = 0; done < selection.size();) {
        if (open_ == nullptr) open_ = pool_->take();
        const std::size_t count = std::min(open_->room(), selection.size() - done);
        open_->append(rows, selection.slice(done, count));
        done += count;
        if (open_->room() != 0) continue;
        send_open();
        is_sent = true;
    }
    return is_sent;
}

void Lane::send_open() {
    if (open_ == nullptr || open_->empty()) return;
    push({open_.release(),
          open_step_,
          address_.channel,
          address_.producer,
          address_.port,
          ItemKind::kData});
}

void Lane::send(ItemKind kind, Watermark watermark) {
    send_open();
    push({nullptr, watermark, address_.channel, address_.producer, address_.port, kind});
}

ExchangeOutput::ExchangeOutput(Settings settings, std::vector<Lane> lanes)
    : settings_(std::move(settings)),
      lanes_(std::move(lanes)),
      hashes_(kBatchRows),
      rows_(lanes_.size() * kBatchRows),
      counts_(lanes_.size()) {
    ASSERT(!lanes_.empty());
    if (settings_.exchange != Exchange::kHash) return;
    ASSERT(settings_.maps != nullptr);
    map_ = &settings_.maps->current();
}

bool ExchangeOutput::ready() {
    bool ready = true;
    for (Lane& lane : lanes_)
        ready = lane.ready() && ready;  // Every lane moves, so that none waits for another.
    return ready;
}

void ExchangeOutput::emit(const BatchView& rows, Watermark step) {
    if (settings_.exchange == Exchange::kHash && lanes_.size() > 1) {
        scatter(rows, step);
        return;
    }
    const bool is_sent = lanes_[spread_index_].append(rows, rows.selection, step);
    if (is_sent) spread();
}

// The next shard's turn: after a full batch, or when what there is goes.
void ExchangeOutput::spread() {
    if (settings_.exchange != Exchange::kSpread) return;
    lanes_[spread_index_].send_open();
    spread_index_ = (spread_index_ + 1) % lanes_.size();
}

// One list of rows for each lane, then a copy for each list.
void ExchangeOutput::scatter(const BatchView& rows, Watermark step) {
    const std::size_t size = rows.size();
    ASSERT(size <= kBatchRows);
    hash_keys(rows, settings_.keys, settings_.seed, {hashes_.data(), size});
    if (settings_.loads != nullptr) settings_.loads->count({hashes_.data(), size});
    std::fill(counts_.begin(), counts_.end(), 0U);
    const std::uint16_t* const owners = map_->owners.data();
    const std::uint64_t* const hashes = hashes_.data();
    std::uint16_t* const lists = rows_.data();
    std::uint32_t* const counts = counts_.data();
    std::size_t i = 0;
    rows.selection.for_each([&](std::size_t row) {
        const std::size_t shard = owners[key_group(hashes[i++])];
        lists[shard * kBatchRows + counts[shard]++] = static_cast<std::uint16_t>(row);
    });
    for (std::size_t shard = 0; shard < lanes_.size(); ++shard) {
        if (counts[shard] == 0) continue;
        const std::span<const std::uint16_t> list(lists + shard * kBatchRows, counts[shard]);
        static_cast<void>(lanes_[shard].append(rows, Selection::list(list), step));
    }
}

void ExchangeOutput::send_all(ItemKind kind, Watermark watermark) {
    for (Lane& lane : lanes_)
        lane.send(kind, watermark);
}

void ExchangeOutput::advance(Watermark watermark) {
    send_all(ItemKind::kWatermark, watermark);
}

void ExchangeOutput::idle() {
    send_all(ItemKind::kIdle, Watermark::min());
}

// What comes now is of the next epoch, and goes to whom the key groups belong there.
void ExchangeOutput::barrier() {
    send_all(ItemKind::kBarrier, Watermark::min());
    if (map_ != nullptr) map_ = &settings_.maps->current();
}

void ExchangeOutput::end() {
    send_all(ItemKind::kEnd, Watermark::min());
}

void ExchangeOutput::flush() {
    for (Lane& lane : lanes_)
        lane.send_open();
    spread();
}

}  // namespace thalweg
