#include "engine/run/epoch/row_router.h"

#include "engine/run/key_hash.h"

namespace thalweg {

RowRouter::RowRouter(const StateTable& table, const HashSeed& seed, std::size_t instances)
    : route_(table.route), keys_(table.keys), seed_(seed), lists_(instances), hashes_(kBatchRows) {}

void RowRouter::route(const Batch& rows, const Visit& visit) {
    const BatchView view = rows.view();
    if (route_ == StateRoute::kAll) {
        for (std::size_t i = 0; i < lists_.size(); ++i)
            visit(i, view);
        return;
    }
    if (keys_.empty() || lists_.size() == 1) {
        visit(0, view);
        return;
    }
    for (std::vector<std::uint16_t>& list : lists_)
        list.clear();
    hash_keys(view, keys_, seed_, {hashes_.data(), rows.size()});
    const auto shards = static_cast<std::uint32_t>(lists_.size());
    for (std::size_t row = 0; row < rows.size(); ++row)
        lists_[shard_of_group(key_group(hashes_[row]), shards)].push_back(
            static_cast<std::uint16_t>(row));
    for (std::size_t i = 0; i < lists_.size(); ++i) {
        if (!lists_[i].empty()) visit(i, view.with(Selection::list(lists_[i])));
    }
}

}  // namespace thalweg
