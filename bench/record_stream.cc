#include "bench/record_stream.h"

#include "ingest/decoder.h"
#include "state/base/assertion.h"

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

}  // namespace

Record RecordStream::next() noexcept {
    const std::size_t index = next_++;
    const std::uint64_t key =
        spec_.takes_keys_in_turn ? index * kKeyStride % spec_.keys : random_.below(spec_.keys);
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
        ASSERT(size_ + length + kDecodePadding <= bytes_.size());
        std::memcpy(bytes_.data() + size_, record, length);
        size_ += length;
    }
}

std::span<const Record> RecordBytes::records() const noexcept {
    ASSERT(size_ % sizeof(Record) == 0);
    return {reinterpret_cast<const Record*>(bytes_.data()), size_ / sizeof(Record)};
}

}  // namespace thalweg::bench
