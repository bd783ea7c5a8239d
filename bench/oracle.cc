#include "bench/oracle.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>

namespace thalweg::bench::oracle {

namespace {

constexpr std::int64_t kNanosPerMs = 1'000'000;

std::int64_t second_of(const Record& record) {
    return record.ts_ms - record.ts_ms % 1000;
}

std::int64_t end_ns(std::int64_t second_ms) {
    return (second_ms + 1000) * kNanosPerMs;
}

// Calls add(container, record) for each record of a second, with a container of that second, and
// emit(container, second) after the last of them.
template <class Container, class Add, class Emit>
void for_each_second(const StreamSpec& spec, const Add& add, const Emit& emit) {
    RecordStream stream(spec);
    Container container;
    std::int64_t second = -1;
    while (stream.has_next()) {
        const Record record = stream.next();
        if (second_of(record) != second) {
            if (second >= 0) emit(container, second);
            container.clear();
            second = second_of(record);
        }
        add(container, record);
    }
    if (second >= 0) emit(container, second);
}

struct Group {
    std::int64_t count = 0;
    std::int64_t sum = 0;
    std::int64_t min = INT64_MAX;
    std::int64_t max = INT64_MIN;

    void add(std::int64_t value) {
        ++count;
        sum += value;
        min = std::min(min, value);
        max = std::max(max, value);
    }
};

using Groups = std::unordered_map<std::int64_t, Group>;

template <class Emit>
void group_seconds(const StreamSpec& spec, const Emit& emit) {
    for_each_second<Groups>(
        spec,
        [](Groups& groups, const Record& record) { groups[record.key].add(record.value); },
        emit);
}

}  // namespace

CheckSum aggregate(const StreamSpec& spec) {
    CheckSum result;
    group_seconds(spec, [&](const Groups& groups, std::int64_t second) {
        for (const auto& [key, group] : groups)
            result.add_row(end_ns(second), key, group.count, group.sum, group.min, group.max);
    });
    return result;
}

CheckSum count_and_sum(const StreamSpec& spec) {
    CheckSum result;
    group_seconds(spec, [&](const Groups& groups, std::int64_t second) {
        for (const auto& [key, group] : groups)
            result.add_row(end_ns(second), key, group.count, group.sum);
    });
    return result;
}

CheckSum filter(const StreamSpec& spec, std::int64_t extra_min) {
    CheckSum result;
    for (RecordStream stream(spec); stream.has_next();) {
        const Record record = stream.next();
        if (record.extra >= extra_min)
            result.add_row(record.ts_ms * kNanosPerMs, record.key, 2 * record.value);
    }
    return result;
}

// Each window is put together from all the seconds that are in it.
CheckSum hop(const StreamSpec& spec, std::size_t seconds) {
    std::map<std::int64_t, Groups> groups_of;
    group_seconds(spec,
                  [&](const Groups& groups, std::int64_t second) { groups_of[second] = groups; });
    CheckSum result;
    if (groups_of.empty()) return result;
    const std::int64_t reach_ms = static_cast<std::int64_t>(seconds - 1) * 1000;
    const std::int64_t last = groups_of.rbegin()->first + reach_ms;
    for (std::int64_t second = groups_of.begin()->first; second <= last; second += 1000) {
        Groups window;
        for (auto slice = groups_of.lower_bound(second - reach_ms);
             slice != groups_of.end() && slice->first <= second;
             ++slice) {
            for (const auto& [key, group] : slice->second) {
                window[key].count += group.count;
                window[key].sum += group.sum;
            }
        }
        for (const auto& [key, group] : window)
            result.add_row(end_ns(second), key, group.count, group.sum);
    }
    return result;
}

CheckSum distinct(const StreamSpec& spec) {
    using Keys = std::unordered_set<std::int64_t>;
    CheckSum result;
    for_each_second<Keys>(
        spec,
        [](Keys& keys, const Record& record) { keys.insert(record.key); },
        [&](const Keys& keys, std::int64_t second) {
            result.add_row(end_ns(second), static_cast<std::int64_t>(keys.size()));
        });
    return result;
}

CheckSum window_join(const StreamSpec& spec, std::int64_t extra_end) {
    struct Sides {
        Groups left;
        Groups right;

        void clear() {
            left.clear();
            right.clear();
        }
    };

    CheckSum result;
    for_each_second<Sides>(
        spec,
        [&](Sides& sides, const Record& record) {
            Groups& side = record.extra < extra_end ? sides.left : sides.right;
            side[record.key].add(record.value);
        },
        [&](const Sides& sides, std::int64_t second) {
            for (const auto& [key, group] : sides.left) {
                const auto other = sides.right.find(key);
                if (other == sides.right.end()) continue;
                result.add_row(end_ns(second), key, group.count, other->second.sum);
            }
        });
    return result;
}

}  // namespace thalweg::bench::oracle
