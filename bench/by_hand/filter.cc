#include "bench/by_hand/by_hand.h"
#include "state/base/time.h"

namespace thalweg::bench::by_hand {

CheckSum filter(std::span<const Record> records, std::int64_t extra_min) {
    CheckSum result;
    for (const Record& record : records) {
        if (record.extra < extra_min) continue;
        result.add_row(record.ts_ms * kNanosPerMilli, record.key, record.value * 2);
    }
    return result;
}

}  // namespace thalweg::bench::by_hand
