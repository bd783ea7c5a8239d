#include "bench/operator_oracle.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>
#include <map>
#include <unordered_map>
#include <vector>

namespace thalweg::bench::oracle {

namespace {

constexpr std::int64_t kNanosPerMs = 1'000'000;

using RecordsOfKeys = std::unordered_map<std::int64_t, std::vector<Record>>;

// Of each key its records, as they came.
RecordsOfKeys by_key(const StreamSpec& spec) {
    RecordsOfKeys keys;
    for (RecordStream stream(spec); stream.has_next();) {
        const Record record = stream.next();
        keys[record.key].push_back(record);
    }
    return keys;
}

// Calls with(left, right) for each pair.
template <class With>
void for_each_pair(const StreamSpec& spec, std::int64_t extra_end, const With& with) {
    for (const auto& [key, records] : by_key(spec)) {
        for (const Record& left : records) {
            if (left.extra >= extra_end) continue;
            for (const Record& right : records) {
                if (right.extra >= extra_end) with(left, right);
            }
        }
    }
}

// Each record with the sum of the latest `rows` of its key, its own among them.
CheckSum sum_over(const StreamSpec& spec, std::size_t rows) {
    CheckSum result;
    for (const auto& [key, records] : by_key(spec)) {
        for (std::size_t i = 0; i < records.size(); ++i) {
            std::int64_t sum = 0;
            for (std::size_t k = i + 1 - std::min(rows, i + 1); k <= i; ++k)
                sum += records[k].value;
            result.add_row(records[i].ts_ms * kNanosPerMs, key, records[i].value, sum);
        }
    }
    return result;
}

}  // namespace

CheckSum join(const StreamSpec& spec, std::int64_t extra_end) {
    CheckSum result;
    for_each_pair(spec, extra_end, [&](const Record& left, const Record& right) {
        result.add_row(left.key, left.value, right.value);
    });
    return result;
}

CheckSum interval_join(const StreamSpec& spec, std::int64_t extra_end, std::int64_t interval_ms) {
    CheckSum result;
    for_each_pair(spec, extra_end, [&](const Record& left, const Record& right) {
        if (left.ts_ms < right.ts_ms - interval_ms || left.ts_ms > right.ts_ms + interval_ms)
            return;
        result.add_row(left.ts_ms * kNanosPerMs, left.key, left.value, right.value);
    });
    return result;
}

CheckSum top_n(const StreamSpec& spec) {
    constexpr std::size_t kRows = 3;
    CheckSum result;
    for (const auto& [key, records] : by_key(spec)) {
        std::vector<std::int64_t> values;
        for (const Record& record : records)
            values.push_back(record.value);
        std::sort(values.begin(), values.end(), std::greater<>());
        for (std::size_t i = 0; i < std::min(kRows, values.size()); ++i)
            result.add_row(key, values[i]);
    }
    return result;
}

// A session takes a record in up to its end, and at its end unless another record has said already
// that this time has come.
CheckSum session(const StreamSpec& spec, std::int64_t gap_ms) {
    struct Session {
        std::int64_t start_ms = 0;
        std::int64_t last_ms = 0;
        std::int64_t count = 0;
        std::int64_t sum = 0;
    };

    CheckSum result;
    const auto add_to_result = [&](std::int64_t key, const Session& session) {
        result.add_row(session.start_ms * kNanosPerMs,
                       (session.last_ms + gap_ms) * kNanosPerMs,
                       key,
                       session.count,
                       session.sum);
    };
    std::unordered_map<std::int64_t, Session> open;
    std::int64_t latest_ms = -1;
    for (RecordStream stream(spec); stream.has_next();) {
        const Record record = stream.next();
        Session& session = open[record.key];
        const std::int64_t end_ms = session.last_ms + gap_ms;
        const bool has_ended = record.ts_ms > end_ms || latest_ms >= end_ms;
        if (session.count != 0 && has_ended) {
            add_to_result(record.key, session);
            session = {};
        }
        if (session.count == 0) session.start_ms = record.ts_ms;
        session.last_ms = record.ts_ms;
        ++session.count;
        session.sum += record.value;
        latest_ms = record.ts_ms;
    }
    for (const auto& [key, session] : open)
        add_to_result(key, session);
    return result;
}

CheckSum over_rows(const StreamSpec& spec) {
    return sum_over(spec, 11);
}

CheckSum over_all(const StreamSpec& spec) {
    return sum_over(spec, spec.count);
}

CheckSum keep_first(const StreamSpec& spec) {
    CheckSum result;
    for (const auto& [key, records] : by_key(spec))
        result.add_row(records.front().ts_ms * kNanosPerMs, key, records.front().value);
    return result;
}

CheckSum keep_last(const StreamSpec& spec) {
    CheckSum result;
    for (const auto& [key, records] : by_key(spec))
        result.add_row(records.back().ts_ms * kNanosPerMs, key, records.back().value);
    return result;
}

CheckSum count_of_counts(const StreamSpec& spec) {
    std::map<std::size_t, std::int64_t> counts;
    for (const auto& [key, records] : by_key(spec))
        ++counts[records.size()];
    CheckSum result;
    for (const auto& [count, keys] : counts)
        result.add_row(static_cast<std::int64_t>(count), keys);
    return result;
}

}  // namespace thalweg::bench::oracle
