#pragma once

// Feeds bytes to decoders the way sources do, in pieces, and keeps what comes out.

#include "ingest/decoder.h"
#include "ingest/outlet.h"
#include "state/base/random.h"
#include "state/batch.h"
#include "state/value.h"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace thalweg {

struct Reject {
    RejectReason reason;
    std::string bytes;
    std::uint64_t offset;

    friend bool operator==(const Reject&, const Reject&) = default;
};

struct Decoded {
    std::vector<Value::List> rows;
    std::vector<Reject> rejects;
    std::uint64_t records = 0;
    bool lost = false;

    friend bool operator==(const Decoded&, const Decoded&) = default;
};

// Equal, NaN being equal to the same NaN.
inline bool same(const Value& a, const Value& b) {
    const auto* const list = std::get_if<Value::List>(&a.data);
    const auto* const other = std::get_if<Value::List>(&b.data);
    if (list != nullptr && other != nullptr)
        return std::equal(list->begin(),
                          list->end(),
                          other->begin(),
                          other->end(),
                          [](const Value& x, const Value& y) { return same(x, y); });
    const auto* const left = std::get_if<double>(&a.data);
    const auto* const right = std::get_if<double>(&b.data);
    if (left == nullptr || right == nullptr) return a == b;
    return std::bit_cast<std::uint64_t>(*left) == std::bit_cast<std::uint64_t>(*right);
}

inline bool same(const Decoded& a, const Decoded& b) {
    const auto same_row = [](const Value::List& left, const Value::List& right) {
        return std::equal(left.begin(),
                          left.end(),
                          right.begin(),
                          right.end(),
                          [](const Value& x, const Value& y) { return same(x, y); });
    };
    return a.rejects == b.rejects && a.records == b.records && a.lost == b.lost &&
           std::equal(a.rows.begin(), a.rows.end(), b.rows.begin(), b.rows.end(), same_row);
}

// An outlet that only rejected records reach.
class RejectOutlet final : public Outlet {
  public:
    explicit RejectOutlet(std::vector<Reject>& rejects) : rejects_(rejects) {}

    SplitId open_split() override { return {}; }

    void close_split(SplitId) override {}

    bool ready() override { return true; }

    void offer(SplitId, const Batch&) override {}

    void reject(const Rejected& record) override {
        rejects_.push_back({record.reason, std::string(record.bytes), record.offset});
    }

    void flush() override {}

  private:
    std::vector<Reject>& rejects_;
};

// Bytes with the padding that decoders are promised, and not a byte more: AddressSanitizer watches
// the end. The padding is garbage that looks like data.
class PaddedBytes {
  public:
    explicit PaddedBytes(std::string_view text)
        : size_(text.size()), bytes_(new char[text.size() + kDecodePadding]) {
        std::memcpy(bytes_.get(), text.data(), text.size());
        for (std::size_t i = 0; i < kDecodePadding; ++i)
            bytes_[size_ + i] = "\n7,\"}{"[i % 6];
    }

    [[nodiscard]] std::string_view view() const { return {bytes_.get(), size_}; }

  private:
    std::size_t size_;
    std::unique_ptr<char[]> bytes_;
};

inline SchemaPtr schema_of(const FormatSpec& spec) {
    std::vector<Field> fields;
    for (const WantedColumn& wanted : spec.wanted)
        fields.push_back({wanted.path.empty() ? "m" : wanted.path.back(), wanted.type});
    return make_schema(std::move(fields));
}

// Wants every declared column.
inline void want_all(FormatSpec& spec) {
    for (const Field& field : spec.declared)
        spec.wanted.push_back({{field.name}, field.type, Metadata::kNone});
}

inline void take_rows(Batch& batch, Decoded& out) {
    for (std::size_t row = 0; row < batch.size(); ++row) {
        Value::List& values = out.rows.emplace_back();
        for (std::size_t i = 0; i < batch.column_count(); ++i)
            values.push_back(value_at(batch.column(i), row));
        if (batch.kinds() != nullptr)
            values.push_back({static_cast<std::int64_t>(batch.kinds()[row])});
    }
    batch.clear();
}

// Feeds `bytes` in pieces of the sizes that `next_size` gives; what a piece leaves is handed in
// again with the next one, as a source does.
template <class NextSize>
Decoded decode_pieces(Decoder& decoder,
                      const SchemaPtr& schema,
                      std::string_view bytes,
                      NextSize next_size) {
    Decoded out;
    RejectOutlet outlet(out.rejects);
    Batch batch(schema);
    std::size_t begin = 0;
    std::size_t end = 0;
    while (!out.lost) {
        end = std::min(bytes.size(), end + next_size());
        const bool is_end = end == bytes.size();
        for (;;) {
            const PaddedBytes padded(bytes.substr(begin, end - begin));
            Piece piece{.bytes = padded.view(), .is_end = is_end, .offset = begin, .peer = "peer"};
            piece.sequence = static_cast<std::int64_t>(out.records);
            const DecodeResult result = decoder.decode(piece, batch, outlet);
            begin += result.consumed;
            out.records += result.records;
            const bool was_full = result.records != 0 && batch.room() < 2;
            take_rows(batch, out);
            if (!was_full) break;
        }
        out.lost = decoder.lost_framing();
        if (is_end) break;
    }
    return out;
}

inline Decoded decode_whole(Decoder& decoder, const SchemaPtr& schema, std::string_view bytes) {
    return decode_pieces(decoder, schema, bytes, [&] { return bytes.size() + 1; });
}

inline Decoded decode_split(Decoder& decoder,
                            const SchemaPtr& schema,
                            std::string_view bytes,
                            std::uint64_t seed) {
    Random random(seed);
    return decode_pieces(decoder, schema, bytes, [&] { return 1 + random.below(40); });
}

}  // namespace thalweg
