#pragma once

#include "state/base/int128.h"
#include "state/base/status.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace thalweg {

// Where encoded bytes come from, in pieces that were checked: a section of a snapshot.
class StateSource {
  public:
    StateSource() = default;
    StateSource(const StateSource&) = delete;
    StateSource& operator=(const StateSource&) = delete;
    virtual ~StateSource() = default;

    // The next piece, good until the call after; empty at the end.
    [[nodiscard]] virtual Result<std::span<const std::byte>> next() = 0;

    // Which bytes these are, for messages: the file and the section.
    [[nodiscard]] virtual std::string name() const = 0;
};

// Decodes what StateWriter encoded, from bytes that may be anything: a checksum says that they are
// those that were written, not that what wrote them agrees with what reads them.
//
// Shape     As StateWriter says. Values may lie across pieces.
// Bounds    Never reads past the end. Lengths are claims: a text or a count is bounded by the limit
//           that the caller gives, and memory grows with the bytes that are there, not with the
//           claim.
// Lifetime  A text() is good until the next call.
// Threads   One at a time.
// Failure   The first error stays: from then on every value is zero or empty, and finish() says
// what
//           was wrong and at which byte. Loops over a count() end at once, since it is zero too;
//           loops of other kinds ask ok().
class StateReader {
  public:
    // The source outlives the reader.
    explicit StateReader(StateSource& source) noexcept : source_(&source) {}

    explicit StateReader(std::span<const std::byte> bytes) noexcept : piece_(bytes) {}

    [[nodiscard]] std::uint8_t u8() { return fixed<std::uint8_t>(); }

    [[nodiscard]] std::uint16_t u16() { return fixed<std::uint16_t>(); }

    [[nodiscard]] std::uint32_t u32() { return fixed<std::uint32_t>(); }

    [[nodiscard]] std::uint64_t u64() { return fixed<std::uint64_t>(); }

    [[nodiscard]] std::int64_t i64() { return fixed<std::int64_t>(); }

    [[nodiscard]] Int128 i128() { return fixed<Int128>(); }

    [[nodiscard]] float f32() { return fixed<float>(); }

    [[nodiscard]] double f64() { return fixed<double>(); }

    [[nodiscard]] bool boolean();

    [[nodiscard]] std::uint64_t varint();

    [[nodiscard]] std::int64_t varint_signed();

    // A varint that says how many of something follow, at most `limit`.
    [[nodiscard]] std::uint64_t count(std::uint64_t limit);

    // At most `size_limit` bytes.
    [[nodiscard]] std::string_view text(std::size_t size_limit);

    // Fills `target`, with zeros where the bytes are missing.
    void raw(std::span<std::byte> target);

    // Whether everything so far was there and well formed.
    [[nodiscard]] bool ok() const noexcept { return status_.has_value(); }

    // Makes the reader fail at the value just read, for `what` its user found wrong with it.
    void reject(std::string_view what);

    // Whether all bytes were taken. Asks the source.
    [[nodiscard]] bool at_end();

    // Bytes taken so far.
    [[nodiscard]] std::uint64_t position() const noexcept { return position_; }

    // The error, if there was one. Bytes that are left are not one: a newer writer may add values
    // at the end, and who forbids that asks at_end().
    [[nodiscard]] Result<void> finish() const { return status_; }

  private:
    template <class T>
    T fixed() {
        T value{};
        raw(std::as_writable_bytes(std::span(&value, 1)));
        return value;
    }

    // Whether there is a byte in `piece_`, after having fetched more if need be.
    [[nodiscard]] bool fetch();

    void take(std::size_t size) noexcept {
        piece_ = piece_.subspan(size);
        position_ += size;
    }

    StateSource* source_ = nullptr;
    std::span<const std::byte> piece_;
    std::uint64_t position_ = 0;
    Result<void> status_;
    std::string gathered_;
};

}  // namespace thalweg
