// The queries of bench/nexmark over the connector `nexmark`, beside an oracle that takes the same
// events one at a time. Events are a millisecond apart, so that none has the time of another.

#include "state/text/number.h"
#include "tests/nexmark/nexmark_oracle.h"
#include "tests/nexmark/nexmark_run.h"
#include "tests/support/seeds.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {
namespace {

constexpr const char* kEvents = test::kSanitizer ? "20000" : "100000";

using Options = std::map<std::string, std::string>;

// Time begins a little before eight, or before midnight, so that words for the time of day and days
// change.
Options options_from(const std::string& start) {
    return {{"events.num", kEvents}, {"first-event.rate", "1000"}, {"base-time", start}};
}

constexpr test::NexmarkLayout kLayouts[] = {{1, 1}, {4, 1}, {2, 2}};

// Bids on one auction have equal prices here and there, and of two threads either may be first.
bool has_one_answer(const std::string& query, test::NexmarkLayout layout) {
    return query != "q19" || layout.ingest_threads == 1;
}

// The first few rows that are not there as often, for a message.
std::string difference(const test::RowCounts& found, const test::RowCounts& expected) {
    std::string text;
    std::size_t count = 0;
    const auto add = [&](const std::string& sign, const std::string& row, long times) {
        if (++count <= 5)
            text += sign + " " + std::to_string(times) + " x " + row.substr(0, 150) + "\n";
    };
    for (const auto& [row, times] : found) {
        const auto at = expected.find(row);
        const long others = at == expected.end() ? 0 : at->second;
        if (times != others) add("found", row, times - others);
    }
    for (const auto& [row, times] : expected) {
        if (!found.contains(row)) add("missing", row, times);
    }
    return count == 0 ? "" : std::to_string(count) + " rows differ\n" + text;
}

void check(const std::vector<std::string>& queries, const Options& options) {
    const std::vector<NexmarkEvent> events = nexmark_events(options);
    for (const std::string& query : queries) {
        const test::RowCounts expected = test::nexmark_expected(query, events);
        CHECK_FALSE(expected.empty());
        for (const test::NexmarkLayout layout : kLayouts) {
            if (!has_one_answer(query, layout)) continue;
            CAPTURE(query);
            CAPTURE(layout.shards);
            CAPTURE(layout.ingest_threads);
            CHECK_EQ(difference(test::run_nexmark(query, options, layout), expected), "");
        }
    }
}

TEST_CASE("nexmark: queries without state") {
    check({"q0", "q1", "q2", "q10", "q13", "q14", "q21", "q22"},
          options_from("2015-07-15 07:59:50"));
}

TEST_CASE("nexmark: windows") {
    check({"q5", "q7", "q8", "q11"}, options_from("2015-07-15 00:00:03"));
}

TEST_CASE("nexmark: joins for all time, and the first of their rows") {
    check({"q3", "q4", "q6", "q9", "q20"}, options_from("2015-07-15 00:00:00"));
}

// Those who sell begin to bid late: of 50,000 events this join has no row yet.
TEST_CASE("nexmark: a join of three") {
    Options options = options_from("2015-07-15 00:00:00");
    options["events.num"] = "70000";
    check({"q23"}, options);
}

TEST_CASE("nexmark: groups that change, places") {
    check({"q15", "q16", "q17", "q18", "q19"}, options_from("2015-07-15 23:59:50"));
}

TEST_CASE("nexmark: windows of processing time hold each bid once") {
    const Options options = options_from("2015-07-15 00:00:00");
    const auto expected = test::nexmark_bids_by_bidder(nexmark_events(options));
    for (const test::NexmarkLayout layout : kLayouts) {
        std::map<std::int64_t, long> found;
        for (const auto& [row, times] : test::run_nexmark("q12", options, layout)) {
            const std::string_view text = row;
            const std::size_t bids = text.find('|') + 1;
            const std::size_t end = text.find('|', bids);
            const auto bidder = parse_int64(text.substr(0, bids - 1));
            const auto count = parse_int64(text.substr(bids, end - bids));
            REQUIRE(bidder.has_value());
            REQUIRE(count.has_value());
            found[*bidder] += times * static_cast<long>(*count);
        }
        CHECK(found == expected);
    }
}

}  // namespace
}  // namespace thalweg
