#include "bench/by_hand/by_hand.h"
#include "bench/by_hand/slot_table.h"
#include "state/base/time.h"

#include <array>

namespace thalweg::bench::by_hand {

// The set is never cleared: a key says in which second it was seen last.
void distinct(std::span<const Record> records, std::size_t keys, Results& results) {
    struct Slot {
        std::int64_t key, end_ms;
    };

    SlotTable<Slot> seen(keys);
    RowWriter<std::array<std::int64_t, 2>> result(results);
    std::int64_t end_ms = 0;
    std::int64_t count = 0;
    const bool is_large = seen.outgrows_cache();
    for (std::size_t i = 0; i < records.size(); ++i) {
        if (is_large && i + seen.kAhead < records.size())
            seen.prefetch(records[i + seen.kAhead].key);
        if (records[i].ts_ms >= end_ms) [[unlikely]] {
            if (count != 0) result.add({end_ms * kNanosPerMilli, count});
            count = 0;
            end_ms = second_end_ms(records[i].ts_ms);
        }
        Slot& slot = seen.find(records[i].key);
        count += static_cast<std::int64_t>(slot.end_ms != end_ms);
        slot = {records[i].key, end_ms};
    }
    if (count != 0) result.add({end_ms * kNanosPerMilli, count});
    result.flush();
}

}  // namespace thalweg::bench::by_hand
