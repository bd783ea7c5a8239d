#pragma once

#include "ingest/nexmark_settings.h"
#include "ingest/nexmark_text.h"
#include "state/arena.h"
#include "state/batch.h"
#include "state/column.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace thalweg {

enum class NexmarkKind : std::uint8_t { kPerson, kAuction, kBid };
inline constexpr std::size_t kNexmarkKinds = 3;

// All that an event can be asked for.
enum class NexmarkField : std::uint8_t {
    kEventType,
    kDateTime,  // Of any event.
    kPersonId,
    kPersonName,
    kPersonEmail,
    kPersonCreditCard,
    kPersonCity,
    kPersonState,
    kPersonExtra,
    kAuctionId,
    kAuctionItem,
    kAuctionDescription,
    kAuctionInitialBid,
    kAuctionReserve,
    kAuctionExpires,
    kAuctionSeller,
    kAuctionCategory,
    kAuctionExtra,
    kBidAuction,
    kBidBidder,
    kBidPrice,
    kBidChannel,
    kBidUrl,
    kBidExtra,
};

// Makes the events of the Nexmark benchmark (Tucker, Tufte, Papadimos, Maier 2002), as the public
// generator for Flink has them: a stream of new persons, new auctions and bids on them.
//
// Event n   is a person, an auction or a bid by its place in the cycle of proportions. Its time is
//           n over the rate. A person's or an auction's id is the number of those before it. The
//           seller of an auction and the bidder of a bid is somebody hot (the first, or second, of
//           the latest hundred persons) or one of the latest thousand; the auction of a bid is hot
//           or one of the latest hundred. A few of them do not exist yet. Prices lie evenly on a
//           logarithmic scale.
// Seed      Any event follows from its number and the settings alone.
// Disorder  With groups of g events, event n of the stream is the event whose number is
//           n - n mod g + 953 n mod g.
// Use       take() decides which events the rows are, fill() makes columns of them, each NULL in
//           rows of other kinds than its own. Long strings borrow from this object or the arena.
// Threads   One at a time.
class NexmarkGenerator {
  public:
    explicit NexmarkGenerator(const NexmarkSettings& settings);

    // Rows [0, count), at most kBatchRows, are the events from `first` on.
    void take(std::uint64_t first, std::size_t count);

    // The instants of events of one kind only, or, without it, of all.
    void fill_times(const NexmarkKind* kind, Column& column) const;

    void fill(NexmarkField field, Column& column, Arena& arena) const;

    // Makes NULL what is not of the kind: a ROW, whose children are columns of fill().
    void mark(NexmarkKind kind, Column& column) const;

  private:
    static constexpr std::int64_t kFirstId = 1'000;

    [[nodiscard]] std::int64_t millis_of(std::uint64_t event) const noexcept;
    [[nodiscard]] std::uint64_t number_of(std::uint64_t index) const noexcept;
    void place(std::size_t row, std::uint64_t event) noexcept;

    [[nodiscard]] std::int64_t last_person(std::size_t row) const noexcept;
    [[nodiscard]] std::int64_t last_auction(std::size_t row) const noexcept;
    [[nodiscard]] std::int64_t any_person(std::size_t row) const noexcept;
    [[nodiscard]] std::int64_t auction_of(std::size_t row) const noexcept;
    [[nodiscard]] std::int64_t bidder_of(std::size_t row) const noexcept;
    [[nodiscard]] std::int64_t seller_of(std::size_t row) const noexcept;
    [[nodiscard]] std::int64_t expires_of(std::size_t row) const noexcept;
    [[nodiscard]] std::size_t channel_of(std::size_t row) const noexcept;
    [[nodiscard]] StringRef extra_of(std::size_t row, std::size_t used, std::size_t wanted) const;
    [[nodiscard]] NexmarkDraws draws(std::size_t row) const noexcept;

    void fill_person(NexmarkField field, Column& column, Arena& arena) const;
    void fill_auction(NexmarkField field, Column& column) const;
    void fill_bid(NexmarkField field, Column& column) const;

    template <class T, class Value>
    void each(NexmarkKind kind, Column& column, const Value& value) const;

    NexmarkSettings settings_;
    double micros_per_event_;
    NexmarkText text_;
    NexmarkPrices prices_;

    // Of the rows.
    std::size_t count_ = 0;
    std::array<std::uint64_t, kBatchRows> events_;
    std::array<std::uint64_t, kBatchRows> keys_;    // Of NexmarkDraws.
    std::array<std::uint64_t, kBatchRows> cycles_;  // events_[i] / cycle
    std::array<std::uint32_t, kBatchRows> places_;  // events_[i] mod cycle
    std::array<NexmarkKind, kBatchRows> kinds_;
    // And by kind: which they are, as a list and as a bit each.
    std::array<std::array<std::uint16_t, kBatchRows>, kNexmarkKinds> rows_;
    std::array<std::size_t, kNexmarkKinds> row_counts_{};
    std::array<std::array<std::uint64_t, kBatchRows / 64>, kNexmarkKinds> masks_;
};

}  // namespace thalweg
