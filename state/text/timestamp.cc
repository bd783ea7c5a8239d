#include "state/text/timestamp.h"

#include "state/base/int128.h"
#include "state/base/time.h"

#include <immintrin.h>

#include <array>
#include <cstddef>
#include <limits>

namespace thalweg {
namespace {

constexpr std::array<std::int32_t, 10> kPowers = {
    1, 10, 100, 1'000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000, 1'000'000'000};

constexpr std::size_t kDateSize = 10;    // 2020-10-10
constexpr std::size_t kMinuteSize = 16;  // 2020-10-10 12:30

struct Minutes {
    CivilDate date;
    std::int32_t hour;
    std::int32_t minute;
};

unsigned digit_at(const char* text) noexcept {
    return static_cast<unsigned char>(*text) - unsigned{'0'};
}

// Two digits, or more than 99.
unsigned two_digits(const char* text) noexcept {
    const unsigned tens = digit_at(text);
    const unsigned ones = digit_at(text + 1);
    return tens > 9 || ones > 9 ? 100 : tens * 10 + ones;
}

bool is_date(CivilDate date) noexcept {
    static constexpr std::array<std::int32_t, 13> kDays = {
        0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (date.month < 1 || date.month > 12 || date.day < 1) return false;
    if (date.day <= kDays[static_cast<std::size_t>(date.month)]) return true;
    const bool is_leap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0);
    return date.month == 2 && date.day == 29 && is_leap;
}

std::optional<CivilDate> read_date(const char* text) noexcept {
    const unsigned century = two_digits(text);
    const unsigned year = two_digits(text + 2);
    const unsigned month = two_digits(text + 5);
    const unsigned day = two_digits(text + 8);
    if (century > 99 || year > 99 || text[4] != '-' || text[7] != '-') return std::nullopt;
    const CivilDate date{static_cast<std::int32_t>(century * 100 + year),
                         static_cast<std::int32_t>(month),
                         static_cast<std::int32_t>(day)};
    if (!is_date(date)) return std::nullopt;
    return date;
}

// Reads "YYYY-MM-DD?HH:MM" in one step: subtract what a character counts from, compare with the
// most it may then be, and join neighbours to numbers of two digits. The '?' is the caller's.
std::optional<Minutes> read_minutes(const char* text) noexcept {
    const __m128i from =
        _mm_setr_epi8('0', '0', '0', '0', '-', '0', '0', '-', '0', '0', 0, '0', '0', ':', '0', '0');
    const __m128i most = _mm_setr_epi8(9, 9, 9, 9, 0, 9, 9, 0, 9, 9, -1, 9, 9, 0, 9, 9);
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text));
    const __m128i digits = _mm_sub_epi8(bytes, from);
    const __m128i fits = _mm_cmpeq_epi8(_mm_max_epu8(digits, most), most);
    if (_mm_movemask_epi8(fits) != 0xffff) return std::nullopt;
    const __m128i pairs = _mm_shuffle_epi8(
        digits, _mm_setr_epi8(0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, -1, -1, -1, -1));
    const __m128i weights = _mm_setr_epi8(10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 0, 0, 0, 0);
    const __m128i numbers = _mm_maddubs_epi16(pairs, weights);
    const Minutes minutes{{_mm_extract_epi16(numbers, 0) * 100 + _mm_extract_epi16(numbers, 1),
                           _mm_extract_epi16(numbers, 2),
                           _mm_extract_epi16(numbers, 3)},
                          _mm_extract_epi16(numbers, 4),
                          _mm_extract_epi16(numbers, 5)};
    if (!is_date(minutes.date) || minutes.hour > 23 || minutes.minute > 59) return std::nullopt;
    return minutes;
}

// Reads "[:SS[.f...]]" up to `end`, in nanoseconds.
std::optional<std::int64_t> read_seconds(const char* at, const char* end) noexcept {
    if (at == end) return 0;
    if (end - at < 3 || *at != ':') return std::nullopt;
    const unsigned second = two_digits(at + 1);
    if (second > 59) return std::nullopt;
    at += 3;
    if (at == end) return second * kNanosPerSecond;
    const std::ptrdiff_t digits = end - at - 1;
    if (*at != '.' || digits < 1 || digits > 9) return std::nullopt;
    std::int64_t fraction = 0;
    for (++at; at != end; ++at) {
        const unsigned digit = digit_at(at);
        if (digit > 9) return std::nullopt;
        fraction = fraction * 10 + digit;
    }
    return second * kNanosPerSecond + fraction * kPowers[static_cast<std::size_t>(9 - digits)];
}

// The instant, if 64 bits can say it.
std::optional<std::int64_t> instant(CivilDate date, std::int64_t nanos_of_day) noexcept {
    const std::int64_t days = days_from_civil(date);
    constexpr std::int32_t kYearSafeMin = 1678;
    constexpr std::int32_t kYearSafeMax = 2261;
    if (date.year >= kYearSafeMin && date.year <= kYearSafeMax)
        return days * kNanosPerDay + nanos_of_day;
    const Int128 wide = Int128{days} * kNanosPerDay + nanos_of_day;
    if (wide < std::numeric_limits<std::int64_t>::min() ||
        wide > std::numeric_limits<std::int64_t>::max())
        return std::nullopt;
    return static_cast<std::int64_t>(wide);
}

void put_two(char* out, std::int32_t value) noexcept {
    out[0] = static_cast<char>('0' + value / 10);
    out[1] = static_cast<char>('0' + value % 10);
}

