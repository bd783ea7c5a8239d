#include "engine/run/log.h"

#include "state/base/time.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdio>

namespace thalweg {
namespace {

constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info", "warn", "error"};

void append_time(std::string& line, std::int64_t wall_ns) {
    const std::int64_t second = floor_div(wall_ns, kNanosPerSecond);
    const std::int64_t micros = floor_mod(wall_ns, kNanosPerSecond) / kNanosPerMicro;
    const time_t seconds = second;
    tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 64> text{};
    const std::size_t length = strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    line.append(text.data(), length);
    const int tail =
        std::snprintf(text.data(), text.size(), ".%06lldZ", static_cast<long long>(micros));
    line.append(text.data(), static_cast<std::size_t>(tail));
}

bool needs_quotes(std::string_view value) {
    return value.empty() || std::ranges::any_of(value, [](char c) {
               return static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '=' || c == '\\' ||
                      c == '\x7f';
           });
}

void append_escaped(std::string& line, char c) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
        line.append(1, '\\').append(1, c);
    } else if (c == '\n') {
        line.append("\\n");
    } else if (byte < ' ' || byte == 0x7f) {
        line.append("\\x").append(1, kDigits[byte / 16]).append(1, kDigits[byte % 16]);
    } else {
        line.append(1, c);
    }
}

void append_value(std::string& line, std::string_view value) {
    if (!needs_quotes(value)) {
        line.append(value);
        return;
    }
    line.append(1, '"');
    for (const char c : value)
        append_escaped(line, c);
    line.append(1, '"');
}

}  // namespace

LogField::LogField(std::string_view name, double value) : name_(name) {
    std::array<char, 32> text{};
    const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), value);
    text_.assign(text.data(), end);
}

std::uint64_t LogSite::admit() noexcept {
    // Relaxed: a count, and nothing else depends on it.
    const std::uint64_t count = events_.fetch_add(1, std::memory_order_relaxed) + 1;
    return count <= always_ || std::has_single_bit(count) ? count : 0;
}

void Log::write(LogLevel level, std::string_view event, Fields fields, std::uint64_t count) {
    if (!writes(level)) return;
    std::string line;
    append_time(line, clock_.wall_now_ns());
    line.append(1, ' ').append(kLevelNames[static_cast<std::size_t>(level)]);
    line.append(1, ' ').append(event);
    for (const LogField& field : fields) {
        line.append(1, ' ').append(field.name()).append(1, '=');
        append_value(line, field.text());
    }
    if (count > LogSite::kEventsAlways) line.append(" n=").append(std::to_string(count));
    line.append(1, '\n');
    // A short or failed write loses the line, or its end.
    [[maybe_unused]] const ssize_t written = ::write(descriptor_, line.data(), line.size());
}

}  // namespace thalweg
