#include "bench/by_hand/sliding_groups.h"
#include "bench/by_hand/slot_table.h"
#include "bench/by_hand/totals.h"
#include "bench/by_hand/traces.h"
#include "bench/trace_rows.h"
#include "state/base/time.h"

#include <vector>

namespace thalweg::bench::by_hand {

namespace {

struct AuctionRow {
    std::int64_t end, auction, count;

    [[nodiscard]] auto cells() const { return std::tuple(end * kNanosPerSecond, auction, count); }
};

struct AuctionSlot {
    std::int64_t key;
    std::uint32_t number;
};

}  // namespace

void nbq5(Input& input, Results& results) {
    constexpr std::size_t kSeconds = 60;
    constexpr std::size_t kAuctions = 8'192;
    RowWriter<AuctionRow> writer(results);
    SlotTable<AuctionSlot> numbers(kAuctions);
    std::vector<std::int64_t> auctions;
    SlidingGroups<Count> groups(kAuctions, kSeconds);
    SlidingSeconds seconds(groups, [&](std::int64_t end, auto live) {
        for (const auto& group : live)
            writer.add({end, auctions[group.number], group.total.count});
    });
    for_each_second<BidRow>(input, [&](std::span<const BidRow> rows) {
        seconds.pass(rows.front().ts);
        for (const BidRow& row : rows) {
            AuctionSlot& slot = numbers.find(row.auction);
            if (slot.key == 0) [[unlikely]] {
                slot = {row.auction, static_cast<std::uint32_t>(auctions.size())};
                auctions.push_back(row.auction);
            }
            ++groups.of(slot.number).count;
        }
    });
    seconds.finish();
    writer.flush();
}

}  // namespace thalweg::bench::by_hand
