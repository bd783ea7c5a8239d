#pragma once

#include "ingest/json_row.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace thalweg {

// Reads flat JSON records in one pass, and leaves every other record to JsonWalker.
//
// Shape     It takes objects whose wanted values are scalars, in ASCII, with strings without
// escapes.
//           It learns what lies between the values of a record (`,"price": ` and the like) and
//           compares the next record with that, 32 bytes at a time: machines write their keys in
//           one order and one layout. Once it has seen a record with every wanted field, it knows
//           for each value how it will be read too (steps). What it takes, JsonWalker would take
//           with the same values; when in doubt it gives up, so a record's fate never depends on
//           which of the two read it.
// Threads   One at a time; what is learnt changes nothing but speed.
class JsonScanner {
  public:
    explicit JsonScanner(const JsonPlan& plan);

    // Whether records of this plan can be taken at all.
    [[nodiscard]] bool is_useful() const noexcept { return useful_; }

    // Reads the object at `at` into rows.row(). Returns the byte behind its closing brace (at most
    // `limit`), or nullptr for giving up: the row's cells are then unspecified. Reads, but does not
    // interpret, up to kDecodePadding bytes past `limit`.
    [[nodiscard]] const char* read(const char* at,
                                   const char* limit,
                                   JsonRow& row,
                                   RowAppender& rows);

  private:
    static constexpr std::size_t kFieldsMax = 64;

    // What led from one value to the next in an earlier record.
    struct Guess {
        std::array<char, 32> bytes{};
        std::uint32_t mask = 0;  // A bit for each byte of the text; 0: nothing learnt.
        std::uint32_t size = 0;
        const JsonNode* node = nullptr;
    };

    // How a value is read where a whole record's guesses are right.
    enum class Reading : std::uint8_t { kSkip, kBigint, kDouble, kText, kAny };

    struct Step {
        Guess guess;
        Reading reading = Reading::kSkip;
        std::size_t column = 0;
    };

    const char* read_any(const char* at, const char* limit, JsonRow& row, RowAppender& rows);
    const char* read_steps(const char* at, const char* limit, JsonRow& row, RowAppender& rows);
    const char* read_step(
        const Step& step, const char* at, const char* limit, JsonRow& row, RowAppender& rows);
    const char* find_value(const char* at, const char* limit, std::size_t field);
    const char* learn(const char* at, const char* limit, std::size_t field);
    void learn_steps(std::size_t fields, RowAppender& rows);

    const JsonPlan& plan_;
    bool useful_;
    std::size_t hint_ = 0;
    const JsonNode* node_ = nullptr;  // Of the value that find_value() found; null: not wanted.
    std::array<Guess, kFieldsMax> guesses_;
    bool has_news_ = true;     // A guess has changed since steps_ were made.
    std::vector<Step> steps_;  // Of a record that had every leaf once; empty: none so far.
};

}  // namespace thalweg
