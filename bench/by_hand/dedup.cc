#include "bench/by_hand/operators.h"
#include "bench/by_hand/slot_table.h"
#include "state/base/time.h"

#include <array>

namespace thalweg::bench::by_hand {

void keep_first(std::span<const Record> records, std::size_t keys, Results& results) {
    struct Slot {
        std::int64_t key;
    };

    SlotTable<Slot> seen(keys);
    RowWriter<std::array<std::int64_t, 3>> result(results);
    const bool is_large = seen.outgrows_cache();
    for (std::size_t i = 0; i < records.size(); ++i) {
        const Record& record = records[i];
        if (is_large && i + seen.kAhead < records.size())
            seen.prefetch(records[i + seen.kAhead].key);
        Slot& slot = seen.find(record.key);
        if (slot.key != 0) continue;
        slot.key = record.key;
        result.add({record.ts_ms * kNanosPerMilli, record.key, record.value});
    }
    result.flush();
}

void keep_last(std::span<const Record> records, std::size_t keys, Results& results) {
    struct Slot {
        std::int64_t key, ts_ms, value;
    };

    SlotTable<Slot> table(keys);
    RowWriter<Change<3>> result(results);
    const bool is_large = table.outgrows_cache();
    for (std::size_t i = 0; i < records.size(); ++i) {
        const Record& record = records[i];
        if (is_large && i + table.kAhead < records.size())
            table.prefetch(records[i + table.kAhead].key);
        Slot& slot = table.find(record.key);
        if (slot.key != 0) result.add({{slot.ts_ms * kNanosPerMilli, slot.key, slot.value}, false});
        slot = {record.key, record.ts_ms, record.value};
        result.add({{record.ts_ms * kNanosPerMilli, record.key, record.value}, true});
    }
    result.flush();
}

}  // namespace thalweg::bench::by_hand
