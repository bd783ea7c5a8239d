#include "state/text/time_zone.h"

#include "state/base/time.h"

#include <date/tz.h>

#include <chrono>
#include <exception>
#include <limits>
#include <optional>

namespace thalweg {
namespace {

const date::time_zone& zone_of(const void* zone) {
    return *static_cast<const date::time_zone*>(zone);
}

std::int64_t nanos_of(std::int64_t seconds) {
    std::int64_t nanos = 0;
    if (!__builtin_mul_overflow(seconds, kNanosPerSecond, &nanos)) return nanos;
    return seconds < 0 ? std::numeric_limits<std::int64_t>::min()
                       : std::numeric_limits<std::int64_t>::max();
}

// The stretch of time around the latest question of this thread: rows of a batch are minutes apart,
// changes of the clock months, so that nearly all lookups end here.
struct Stretch {
    const void* zone = nullptr;
    std::int64_t begin_ns = 0;
    std::int64_t end_ns = 0;
    std::int64_t offset_ns = 0;
};

thread_local Stretch latest_stretch;

std::optional<std::int32_t> digits(std::string_view text) {
    if (text.empty() || text.size() > 2) return std::nullopt;
    std::int32_t value = 0;
    for (const char c : text) {
        if (c < '0' || c > '9') return std::nullopt;
        value = value * 10 + (c - '0');
    }
    return value;
}

// "+8", "+08", "+0800", "+08:00", "-03:30", each also behind "GMT", "UTC" or "UT"; those alone and
// "Z" are 0.
std::optional<std::int64_t> fixed_offset(std::string_view name) {
    bool has_word = false;
    for (const std::string_view word : {"GMT", "UTC", "UT", "Z"}) {
        if (!name.starts_with(word)) continue;
        name.remove_prefix(word.size());
        if (name.empty()) return 0;
        has_word = word != "Z";
        if (!has_word) return std::nullopt;
        break;
    }
    if (name.size() < 2 || (name[0] != '+' && name[0] != '-')) return std::nullopt;
    const bool negative = name[0] == '-';
    name.remove_prefix(1);
    std::string_view hour_text = name;
    std::string_view minute_text = "0";
    if (const std::size_t colon = name.find(':'); colon != std::string_view::npos) {
        hour_text = name.substr(0, colon);
        minute_text = name.substr(colon + 1);
        if (minute_text.size() != 2) return std::nullopt;
    } else if (name.size() == 4) {
        hour_text = name.substr(0, 2);
        minute_text = name.substr(2);
    }
    const std::optional<std::int32_t> hour = digits(hour_text);
    const std::optional<std::int32_t> minute = digits(minute_text);
    if (!hour || !minute || *hour > 18 || *minute > 59) return std::nullopt;
    const std::int64_t offset = *hour * kNanosPerHour + *minute * kNanosPerMinute;
    return negative ? -offset : offset;
}

}  // namespace

Result<std::shared_ptr<const TimeZone>> TimeZone::find(std::string_view name) {
    if (const std::optional<std::int64_t> offset = fixed_offset(name))
        return std::shared_ptr<const TimeZone>(
            new TimeZone(std::string(name), true, *offset, nullptr));
    try {
        const date::time_zone* const zone = date::locate_zone(std::string(name));
        return std::shared_ptr<const TimeZone>(new TimeZone(std::string(name), false, 0, zone));
    } catch (const std::exception&) {
        return fail(Code::kInvalid,
                    "no time zone '" + std::string(name) +
                        "': give a name of the tz database such as 'Europe/Berlin', or an offset "
                        "such as '+08:00' or 'GMT+8'");
    }
}

std::shared_ptr<const TimeZone> TimeZone::utc() {
    static const std::shared_ptr<const TimeZone> kUtc(new TimeZone("UTC", true, 0, nullptr));
    return kUtc;
}

std::int64_t TimeZone::to_local(std::int64_t utc_ns) const {
    if (is_fixed_) return saturating_add(utc_ns, offset_ns_);
    Stretch& stretch = latest_stretch;
    if (stretch.zone != zone_ || utc_ns < stretch.begin_ns || utc_ns >= stretch.end_ns) {
        const date::sys_seconds instant{std::chrono::seconds{floor_div(utc_ns, kNanosPerSecond)}};
        const date::sys_info info = zone_of(zone_).get_info(instant);
        stretch = {zone_,
                   nanos_of(info.begin.time_since_epoch().count()),
                   nanos_of(info.end.time_since_epoch().count()),
                   nanos_of(info.offset.count())};
    }
    return saturating_add(utc_ns, stretch.offset_ns);
}

std::int64_t TimeZone::to_utc(std::int64_t local_ns) const {
    if (is_fixed_) return saturating_sub(local_ns, offset_ns_);
    const date::local_seconds reading{std::chrono::seconds{floor_div(local_ns, kNanosPerSecond)}};
    const date::local_info info = zone_of(zone_).get_info(reading);
    // `first` is the only offset, or the one before a change: the first of a reading that happens
    // twice.
    if (info.result == date::local_info::nonexistent)
        return nanos_of(info.first.end.time_since_epoch().count());
    return saturating_sub(local_ns, nanos_of(info.first.offset.count()));
}

}  // namespace thalweg
