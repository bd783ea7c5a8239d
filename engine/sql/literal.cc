#include "engine/sql/literal.h"

#include "engine/sql/sql_error.h"
#include "engine/sql/token.h"
#include "state/base/int128.h"

#include <array>
#include <limits>
#include <utility>

namespace thalweg::sql {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;

// In the order of TimeUnit.
constexpr auto kUnitNames = std::to_array<std::string_view>({
    "MILLENNIUM", "CENTURY", "DECADE", "YEAR",    "QUARTER",     "MONTH",       "WEEK",
    "DAY",        "HOUR",    "MINUTE", "SECOND",  "MILLISECOND", "MICROSECOND", "NANOSECOND",
    "EPOCH",      "DOY",     "DOW",    "ISOYEAR", "ISODOW",
});
static_assert(kUnitNames.size() == static_cast<std::size_t>(TimeUnit::kIsoDayOfWeek) + 1);

int hex_digit(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    return -1;
}

// What stands between the first and the last byte, with doubled quotes undone.
std::string undouble(std::string_view quoted, char quote) {
    std::string result;
    for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
        result += quoted[i];
        if (quoted[i] == quote) ++i;
    }
    return result;
}

void append_utf8(std::string& out, std::uint32_t point) {
    const auto byte = [&](std::uint32_t bits) { out += static_cast<char>(bits); };
    if (point < 0x80) {
        byte(point);
    } else if (point < 0x800) {
        byte(0xC0U | point >> 6U);
        byte(0x80U | (point & 0x3FU));
    } else if (point < 0x10000) {
        byte(0xE0U | point >> 12U);
        byte(0x80U | (point >> 6U & 0x3FU));
        byte(0x80U | (point & 0x3FU));
    } else {
        byte(0xF0U | point >> 18U);
        byte(0x80U | (point >> 12U & 0x3FU));
        byte(0x80U | (point >> 6U & 0x3FU));
        byte(0x80U | (point & 0x3FU));
    }
}

std::uint32_t code_point(std::string_view digits, std::size_t count, Location location) {
    std::uint32_t point = 0;
    bool good = digits.size() >= count;
    for (std::size_t i = 0; good && i < count; ++i) {
        const int digit = hex_digit(digits[i]);
        good = digit >= 0;
        point = point * 16 + static_cast<std::uint32_t>(good ? digit : 0);
    }
    const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
    if (!good || surrogate || point > 0x10FFFF) {
        throw SqlError(location,
                       "the string has an escape that is no character",
                       "write U&'\\00e9' with four hex digits or U&'\\+01f600' with six");
    }
    return point;
}

// Reads the numbers of an interval off its text.
class IntervalReader {
  public:
    IntervalReader(const IntervalLiteral& literal, Location location)
        : literal_(literal), rest_(literal.text), location_(location) {}

    std::int64_t read() {
        while (rest_.starts_with(' '))
            rest_.remove_prefix(1);
        while (rest_.ends_with(' '))
            rest_.remove_suffix(1);
        bool negative = literal_.negative;
        if (rest_.starts_with('-') || rest_.starts_with('+')) {
            negative ^= rest_.front() == '-';
            rest_.remove_prefix(1);
        }
        const Int128 total = literal_.is_year_month() ? months() : nanoseconds();
        if (!rest_.empty()) fail();
        if (total > std::numeric_limits<std::int64_t>::max()) {
            throw SqlError(location_, "the interval is too long");
        }
        return static_cast<std::int64_t>(negative ? -total : total);
    }

  private:
    Int128 months() {
        const Int128 first = number(std::numeric_limits<std::int64_t>::max());
        if (literal_.first == TimeUnit::kMonth) return first;
        if (literal_.first == TimeUnit::kQuarter) return first * 3;
        if (literal_.last == TimeUnit::kYear) return first * 12;
        separator('-');
        return first * 12 + number(11);
    }

    Int128 nanoseconds() {
        if (literal_.first == TimeUnit::kWeek) return unbounded() * 7 * 86'400 * kSecondNs;
        Int128 total = 0;
        TimeUnit unit = literal_.first;
        total += unbounded() * unit_ns(unit);
        while (unit != literal_.last) {
            separator(unit == TimeUnit::kDay ? ' ' : ':');
            unit = static_cast<TimeUnit>(static_cast<int>(unit) + 1);
            total += Int128{number(unit == TimeUnit::kHour ? 23 : 59)} * unit_ns(unit);
        }
        if (unit == TimeUnit::kSecond && rest_.starts_with('.')) total += fraction();
        return total;
    }

    Int128 unbounded() { return number(std::numeric_limits<std::int64_t>::max()); }

