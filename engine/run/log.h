#pragma once

#include "engine/run/clock.h"

#include <array>
#include <atomic>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

// One line per event, for machines and for tired people:
//
//     2026-11-21T05:45:10.123456Z warn source.retry source=clicks error="connection refused" n=8
//
// time (UTC, microseconds), level, event (dotted, constant: what to search for), then fields. A
// value with a space, quote, equals sign or control character is quoted and escaped. `n` is how
// many times the site has spoken, where not every time was written.

namespace thalweg {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarn, kError };

// A name and a value, which is rendered at once.
class LogField {
  public:
    LogField(std::string_view name, std::string_view value) : name_(name), text_(value) {}

    LogField(std::string_view name, const char* value) : LogField(name, std::string_view(value)) {}

    LogField(std::string_view name, const std::string& value)
        : LogField(name, std::string_view(value)) {}

    template <std::integral T>
    LogField(std::string_view name, T value)
        requires(!std::same_as<T, bool>)
        : name_(name), text_(std::to_string(value)) {}

    LogField(std::string_view name, std::same_as<bool> auto value)
        : name_(name), text_(value ? "true" : "false") {}

    LogField(std::string_view name, double value);

    [[nodiscard]] std::string_view name() const noexcept { return name_; }

    [[nodiscard]] std::string_view text() const noexcept { return text_; }

  private:
    std::string_view name_;
    std::string text_;
};

// A place in the program that may speak often: admits its first few events, then the 8th, 16th,
// 32nd and so on, so that a storm of a million costs twenty lines and still shows its size.
//
// Threads  Any.
class LogSite {
  public:
    static constexpr std::uint64_t kEventsAlways = 4;

    // Admits the first `always` events.
    explicit LogSite(std::uint64_t always = kEventsAlways) noexcept : always_(always) {}

    // Counts an event. Returns the count if it should be written, else 0.
    [[nodiscard]] std::uint64_t admit() noexcept;

  private:
    std::uint64_t always_;
    std::atomic<std::uint64_t> events_{0};
};

// Writes events to a file descriptor, each with one write(), so that lines of several threads do
// not mix.
//
// Threads  Any. set_level() too.
// Failure  A line that cannot be written is lost: there is nowhere to say so.
class Log {
  public:
    using Fields = std::initializer_list<LogField>;

    // Borrows both for life. `descriptor` is 2 but in tests.
    explicit Log(const Clock& clock, int descriptor = 2) : clock_(clock), descriptor_(descriptor) {}

    void set_level(LogLevel level) noexcept {
        level_.store(level, std::memory_order_relaxed);  // Relaxed: a setting, not a message.
    }

    [[nodiscard]] bool writes(LogLevel level) const noexcept {
        return level >= level_.load(std::memory_order_relaxed);  // Relaxed: see set_level().
    }

    void debug(std::string_view event, Fields fields = {}) {
        write(LogLevel::kDebug, event, fields);
    }

    void info(std::string_view event, Fields fields = {}) { write(LogLevel::kInfo, event, fields); }

    void warn(std::string_view event, Fields fields = {}) { write(LogLevel::kWarn, event, fields); }

    void error(std::string_view event, Fields fields = {}) {
        write(LogLevel::kError, event, fields);
    }

    // For whatever data or peers can cause again and again.
    void warn(LogSite& site, std::string_view event, Fields fields = {}) {
        if (const std::uint64_t count = site.admit(); count != 0)
            write(LogLevel::kWarn, event, fields, count);
    }

  private:
    void write(LogLevel level, std::string_view event, Fields fields, std::uint64_t count = 0);

    const Clock& clock_;
    const int descriptor_;
    std::atomic<LogLevel> level_{LogLevel::kInfo};
};

}  // namespace thalweg
