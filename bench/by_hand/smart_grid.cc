#include "bench/by_hand/sliding_groups.h"
#include "bench/by_hand/totals.h"
#include "bench/by_hand/traces.h"
#include "bench/trace_rows.h"
#include "state/base/time.h"

namespace thalweg::bench::by_hand {

namespace {

struct AverageRow {
    std::int64_t end;
    float average;

    [[nodiscard]] auto cells() const { return std::tuple(end * kNanosPerSecond, average); }
};

struct PlugRow {
    std::int64_t end;
    std::int32_t plug, household, house;
    float average;

    [[nodiscard]] auto cells() const {
        return std::tuple(end * kNanosPerSecond, plug, household, house, average);
    }
};

// Plugs, households and houses have numbers below 16.
constexpr std::size_t kPlugs = 16 * 16 * 16;

std::uint32_t number_of(const GridRow& row) {
    const auto bits = [](std::int32_t value) { return static_cast<std::uint32_t>(value) % 16; };
    return bits(row.house) * 256 + bits(row.household) * 16 + bits(row.plug);
}

PlugRow plug_row(std::int64_t end, std::uint32_t number, float average) {
    return {end,
            static_cast<std::int32_t>(number % 16),
            static_cast<std::int32_t>(number / 16 % 16),
            static_cast<std::int32_t>(number / 256),
            average};
}

template <class Filter>
[[gnu::always_inline]] inline void plugs(Input& input,
                                         std::size_t window_seconds,
                                         Results& results,
                                         const Filter& filter) {
    RowWriter<PlugRow> writer(results);
    SlidingGroups<RealSum> groups(kPlugs, window_seconds);
    SlidingSeconds seconds(groups, [&](std::int64_t end, auto live) {
        for (const auto& group : live)
            writer.add(plug_row(end, group.number, group.total.average()));
    });
    for_each_second<GridRow>(input, [&](std::span<const GridRow> rows) {
        seconds.pass(rows.front().ts);
        for (const GridRow& row : rows) {
            if (filter(row)) groups.of(number_of(row)).add(row.value);
        }
    });
    seconds.finish();
    writer.flush();
}

// Four sums side by side: an addition waits for the one before it for four cycles.
RealSum sum_of(std::span<const GridRow> rows) {
    constexpr std::size_t kSums = 4;
    double sums[kSums] = {};
    std::size_t i = 0;
    for (; i + kSums <= rows.size(); i += kSums) {
        for (std::size_t j = 0; j < kSums; ++j)
            sums[j] += static_cast<double>(rows[i + j].value);
    }
    for (; i < rows.size(); ++i)
        sums[0] += static_cast<double>(rows[i].value);
    return {static_cast<std::int64_t>(rows.size()), (sums[0] + sums[1]) + (sums[2] + sums[3])};
}

}  // namespace

void sg1(Input& input, Results& results) {
    constexpr std::size_t kSeconds = 3'600;
    RowWriter<AverageRow> writer(results);
    SlidingGroups<RealSum> groups(1, kSeconds);
    SlidingSeconds seconds(groups, [&](std::int64_t end, auto live) {
        for (const auto& group : live)
            writer.add({end, group.total.average()});
    });
    for_each_second<GridRow>(input, [&](std::span<const GridRow> rows) {
        seconds.pass(rows.front().ts);
        groups.of(0) += sum_of(rows);
    });
    seconds.finish();
    writer.flush();
}

void sg2(Input& input, Results& results) {
    plugs(input, 128, results, [](const GridRow&) { return true; });
}

void sg3(Input& input, Results& results) {
    plugs(input, 3'600, results, [](const GridRow& row) { return row.household == 3; });
}

}  // namespace thalweg::bench::by_hand
