#include "ingest/nexmark_settings.h"

#include "state/text/timestamp.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace thalweg {

namespace {

constexpr std::array<std::string_view, 2> kTrueFalse = {"true", "false"};
constexpr std::array<std::string_view, 2> kFalseTrue = {"false", "true"};
constexpr std::array<std::string_view, 2> kRateShapes = {"square", "sine"};
constexpr std::string_view kStart = "2015-07-15 00:00:00";
constexpr std::int64_t kProportionMax = 1'000'000;
constexpr std::int64_t kRateMax = 1'000'000'000;
constexpr std::size_t kEventBytesMax = std::size_t{64} << 10U;
constexpr std::int64_t kFirstBidderMax = std::int64_t{1} << 62U;
constexpr std::uint64_t kDisorderMax = 1'000'000'000;

Result<std::uint64_t> count(const SourceOptions& options,
                            std::string_view name,
                            std::uint64_t otherwise,
                            std::int64_t smallest) {
    TRY(const std::int64_t value,
        options.number(name, static_cast<std::int64_t>(otherwise), smallest));
    return static_cast<std::uint64_t>(value);
}

Result<std::uint64_t> proportion(const SourceOptions& options,
                                 std::string_view name,
                                 std::uint64_t otherwise,
                                 std::int64_t smallest) {
    TRY(const std::uint64_t value, count(options, name, otherwise, smallest));
    if (value > kProportionMax) return options.bad(name, "at most a million");
    return value;
}

Result<std::size_t> event_bytes(const SourceOptions& options,
                                std::string_view name,
                                std::size_t otherwise) {
    TRY(const std::size_t bytes, options.size_bytes(name, otherwise));
    if (bytes > kEventBytesMax) return options.bad(name, "at most '64kb'");
    return bytes;
}

// How many events there are: 'events.num', of which 'stop-at' may leave some out.
Result<std::optional<std::uint64_t>> event_count(const SourceOptions& options) {
    TRY(const std::int64_t all, options.number("events.num", 0, 0));
    TRY(const std::int64_t stop_at, options.number("stop-at", -1, -1));
    std::optional<std::uint64_t> result;
    if (all > 0) result = static_cast<std::uint64_t>(all);
    if (stop_at >= 0) {
        const auto limit = static_cast<std::uint64_t>(stop_at);
        result = std::min(result.value_or(limit), limit);
    }
    return result;
}

Result<void> read_pace(const SourceOptions& options, NexmarkSettings& settings) {
    TRY(settings.rate, options.number("first-event.rate", settings.rate, 1));
    if (settings.rate > kRateMax) return options.bad("first-event.rate", "at most 1000000000");
    // The public generator takes these three too, and keeps the first rate all the same.
    TRY_VOID(options.number("next-event.rate", settings.rate, 1));
    TRY_VOID(options.duration_ns("rate.period", 0));
    TRY_VOID(options.choice("rate.shape", kRateShapes));
    TRY(const std::size_t is_slow, options.choice("max-emit-speed", kTrueFalse));
    TRY(const std::size_t is_limited, options.choice("rate.limited", kFalseTrue));
    settings.is_paced = is_slow == 1 || is_limited == 1;
    return {};
}

Result<void> read_proportions(const SourceOptions& options, NexmarkSettings& settings) {
    TRY(settings.persons, proportion(options, "person.proportion", settings.persons, 1));
    TRY(settings.auctions, proportion(options, "auction.proportion", settings.auctions, 1));
    TRY(settings.bids, proportion(options, "bid.proportion", settings.bids, 0));
    TRY(settings.person_bytes, event_bytes(options, "person.avg-size", settings.person_bytes));
    TRY(settings.auction_bytes, event_bytes(options, "auction.avg-size", settings.auction_bytes));
    TRY(settings.bid_bytes, event_bytes(options, "bid.avg-size", settings.bid_bytes));
    TRY(settings.hot_auction_ratio,
        count(options, "bid.hot-ratio.auctions", settings.hot_auction_ratio, 1));
    TRY(settings.hot_bidder_ratio,
        count(options, "bid.hot-ratio.bidders", settings.hot_bidder_ratio, 1));
    TRY(settings.hot_seller_ratio,
        count(options, "auction.hot-ratio.sellers", settings.hot_seller_ratio, 1));
    TRY(settings.first_bidder_id,
        options.number("bid.first-bidder-id", settings.first_bidder_id, 0));
    if (settings.first_bidder_id > kFirstBidderMax)
        return options.bad("bid.first-bidder-id", "at most 4611686018427387904");
    return {};
}

// Multiples of the step would give one event of a group again and again.
Result<std::uint64_t> disorder_group(const SourceOptions& options) {
    TRY(const std::uint64_t size, count(options, "out-of-order.group-size", 1, 1));
    if (size % NexmarkSettings::kDisorderStep == 0 || size > kDisorderMax)
        return options.bad("out-of-order.group-size", "at most 1000000000, no multiple of 953");
    return size;
}

}  // namespace

Result<NexmarkSettings> read_nexmark(const SourceOptions& options) {
    NexmarkSettings settings;
    TRY_VOID(read_pace(options, settings));
    TRY_VOID(read_proportions(options, settings));
    TRY(settings.event_count, event_count(options));
    TRY(const std::size_t stays, options.choice("keep-alive", kFalseTrue));
    settings.stays = stays == 1;
    TRY(settings.seed, count(options, "seed", settings.seed, 0));
    TRY(settings.disorder_group, disorder_group(options));
    const auto start = parse_timestamp(options.text("base-time", kStart));
    if (!start) return options.bad("base-time", "a time such as '" + std::string(kStart) + "'");
    settings.start_ns = *start;
    return settings;
}

}  // namespace thalweg
