#include "bench/by_hand/by_hand.h"
#include "state/base/time.h"

#include <array>

namespace thalweg::bench::by_hand {

void filter(std::span<const Record> records, std::int64_t extra_min, Results& results) {
    RowWriter<std::array<std::int64_t, 3>> result(results);
    for (const Record& record : records) {
        if (record.extra < extra_min) continue;
        result.add({record.ts_ms * kNanosPerMilli, record.key, record.value * 2});
    }
    result.flush();
}

}  // namespace thalweg::bench::by_hand
