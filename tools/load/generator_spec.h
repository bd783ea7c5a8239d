#pragma once

#include "state/base/status.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace thalweg::load {

enum class WireFormat : std::uint8_t { kJson, kCsv, kRawStruct };

// What the field `extra` of a generated record carries.
enum class ExtraField : std::uint8_t {
    kZero,
    kIndex,  // The record's number on its connection.
    kTime,   // When it was meant to be sent: nanoseconds since 1970.
};

// What --generate says: comma-separated KEY=VALUE, each with the default below.
struct GeneratorSpec {
    WireFormat format = WireFormat::kJson;
    std::uint64_t keys = 100;              // keys=N: 0 to N - 1
    double zipf_exponent = 0;              // distribution=uniform, or zipf:S with 0 the commonest
    std::int64_t value_min = 0;            // values=MIN..MAX
    std::int64_t value_max = 999;          //
    std::int64_t disorder_ns = 0;          // disorder=DURATION: event times up to so much earlier
    double late_fraction = 0;              // lateness=FRACTION:DURATION: so many, by so much
    std::int64_t late_by_ns = 0;           //
    std::uint64_t payload_bytes = 0;       // payload=N: letters in a field after `extra`
    std::int64_t step_ns = 0;              // step=DURATION: event time from record to record
    std::int64_t event_start_ms = -1;      // start=MILLISECONDS since 1970 of the first record
    ExtraField extra = ExtraField::kZero;  // extra=time|index|zero
    bool has_extra = false;                // Whether the spec says it.
    std::uint64_t seed = 1;                // seed=N
};

// Failure: names the key or value that is wrong.
[[nodiscard]] Result<GeneratorSpec> parse_generator_spec(std::string_view text, WireFormat format);

}  // namespace thalweg::load
