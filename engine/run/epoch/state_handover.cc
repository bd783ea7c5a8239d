#include "engine/run/epoch/state_handover.h"

#include "state/base/assertion.h"

#include <algorithm>
#include <utility>

namespace thalweg {

StateHandover::StateHandover(Settings settings)
    : settings_(std::move(settings)), lanes_(settings_.instances) {
    for (std::vector<Lane>& lanes : lanes_)
        lanes.resize(settings_.instances);
}

const SavedOp& StateHandover::saved(std::size_t op) const {
    const auto found = std::find_if(settings_.ops.begin(),
                                    settings_.ops.end(),
                                    [op](const SavedOp& each) { return each.op == op; });
    ASSERT(found != settings_.ops.end());
    return *found;
}

void StateHandover::give(std::size_t instance,
                         std::size_t op,
                         std::size_t table,
                         const Batch& rows) {
    const KeyGroupMap& map = settings_.maps->current();
    RowRouter router(saved(op).tables[table], settings_.seed, map);
    router.route(rows, [&](std::size_t to, const BatchView& view) {
        if (map.is_affected[to]) give_rows(instance, to, op, table, view);
    });
}

void StateHandover::give_rows(
    std::size_t from, std::size_t to, std::size_t op, std::size_t table, const BatchView& rows) {
    Lane& lane = lanes_[from][to];
    for (std::size_t done = 0; done < rows.size();) {
        const bool is_open = !lane.empty() && lane.back()->op == op &&
                             lane.back()->table == table && lane.back()->rows.room() != 0;
        if (!is_open)
            lane.push_back(
                std::make_unique<Piece>(Piece{op, table, Batch(saved(op).tables[table].schema)}));
        Batch& batch = lane.back()->rows;
        const std::size_t count = std::min(batch.room(), rows.size() - done);
        batch.append(rows, rows.selection.slice(done, count));
        done += count;
    }
}

std::unique_ptr<Op> StateHandover::renewed(std::size_t op, const LookupTables& tables) const {
    const bool has_state = std::any_of(settings_.ops.begin(),
                                       settings_.ops.end(),
                                       [op](const SavedOp& each) { return each.op == op; });
    return has_state ? settings_.stage->ops[op](tables) : nullptr;
}

void StateHandover::arrive() {
    // Release: see Ordering.
    const std::uint64_t arrived = arrivals_.fetch_add(1, std::memory_order_release) + 1;
    if (arrived == settings_.maps->current().affected_sum) settings_.on_complete();
}

StateHandover::PiecePtr StateHandover::take(std::size_t instance) {
    for (std::vector<Lane>& lanes : lanes_) {
        Lane& lane = lanes[instance];
        if (lane.empty()) continue;
        PiecePtr piece = std::move(lane.back());
        lane.pop_back();
        return piece;
    }
    return nullptr;
}

}  // namespace thalweg
