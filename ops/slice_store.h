#pragma once

#include "ops/group_table.h"
#include "ops/row_slicer.h"

#include <cstddef>
#include <map>
#include <memory>
#include <vector>

namespace thalweg {

// The live slices of a windowed aggregation, a table each. Most rows go to the slice of the rows
// before them, so that is asked first. Tables that were dropped are kept for the next slices, a
// few.
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
        if (table == nullptr || free_.size() == kFreeMax) return;
        table->clear();
        free_.push_back(std::move(table));
    }

    [[nodiscard]] std::size_t memory_bytes() const {
        std::size_t total = 0;
        for (const auto& [id, table] : slices_)
            total += table->memory_bytes();
        for (const auto& table : free_)
            total += table->memory_bytes();
        return total;
    }

  private:
    static constexpr std::size_t kFreeMax = 2;

    GroupPlan* plan_;
    Slices slices_;
    SliceId last_id_;
    GroupTable* last_ = nullptr;
    std::vector<std::unique_ptr<GroupTable>> free_;
};

}  // namespace thalweg
