#include "bench/record_stream.h"

#include "ingest/decoder.h"
#include "ingest/stream_reader.h"
#include "state/base/assertion.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string_view>

namespace thalweg::bench {

namespace {

// Coprime with every count of keys that is used, so that each comes once a round.
constexpr std::size_t kKeyStride = 2'654'435'761;

class Writer {
  public:
    explicit Writer(char* at) : at_(at) {}

    Writer& text(std::string_view text) {
        std::memcpy(at_, text.data(), text.size());
        at_ += text.size();
        return *this;
    }

    Writer& number(std::int64_t value) {
        at_ = std::to_chars(at_, at_ + 20, value).ptr;
        return *this;
    }

    [[nodiscard]] char* at() const { return at_; }

  private:
    char* at_;
};

char* write(const Record& record, WireFormat format, char* at) {
    switch (format) {
        case WireFormat::kRawStruct: std::memcpy(at, &record, sizeof record); break;
        case WireFormat::kJson:
            return Writer(at)
                .text("{\"ts\":")
                .number(record.ts_ms)
                .text(",\"key\":")
                .number(record.key)
                .text(",\"value\":")
                .number(record.value)
                .text(",\"extra\":\"item-")
                .number(record.extra)
                .text("\"}\n")
                .at();
        case WireFormat::kCsv:
            return Writer(at)
                .number(record.ts_ms)
                .text(",")
                .number(record.key)
                .text(",")
                .number(record.value)
                .text(",")
                .number(record.extra)
                .text("\n")
                .at();
    }
    return at + sizeof record;
}

// Blocks index, index + count, ... of the bytes, one behind the other.
class RecordPart final : public Input {
  public:
    RecordPart(std::string_view text, std::size_t block_bytes, std::size_t index, std::size_t count)
        : text_(text), block_bytes_(block_bytes), index_(index), count_(count) {
        const std::size_t round_bytes = block_bytes * count;
        const std::size_t rest = text.size() % round_bytes;
        const std::size_t begin = std::min(rest, index * block_bytes);
        bytes_ = text.size() / round_bytes * block_bytes + std::min(rest - begin, block_bytes);
    }

    // It has been.
    void restart(std::size_t) override {}

    [[nodiscard]] std::string_view piece(std::uint64_t position) override {
        if (position >= bytes_) return {};
        const std::uint64_t block = position / block_bytes_;
        const std::uint64_t offset = position % block_bytes_;
        return text_.substr((block * count_ + index_) * block_bytes_ + offset,
                            block_bytes_ - offset);
    }

    [[nodiscard]] std::uint64_t bytes() const override { return bytes_; }

  private:
    std::string_view text_;
    std::size_t block_bytes_;
    std::size_t index_;
    std::size_t count_;
    std::uint64_t bytes_ = 0;
};

}  // namespace

RecordStream::RecordStream(const StreamSpec& spec) : spec_(spec), random_(42) {
    if (spec.zipf) zipf_.emplace(spec.keys, *spec.zipf);
}

std::uint64_t RecordStream::draw_key(std::size_t index) noexcept {
    constexpr std::uint64_t kHotPart = 10;
    if (spec_.takes_keys_in_turn) return index * kKeyStride % spec_.keys;
    if (zipf_) return zipf_->draw(random_);
    if (spec_.has_hot_key && random_.below(kHotPart) != 0) return 0;
    return random_.below(spec_.keys);
}

Record RecordStream::next() noexcept {
    const std::size_t index = next_++;
    const std::uint64_t key = draw_key(index);
    constexpr auto kExtras = static_cast<std::uint64_t>(kExtraEnd - kExtraMin);
    return {kStartMs + static_cast<std::int64_t>(index * 1000 / spec_.per_second),
            kKeyMin + static_cast<std::int64_t>(key),
            100'000 + static_cast<std::int64_t>(random_.below(900'000)),
            kExtraMin + static_cast<std::int64_t>(random_.below(kExtras))};
}

RecordBytes::RecordBytes(const StreamSpec& spec, WireFormat format) {
    constexpr std::size_t kRecordBytesMax = 128;
    RecordStream stream(spec);
    char record[kRecordBytesMax];
    while (stream.has_next()) {
        const auto length = static_cast<std::size_t>(write(stream.next(), format, record) - record);
        if (bytes_.empty()) bytes_.resize(spec.count * length + kDecodePadding);
        record_bytes_ = length;
        ASSERT(size_ + length + kDecodePadding <= bytes_.size());
        std::memcpy(bytes_.data() + size_, record, length);
        size_ += length;
    }
}

void RecordBytes::restart(std::size_t records) {
    ASSERT(records * record_bytes_ + kDecodePadding <= bytes_.size());
    size_ = records * record_bytes_;
}

std::string_view RecordBytes::piece(std::uint64_t position) {
    return text().substr(position, StreamWorkspace::kReadBytes);
}

std::unique_ptr<Input> RecordBytes::part(std::size_t index, std::size_t count) const {
    constexpr std::size_t kBlockRecords = 8 * 1024;
    return std::make_unique<RecordPart>(text(), kBlockRecords * record_bytes_, index, count);
}

std::span<const Record> RecordBytes::records() const noexcept {
    ASSERT(size_ % sizeof(Record) == 0);
    return {reinterpret_cast<const Record*>(bytes_.data()), size_ / sizeof(Record)};
}

}  // namespace thalweg::bench
