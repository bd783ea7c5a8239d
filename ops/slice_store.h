#pragma once

#include "ops/group_table.h"
#include "ops/op.h"
#include "ops/row_slicer.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <memory>
#include <vector>

namespace thalweg {

// The live slices of a windowed aggregation, a table each. Most rows go to the slice of the rows
// before them, so that is asked first. Tables that were dropped are kept for the next slices, a
// few.
//
// Snapshot  freeze() for each table that is to be written, wherever it is, then save() until it is
//           kDone. A table that is given back before that stays as it is until it is written.
class SliceStore {
  public:
    using Slices = std::map<SliceId, std::unique_ptr<GroupTable>>;

    explicit SliceStore(GroupPlan& plan) : plan_(&plan) {}

    // The table of a slice, made if there is none.
    [[nodiscard]] GroupTable& table(SliceId id) {
        if (last_ != nullptr && id == last_id_) return *last_;
        std::unique_ptr<GroupTable>& slot = slices_[id];
        if (slot == nullptr) slot = make();
        last_id_ = id;
        last_ = slot.get();
        return *last_;
    }

    [[nodiscard]] bool empty() const noexcept { return slices_.empty(); }

    // The slice that ends first; there must be one.
    [[nodiscard]] SliceId first() const { return slices_.begin()->first; }

    [[nodiscard]] std::unique_ptr<GroupTable> take_first() { return take(first()); }

    // Removes a slice; there must be one.
    [[nodiscard]] std::unique_ptr<GroupTable> take(SliceId id) {
        auto node = slices_.extract(id);
        last_ = nullptr;
        return std::move(node.mapped());
    }

    [[nodiscard]] const Slices& slices() const noexcept { return slices_; }

    // An empty table.
    [[nodiscard]] std::unique_ptr<GroupTable> make() {
        if (free_.empty()) return std::make_unique<GroupTable>(*plan_);
        std::unique_ptr<GroupTable> table = std::move(free_.back());
        free_.pop_back();
        return table;
    }

    void give_back(std::unique_ptr<GroupTable> table) {
        if (table == nullptr) return;
        if (table->is_frozen()) {
            leaving_.push_back(std::move(table));
            return;
        }
        if (free_.size() == kFreeMax) return;
        table->clear();
        free_.push_back(std::move(table));
    }

    void freeze(GroupTable& table, const GroupTarget& target) {
        table.freeze(target);
        frozen_.push_back(&table);
    }

    // Writes about `rows_max` rows of what is frozen, one table after the other.
    [[nodiscard]] Progress save(std::size_t rows_max) {
        std::size_t saved = 0;
        while (!frozen_.empty()) {
            if (saved >= rows_max) return Progress::kMore;
            saved += frozen_.back()->save(rows_max - saved);
            if (frozen_.back()->is_frozen()) continue;
            release(frozen_.back());
            frozen_.pop_back();
        }
        return Progress::kDone;
    }

    [[nodiscard]] std::size_t memory_bytes() const {
        std::size_t total = 0;
        for (const auto& [id, table] : slices_)
            total += table->memory_bytes();
        for (const auto* const tables : {&free_, &leaving_}) {
            for (const auto& table : *tables)
                total += table->memory_bytes();
        }
        return total;
    }

  private:
    // Takes a table that has been written back, if it was waiting for that.
    void release(const GroupTable* table) {
        const auto is_it = [table](const auto& each) { return each.get() == table; };
        const auto at = std::find_if(leaving_.begin(), leaving_.end(), is_it);
        if (at == leaving_.end()) return;
        std::unique_ptr<GroupTable> left = std::move(*at);
        leaving_.erase(at);
        give_back(std::move(left));
    }

    static constexpr std::size_t kFreeMax = 2;

    GroupPlan* plan_;
    Slices slices_;
    SliceId last_id_;
    GroupTable* last_ = nullptr;
    std::vector<std::unique_ptr<GroupTable>> free_;
    // Still to be written, from the last: the newest slice, which rows change, first.
    std::vector<GroupTable*> frozen_;
    std::vector<std::unique_ptr<GroupTable>> leaving_;  // Of these, those given back.
};

}  // namespace thalweg
