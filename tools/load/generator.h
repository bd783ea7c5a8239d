#pragma once

#include "state/base/random.h"
#include "tools/load/chunk.h"
#include "tools/load/generator_spec.h"
#include "tools/load/schedule.h"
#include "tools/load/zipf.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace thalweg::load {

// Where a generator stands in a load: its connection's part of the schedule, and its memory.
struct GeneratorPlace {
    Schedule schedule;
    std::uint64_t block_records_max = std::uint64_t{1} << 22U;  // A power of two; bounds memory.
};

// Makes records of (ts, key, value, extra[, payload]) in JSON, CSV or raw-struct form, faster than
// they can be sent.
//
// Shape     Keys, values and how far each event time lies back are drawn once, for a block of a few
//           records per key, and come round again and again; event times and `extra` never repeat.
//           In raw-struct form the block holds the records themselves, so that sending costs
//           nothing but the stores of what changed: an event time only where its millisecond did.
//
//             raw-struct, 32 bytes: | ts int64 ms | key int64 | value int64 | extra int64 | payload
//
//           Event time of record i: its intended send time when the load is paced; `start` plus
//           i * `step` when the spec has a step; else the time of the call. Then earlier, by what
//           disorder and lateness drew for it.
// Threads   One at a time.
class Generator {
  public:
    Generator(const GeneratorSpec& spec, const GeneratorPlace& place);

    // When the schedule's instants begin, in nanoseconds since 1970. Before the first take().
    void start_at(std::int64_t unix_ns) noexcept;

    // The next records, at least one, which are made at `now_ns` (since the start).
    [[nodiscard]] Chunk take(TakeLimit limit, std::int64_t now_ns);

    // Of every record; 0 when they differ.
    [[nodiscard]] std::size_t fixed_bytes() const noexcept { return record_bytes_; }

  private:
    struct Draw {
        std::int64_t key;
        std::int64_t value;
    };

    void draw_block();
    void render_block();
    void stamp_block(std::size_t count, std::int64_t now_ns);
    void stamp_event_time(std::size_t from, std::size_t to, std::int64_t millis);
    [[nodiscard]] Chunk take_raw(TakeLimit limit, std::int64_t now_ns);
    [[nodiscard]] Chunk take_text(TakeLimit limit, std::int64_t now_ns);
    [[nodiscard]] char* write_json(char* at, std::int64_t now_ns);
    [[nodiscard]] char* write_csv(char* at, std::int64_t now_ns);
    [[nodiscard]] char* write_event_time(char* at, std::int64_t now_ns);

    [[nodiscard]] std::size_t position() const noexcept { return index_ & (block_records_ - 1); }

    [[nodiscard]] std::int64_t event_ms(std::uint64_t index, std::int64_t now_ns) const noexcept;
    // The first record after `index` whose millisecond is past `millis`.
    [[nodiscard]] std::uint64_t millisecond_end(std::uint64_t index,
                                                std::int64_t millis) const noexcept;
    [[nodiscard]] std::int64_t extra_of(std::uint64_t index, std::int64_t now_ns) const noexcept;

    GeneratorSpec spec_;
    GeneratorPlace place_;
    double step_ns_ = 0;  // Of event time, from record to record of this connection; 0: the clock.
    std::int64_t start_unix_ns_ = 0;
    std::int64_t event_start_ns_ = 0;
    Random random_;
    std::optional<Zipf> zipf_;
    std::size_t block_records_ = 0;       // A power of two.
    std::vector<Draw> draws_;             // Of the block, in text form.
    std::vector<std::int32_t> back_ms_;   // How much earlier event times are; empty: not at all.
    std::vector<char> block_;             // In raw-struct form: its records,
    std::vector<std::int64_t> group_ms_;  // and the event time that each group of them carries.
    std::string text_;                    // The chunk, in text form.
    std::string payload_;
    std::string second_text_;  // "2026-01-31 12:00:00.", of second_.
    std::int64_t second_ = INT64_MIN;
    std::size_t record_bytes_ = 0;
    std::uint64_t index_ = 0;  // Of the next record on this connection.
};

}  // namespace thalweg::load
