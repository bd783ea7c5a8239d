#include "bench/by_hand/operators.h"
#include "bench/by_hand/slot_table.h"
#include "state/base/time.h"

#include <array>

namespace thalweg::bench::by_hand {

namespace {

// Hands each record's slot to add(), which returns the sum of the record.
template <class Slot, class Add>
void sum_over(std::span<const Record> records, std::size_t keys, Results& results, const Add& add) {
    SlotTable<Slot> table(keys);
    RowWriter<std::array<std::int64_t, 4>> result(results);
    const bool is_large = table.outgrows_cache();
    for (std::size_t i = 0; i < records.size(); ++i) {
        const Record& record = records[i];
        if (is_large && i + table.kAhead < records.size())
            table.prefetch(records[i + table.kAhead].key);
        Slot& slot = table.find(record.key);
        slot.key = record.key;
        result.add(
            {record.ts_ms * kNanosPerMilli, record.key, record.value, add(slot, record.value)});
    }
    result.flush();
}

}  // namespace

void over_rows(std::span<const Record> records, std::size_t keys, Results& results) {
    struct Slot {
        std::int64_t key, sum;
        std::uint64_t next;
        std::array<std::int64_t, 11> values;
    };

    sum_over<Slot>(records, keys, results, [](Slot& slot, std::int64_t value) {
        slot.sum += value - slot.values[slot.next];
        slot.values[slot.next] = value;
        slot.next = slot.next == slot.values.size() - 1 ? 0 : slot.next + 1;
        return slot.sum;
    });
}

void over_all(std::span<const Record> records, std::size_t keys, Results& results) {
    struct Slot {
        std::int64_t key, sum;
    };

    sum_over<Slot>(
        records, keys, results, [](Slot& slot, std::int64_t value) { return slot.sum += value; });
}

}  // namespace thalweg::bench::by_hand
