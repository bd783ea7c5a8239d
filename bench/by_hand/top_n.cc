#include "bench/by_hand/operators.h"
#include "bench/by_hand/slot_table.h"

#include <array>
#include <utility>

namespace thalweg::bench::by_hand {

// Values are above 0, which is none.
void top_n(std::span<const Record> records, std::size_t keys, Results& results) {
    struct Slot {
        std::int64_t key;
        std::array<std::int64_t, 3> top;
    };

    SlotTable<Slot> table(keys);
    RowWriter<Change<2>> result(results);
    const bool is_large = table.outgrows_cache();
    for (std::size_t i = 0; i < records.size(); ++i) {
        const Record& record = records[i];
        if (is_large && i + table.kAhead < records.size())
            table.prefetch(records[i + table.kAhead].key);
        Slot& slot = table.find(record.key);
        slot.key = record.key;
        if (record.value <= slot.top[2]) continue;
        if (slot.top[2] != 0) result.add({{record.key, slot.top[2]}, false});
        result.add({{record.key, record.value}, true});
        slot.top[2] = record.value;
        if (slot.top[2] > slot.top[1]) std::swap(slot.top[2], slot.top[1]);
        if (slot.top[1] > slot.top[0]) std::swap(slot.top[1], slot.top[0]);
    }
    result.flush();
}

}  // namespace thalweg::bench::by_hand
