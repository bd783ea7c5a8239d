#include "bench/by_hand/sliding_groups.h"
#include "bench/by_hand/traces.h"
#include "bench/trace_rows.h"
#include "state/base/time.h"

#include <array>

namespace thalweg::bench::by_hand {

namespace {

struct Sensors {
    std::int64_t count = 0;
    std::array<std::int64_t, 3> sums{};

    [[gnu::always_inline]] void add(const PlantRow& row) {
        ++count;
        for (std::size_t i = 0; i < sums.size(); ++i)
            sums[i] += row.sensors[i];
    }

    void operator+=(const Sensors& other) {
        count += other.count;
        for (std::size_t i = 0; i < sums.size(); ++i)
            sums[i] += other.sums[i];
    }

    void operator-=(const Sensors& other) {
        count -= other.count;
        for (std::size_t i = 0; i < sums.size(); ++i)
            sums[i] -= other.sums[i];
    }

    [[nodiscard]] std::int32_t average(std::size_t sensor) const {
        return static_cast<std::int32_t>(sums[sensor] / count);
    }
};

struct SensorsRow {
    std::int64_t end;
    std::array<std::int32_t, 3> averages;

    [[nodiscard]] auto cells() const {
        return std::tuple(end * kNanosPerSecond, averages[0], averages[1], averages[2]);
    }
};

}  // namespace

void me1(Input& input, Results& results) {
    constexpr std::size_t kSeconds = 60;
    RowWriter<SensorsRow> writer(results);
    SlidingGroups<Sensors> groups(1, kSeconds);
    SlidingSeconds seconds(groups, [&](std::int64_t end, auto live) {
        for (const auto& group : live) {
            const Sensors& total = group.total;
            writer.add({end, {total.average(0), total.average(1), total.average(2)}});
        }
    });
    Sensors open;
    std::int64_t second = 0;
    for_each_row<PlantRow>(input, [&](const PlantRow& row) {
        if (row.ts != second) [[unlikely]] {
            if (open.count != 0) groups.of(0) += open;
            open = {};
            second = row.ts;
            seconds.pass(second);
        }
        open.add(row);
    });
    if (open.count != 0) groups.of(0) += open;
    seconds.finish();
    writer.flush();
}

}  // namespace thalweg::bench::by_hand
