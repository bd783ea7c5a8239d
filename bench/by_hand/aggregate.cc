#include "bench/by_hand/by_hand.h"
#include "bench/by_hand/pieces.h"
#include "bench/by_hand/window_groups.h"

#include <array>

namespace thalweg::bench::by_hand {

void add_records(std::span<const Record> records, WindowGroups& groups) {
    constexpr std::size_t kAhead = SlotTable<Record>::kAhead;
    std::size_t i = 0;
    if (groups.outgrows_cache()) {
        for (; i + kAhead < records.size(); ++i) {
            groups.prefetch(records[i + kAhead].key);
            groups.add(records[i].ts_ms, records[i].key, records[i].value);
        }
    }
    for (; i < records.size(); ++i)
        groups.add(records[i].ts_ms, records[i].key, records[i].value);
}

void aggregate(std::span<const Record> records, std::size_t keys, Results& results) {
    WindowGroups groups(keys, results);
    add_records(records, groups);
    groups.finish();
}

void count_and_sum(std::span<const Record> records, std::size_t keys, Results& results) {
    struct Slot {
        std::int64_t key, count, sum;
    };

    SlotTable<Slot> table(keys);
    RowWriter<std::array<std::int64_t, 4>> result(results);
    std::int64_t end_ms = 0;
    const auto fire = [&] {
        for (Slot& slot : table.slots()) {
            if (slot.key == 0) continue;
            result.add({end_ms * kNanosPerMilli, slot.key, slot.count, slot.sum});
            slot = {};
        }
    };
    for (std::size_t i = 0; i < records.size(); ++i) {
        if (i + table.kAhead < records.size()) table.prefetch(records[i + table.kAhead].key);
        if (records[i].ts_ms >= end_ms) [[unlikely]] {
            fire();
            end_ms = second_end_ms(records[i].ts_ms);
        }
        Slot& slot = table.find(records[i].key);
        slot.key = records[i].key;
        ++slot.count;
        slot.sum += records[i].value;
    }
    fire();
    result.flush();
}

}  // namespace thalweg::bench::by_hand
