#pragma once

#include "ingest/json_plan.h"
#include "ingest/row_appender.h"
#include "ingest/text_cell.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace thalweg {

// Why a record is not a row, with what was expected; or that nothing is wrong.
struct JsonFault {
    RejectReason reason = RejectReason::kMalformed;
    std::string_view detail;  // Static text; empty: no fault.

    [[nodiscard]] bool is_none() const noexcept { return detail.empty(); }
};

// The row that a JSON record becomes: which leaves it has had so far, and what the others are.
class JsonRow {
  public:
    JsonRow(const JsonPlan& plan, const TextContext& context)
        : plan_(plan), context_(context), seen_(plan.leaves.size()) {}

    [[nodiscard]] const JsonPlan& plan() const noexcept { return plan_; }

    [[nodiscard]] const TextContext& context() const noexcept { return context_; }

    void start() { std::fill(seen_.begin(), seen_.end(), std::uint8_t{0}); }

    void mark_seen(std::size_t leaf) { seen_[leaf] = 1; }

    // Whether the latest record has the leaf, with a value that is not null.
    [[nodiscard]] bool has(std::size_t leaf) const { return seen_[leaf] == 1; }

    // `node` is null in the record: NULL for every leaf below it.
    [[nodiscard]] JsonFault write_null(const JsonNode& node, RowAppender& rows);

    // The record has ended: NULL for what it did not have, copies for what is derived.
    [[nodiscard]] JsonFault complete(RowAppender& rows);

  private:
    const JsonPlan& plan_;
    TextContext context_;
    std::vector<std::uint8_t> seen_;  // 1: with a value; 2: null.
};

// The number `text` (of JSON's number grammar) as a value of the column's type. For integer types a
// fraction is cut off, as Flink does; a STRING gets the text itself.
[[nodiscard]] JsonFault write_json_number(std::string_view text,
                                          Column& column,
                                          std::size_t row,
                                          const TextContext& context);

// The unescaped string, for any type that has a text form.
[[nodiscard]] JsonFault write_json_string(std::string_view text,
                                          Column& column,
                                          std::size_t row,
                                          const TextContext& context);

[[nodiscard]] JsonFault write_json_boolean(bool value, Column& column, std::size_t row);

[[nodiscard]] bool is_json_number(std::string_view text) noexcept;

inline constexpr JsonFault kJsonFine{};
inline constexpr JsonFault kJsonBadNumber{RejectReason::kMalformed, "not a JSON value"};
inline constexpr JsonFault kJsonWrongType{RejectReason::kWrongType,
                                          "a value that does not fit its column's type"};
inline constexpr JsonFault kJsonMissing{RejectReason::kMissingField,
                                        "a field that must be there is missing or null"};

}  // namespace thalweg