// ".123": the first `precision` digits of a fraction of a second.
void append_fraction(std::string& out, std::int32_t nanos, std::int32_t precision) {
    if (precision == 0) return;
    char text[10];
    text[0] = '.';
    std::int32_t rest = nanos / kPowers[static_cast<std::size_t>(9 - precision)];
    for (std::int32_t i = precision; i > 0; --i) {
        text[i] = static_cast<char>('0' + rest % 10);
        rest /= 10;
    }
    out.append(text, static_cast<std::size_t>(precision) + 1);
}

void append_clock(std::string& out, std::int32_t second_of_day) {
    char text[8];
    put_two(text, second_of_day / 3600);
    text[2] = ':';
    put_two(text + 3, second_of_day / 60 % 60);
    text[5] = ':';
    put_two(text + 6, second_of_day % 60);
    out.append(text, sizeof text);
}

}  // namespace

// Years begin in March here, so that the leap day is the last of its year; eras of 400 years all
// have the same length.
std::int32_t days_from_civil(CivilDate date) noexcept {
    const std::int32_t year = date.year - (date.month <= 2 ? 1 : 0);
    const std::int32_t era = (year >= 0 ? year : year - 399) / 400;
    const std::int32_t year_of_era = year - era * 400;
    const std::int32_t month = date.month > 2 ? date.month - 3 : date.month + 9;
    const std::int32_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
    const std::int32_t day_of_era =
        year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146'097 + day_of_era - 719'468;
}

CivilDate civil_from_days(std::int32_t days) noexcept {
    const std::int64_t shifted = std::int64_t{days} + 719'468;
    const std::int64_t era = floor_div(shifted, 146'097);
    const std::int32_t day_of_era = static_cast<std::int32_t>(shifted - era * 146'097);
    const std::int32_t year_of_era =
        (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    const std::int32_t day_of_year =
        day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const std::int32_t month = (5 * day_of_year + 2) / 153;
    const std::int32_t year = year_of_era + static_cast<std::int32_t>(era) * 400;
    return {year + (month >= 10 ? 1 : 0),
            month < 10 ? month + 3 : month - 9,
            day_of_year - (153 * month + 2) / 5 + 1};
}

std::optional<std::int32_t> parse_date(std::string_view text) noexcept {
    if (text.size() != kDateSize) return std::nullopt;
    const std::optional<CivilDate> date = read_date(text.data());
    if (!date) return std::nullopt;
    return days_from_civil(*date);
}

std::optional<std::int32_t> parse_time(std::string_view text) noexcept {
    if (text.size() < 5 || text[2] != ':') return std::nullopt;
    const unsigned hour = two_digits(text.data());
    const unsigned minute = two_digits(text.data() + 3);
    if (hour > 23 || minute > 59) return std::nullopt;
    const auto seconds = read_seconds(text.data() + 5, text.data() + text.size());
    if (!seconds) return std::nullopt;
    const std::int64_t nanos = hour * kNanosPerHour + minute * kNanosPerMinute + *seconds;
    return static_cast<std::int32_t>(nanos / kNanosPerMilli);
}

std::optional<std::int64_t> parse_timestamp(std::string_view text) noexcept {
    if (text.size() < kMinuteSize) {
        if (text.size() != kDateSize) return std::nullopt;
        const std::optional<CivilDate> date = read_date(text.data());
        if (!date) return std::nullopt;
        return instant(*date, 0);
    }
    if (text[kDateSize] != ' ' && text[kDateSize] != 'T') return std::nullopt;
    const std::optional<Minutes> minutes = read_minutes(text.data());
    if (!minutes) return std::nullopt;
    const char* end = text.data() + text.size();
    if (end[-1] == 'Z') --end;
    const std::optional<std::int64_t> seconds = read_seconds(text.data() + kMinuteSize, end);
    if (!seconds) return std::nullopt;
    const std::int64_t minute_of_day = std::int64_t{minutes->hour} * 60 + minutes->minute;
    return instant(minutes->date, minute_of_day * kNanosPerMinute + *seconds);
}

void append_date(std::string& out, std::int32_t days) {
    const CivilDate date = civil_from_days(days);
    if (date.year >= 0 && date.year <= 9999) {
        char text[kDateSize];
        put_two(text, date.year / 100);
        put_two(text + 2, date.year % 100);
        text[4] = '-';
        put_two(text + 5, date.month);
        text[7] = '-';
        put_two(text + 8, date.day);
        out.append(text, sizeof text);
        return;
    }
    // As Java: a sign, and as many digits as there are.
    std::string year = std::to_string(date.year < 0 ? -std::int64_t{date.year} : date.year);
    if (year.size() < 4) year.insert(0, 4 - year.size(), '0');
    out += date.year < 0 ? '-' : '+';
    out += year;
    char text[6];
    text[0] = '-';
    put_two(text + 1, date.month);
    text[3] = '-';
    put_two(text + 4, date.day);
    out.append(text, sizeof text);
}

void append_time(std::string& out, std::int32_t millis_of_day, std::int32_t precision) {
    append_clock(out, millis_of_day / 1000);
    append_fraction(out, millis_of_day % 1000 * 1'000'000, precision);
}

void append_timestamp(std::string& out, std::int64_t nanos, std::int32_t precision) {
    const std::int64_t days = floor_div(nanos, kNanosPerDay);
    const std::int64_t of_day = floor_mod(nanos, kNanosPerDay);
    append_date(out, static_cast<std::int32_t>(days));
    out += ' ';
    append_clock(out, static_cast<std::int32_t>(of_day / kNanosPerSecond));
    append_fraction(out, static_cast<std::int32_t>(of_day % kNanosPerSecond), precision);
}

}  // namespace thalweg
