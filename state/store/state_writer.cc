#include "state/store/state_writer.h"

#include <bit>
#include <cstring>

namespace thalweg {

static_assert(std::endian::native == std::endian::little,
              "values are stored as they lie in memory");

void StateWriter::put(const void* value, std::size_t size) {
    if (kBufferBytes - used_ < size) flush();
    std::memcpy(buffer_.data() + used_, value, size);
    used_ += size;
}

void StateWriter::varint(std::uint64_t value) {
    std::array<std::uint8_t, 10> bytes;
    std::size_t count = 0;
    for (; value >= 0x80; value >>= 7U)
        bytes[count++] = static_cast<std::uint8_t>(value | 0x80U);
    bytes[count++] = static_cast<std::uint8_t>(value);
    put(bytes.data(), count);
}

void StateWriter::varint_signed(std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value);
    varint((bits << 1U) ^ (value < 0 ? ~std::uint64_t{0} : 0));
}

void StateWriter::text(std::string_view value) {
    varint(value.size());
    raw(std::as_bytes(std::span(value)));
}

void StateWriter::raw(std::span<const std::byte> bytes) {
    if (bytes.empty()) return;
    if (bytes.size() <= kBufferBytes / 4) {
        put(bytes.data(), bytes.size());
        return;
    }
    flush();
    send(bytes);
}

void StateWriter::send(std::span<const std::byte> bytes) {
    flushed_ += bytes.size();
    if (status_) status_ = sink_->append(bytes);
}

void StateWriter::flush() {
    if (used_ == 0) return;
    const std::size_t size = used_;
    used_ = 0;
    send(std::span(buffer_).first(size));
}

Result<void> StateWriter::finish() {
    flush();
    return status_;
}

}  // namespace thalweg
