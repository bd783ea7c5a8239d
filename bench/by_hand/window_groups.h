#pragma once

#include "bench/by_hand/results.h"
#include "bench/by_hand/slot_table.h"
#include "state/base/time.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace thalweg::bench::by_hand {

// COUNT, SUM, MIN and MAX of each key in the one second that is open.
class WindowGroups {
  public:
    WindowGroups(std::size_t keys, Results& results) : table_(keys), result_(results) {}

    [[nodiscard]] bool outgrows_cache() const noexcept { return table_.outgrows_cache(); }

    [[gnu::always_inline]] void prefetch(std::int64_t key) const noexcept { table_.prefetch(key); }

    [[gnu::always_inline]] void add(std::int64_t ts_ms, std::int64_t key, std::int64_t value) {
        if (ts_ms >= end_ms_) [[unlikely]] {
            fire();
            end_ms_ = second_end_ms(ts_ms);
        }
        Slot& slot = table_.find(key);
        if (slot.key == 0) [[unlikely]] {
            slot = {key, 1, value, value, value};
            return;
        }
        ++slot.count;
        slot.sum += value;
        slot.min = std::min(slot.min, value);
        slot.max = std::max(slot.max, value);
    }

    void finish() {
        fire();
        result_.flush();
    }

  private:
    struct Slot {
        std::int64_t key, count, sum, min, max;
    };

    void fire() {
        for (Slot& slot : table_.slots()) {
            if (slot.key == 0) continue;
            result_.add(
                {end_ms_ * kNanosPerMilli, slot.key, slot.count, slot.sum, slot.min, slot.max});
            slot = {};
        }
    }

    SlotTable<Slot> table_;
    std::int64_t end_ms_ = 0;
    RowWriter<std::array<std::int64_t, 6>> result_;
};

}  // namespace thalweg::bench::by_hand
