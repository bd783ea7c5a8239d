#pragma once

#include "ops/expr/time_unit.h"
#include "state/base/status.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

// A pattern of Java's DateTimeFormatter, as DATE_FORMAT and TO_TIMESTAMP take it.
//
//   y u year   M L month (MMM Jan, MMMM January)   d day   D day of year   Q quarter
//   H hour 0-23   k 1-24   h 1-12   K 0-11   a AM PM   m minute   s second   S fraction
//   E weekday (EEE Mon, EEEE Monday)
//   X offset: one Z, +01 or +0100, two Z or +0100, three Z or +01:00
//   Z offset: +0100
//   'text'   '' a quote   all that is no letter: itself
//
// Numbers are written with as many digits as there are letters, at least. They are read with
// exactly as many when there are two or more, and with one or two when there is one. The offset can
// be read, not written: what is formatted has none. Immutable; any thread.
class DatePattern {
  public:
    [[nodiscard]] static Result<std::shared_ptr<const DatePattern>> make(std::string_view pattern);

    void append(std::string& out, std::int64_t local_ns) const;

    struct Parsed {
        std::int64_t local_ns = 0;
        std::optional<std::int64_t> offset_ns;  // When the pattern has one: UTC is local less this.
        std::size_t bytes = 0;                  // How much of the text was read.
    };

    // Reads the front of `text`; what the pattern does not name is 1970-01-01 00:00:00.
    [[nodiscard]] std::optional<Parsed> parse(std::string_view text) const;

    // Reads the whole text, without regard to an offset.
    [[nodiscard]] std::optional<std::int64_t> parse_local(std::string_view text) const;

    [[nodiscard]] bool has_offset() const noexcept;

  private:
    struct Part {
        char letter = 0;  // 0: `text` as it is.
        std::size_t count = 0;
        std::string text;
    };

    struct Fields;

    void append_part(std::string& out, const Part& part, ClockReading reading) const;
    [[nodiscard]] static bool parse_part(const Part& part, std::string_view& text, Fields& fields);

    std::vector<Part> parts_;
};

}  // namespace thalweg
