#include "tests/nexmark/nexmark_oracle.h"

#include "state/base/time.h"
#include "state/text/timestamp.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <functional>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

namespace thalweg::test {

namespace {

using Events = std::vector<NexmarkEvent>;
using Oracle = std::function<RowCounts(const Events&)>;

constexpr std::int64_t kSecond = kNanosPerSecond;

struct TimedBid {
    const NexmarkBid* bid;
    std::int64_t at_ns;
};

struct TimedAuction {
    const NexmarkAuction* auction;
    std::int64_t at_ns;
};

std::string text(std::int64_t number) {
    return std::to_string(number);
}

const std::string& text(const std::string& words) {
    return words;
}

std::string time_text(std::int64_t at_ns) {
    std::string out;
    append_timestamp(out, at_ns, 3);
    return out;
}

template <class... Cells>
std::string row_of(const Cells&... cells) {
    std::string row;
    ((row += (row.empty() ? "" : "|") + text(cells)), ...);
    return row;
}

std::vector<TimedBid> bids_of(const Events& events) {
    std::vector<TimedBid> bids;
    for (const NexmarkEvent& event : events) {
        if (event.bid) bids.push_back({&*event.bid, event.at_ns});
    }
    return bids;
}

std::vector<TimedAuction> auctions_of(const Events& events) {
    std::vector<TimedAuction> auctions;
    for (const NexmarkEvent& event : events) {
        if (event.auction) auctions.push_back({&*event.auction, event.at_ns});
    }
    return auctions;
}

// A row, or none, for each bid.
template <class Make>
RowCounts for_each_bid(const Events& events, const Make& make) {
    RowCounts rows;
    for (const TimedBid& bid : bids_of(events)) {
        if (const std::optional<std::string> row = make(*bid.bid, time_text(bid.at_ns)))
            ++rows[*row];
    }
    return rows;
}

// 0.908 * price, in thousandths.
std::int64_t thousandths(const NexmarkBid& bid) {
    return 908 * bid.price;
}

std::string decimal_text(std::int64_t thousandths) {
    const std::string rest = std::to_string(thousandths % 1'000);
    return std::to_string(thousandths / 1'000) + "." + std::string(3 - rest.size(), '0') + rest;
}

// --- q0 to q3 ------------------------------------------------------------------------------------

RowCounts q0(const Events& events) {
    return for_each_bid(events, [](const NexmarkBid& b, const std::string& at) {
        return std::optional(row_of(b.auction, b.bidder, b.price, at, b.extra));
    });
}

RowCounts q1(const Events& events) {
    return for_each_bid(events, [](const NexmarkBid& b, const std::string& at) {
        return std::optional(
            row_of(b.auction, b.bidder, decimal_text(thousandths(b)), at, b.extra));
    });
}

RowCounts q2(const Events& events) {
    return for_each_bid(events,
                        [](const NexmarkBid& b, const std::string&) -> std::optional<std::string> {
                            if (b.auction % 123 != 0) return std::nullopt;
                            return row_of(b.auction, b.price);
                        });
}

RowCounts q3(const Events& events) {
    std::map<std::int64_t, const NexmarkPerson*> persons;
    for (const NexmarkEvent& event : events) {
        if (event.person) persons[event.person->id] = &*event.person;
    }
    RowCounts rows;
    for (const TimedAuction& a : auctions_of(events)) {
        const auto found = persons.find(a.auction->seller);
        if (found == persons.end() || a.auction->category != 10) continue;
        const NexmarkPerson& p = *found->second;
        if (p.state == "OR" || p.state == "ID" || p.state == "CA")
            ++rows[row_of(p.name, p.city, p.state, a.auction->id)];
    }
    return rows;
}

// --- Auctions and who won them: q4, q6, q9 -------------------------------------------------------

struct Won {
    TimedAuction auction;
    std::vector<TimedBid> bids;  // While it was open, as they came; there is one.
};

std::vector<Won> won_auctions(const Events& events) {
    std::map<std::int64_t, std::vector<TimedBid>> bids;
    for (const TimedBid& bid : bids_of(events))
        bids[bid.bid->auction].push_back(bid);
    std::vector<Won> result;
    for (const TimedAuction& auction : auctions_of(events)) {
        Won won{auction, {}};
        for (const TimedBid& bid : bids[auction.auction->id]) {
            if (bid.at_ns >= auction.at_ns && bid.at_ns <= auction.auction->expires_ns)
                won.bids.push_back(bid);
        }
        if (!won.bids.empty()) result.push_back(std::move(won));
    }
    return result;
}

// The highest; of equal ones the first.
const TimedBid& winner(const Won& won) {
    return *std::max_element(
        won.bids.begin(), won.bids.end(), [](const TimedBid& a, const TimedBid& b) {
            return a.bid->price < b.bid->price;
        });
}

RowCounts q4(const Events& events) {
    std::map<std::int64_t, std::vector<std::int64_t>> prices;
    for (const Won& won : won_auctions(events))
        prices[won.auction.auction->category].push_back(winner(won).bid->price);
    RowCounts rows;
    for (const auto& [category, all] : prices) {
        std::int64_t sum = 0;
        for (const std::int64_t price : all)
            sum += price;
        ++rows[row_of(category, sum / static_cast<std::int64_t>(all.size()))];
    }
    return rows;
}

RowCounts q6(const Events& events) {
    std::map<std::int64_t, std::vector<TimedBid>> of_sellers;
    for (const Won& won : won_auctions(events))
        of_sellers[won.auction.auction->seller].push_back(winner(won));
    RowCounts rows;
    for (auto& [seller, bids] : of_sellers) {
        std::stable_sort(bids.begin(), bids.end(), [](const TimedBid& a, const TimedBid& b) {
            return a.at_ns < b.at_ns;
        });
        for (std::size_t i = 0; i < bids.size(); ++i) {
            std::int64_t sum = 0;
            const std::size_t first = i - std::min<std::size_t>(i, 10);
            for (std::size_t j = first; j <= i; ++j)
                sum += bids[j].bid->price;
            ++rows[row_of(seller, sum / static_cast<std::int64_t>(i - first + 1))];
        }
    }
    return rows;
}

RowCounts q9(const Events& events) {
    RowCounts rows;
    for (const Won& won : won_auctions(events)) {
        const NexmarkAuction& a = *won.auction.auction;
        const TimedBid& bid = winner(won);
        ++rows[row_of(a.id,
                      a.item,
                      a.description,
                      a.initial_bid,
                      a.reserve,
                      time_text(won.auction.at_ns),
                      time_text(a.expires_ns),
                      a.seller,
                      a.category,
                      a.extra,
                      bid.bid->bidder,
                      bid.bid->price,
                      time_text(bid.at_ns),
                      bid.bid->extra)];
    }
    return rows;
}

// --- Windows: q5, q7, q8, q11 --------------------------------------------------------------------

std::int64_t window_start(std::int64_t at_ns, std::int64_t size_ns) {
    return floor_div(at_ns, size_ns) * size_ns;
}

RowCounts q5(const Events& events) {
    std::map<std::int64_t, std::map<std::int64_t, std::int64_t>> windows;
    for (const TimedBid& bid : bids_of(events)) {
        const std::int64_t last = window_start(bid.at_ns, 2 * kSecond);
        for (std::int64_t i = 0; i < 5; ++i)
            ++windows[last - i * 2 * kSecond][bid.bid->auction];
    }
    RowCounts rows;
    for (const auto& [start, counts] : windows) {
        std::int64_t most = 0;
        for (const auto& [auction, count] : counts)
            most = std::max(most, count);
        for (const auto& [auction, count] : counts) {
            if (count == most) ++rows[row_of(auction, count)];
        }
    }
    return rows;
}

RowCounts q7(const Events& events) {
    const std::vector<TimedBid> bids = bids_of(events);
    std::map<std::int64_t, std::int64_t> highest;  // By the end of the window.
    for (const TimedBid& bid : bids) {
        std::int64_t& price = highest[window_start(bid.at_ns, 10 * kSecond) + 10 * kSecond];
        price = std::max(price, bid.bid->price);
    }
    RowCounts rows;
    for (const auto& [end, price] : highest) {
        for (const TimedBid& bid : bids) {
            const NexmarkBid& b = *bid.bid;
            const bool is_in = bid.at_ns >= end - 10 * kSecond && bid.at_ns <= end;
            if (is_in && b.price == price)
                ++rows[row_of(b.auction, b.price, b.bidder, time_text(bid.at_ns), b.extra)];
        }
    }
    return rows;
}

RowCounts q8(const Events& events) {
    std::set<std::pair<std::int64_t, std::int64_t>> sellers;  // With the window's start.
    for (const TimedAuction& a : auctions_of(events))
        sellers.emplace(a.auction->seller, window_start(a.at_ns, 10 * kSecond));
    RowCounts rows;
    for (const NexmarkEvent& event : events) {
        if (!event.person) continue;
        const std::int64_t start = window_start(event.at_ns, 10 * kSecond);
        if (sellers.contains({event.person->id, start}))
            ++rows[row_of(event.person->id, event.person->name, time_text(start))];
    }
    return rows;
}

RowCounts q11(const Events& events) {
    std::map<std::int64_t, std::vector<std::int64_t>> times;
    for (const TimedBid& bid : bids_of(events))
        times[bid.bid->bidder].push_back(bid.at_ns);
    RowCounts rows;
    for (const auto& [bidder, all] : times) {
        std::size_t first = 0;
        for (std::size_t i = 1; i <= all.size(); ++i) {
            if (i < all.size() && all[i] - all[i - 1] <= 10 * kSecond) continue;
            ++rows[row_of(bidder,
                          static_cast<std::int64_t>(i - first),
                          time_text(all[first]),
                          time_text(all[i - 1] + 10 * kSecond))];
            first = i;
        }
    }
    return rows;
}

// --- A row of each bid: q10, q13, q14, q21, q22 --------------------------------------------------

RowCounts q10(const Events& events) {
    return for_each_bid(events, [](const NexmarkBid& b, const std::string& at) {
        return std::optional(
            row_of(b.auction, b.bidder, b.price, at, b.extra, at.substr(0, 10), at.substr(11, 5)));
    });
}

RowCounts q13(const Events& events) {
    return for_each_bid(events, [](const NexmarkBid& b, const std::string& at) {
        return std::optional(
            row_of(b.auction, b.bidder, b.price, at, "note " + text(b.auction % 10'000)));
    });
}

RowCounts q14(const Events& events) {
    return for_each_bid(
        events, [](const NexmarkBid& b, const std::string& at) -> std::optional<std::string> {
            const std::int64_t price = thousandths(b);
            if (price <= 1'000'000'000 || price >= 50'000'000'000) return std::nullopt;
            const std::string hour = at.substr(11, 2);
            const std::string part = hour >= "08" && hour <= "18"   ? "dayTime"
                                     : hour <= "06" || hour >= "20" ? "nightTime"
                                                                    : "otherTime";
            const auto letters =
                static_cast<std::int64_t>(std::count(b.extra.begin(), b.extra.end(), 'c'));
            return row_of(b.auction, b.bidder, decimal_text(price), part, at, b.extra, letters);
        });
}

RowCounts q21(const Events& events) {
    const std::map<std::string, std::string> known = {
        {"Apple", "0"}, {"Google", "1"}, {"Facebook", "2"}, {"Baidu", "3"}};
    return for_each_bid(
        events, [&](const NexmarkBid& b, const std::string&) -> std::optional<std::string> {
            const std::string name = "&channel_id=";
            const auto found = known.find(b.channel);
            const std::size_t at = b.url.find(name);
            if (found == known.end() && at == std::string::npos) return std::nullopt;
            const std::string id =
                found != known.end() ? found->second : b.url.substr(at + name.size());
            return row_of(b.auction, b.bidder, b.price, b.channel, id);
        });
}

RowCounts q22(const Events& events) {
    return for_each_bid(events, [](const NexmarkBid& b, const std::string&) {
        std::vector<std::string> parts(1);
        for (const char c : b.url) {
            if (c == '/') {
                parts.emplace_back();
            } else {
                parts.back() += c;
            }
        }
        return std::optional(
            row_of(b.auction, b.bidder, b.price, b.channel, parts[3], parts[4], parts[5]));
    });
}

// --- Groups that change: q15 to q17 --------------------------------------------------------------

// Of all prices, below 10,000, below a million, above.
struct Bands {
    std::array<std::int64_t, 4> bids{};
    std::array<std::set<std::int64_t>, 4> bidders;
    std::array<std::set<std::int64_t>, 4> auctions;
    std::string minute;
    std::vector<std::int64_t> prices;

    void add(const TimedBid& bid) {
        const std::int64_t price = bid.bid->price;
        for (const std::size_t band : {0U, price < 10'000 ? 1U : price < 1'000'000 ? 2U : 3U}) {
            ++bids[band];
            bidders[band].insert(bid.bid->bidder);
            auctions[band].insert(bid.bid->auction);
        }
        minute = std::max(minute, time_text(bid.at_ns).substr(11, 5));
        prices.push_back(price);
    }

    [[nodiscard]] std::string counts() const { return row_of(bids[0], bids[1], bids[2], bids[3]); }

    [[nodiscard]] std::string all_counts() const {
        std::string row = counts();
        for (const auto* const sets : {&bidders, &auctions}) {
            for (const std::set<std::int64_t>& values : *sets)
                row += "|" + std::to_string(values.size());
        }
        return row;
    }
};

// By what `key_of` gives for a bid and its day.
template <class KeyOf>
std::map<std::string, Bands> bands_by(const Events& events, const KeyOf& key_of) {
    std::map<std::string, Bands> groups;
    for (const TimedBid& bid : bids_of(events))
        groups[key_of(*bid.bid, time_text(bid.at_ns).substr(0, 10))].add(bid);
    return groups;
}

RowCounts q15(const Events& events) {
    RowCounts rows;
    const auto key = [](const NexmarkBid&, const std::string& day) { return day; };
    for (const auto& [day, bands] : bands_by(events, key))
        ++rows[row_of(day, bands.all_counts())];
    return rows;
}

RowCounts q16(const Events& events) {
    RowCounts rows;
    const auto key = [](const NexmarkBid& b, const std::string& day) {
        return row_of(b.channel, day);
    };
    for (const auto& [channel_and_day, bands] : bands_by(events, key))
        ++rows[row_of(channel_and_day, bands.minute, bands.all_counts())];
    return rows;
}

RowCounts q17(const Events& events) {
    RowCounts rows;
    const auto key = [](const NexmarkBid& b, const std::string& day) {
        return row_of(b.auction, day);
    };
    for (const auto& [auction_and_day, bands] : bands_by(events, key)) {
        std::int64_t sum = 0;
        for (const std::int64_t price : bands.prices)
            sum += price;
        const auto [low, high] = std::minmax_element(bands.prices.begin(), bands.prices.end());
        ++rows[row_of(auction_and_day, bands.counts(), *low, *high, sum / bands.bids[0], sum)];
    }
    return rows;
}

// --- Places: q18, q19 ----------------------------------------------------------------------------

std::string whole(const TimedBid& bid) {
    const NexmarkBid& b = *bid.bid;
    return row_of(b.auction, b.bidder, b.price, b.channel, b.url, time_text(bid.at_ns), b.extra);
}

RowCounts q18(const Events& events) {
    std::map<std::pair<std::int64_t, std::int64_t>, TimedBid> latest;
    for (const TimedBid& bid : bids_of(events))
        latest.insert_or_assign({bid.bid->bidder, bid.bid->auction}, bid);
    RowCounts rows;
    for (const auto& [key, bid] : latest)
        ++rows[whole(bid)];
    return rows;
}

RowCounts q19(const Events& events) {
    std::map<std::int64_t, std::vector<TimedBid>> of_auctions;
    for (const TimedBid& bid : bids_of(events))
        of_auctions[bid.bid->auction].push_back(bid);
    RowCounts rows;
    for (auto& [auction, bids] : of_auctions) {
        std::stable_sort(bids.begin(), bids.end(), [](const TimedBid& a, const TimedBid& b) {
            return a.bid->price > b.bid->price;
        });
        for (std::size_t i = 0; i < std::min<std::size_t>(bids.size(), 10); ++i)
            ++rows[row_of(whole(bids[i]), static_cast<std::int64_t>(i + 1))];
    }
    return rows;
}

// --- Joins for all time: q20, q23 ----------------------------------------------------------------

RowCounts q20(const Events& events) {
    std::map<std::int64_t, TimedAuction> auctions;
    for (const TimedAuction& auction : auctions_of(events))
        auctions.emplace(auction.auction->id, auction);
    RowCounts rows;
    for (const TimedBid& bid : bids_of(events)) {
        const auto found = auctions.find(bid.bid->auction);
        if (found == auctions.end() || found->second.auction->category != 10) continue;
        const NexmarkAuction& a = *found->second.auction;
        ++rows[row_of(whole(bid),
                      a.item,
                      a.description,
                      a.initial_bid,
                      a.reserve,
                      time_text(found->second.at_ns),
                      time_text(a.expires_ns),
                      a.seller,
                      a.category,
                      a.extra)];
    }
    return rows;
}

RowCounts q23(const Events& events) {
    std::map<std::int64_t, const NexmarkPerson*> persons;
    for (const NexmarkEvent& event : events) {
        if (event.person) persons[event.person->id] = &*event.person;
    }
    std::map<std::int64_t, std::vector<TimedAuction>> of_sellers;
    for (const TimedAuction& auction : auctions_of(events))
        of_sellers[auction.auction->seller].push_back(auction);
    RowCounts rows;
    for (const TimedBid& bid : bids_of(events)) {
        const NexmarkBid& b = *bid.bid;
        if (!persons.contains(b.bidder)) continue;
        const NexmarkPerson& p = *persons[b.bidder];
        const std::string left = row_of(b.bidder, b.price, b.channel, b.url, b.extra);
        const std::string middle =
            row_of(p.id, p.name, p.email, p.credit_card, p.city, p.state, p.extra);
        for (const TimedAuction& auction : of_sellers[b.bidder]) {
            const NexmarkAuction& a = *auction.auction;
            ++rows[row_of(left,
                          middle,
                          a.item,
                          a.description,
                          a.initial_bid,
                          a.reserve,
                          time_text(auction.at_ns),
                          time_text(a.expires_ns),
                          a.seller,
                          a.category,
                          a.extra)];
        }
    }
    return rows;
}

}  // namespace

RowCounts nexmark_expected(const std::string& query, const std::vector<NexmarkEvent>& events) {
    static const std::map<std::string, Oracle> oracles = {
        {"q0", q0},   {"q1", q1},   {"q2", q2},   {"q3", q3},   {"q4", q4},   {"q5", q5},
        {"q6", q6},   {"q7", q7},   {"q8", q8},   {"q9", q9},   {"q10", q10}, {"q11", q11},
        {"q13", q13}, {"q14", q14}, {"q15", q15}, {"q16", q16}, {"q17", q17}, {"q18", q18},
        {"q19", q19}, {"q20", q20}, {"q21", q21}, {"q22", q22}, {"q23", q23},
    };
    return oracles.at(query)(events);
}

std::map<std::int64_t, long> nexmark_bids_by_bidder(const std::vector<NexmarkEvent>& events) {
    std::map<std::int64_t, long> counts;
    for (const TimedBid& bid : bids_of(events))
        ++counts[bid.bid->bidder];
    return counts;
}

}  // namespace thalweg::test
