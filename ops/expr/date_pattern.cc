#include "ops/expr/date_pattern.h"

#include "ops/expr/time_unit.h"
#include "state/base/time.h"
#include "state/text/timestamp.h"

#include <algorithm>
#include <array>

namespace thalweg {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::array kMonths = {"January"sv,
                                "February"sv,
                                "March"sv,
                                "April"sv,
                                "May"sv,
                                "June"sv,
                                "July"sv,
                                "August"sv,
                                "September"sv,
                                "October"sv,
                                "November"sv,
                                "December"sv};
constexpr std::array kWeekdays = {
    "Sunday"sv, "Monday"sv, "Tuesday"sv, "Wednesday"sv, "Thursday"sv, "Friday"sv, "Saturday"sv};

constexpr std::string_view kLetters = "yuMLdDQHkhKamsSEXZ";

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

void append_number(std::string& out, std::int64_t value, std::size_t width) {
    const std::string digits = std::to_string(value);
    if (digits.size() < width) out.append(width - digits.size(), '0');
    out += digits;
}

// The first `count` digits of a fraction of a second.
void append_fraction(std::string& out, std::int64_t nanos, std::size_t count) {
    std::string digits;
    append_number(digits, nanos, 9);
    digits.resize(count, '0');
    out += digits;
}

// Reads `least` to `most` digits off the front of `text`.
bool read_digits(std::string_view& text, std::size_t least, std::size_t most, std::int64_t& value) {
    std::size_t count = 0;
    value = 0;
    while (count < most && count < text.size() && text[count] >= '0' && text[count] <= '9')
        value = value * 10 + (text[count++] - '0');
    text.remove_prefix(count);
    return count >= least;
}

// Reads one of `names`, in full or, `is_short`, its first three letters; gives its index.
template <std::size_t kCount>
bool read_name(std::string_view& text,
               const std::array<std::string_view, kCount>& names,
               bool is_short,
               std::int64_t& index) {
    for (std::size_t i = 0; i < kCount; ++i) {
        const std::string_view name = is_short ? names[i].substr(0, 3) : names[i];
        if (!text.starts_with(name)) continue;
        text.remove_prefix(name.size());
        index = static_cast<std::int64_t>(i);
        return true;
    }
    return false;
}

// "Z" (where `count` letters X allow it), "+01", "+0100", "+01:00".
bool read_offset(std::string_view& text, char letter, std::size_t count, std::int64_t& nanos) {
    nanos = 0;
    if (letter == 'X' && text.starts_with('Z')) {
        text.remove_prefix(1);
        return true;
    }
    if (!text.starts_with('+') && !text.starts_with('-')) return false;
    const bool negative = text.front() == '-';
    text.remove_prefix(1);
    std::int64_t hours = 0;
    std::int64_t minutes = 0;
    if (!read_digits(text, 2, 2, hours)) return false;
    const bool has_colon = letter == 'X' && count == 3;
    if (has_colon) {
        if (!text.starts_with(':')) return false;
        text.remove_prefix(1);
    }
    // One X may go without minutes.
    const bool is_optional = letter == 'X' && count == 1;
    const bool has_minutes = !text.empty() && text[0] >= '0' && text[0] <= '9';
    if (!is_optional || has_minutes) {
        if (!read_digits(text, 2, 2, minutes)) return false;
    }
    if (hours > 18 || minutes > 59) return false;
    nanos = hours * kNanosPerHour + minutes * kNanosPerMinute;
    if (negative) nanos = -nanos;
    return true;
}

// Reads the quoted text that begins at `at`, in which two quotes are one; two quotes and nothing
// between are a quote too. Gives where it ends, or nothing.
std::optional<std::size_t> read_quoted(std::string_view pattern,
                                       std::size_t at,
                                       std::string& text) {
    text.clear();
    const std::size_t begin = at + 1;
    for (at = begin; at < pattern.size(); ++at) {
        if (pattern[at] != '\'') {
            text += pattern[at];
        } else if (at + 1 < pattern.size() && pattern[at + 1] == '\'' && at != begin) {
            text += pattern[at++];
        } else {
            if (at == begin) text = "'";
            return at + 1;
        }
    }
    return std::nullopt;
}

bool is_between(std::int64_t value, std::int64_t least, std::int64_t most) {
    return value >= least && value <= most;
}

}  // namespace

