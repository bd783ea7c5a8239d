#include "bench/by_hand/sliding_groups.h"
#include "bench/by_hand/slot_table.h"
#include "bench/by_hand/totals.h"
#include "bench/by_hand/traces.h"
#include "bench/trace_rows.h"
#include "state/base/time.h"

#include <array>
#include <vector>

namespace thalweg::bench::by_hand {

namespace {

constexpr std::size_t kSeconds = 60;

template <class Key>
struct SumRow {
    std::int64_t end;
    Key key;
    float sum;

    [[nodiscard]] auto cells() const { return std::tuple(end * kNanosPerSecond, key, sum); }
};

// Categories have numbers below 4.
constexpr std::size_t kCategories = 4;
using Categories = std::array<RealSum, kCategories>;

// Four rows of five are of one category: two sums of each, in turn, so that an addition does not
// wait for the one before it.
Categories sums_of(std::span<const ClusterRow> rows) {
    std::array<Categories, 2> sums{};
    for (std::size_t i = 0; i < rows.size(); ++i)
        sums[i % 2][static_cast<std::uint32_t>(rows[i].category) % kCategories].add(rows[i].cpu);
    for (std::size_t i = 0; i < kCategories; ++i)
        sums[0][i] += sums[1][i];
    return sums[0];
}

}  // namespace

void cm1(Input& input, Results& results) {
    using Row = SumRow<std::int32_t>;
    RowWriter<Row> writer(results);
    SlidingGroups<RealSum> groups(kCategories, kSeconds);
    SlidingSeconds seconds(groups, [&](std::int64_t end, auto live) {
        for (const auto& group : live) {
            writer.add({end,
                        static_cast<std::int32_t>(group.number),
                        static_cast<float>(group.total.sum)});
        }
    });
    for_each_second<ClusterRow>(input, [&](std::span<const ClusterRow> rows) {
        seconds.pass(rows.front().ts);
        const Categories sums = sums_of(rows);
        for (std::uint32_t category = 0; category < kCategories; ++category) {
            if (sums[category].count != 0) groups.of(category) += sums[category];
        }
    });
    seconds.finish();
    writer.flush();
}

void cm2(Input& input, Results& results) {
    struct Slot {
        std::int64_t key;
        std::uint32_t number;
    };

    using Row = SumRow<std::int64_t>;
    constexpr std::size_t kJobs = 4'096;
    constexpr std::int32_t kFail = 3;
    RowWriter<Row> writer(results);
    SlotTable<Slot> numbers(kJobs);
    std::vector<std::int64_t> jobs;
    SlidingGroups<RealSum> groups(kJobs, kSeconds);
    SlidingSeconds seconds(groups, [&](std::int64_t end, auto live) {
        for (const auto& group : live)
            writer.add({end, jobs[group.number], static_cast<float>(group.total.sum)});
    });
    for_each_second<ClusterRow>(input, [&](std::span<const ClusterRow> rows) {
        seconds.pass(rows.front().ts);
        for (const ClusterRow& row : rows) {
            if (row.event_type != kFail) continue;
            Slot& slot = numbers.find(row.job_id);
            if (slot.key == 0) [[unlikely]] {
                slot = {row.job_id, static_cast<std::uint32_t>(jobs.size())};
                jobs.push_back(row.job_id);
            }
            groups.of(slot.number).add(row.cpu);
        }
    });
    seconds.finish();
    writer.flush();
}

}  // namespace thalweg::bench::by_hand