    static std::int64_t unit_ns(TimeUnit unit) {
        switch (unit) {
            case TimeUnit::kDay: return 86'400 * kSecondNs;
            case TimeUnit::kHour: return 3'600 * kSecondNs;
            case TimeUnit::kMinute: return 60 * kSecondNs;
            default: return kSecondNs;
        }
    }

    std::int64_t number(std::int64_t maximum) {
        std::int64_t value = 0;
        std::size_t digits = 0;
        // `.5` has no digit before its point, which only seconds may have.
        const bool optional = literal_.last == TimeUnit::kSecond && rest_.starts_with('.');
        while (digits < rest_.size() && hex_digit(rest_[digits]) >= 0 && rest_[digits] <= '9') {
            if (digits >= 18) throw SqlError(location_, "the interval is too long");
            value = value * 10 + hex_digit(rest_[digits++]);
        }
        if ((digits == 0 && !optional) || value > maximum) fail();
        rest_.remove_prefix(digits);
        return value;
    }

    std::int64_t fraction() {
        rest_.remove_prefix(1);
        std::int64_t value = 0;
        std::int64_t scale = kSecondNs;
        if (rest_.empty()) fail();
        while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9' && scale > 1) {
            scale /= 10;
            value += (rest_.front() - '0') * scale;
            rest_.remove_prefix(1);
        }
        return value;
    }

    void separator(char expected) {
        if (!rest_.starts_with(expected)) fail();
        rest_.remove_prefix(1);
        while (expected == ' ' && rest_.starts_with(' '))
            rest_.remove_prefix(1);
    }

    [[noreturn]] void fail() const {
        std::string range(time_unit_name(literal_.first));
        if (literal_.last != literal_.first) {
            range += " TO " + std::string(time_unit_name(literal_.last));
        }
        throw SqlError(location_, "'" + literal_.text + "' is not an interval " + range, example());
    }

    std::string example() const {
        const bool single = literal_.first == literal_.last;
        if (literal_.first == TimeUnit::kYear && !single)
            return "write INTERVAL '2-10' YEAR TO MONTH";
        if (!single) return "write INTERVAL '1 10:00:00.004' DAY TO SECOND, or fewer of its parts";
        return "write a number: INTERVAL '10' " + std::string(time_unit_name(literal_.first));
    }

    const IntervalLiteral& literal_;
    std::string_view rest_;
    Location location_;
};

}  // namespace

std::string decode_string(std::string_view token) {
    return undouble(token, '\'');
}

std::string decode_quoted_name(std::string_view token) {
    return undouble(token, '`');
}

std::string decode_unicode_string(std::string_view token, char escape, Location location) {
    const std::string raw = undouble(token.substr(2), '\'');
    std::string result;
    for (std::size_t i = 0; i < raw.size();) {
        const std::string_view rest = std::string_view(raw).substr(i);
        if (rest[0] != escape) {
            result += rest[0];
            i += 1;
        } else if (rest.size() > 1 && rest[1] == escape) {
            result += escape;
            i += 2;
        } else if (rest.size() > 1 && rest[1] == '+') {
            append_utf8(result, code_point(rest.substr(2), 6, location));
            i += 8;
        } else {
            append_utf8(result, code_point(rest.substr(1), 4, location));
            i += 5;
        }
    }
    return result;
}

std::string decode_binary_string(std::string_view token, Location location) {
    const std::string_view digits = token.substr(2, token.size() - 3);
    std::string result;
    if (digits.size() % 2 != 0) {
        throw SqlError(location, "a binary literal has two hex digits for each byte");
    }
    for (std::size_t i = 0; i < digits.size(); i += 2) {
        const int high = hex_digit(digits[i]);
        const int low = hex_digit(digits[i + 1]);
        if (high < 0 || low < 0) throw SqlError(location, "a binary literal holds hex digits only");
        result += static_cast<char>(high * 16 + low);
    }
    return result;
}

void decode_interval(IntervalLiteral& literal, Location location) {
    literal.value = IntervalReader(literal, location).read();
}

std::optional<TimeUnit> time_unit(std::string_view word) {
    std::string singular = to_upper(word);
    if (singular == "CENTURIES") singular = "CENTURY";
    if (singular.ends_with('S')) singular.pop_back();
    for (std::size_t i = 0; i < kUnitNames.size(); ++i) {
        if (kUnitNames[i] == singular) return static_cast<TimeUnit>(i);
    }
    return std::nullopt;
}

std::string_view time_unit_name(TimeUnit unit) {
    return kUnitNames[static_cast<std::size_t>(unit)];
}

}  // namespace thalweg::sql
