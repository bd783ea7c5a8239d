#include "bench/by_hand/traces.h"
#include "bench/trace_rows.h"
#include "bench/workloads/families.h"
#include "bench/workloads/trace_query.h"
#include "state/base/random.h"
#include "state/base/time.h"

namespace thalweg::bench {

namespace {

constexpr std::int64_t kSeconds = 60;

constexpr std::string_view kColumns =
    "auction BIGINT, bidder BIGINT, price BIGINT, extra BINARY(96)";

// Bids as the generator of NEXMark makes them: of 50 events 3 open an auction and 46 are bids, one
// bid of two is for the hot auction, which changes with every hundredth, the other for one of the
// last hundred. 1,000 bids a second; 32 seconds are looped, in which 2,137 auctions open.
std::vector<BidRow> make_bids() {
    constexpr std::size_t kBids = 32'768;
    constexpr std::int64_t kStart = 1'602'331'200;
    constexpr std::size_t kPerSecond = 1'000;
    constexpr std::int64_t kFirstAuction = 1'000;
    constexpr std::uint64_t kAuctionsOpen = 100;
    constexpr std::uint64_t kBidders = 1'000;
    Random random(5);
    std::vector<BidRow> bids(kBids);
    for (std::size_t i = 0; i < kBids; ++i) {
        const std::uint64_t newest = kAuctionsOpen + i * 3 / 46;
        const bool is_hot = random.below(2) == 0;
        const std::uint64_t auction =
            is_hot ? newest / kAuctionsOpen * kAuctionsOpen : newest - random.below(kAuctionsOpen);
        bids[i].ts = kStart + static_cast<std::int64_t>(i / kPerSecond);
        bids[i].auction = kFirstAuction + static_cast<std::int64_t>(auction);
        bids[i].bidder = static_cast<std::int64_t>(random.below(kBidders));
        bids[i].price = 100 + static_cast<std::int64_t>(random.below(10'000'000));
    }
    return bids;
}

CheckSum counts(const Trace& trace, std::size_t rows) {
    const auto windows = windows_of<BidRow>(
        trace, rows, [](auto& all, const BidRow& row) { all.add(row.ts, {row.auction}, {1, {}}); });
    CheckSum result;
    windows.for_each(kSeconds, [&](std::int64_t end, const auto& key, const auto& totals) {
        result.add_row(end * kNanosPerSecond, key[0], totals.count);
    });
    return result;
}

}  // namespace

std::vector<QueryCase> auction_queries(const MeasureOptions& options) {
    TraceQuery nbq5;
    nbq5.bench = "nbq5";
    nbq5.variant = "60 s by 1 s";
    nbq5.records = 1'000'000;
    nbq5.check_records = 100'000;
    nbq5.load = []() -> Result<std::shared_ptr<const Trace>> {
        return trace_of<BidRow>(make_bids());
    };
    nbq5.sql = trace_table(kColumns) + blackhole("auction BIGINT, n BIGINT") +
               "SELECT window_end, auction, COUNT(*)\nFROM " + sliding_window("'60' SECOND") +
               "\nGROUP BY window_start, window_end, auction;\n";
    nbq5.by_hand = by_hand::nbq5;
    nbq5.oracle = counts;
    return {case_of(nbq5, options)};
}

}  // namespace thalweg::bench
