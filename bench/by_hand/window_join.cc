#include "bench/by_hand/by_hand.h"
#include "bench/by_hand/slot_table.h"
#include "state/base/time.h"

#include <array>

namespace thalweg::bench::by_hand {

// One table for both sides: they meet in the slot of their key.
void window_join(std::span<const Record> records,
                 std::size_t keys,
                 std::int64_t extra_end,
                 Results& results) {
    struct Slot {
        std::int64_t key, left, right, sum;
    };

    SlotTable<Slot> table(keys);
    RowWriter<std::array<std::int64_t, 4>> result(results);
    std::int64_t end_ms = 0;
    const auto fire = [&] {
        for (Slot& slot : table.slots()) {
            if (slot.left != 0 && slot.right != 0)
                result.add({end_ms * kNanosPerMilli, slot.key, slot.left, slot.sum});
            slot = {};
        }
    };
    const bool is_large = table.outgrows_cache();
    for (std::size_t i = 0; i < records.size(); ++i) {
        const Record& record = records[i];
        if (is_large && i + table.kAhead < records.size())
            table.prefetch(records[i + table.kAhead].key);
        if (record.ts_ms >= end_ms) [[unlikely]] {
            fire();
            end_ms = second_end_ms(record.ts_ms);
        }
        Slot& slot = table.find(record.key);
        const bool is_left = record.extra < extra_end;
        slot.key = record.key;
        slot.left += static_cast<std::int64_t>(is_left);
        slot.right += static_cast<std::int64_t>(!is_left);
        slot.sum += is_left ? 0 : record.value;
    }
    fire();
    result.flush();
}

}  // namespace thalweg::bench::by_hand
