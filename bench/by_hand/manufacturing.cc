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

Sensors sum_of(std::span<const PlantRow> rows) {
    std::int64_t first = 0;
    std::int64_t second = 0;
    std::int64_t third = 0;
    for (const PlantRow& row : rows) {
        first += row.sensors[0];
        second += row.sensors[1];
        third += row.sensors[2];
    }
    return {static_cast<std::int64_t>(rows.size()), {first, second, third}};
}

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
    for_each_second<PlantRow>(input, [&](std::span<const PlantRow> rows) {
        seconds.pass(rows.front().ts);
        groups.of(0) += sum_of(rows);
    });
    seconds.finish();
    writer.flush();
}

}  // namespace thalweg::bench::by_hand
