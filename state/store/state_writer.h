#pragma once

#include "state/base/int128.h"
#include "state/base/status.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace thalweg {

// Where encoded bytes go, in pieces of any size: a section of a snapshot, or memory.
class StateSink {
  public:
    StateSink() = default;
    StateSink(const StateSink&) = delete;
    StateSink& operator=(const StateSink&) = delete;
    virtual ~StateSink() = default;

    [[nodiscard]] virtual Result<void> append(std::span<const std::byte> bytes) = 0;
};

// Encodes values for a snapshot: what operators save their state with. StateReader is its inverse.
//
// Shape
//   u8 u16 u32 u64 i64 i128   little endian, as wide as the name says
//   f32 f64                   their bits, so that NaN and -0.0 come back as they were
//   boolean                   a byte, 0 or 1
//   varint                    seven bits a byte, lowest first, the eighth says "more": 1 to 10
//   bytes,
//                             and never more than the value needs
//   varint_signed             the varint of 0, -1, 1, -2, 2 ... counted up (zigzag)
//   text                      a varint with the number of bytes, and the bytes
//   raw                       bytes whose number the reader knows
//
// Threads   One at a time.
// Failure   A sink that fails makes the writer deaf: later values are swallowed, and finish() says
//           what happened, so that who writes asks once and not per value.
class StateWriter {
  public:
    // The sink outlives the writer.
    explicit StateWriter(StateSink& sink) noexcept : sink_(&sink) {}

    void u8(std::uint8_t value) { put(&value, sizeof value); }

    void u16(std::uint16_t value) { put(&value, sizeof value); }

    void u32(std::uint32_t value) { put(&value, sizeof value); }

    void u64(std::uint64_t value) { put(&value, sizeof value); }

    void i64(std::int64_t value) { put(&value, sizeof value); }

    void i128(Int128 value) { put(&value, sizeof value); }

    void f32(float value) { put(&value, sizeof value); }

    void f64(double value) { put(&value, sizeof value); }

    void boolean(bool value) { u8(value ? 1 : 0); }

    void varint(std::uint64_t value);

    void varint_signed(std::int64_t value);

    void text(std::string_view value);

    void raw(std::span<const std::byte> bytes);

    // Bytes written so far, those on their way included.
    [[nodiscard]] std::uint64_t position() const noexcept { return flushed_ + used_; }

    // Hands the last bytes to the sink. The writer may go on afterwards.
    [[nodiscard]] Result<void> finish();

  private:
    static constexpr std::size_t kBufferBytes = 1024;

    void put(const void* value, std::size_t size);

    void send(std::span<const std::byte> bytes);

    void flush();

    StateSink* sink_;
    std::uint64_t flushed_ = 0;
    std::size_t used_ = 0;
    Result<void> status_;
    std::array<std::byte, kBufferBytes> buffer_;
};

}  // namespace thalweg
