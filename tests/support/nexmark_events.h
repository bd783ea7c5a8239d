#pragma once

#include "tests/support/source_driver.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The events of a nexmark table as plain values, for tests.

namespace thalweg {

struct NexmarkPerson {
    std::int64_t id = 0;
    std::string name;
    std::string email;
    std::string credit_card;
    std::string city;
    std::string state;
    std::string extra;
};

struct NexmarkAuction {
    std::int64_t id = 0;
    std::string item;
    std::string description;
    std::int64_t initial_bid = 0;
    std::int64_t reserve = 0;
    std::int64_t expires_ns = 0;
    std::int64_t seller = 0;
    std::int64_t category = 0;
    std::string extra;
};

struct NexmarkBid {
    std::int64_t auction = 0;
    std::int64_t bidder = 0;
    std::int64_t price = 0;
    std::string channel;
    std::string url;
    std::string extra;
};

struct NexmarkEvent {
    std::int32_t type = -1;
    std::int64_t at_ns = 0;
    std::optional<NexmarkPerson> person;
    std::optional<NexmarkAuction> auction;
    std::optional<NexmarkBid> bid;
};

// The columns that the published DDL declares.
inline std::vector<Field> nexmark_declared() {
    const Type text = Type::string();
    const Type number = Type::bigint();
    const Type time = Type::timestamp(3);
    return {{"event_type", Type::integer()},
            {"person",
             Type::row({{"id", number},
                        {"name", text},
                        {"emailAddress", text},
                        {"creditCard", text},
                        {"city", text},
                        {"state", text},
                        {"dateTime", time},
                        {"extra", text}})},
            {"auction",
             Type::row({{"id", number},
                        {"itemName", text},
                        {"description", text},
                        {"initialBid", number},
                        {"reserve", number},
                        {"dateTime", time},
                        {"expires", time},
                        {"seller", number},
                        {"category", number},
                        {"extra", text}})},
            {"bid",
             Type::row({{"auction", number},
                        {"bidder", number},
                        {"price", number},
                        {"channel", text},
                        {"url", text},
                        {"dateTime", time},
                        {"extra", text}})}};
}

// A table that is read whole; `wanted` may be changed.
inline SourceSpec nexmark_spec(std::map<std::string, std::string> options) {
    SourceSpec spec;
    spec.name = "made";
    spec.connector = "nexmark";
    spec.options = std::move(options);
    spec.options.emplace("connector", "nexmark");
    spec.format.declared = nexmark_declared();
    for (const Field& column : spec.format.declared)
        spec.format.wanted.push_back({{column.name}, column.type});
    return spec;
}

// Reads cells of one row of ROW columns.
class NexmarkCells {
  public:
    NexmarkCells(const Column& column, std::size_t row) : column_(column), row_(row) {}

    [[nodiscard]] std::int64_t number(std::size_t field) const {
        check_there(field);
        return column_.child(field).data<std::int64_t>()[row_];
    }

    [[nodiscard]] std::string text(std::size_t field) const {
        check_there(field);
        return std::string(column_.child(field).data<StringRef>()[row_].view());
    }

  private:
    void check_there(std::size_t field) const {
        if (column_.child(field).is_null(row_)) FAIL_CHECK("a field of an event is NULL");
    }

    const Column& column_;
    std::size_t row_;
};

inline NexmarkEvent nexmark_event(const Batch& batch, std::size_t row) {
    NexmarkEvent event;
    event.type = batch.column(0).data<std::int32_t>()[row];
    if (!batch.column(1).is_null(row)) {
        const NexmarkCells in(batch.column(1), row);
        event.at_ns = in.number(6);
        event.person = {
            in.number(0), in.text(1), in.text(2), in.text(3), in.text(4), in.text(5), in.text(7)};
    }
    if (!batch.column(2).is_null(row)) {
        const NexmarkCells in(batch.column(2), row);
        event.at_ns = in.number(5);
        event.auction = {in.number(0),
                         in.text(1),
                         in.text(2),
                         in.number(3),
                         in.number(4),
                         in.number(6),
                         in.number(7),
                         in.number(8),
                         in.text(9)};
    }
    if (!batch.column(3).is_null(row)) {
        const NexmarkCells in(batch.column(3), row);
        event.at_ns = in.number(5);
        event.bid = {in.number(0), in.number(1), in.number(2), in.text(3), in.text(4), in.text(6)};
    }
    return event;
}

inline std::vector<NexmarkEvent> nexmark_events(const VectorOutlet& outlet) {
    std::vector<NexmarkEvent> events;
    for (const VectorOutlet::Split& split : outlet.splits) {
        for (const auto& batch : split.batches) {
            for (std::size_t row = 0; row < batch->size(); ++row)
                events.push_back(nexmark_event(*batch, row));
        }
    }
    return events;
}

// All of a bounded table, as one instance makes them.
inline std::vector<NexmarkEvent> nexmark_events(std::map<std::string, std::string> options) {
    SourceDriver driver;
    REQUIRE_EQ(driver.open(nexmark_spec(std::move(options))), "");
    REQUIRE(driver.run_to_end());
    driver.check_balance();
    return nexmark_events(driver.outlet);
}

}  // namespace thalweg
