#pragma once

#include "bench/input.h"
#include "bench/zipf.h"
#include "state/base/random.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

// The records that whole queries are measured with, and their three forms on the wire. They are in
// order of time, all of one seed, and made anew wherever they are wanted: by what writes the bytes,
// and by the oracles.

namespace thalweg::bench {

// As it lies in memory is what `raw-struct` reads.
struct Record {
    std::int64_t ts_ms;
    std::int64_t key;
    std::int64_t value;
    std::int64_t extra;
};

static_assert(sizeof(Record) == 32);

struct StreamSpec {
    std::size_t count = 0;
    std::size_t keys = 0;
    std::size_t per_second = 0;       // Records in a second of event time.
    bool takes_keys_in_turn = false;  // Scattered, but none again before all have come.
    std::optional<double> zipf;       // The exponent of Zipf's law for the keys.
    bool has_hot_key = false;         // One key for 9 records of 10, the others alike.
};

// Gives the records one after the other. Keys have 8 digits, values 6, extras 4, so that text
// records are all of one length.
class RecordStream {
  public:
    static constexpr std::int64_t kStartMs = 1'602'331'200'000;
    static constexpr std::int64_t kKeyMin = 10'000'000;
    static constexpr std::int64_t kExtraMin = 1'000;
    static constexpr std::int64_t kExtraEnd = 10'000;

    explicit RecordStream(const StreamSpec& spec);

    [[nodiscard]] bool has_next() const noexcept { return next_ < spec_.count; }

    [[nodiscard]] Record next() noexcept;

  private:
    [[nodiscard]] std::uint64_t draw_key(std::size_t index) noexcept;

    StreamSpec spec_;
    Random random_;
    std::optional<Zipf> zipf_;
    std::size_t next_ = 0;
};

enum class WireFormat : std::uint8_t { kRawStruct, kJson, kCsv };

// The bytes of a stream, with the padding that decoders may read behind them.
class RecordBytes final : public Input {
  public:
    RecordBytes(const StreamSpec& spec, WireFormat format);

    void restart(std::size_t records) override;
    [[nodiscard]] std::string_view piece(std::uint64_t position) override;
    [[nodiscard]] std::unique_ptr<Input> part(std::size_t index, std::size_t count) const override;

    [[nodiscard]] std::uint64_t bytes() const override { return size_; }

    // All of them, in one piece.
    [[nodiscard]] std::string_view text() const noexcept { return {bytes_.data(), size_}; }

    // Of raw-struct.
    [[nodiscard]] std::span<const Record> records() const noexcept;

  private:
    std::vector<char> bytes_;
    std::size_t record_bytes_ = 0;
    std::size_t size_ = 0;
};

}  // namespace thalweg::bench