struct DatePattern::Fields {
    std::int64_t year = 1970;
    std::int64_t month = 1;
    std::int64_t day = 1;
    std::int64_t day_of_year = 0;  // 0: not named.
    std::int64_t hour = 0;
    std::int64_t half_day_hour = -1;  // -1: not named.
    bool is_afternoon = false;
    std::int64_t minute = 0;
    std::int64_t second = 0;
    std::int64_t nanos = 0;
    std::optional<std::int64_t> offset_ns;

    [[nodiscard]] std::optional<std::int64_t> local_ns() const;
};

std::optional<std::int64_t> DatePattern::Fields::local_ns() const {
    if (!is_between(year, 1, 9999)) return std::nullopt;
    if (!is_between(month, 1, 12) || !is_between(day, 1, 31)) return std::nullopt;
    const std::int64_t clock_hour =
        half_day_hour < 0 ? hour : half_day_hour % 12 + (is_afternoon ? 12 : 0);
    if (!is_between(clock_hour, 0, 23) || half_day_hour > 12) return std::nullopt;
    if (!is_between(minute, 0, 59) || !is_between(second, 0, 59)) return std::nullopt;
    const auto civil_year = static_cast<std::int32_t>(year);
    const CivilDate date{
        civil_year, static_cast<std::int32_t>(month), static_cast<std::int32_t>(day)};
    std::int32_t days = days_from_civil(date);
    if (civil_from_days(days) != date) return std::nullopt;  // February 30.
    if (day_of_year != 0) {
        days = days_from_civil({civil_year, 1, 1}) + static_cast<std::int32_t>(day_of_year) - 1;
        if (civil_from_days(days).year != civil_year) return std::nullopt;
    }
    return nanos_of(
        {days,
         clock_hour * kNanosPerHour + minute * kNanosPerMinute + second * kNanosPerSecond + nanos});
}

Result<std::shared_ptr<const DatePattern>> DatePattern::make(std::string_view pattern) {
    const auto bad = [&](const std::string& why) {
        return fail(Code::kInvalid,
                    "the date pattern '" + std::string(pattern) + "' cannot be used: " + why);
    };
    auto made = std::make_shared<DatePattern>();
    const auto add_text = [&](std::string_view text) {
        if (made->parts_.empty() || made->parts_.back().letter != 0) made->parts_.emplace_back();
        made->parts_.back().text += text;
    };
    std::string quoted;
    for (std::size_t at = 0; at < pattern.size();) {
        const char c = pattern[at];
        if (c == '\'') {
            const std::optional<std::size_t> end = read_quoted(pattern, at, quoted);
            if (!end) return bad("a quote is not closed");
            add_text(quoted);
            at = *end;
        } else if (is_letter(c)) {
            if (kLetters.find(c) == std::string_view::npos) {
                return bad(std::string("the letter '") + c + "' has no meaning here; known are " +
                           std::string(kLetters));
            }
            const std::size_t end = std::min(pattern.find_first_not_of(c, at), pattern.size());
            if (c == 'S' && end - at > 9) return bad("a second has at most nine digits S");
            made->parts_.push_back({c, end - at, {}});
            at = end;
        } else {
            add_text(pattern.substr(at, 1));
            ++at;
        }
    }
    return std::shared_ptr<const DatePattern>(std::move(made));
}

bool DatePattern::has_offset() const noexcept {
    return std::any_of(parts_.begin(), parts_.end(), [](const Part& part) {
        return part.letter == 'X' || part.letter == 'Z';
    });
}

