#include "ops/join_keys.h"

#include "state/base/assertion.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <utility>

namespace thalweg {

JoinKeys::JoinKeys(std::vector<JoinKey> keys, std::vector<Type> types, const HashSeed& seed)
    : keys_(std::move(keys)), table_(std::move(types), seed, sizeof(Heads)) {
    ASSERT(keys_.size() == table_.key().size());
}

Selection JoinKeys::can_match(const BatchView& view, std::size_t port) {
    columns_.clear();
    bool can_all = true;
    for (const JoinKey& key : keys_) {
        columns_.push_back(&view[port == 0 ? key.left : key.right]);
        can_all = can_all && (key.null_is_equal || !columns_.back()->has_nulls());
    }
    if (can_all) return view.selection;
    rows_.clear();
    view.selection.for_each([&](std::size_t row) {
        for (std::size_t k = 0; k < columns_.size(); ++k) {
            if (!keys_[k].null_is_equal && columns_[k]->is_null(row)) return;
        }
        rows_.push_back(static_cast<std::uint16_t>(row));
    });
    return Selection::list(rows_);
}

void JoinKeys::look_up(const BatchView& view, Selection rows, std::size_t port) {
    columns_.clear();
    for (const JoinKey& key : keys_)
        columns_.push_back(&view[port == 0 ? key.left : key.right]);
    table_.find_or_insert(columns_, rows, positions_);
}

std::uint32_t JoinKeys::head(std::uint32_t position, std::size_t port) const {
    std::uint32_t head = 0;
    std::memcpy(&head, table_.payload(position) + port * sizeof head, sizeof head);
    return head - 1;
}

void JoinKeys::set_head(std::uint32_t position, std::size_t port, std::uint32_t head) {
    ++head;
    std::memcpy(table_.payload(position) + port * sizeof head, &head, sizeof head);
}

void JoinKeys::erase_empty() {
    empty_.clear();
    for (const std::uint32_t position : positions_) {
        if (head(position, 0) == JoinSide::kNone && head(position, 1) == JoinSide::kNone)
            empty_.push_back(position);
    }
    // From the last on: the entry that moves is then none of those that are still to go.
    std::sort(empty_.begin(), empty_.end(), std::greater<>());
    empty_.erase(std::unique(empty_.begin(), empty_.end()), empty_.end());
    for (const std::uint32_t position : empty_)
        table_.erase_at(position);
    positions_.clear();
}

}  // namespace thalweg
