#include "bench/by_hand/operators.h"
#include "bench/by_hand/slot_table.h"
#include "state/base/time.h"

#include <array>
#include <bit>
#include <vector>

namespace thalweg::bench::by_hand {

namespace {

struct Kept {
    std::int64_t ts_ms;
    std::int64_t value;
    std::uint64_t before;  // The one before it of its key and side, counted from 1; 0: none.
};

struct KeySlot {
    std::int64_t key;
    std::array<std::uint64_t, 2> latest;
};

}  // namespace

// Records lie in a ring in the order in which they come, those of a key and side chained from the
// latest on; a chain ends where it is too old.
void interval_join(std::span<const Record> records,
                   std::size_t keys,
                   const IntervalSpec& spec,
                   Results& results) {
    SlotTable<KeySlot> table(keys);
    std::vector<Kept> ring(std::bit_ceil(spec.rows_per_reach));
    RowWriter<std::array<std::int64_t, 4>> result(results);
    const std::uint64_t mask = ring.size() - 1;
    const bool is_large = table.outgrows_cache();
    for (std::size_t i = 0; i < records.size(); ++i) {
        const Record& record = records[i];
        if (is_large && i + table.kAhead < records.size())
            table.prefetch(records[i + table.kAhead].key);
        KeySlot& slot = table.find(record.key);
        slot.key = record.key;
        const std::size_t side = record.extra < spec.extra_end ? 0 : 1;
        const std::int64_t oldest_ms = record.ts_ms - spec.interval_ms;
        for (std::uint64_t at = slot.latest[1 - side]; at != 0 && at + mask > i;) {
            const Kept& kept = ring[at & mask];
            if (kept.ts_ms < oldest_ms) break;
            if (side == 0) {
                result.add({record.ts_ms * kNanosPerMilli, record.key, record.value, kept.value});
            } else {
                result.add({kept.ts_ms * kNanosPerMilli, record.key, kept.value, record.value});
            }
            at = kept.before;
        }
        ring[(i + 1) & mask] = {record.ts_ms, record.value, slot.latest[side]};
        slot.latest[side] = i + 1;
    }
    result.flush();
}

}  // namespace thalweg::bench::by_hand