void DatePattern::append_part(std::string& out, const Part& part, ClockReading reading) const {
    const auto value = [&](TimeUnit unit) { return extract_unit(unit, reading); };
    const auto number = [&](std::int64_t n) { append_number(out, n, part.count); };
    const std::int64_t hour = value(TimeUnit::kHour);
    switch (part.letter) {
        case 0: out += part.text; return;
        case 'y':
        case 'u': {
            const std::int64_t year = value(TimeUnit::kYear);
            number(part.count == 2 ? floor_mod(year, 100) : year);
            return;
        }
        case 'M':
        case 'L': {
            const std::int64_t month = value(TimeUnit::kMonth);
            if (part.count < 3) return number(month);
            const std::string_view name = kMonths[static_cast<std::size_t>(month - 1)];
            out += part.count == 3 ? name.substr(0, 3) : name;
            return;
        }
        case 'E': {
            const std::int64_t day = value(TimeUnit::kDayOfWeek);
            const std::string_view name = kWeekdays[static_cast<std::size_t>(day - 1)];
            out += part.count <= 3 ? name.substr(0, 3) : name;
            return;
        }
        case 'd': return number(value(TimeUnit::kDay));
        case 'D': return number(value(TimeUnit::kDayOfYear));
        case 'Q': return number(value(TimeUnit::kQuarter));
        case 'H': return number(hour);
        case 'k': return number(hour == 0 ? 24 : hour);
        case 'K': return number(hour % 12);
        case 'h': return number(hour % 12 == 0 ? 12 : hour % 12);
        case 'a': out += hour < 12 ? "AM" : "PM"; return;
        case 'm': return number(value(TimeUnit::kMinute));
        case 's': return number(value(TimeUnit::kSecond));
        case 'S': return append_fraction(out, value(TimeUnit::kNanosecond), part.count);
        default: return;  // An offset, which the callers refuse.
    }
}

void DatePattern::append(std::string& out, std::int64_t local_ns) const {
    const ClockReading reading = reading_of(local_ns);
    for (const Part& part : parts_)
        append_part(out, part, reading);
}

bool DatePattern::parse_part(const Part& part, std::string_view& text, Fields& fields) {
    const auto number = [&](std::int64_t& field) {
        return part.count == 1 ? read_digits(text, 1, part.letter == 'D' ? 3 : 2, field)
                               : read_digits(text, part.count, part.count, field);
    };
    std::int64_t value = 0;
    switch (part.letter) {
        case 0:
            if (!text.starts_with(part.text)) return false;
            text.remove_prefix(part.text.size());
            return true;
        case 'y':
        case 'u':
            if (part.count == 1) return read_digits(text, 1, 9, fields.year);
            if (part.count > 9 || !number(fields.year)) return false;
            if (part.count == 2) fields.year += 2000;
            return true;
        case 'M':
        case 'L':
            if (part.count < 3) return number(fields.month);
            if (!read_name(text, kMonths, part.count == 3, value)) return false;
            fields.month = value + 1;
            return true;
        case 'E': return read_name(text, kWeekdays, part.count <= 3, value);
        case 'd': return number(fields.day);
        case 'D': return number(fields.day_of_year) && is_between(fields.day_of_year, 1, 366);
        case 'Q': return number(value) && is_between(value, 1, 4);
        case 'H': return number(fields.hour);
        case 'k':
            if (!number(value) || !is_between(value, 1, 24)) return false;
            fields.hour = value % 24;
            return true;
        case 'h': return number(fields.half_day_hour) && is_between(fields.half_day_hour, 1, 12);
        case 'K': return number(fields.half_day_hour) && is_between(fields.half_day_hour, 0, 11);
        case 'a':
            fields.is_afternoon = text.starts_with("PM");
            if (!fields.is_afternoon && !text.starts_with("AM")) return false;
            text.remove_prefix(2);
            return true;
        case 'm': return number(fields.minute);
        case 's': return number(fields.second);
        case 'S':
            if (!read_digits(text, part.count, part.count, fields.nanos)) return false;
            for (std::size_t i = part.count; i < 9; ++i)
                fields.nanos *= 10;
            return true;
        default:
            fields.offset_ns = 0;
            return read_offset(text, part.letter, part.count, *fields.offset_ns);
    }
}

std::optional<DatePattern::Parsed> DatePattern::parse(std::string_view text) const {
    Fields fields;
    std::string_view rest = text;
    for (const Part& part : parts_)
        if (!parse_part(part, rest, fields)) return std::nullopt;
    const std::optional<std::int64_t> local_ns = fields.local_ns();
    if (!local_ns) return std::nullopt;
    return Parsed{*local_ns, fields.offset_ns, text.size() - rest.size()};
}

std::optional<std::int64_t> DatePattern::parse_local(std::string_view text) const {
    const std::optional<Parsed> parsed = parse(text);
    if (!parsed || parsed->bytes != text.size()) return std::nullopt;
    return parsed->local_ns;
}

}  // namespace thalweg
