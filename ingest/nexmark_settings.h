#pragma once

#include "ingest/source_options.h"
#include "state/base/status.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace thalweg {

// What a nexmark table asks for. Names and defaults are those of the public generator where it has
// them (github.com/nexmark/nexmark), and Apache Beam's before it.
struct NexmarkSettings {
    static constexpr std::uint64_t kDisorderStep = 953;  // A prime.

    std::int64_t rate = 10'000;  // Events in a second of event time; of processing time if paced.
    bool is_paced = false;       // Else as fast as they are taken.
    std::optional<std::uint64_t> event_count;  // None: for ever.
    bool stays = false;                        // Behind the last event the table does not end.
    std::uint64_t seed = 0;
    std::int64_t start_ns = 0;         // Of the first event.
    std::uint64_t disorder_group = 1;  // So many events in a row are mixed; 1: they are in order.

    // Of so many events in a row, in this order.
    std::uint64_t persons = 1;
    std::uint64_t auctions = 3;
    std::uint64_t bids = 46;

    // Bytes on average, if every number took eight: `extra` makes up for what is left.
    std::size_t person_bytes = 200;
    std::size_t auction_bytes = 500;
    std::size_t bid_bytes = 100;

    // One of so many is not for, or from, somebody hot.
    std::uint64_t hot_auction_ratio = 2;
    std::uint64_t hot_bidder_ratio = 4;
    std::uint64_t hot_seller_ratio = 4;

    std::int64_t first_bidder_id = 2'000;  // Who is the bidder when the first person bids.

    [[nodiscard]] std::uint64_t cycle() const noexcept { return persons + auctions + bids; }
};

// Fails for a bad value.
[[nodiscard]] Result<NexmarkSettings> read_nexmark(const SourceOptions& options);

}  // namespace thalweg
