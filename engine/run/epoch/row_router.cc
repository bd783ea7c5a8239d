#include "engine/run/epoch/row_router.h"

#include "engine/run/key_hash.h"

namespace thalweg {

RowRouter::RowRouter(const StateTable& table, const HashSeed& seed, const KeyGroupMap& map)
    : route_(table.route),
      keys_(table.keys),
      seed_(seed),
      map_(&map),
      lists_(map.is_affected.size()),
      hashes_(kBatchRows) {}

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
    for (std::size_t row = 0; row < rows.size(); ++row)
        lists_[map_->shard_of(hashes_[row])].push_back(static_cast<std::uint16_t>(row));
    for (std::size_t i = 0; i < lists_.size(); ++i) {
        if (!lists_[i].empty()) visit(i, view.with(Selection::list(lists_[i])));
    }
}

}  // namespace thalweg
