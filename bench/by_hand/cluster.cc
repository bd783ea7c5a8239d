#include "bench/by_hand/sliding_groups.h"
#include "bench/by_hand/slot_table.h"
#include "bench/by_hand/totals.h"
#include "bench/by_hand/traces.h"
#include "bench/trace_rows.h"
#include "state/base/time.h"

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

}  // namespace

void cm1(Input& input, Results& results) {
    using Row = SumRow<std::int32_t>;
    constexpr std::size_t kCategories = 16;
    RowWriter<Row> writer(results);
    SlidingGroups<RealSum> groups(kCategories, kSeconds);
    SlidingSeconds seconds(groups, [&](std::int64_t end, auto live) {
        for (const auto& group : live) {
            writer.add({end,
                        static_cast<std::int32_t>(group.number),
                        static_cast<float>(group.total.sum)});
        }
    });
    for_each_row<ClusterRow>(input, [&](const ClusterRow& row) {
        seconds.pass(row.ts);
        groups.of(static_cast<std::uint32_t>(row.category) % kCategories).add(row.cpu);
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
    for_each_row<ClusterRow>(input, [&](const ClusterRow& row) {
        seconds.pass(row.ts);
        if (row.event_type != kFail) return;
        Slot& slot = numbers.find(row.job_id);
        if (slot.key == 0) [[unlikely]] {
            slot = {row.job_id, static_cast<std::uint32_t>(jobs.size())};
            jobs.push_back(row.job_id);
        }
        groups.of(slot.number).add(row.cpu);
    });
    seconds.finish();
    writer.flush();
}

}  // namespace thalweg::bench::by_hand
