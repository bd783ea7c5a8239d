// The Nexmark stream: what events are, that they do not depend on who makes them, positions, pace.

#include "ingest/source.h"
#include "state/base/time.h"
#include "tests/support/nexmark_events.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

namespace thalweg {
namespace {

using Options = std::map<std::string, std::string>;

constexpr std::int64_t kStartNs = 1'436'918'400 * kNanosPerSecond;  // 2015-07-15 00:00:00

std::string text_of(const NexmarkEvent& event) {
    std::string text = std::to_string(event.type) + " " + std::to_string(event.at_ns);
    if (const auto& p = event.person)
        text += " " + std::to_string(p->id) + "|" + p->name + "|" + p->email + "|" +
                p->credit_card + "|" + p->city + "|" + p->state + "|" + p->extra;
    if (const auto& a = event.auction) {
        for (const std::int64_t n :
             {a->id, a->initial_bid, a->reserve, a->expires_ns, a->seller, a->category})
            text += " " + std::to_string(n);
        text += "|" + a->item + "|" + a->description + "|" + a->extra;
    }
    if (const auto& b = event.bid) {
        for (const std::int64_t n : {b->auction, b->bidder, b->price})
            text += " " + std::to_string(n);
        text += "|" + b->channel + "|" + b->url + "|" + b->extra;
    }
    return text;
}

std::vector<std::string> texts_of(const std::vector<NexmarkEvent>& events) {
    std::vector<std::string> texts;
    for (const NexmarkEvent& event : events)
        texts.push_back(text_of(event));
    return texts;
}

TEST_CASE("nexmark: kinds, ids and times follow from an event's number") {
    const std::vector<NexmarkEvent> events =
        nexmark_events({{"events.num", "10000"}, {"first-event.rate", "2000"}});
    REQUIRE_EQ(events.size(), 10'000);
    for (std::size_t n = 0; n < events.size(); ++n) {
        const NexmarkEvent& event = events[n];
        const std::size_t place = n % 50;
        const auto cycle = static_cast<std::int64_t>(n / 50);
        CAPTURE(n);
        REQUIRE_EQ(event.type, place < 1 ? 0 : place < 4 ? 1 : 2);
        REQUIRE_EQ(event.person.has_value(), event.type == 0);
        REQUIRE_EQ(event.auction.has_value(), event.type == 1);
        REQUIRE_EQ(event.bid.has_value(), event.type == 2);
        REQUIRE_EQ(event.at_ns, kStartNs + static_cast<std::int64_t>(n / 2) * kNanosPerMilli);
        if (event.person) REQUIRE_EQ(event.person->id, 1'000 + cycle);
        if (event.auction)
            REQUIRE_EQ(event.auction->id, 1'000 + 3 * cycle + static_cast<std::int64_t>(place) - 1);
    }
}

// That a share of the events is what it should be, within three standard deviations and more.
void check_share(std::size_t found, std::size_t all, double share) {
    const double expected = static_cast<double>(all) * share;
    const double slack = 4 * std::sqrt(expected * (1 - share)) + 1;
    CHECK_GE(static_cast<double>(found), expected - slack);
    CHECK_LE(static_cast<double>(found), expected + slack);
}

TEST_CASE("nexmark: bids are on hot auctions, by hot bidders, at prices on a logarithmic scale") {
    const std::vector<NexmarkEvent> events = nexmark_events({{"events.num", "50000"}});
    std::size_t bids = 0;
    std::size_t hot_auctions = 0;
    std::size_t hot_bidders = 0;
    std::size_t named_channels = 0;
    std::size_t extra_bytes = 0;
    std::vector<std::size_t> digits(10);
    std::map<std::string, std::string> urls;
    for (std::size_t n = 5'000; n < events.size(); ++n) {
        if (!events[n].bid) continue;
        const NexmarkBid& bid = *events[n].bid;
        const auto cycle = static_cast<std::int64_t>(n / 50);
        const std::int64_t last_auction = 3 * cycle + 2;
        const bool is_hot_auction = bid.auction - 1'000 == last_auction / 100 * 100;
        const bool is_hot_bidder = bid.bidder - 2'000 == cycle / 100 * 100 + 1;
        ++bids;
        hot_auctions += is_hot_auction ? 1U : 0U;
        hot_bidders += is_hot_bidder ? 1U : 0U;
        REQUIRE_LE(bid.auction - 1'000, last_auction + 10);
        if (!is_hot_auction) REQUIRE_GE(bid.auction - 1'000, last_auction - 100);
        REQUIRE_LE(bid.bidder - 2'000, cycle + 10);
        if (!is_hot_bidder) REQUIRE_GE(bid.bidder - 2'000, cycle + 1 - 1'000);
        REQUIRE_GE(bid.price, 100);
        REQUIRE_LE(bid.price, 100'000'000);
        ++digits[std::to_string(bid.price).size()];
        named_channels += bid.channel.starts_with("channel-") ? 0U : 1U;
        REQUIRE(bid.url.starts_with("https://www.nexmark.com/"));
        REQUIRE_EQ(urls.emplace(bid.channel, bid.url).first->second, bid.url);
        extra_bytes += bid.extra.size();
    }
    // One of the hundred other auctions is the hot one as well, and so is one of the bidders.
    check_share(hot_auctions, bids, 0.5 + 0.5 / 111);
    check_share(hot_bidders, bids, 0.75 + 0.25 / 600);
    check_share(named_channels, bids, 0.5);
    for (std::size_t size = 3; size <= 8; ++size)
        check_share(digits[size], bids, 1.0 / 6);
    CHECK_EQ(extra_bytes / bids, 67);  // 68 and, as a fifth more is not reached, a bit less.
}

TEST_CASE("nexmark: persons and auctions are what queries ask for") {
    const std::vector<NexmarkEvent> events = nexmark_events({{"events.num", "50000"}});
    std::map<std::string, std::size_t> states;
    std::map<std::int64_t, std::size_t> categories;
    std::size_t hot_sellers = 0;
    std::size_t open_ms = 0;
    for (std::size_t n = 0; n < events.size(); ++n) {
        if (events[n].person) {
            const NexmarkPerson& person = *events[n].person;
            ++states[person.state];
            REQUIRE_EQ(person.credit_card.size(), 19);
            REQUIRE_NE(person.email.find('@'), std::string::npos);
            REQUIRE_NE(person.name.find(' '), std::string::npos);
        }
        if (!events[n].auction) continue;
        const NexmarkAuction& auction = *events[n].auction;
        const auto cycle = static_cast<std::int64_t>(n / 50);
        ++categories[auction.category];
        hot_sellers += auction.seller - 1'000 == cycle / 100 * 100 ? 1U : 0U;
        REQUIRE_LE(auction.seller - 1'000, cycle + 10);
        REQUIRE_GT(auction.reserve, auction.initial_bid);
        REQUIRE_LT(auction.item.size(), 20);
        REQUIRE_LT(auction.description.size(), 100);
        const std::int64_t span_ms = (auction.expires_ns - events[n].at_ns) / kNanosPerMilli;
        REQUIRE_GE(span_ms, 1);
        REQUIRE_LE(span_ms, 334);
        open_ms += static_cast<std::size_t>(span_ms);
    }
    CHECK_EQ(states.size(), 6);
    CHECK_EQ(categories.size(), 5);
    CHECK_EQ(categories.begin()->first, 10);
    check_share(hot_sellers, 3'000, 0.75 + 0.25 / 500);
    CHECK_GE(open_ms / 3'000, 160);  // 100 auctions are 166 ms.
    CHECK_LE(open_ms / 3'000, 174);
}

TEST_CASE("nexmark: proportions, ratios, sizes, ids and times are options") {
    const std::vector<NexmarkEvent> events = nexmark_events({{"events.num", "1000"},
                                                             {"person.proportion", "2"},
                                                             {"auction.proportion", "1"},
                                                             {"bid.proportion", "7"},
                                                             {"bid.hot-ratio.auctions", "1"},
                                                             {"bid.hot-ratio.bidders", "1000000"},
                                                             {"bid.first-bidder-id", "1000"},
                                                             {"bid.avg-size", "30"},
                                                             {"person.avg-size", "1kb"},
                                                             {"base-time", "2020-01-01 00:00:00"}});
    std::vector<std::size_t> counts(3);
    for (const NexmarkEvent& event : events) {
        ++counts[static_cast<std::size_t>(event.type)];
        CHECK_GE(event.at_ns, 1'577'836'800 * kNanosPerSecond);
        if (event.bid) CHECK_EQ(event.bid->extra, "");
        if (event.person) CHECK_GE(event.person->extra.size(), 700);
    }
    CHECK_EQ(counts, std::vector<std::size_t>{200, 100, 700});
}

TEST_CASE("nexmark: time that has come to its end stays there") {
    const std::vector<NexmarkEvent> events = nexmark_events(
        {{"events.num", "5000"}, {"first-event.rate", "1"}, {"base-time", "2262-04-11 23:00:00"}});
    CHECK_LT(events[0].at_ns, INT64_MAX);
    for (std::size_t i = 1; i < events.size(); ++i)
        REQUIRE_GE(events[i].at_ns, events[i - 1].at_ns);
    CHECK_EQ(events.back().at_ns, INT64_MAX);
}

TEST_CASE("nexmark: a seed gives the same events, another one others") {
    const Options options = {{"events.num", "3000"}};
    Options other = options;
    other["seed"] = "1";
    const std::vector<std::string> events = texts_of(nexmark_events(options));
    CHECK_EQ(events, texts_of(nexmark_events(options)));
    CHECK_EQ(std::set<std::string>(events.begin(), events.end()).size(), 3'000);
    const std::vector<std::string> others = texts_of(nexmark_events(other));
    for (std::size_t i = 0; i < events.size(); ++i)
        CHECK_NE(events[i], others[i]);
}

TEST_CASE("nexmark: events out of order are the same ones") {
    std::vector<NexmarkEvent> mixed =
        nexmark_events({{"events.num", "5000"}, {"out-of-order.group-size", "100"}});
    bool is_sorted = true;
    for (std::size_t i = 1; i < mixed.size(); ++i)
        is_sorted = is_sorted && mixed[i - 1].at_ns <= mixed[i].at_ns;
    CHECK_FALSE(is_sorted);
    std::vector<std::string> found = texts_of(mixed);
    std::vector<std::string> expected = texts_of(nexmark_events({{"events.num", "5000"}}));
    std::sort(found.begin(), found.end());
    std::sort(expected.begin(), expected.end());
    CHECK_EQ(found, expected);
}

TEST_CASE("nexmark: a column is the same whatever else is read") {
    const std::vector<NexmarkEvent> events = nexmark_events({{"events.num", "3000"}});
    SourceSpec spec = nexmark_spec({{"events.num", "3000"}});
    spec.format.wanted = {{{"bid", "price"}, Type::bigint()},
                          {{"bid", "url"}, Type::string()},
                          {{"auction", "seller"}, Type::bigint()},
                          {{"person", "name"}, Type::string()},
                          {{"person", "dateTime"}, Type::timestamp(3)}};
    SourceDriver driver;
    driver.budget = 700;
    REQUIRE_EQ(driver.open(spec), "");
    REQUIRE(driver.run_to_end());
    std::size_t n = 0;
    for (const auto& batch : driver.outlet.splits[0].batches) {
        for (std::size_t row = 0; row < batch->size(); ++row, ++n) {
            const NexmarkEvent& event = events[n];
            CAPTURE(n);
            REQUIRE_EQ(batch->column(0).is_null(row), !event.bid.has_value());
            REQUIRE_EQ(batch->column(2).is_null(row), !event.auction.has_value());
            REQUIRE_EQ(batch->column(3).is_null(row), !event.person.has_value());
            REQUIRE_EQ(batch->column(4).is_null(row), !event.person.has_value());
            const std::string text(batch->column(event.bid ? 1 : 3).data<StringRef>()[row].view());
            if (event.bid) {
                REQUIRE_EQ(batch->column(0).data<std::int64_t>()[row], event.bid->price);
                REQUIRE_EQ(text, event.bid->url);
            } else if (event.auction) {
                REQUIRE_EQ(batch->column(2).data<std::int64_t>()[row], event.auction->seller);
            } else {
                REQUIRE_EQ(text, event.person->name);
                REQUIRE_EQ(batch->column(4).data<std::int64_t>()[row], event.at_ns);
            }
        }
    }
    CHECK_EQ(n, 3'000);
}

// --- Positions, ends, pace -----------------------------------------------------------------------

// Events of all instances up to a seal after a number of steps, and what was sealed.
std::vector<SourcePosition> run_instances(std::size_t count,
                                          const std::vector<SourcePosition>& from,
                                          std::optional<std::size_t> steps,
                                          std::vector<std::string>& events) {
    const SourceSpec spec = nexmark_spec({{"events.num", "9000"}});
    std::vector<SourcePosition> positions;
    for (std::size_t index = 0; index < count; ++index) {
        SourceDriver driver;
        driver.budget = 100 + index;
        driver.outlet.pause = index;
        auto made = make_source(spec, {index, count}, driver.loop, [](std::string_view) {});
        REQUIRE(made.has_value());
        const Result<void> restored = (*made)->restore(from);
        REQUIRE_MESSAGE(restored.has_value(), (restored ? "" : restored.error().message));
        REQUIRE_EQ(driver.open(*std::move(made)), "");
        for (std::size_t i = 0; i < steps.value_or(0) + index; ++i)
            static_cast<void>(driver.step());
        if (!steps) CHECK(driver.run_to_end());
        driver.source->seal(1, positions);
        driver.check_balance();
        for (const NexmarkEvent& event : nexmark_events(driver.outlet))
            events.push_back(text_of(event));
    }
    return positions;
}

TEST_CASE("nexmark: any number of instances, restarted or not, make the same events") {
    std::vector<std::string> expected = texts_of(nexmark_events({{"events.num", "9000"}}));
    std::sort(expected.begin(), expected.end());
    for (const std::size_t first : {std::size_t{1}, std::size_t{3}, std::size_t{10}}) {
        for (const std::size_t second : {std::size_t{1}, std::size_t{2}, std::size_t{5}}) {
            std::vector<std::string> events;
            const auto sealed = run_instances(first, {}, 7, events);
            CHECK_EQ(sealed.size(), first);
            const auto again = run_instances(second, sealed, 5, events);
            CHECK_EQ(again.size(), first);
            CHECK_LT(events.size(), 9'000);
            run_instances(4, again, std::nullopt, events);
            std::sort(events.begin(), events.end());
            CHECK_EQ(events, expected);
        }
    }
}

TEST_CASE("nexmark: positions of something else are refused") {
    const std::vector<std::vector<SourcePosition>> cases = {
        {{"data/part-1", 0, 1}},
        {{"1 of 1", 0, 1}},
        {{"0 of 2", 0, 1}},
        {{"0 of 1", 0, 11}},
    };
    for (const auto& positions : cases) {
        IoLoop loop;
        auto source =
            make_source(nexmark_spec({{"events.num", "10"}}), {}, loop, [](std::string_view) {});
        CHECK_FALSE((*source)->restore(positions).has_value());
    }
}

TEST_CASE("nexmark: keep-alive waits behind the last event, stop-at ends before it") {
    SourceDriver driver;
    REQUIRE_EQ(driver.open(nexmark_spec(
                   {{"events.num", "3000"}, {"stop-at", "1500"}, {"keep-alive", "true"}})),
               "");
    CHECK_FALSE(driver.source->is_bounded());
    for (int i = 0; i < 10; ++i)
        static_cast<void>(driver.step());
    CHECK_EQ(driver.outlet.rows, 1'500);
    CHECK_FALSE(driver.source->finished());
    CHECK_EQ(driver.source->next_poll_ns(), INT64_MAX);
    CHECK_GE(driver.outlet.flushes, 1);
    driver.source->stop();
    CHECK(driver.run_to_end());
    driver.check_balance();

    SourceDriver endless;
    REQUIRE_EQ(endless.open(nexmark_spec({})), "");
    CHECK_FALSE(endless.source->is_bounded());
}

TEST_CASE("nexmark: paced, an event comes when it is due") {
    for (const char* const option : {"max-emit-speed", "rate.limited"}) {
        SourceDriver driver;
        const bool is_limit = std::string(option) == "rate.limited";
        REQUIRE_EQ(driver.open(nexmark_spec({{"events.num", "500"},
                                             {"first-event.rate", "100"},
                                             {option, is_limit ? "true" : "false"}})),
                   "");
        const std::int64_t start_ns = driver.now_ns;
        for (std::size_t second = 1; second <= 4; ++second) {
            const auto end_ns = start_ns + static_cast<std::int64_t>(second) * kNanosPerSecond;
            while (driver.now_ns < end_ns) {
                static_cast<void>(driver.step());
                driver.now_ns = std::max(driver.now_ns + 1, driver.source->next_poll_ns());
            }
            CHECK_EQ(driver.outlet.rows, second * 100);
        }
        driver.now_ns += 1'000 * kNanosPerSecond;
        CHECK(driver.run_to_end());
        CHECK_EQ(driver.outlet.rows, 500);
    }
}

// --- Errors --------------------------------------------------------------------------------------

TEST_CASE("nexmark: bad options are named") {
    const std::vector<std::tuple<std::string, std::string, std::string>> cases = {
        {"first-event.rate", "0", "must be a whole number of at least 1, not '0'"},
        {"next-event.rate", "x", "must be a whole number of at least 1, not 'x'"},
        {"rate.shape", "round", "must be one of 'square', 'sine', not 'round'"},
        {"events.num", "-1", "must be a whole number of at least 0, not '-1'"},
        {"person.proportion", "0", "must be a whole number of at least 1, not '0'"},
        {"bid.proportion", "9999999", "must be at most a million, not '9999999'"},
        {"bid.avg-size", "1mb", "must be at most '64kb', not '1mb'"},
        {"bid.first-bidder-id",
         "4611686018427387905",
         "must be at most 4611686018427387904, not '4611686018427387905'"},
        {"out-of-order.group-size",
         "1906",
         "must be at most 1000000000, no multiple of 953, not '1906'"},
        {"base-time", "soon", "must be a time such as '2015-07-15 00:00:00', not 'soon'"},
    };
    for (const auto& [name, value, message] : cases) {
        const Result<SourceTraits> traits = check_source(nexmark_spec({{name, value}}));
        REQUIRE_FALSE(traits.has_value());
        CHECK_EQ(traits.error().message, "table 'made': option '" + name + "' " + message);
    }
    const Result<SourceTraits> traits = check_source(nexmark_spec({{"event.num", "1"}}));
    CHECK_EQ(traits.error().message,
             "table 'made': unknown option 'event.num' of connector 'nexmark' (did you mean "
             "'events.num'?)");
}

TEST_CASE("nexmark: columns that events have not are named") {
    const std::vector<std::pair<Field, std::string>> cases = {
        {{"bids", Type::bigint()},
         "a nexmark table has no column 'bids' (did you mean 'bid'?); there are event_type, "
         "dateTime, person, auction, bid"},
        {{"event_type", Type::bigint()},
         "column 'event_type' of a nexmark table is INT, not BIGINT"},
        {{"bid", Type::bigint()}, "column 'bid' is a ROW of a nexmark table"},
        {{"bid", Type::row({{"price", Type::string()}})},
         "column 'bid.price' of a nexmark table is BIGINT, not STRING"},
        {{"bid", Type::row({{"id", Type::bigint()}})},
         "a nexmark table has no column 'bid.id'; there are auction, bidder, price, channel, url, "
         "dateTime, extra"},
        {{"person", Type::row({{"dateTime", Type::timestamp(0)}})},
         "column 'person.dateTime' of a nexmark table is TIMESTAMP(3), not TIMESTAMP(0)"},
        {{"bid", Type::row({{"price", Type::bigint()}}).not_null()},
         "column 'bid' is NULL in events of other kinds: leave out NOT NULL"},
    };
    for (const auto& [field, message] : cases) {
        SourceSpec spec = nexmark_spec({});
        spec.format.declared = {field};
        spec.format.wanted = {{{field.name}, field.type}};
        const Result<SourceTraits> traits = check_source(spec);
        REQUIRE_FALSE(traits.has_value());
        CHECK_EQ(traits.error().message, "table 'made': " + message);
    }
}

}  // namespace
}  // namespace thalweg
