#include "bench/memory_world.h"

#include "ingest/decoder.h"
#include "ingest/stream_reader.h"
#include "state/base/assertion.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string_view>
#include <utility>

namespace thalweg::bench {

namespace {

// Reads memory as a file is read, without the copy into a buffer.
class MemorySource final : public Source {
  public:
    MemorySource(const SourceSpec& spec, std::unique_ptr<Decoder> decoder, std::string_view bytes)
        : batch_(schema_of(spec.format)), decoder_(std::move(decoder)), bytes_(bytes) {}

    [[nodiscard]] Result<void> open(Outlet& outlet) override {
        split_ = outlet.open_split();
        return {};
    }

    std::size_t poll(std::int64_t now_ns, std::size_t budget, Outlet& outlet) override {
        CountingOutlet counting(outlet, counters_);
        std::size_t records = 0;
        while (records < budget && position_ < bytes_.size() && outlet.ready()) {
            records += decode(now_ns, counting);
            if (!batch_.empty()) outlet.offer(split_, batch_);
        }
        if (position_ == bytes_.size() && outlet.ready()) end(outlet);
        return records;
    }

    void stop() override { position_ = bytes_.size(); }

    [[nodiscard]] bool finished() const override { return is_finished_; }

    [[nodiscard]] bool is_bounded() const override { return true; }

    [[nodiscard]] const SourceCounters& counters() const override { return counters_; }

    [[nodiscard]] std::int64_t next_poll_ns() const override {
        return is_finished_ ? INT64_MAX : INT64_MIN;
    }

  private:
    std::size_t decode(std::int64_t now_ns, CountingOutlet& outlet) {
        batch_.clear();
        Piece piece;
        piece.bytes = bytes_.substr(position_, StreamWorkspace::kReadBytes);
        piece.is_end = position_ + piece.bytes.size() == bytes_.size();
        piece.offset = position_;
        piece.receive_time_ns = now_ns;
        const DecodeResult result = decoder_->decode(piece, batch_, outlet);
        ASSERT(result.consumed > 0);
        position_ += result.consumed;
        counters_.received_bytes += result.consumed;
        counters_.received_records += result.records;
        counters_.emitted_records += batch_.size();
        return result.records;
    }

    void end(Outlet& outlet) {
        if (is_finished_) return;
        outlet.close_split(split_);
        outlet.flush();
        is_finished_ = true;
    }

    Batch batch_;
    std::unique_ptr<Decoder> decoder_;
    std::string_view bytes_;
    std::size_t position_ = 0;
    SplitId split_{};
    SourceCounters counters_;
    bool is_finished_ = false;
};

class CheckSumSink final : public Sink {
  public:
    explicit CheckSumSink(CheckSum& sum) : sum_(sum) {}

    [[nodiscard]] Result<void> open() override { return {}; }

    [[nodiscard]] bool ready() override { return true; }

    [[nodiscard]] Result<void> write(const BatchView& rows) override {
        std::array<const std::int64_t*, CheckSum::kColumnsMax> values{};
        const std::size_t width = rows.columns.size();
        if (width > values.size()) return fail(Code::kUnsupported, "too many columns to check");
        for (std::size_t i = 0; i < width; ++i) {
            if (rows[i].has_nulls()) return fail(Code::kUnsupported, "a NULL in the result");
            values[i] = rows[i].data<std::int64_t>();
        }
        CheckSum sum = sum_;
        rows.selection.for_each([&](std::size_t row) {
            std::uint64_t hash = 0;
            for (std::size_t i = 0; i < width; ++i)
                hash += CheckSum::term(i, values[i][row]);
            sum.add_hash(hash);
        });
        sum_ = sum;
        counters_.rows += rows.size();
        return {};
    }

    Result<void> poll(std::int64_t /*now_ns*/) override { return {}; }

    void flush() override {}

    [[nodiscard]] Result<void> close() override { return {}; }

    [[nodiscard]] const SinkCounters& counters() const override { return counters_; }

  private:
    CheckSum& sum_;
    SinkCounters counters_;
};

}  // namespace

Connectors memory_connectors(std::span<const char> bytes, CheckSum& sum) {
    const std::string_view text(bytes.data(), bytes.size());
    Connectors connectors;
    connectors.make_door = [text] {
        IngestDoor door;
        door.make_source = [text](const SourceSpec& spec,
                                  SourceInstance instance,
                                  SourceEvent) -> Result<std::unique_ptr<Source>> {
            ASSERT(instance.count == 1);
            TRY(const SourceTraits traits, check_source(spec));
            FormatSpec format = spec.format;
            format.framing = traits.default_framing;
            TRY(std::unique_ptr<Decoder> decoder, make_decoder(format));
            return std::make_unique<MemorySource>(spec, std::move(decoder), text);
        };
        door.poll = [] { return std::size_t{0}; };
        return door;
    };
    connectors.make_sink = [&sum](const SinkSpec&,
                                  const SinkEvent&) -> Result<std::unique_ptr<Sink>> {
        return std::make_unique<CheckSumSink>(sum);
    };
    return connectors;
}

}  // namespace thalweg::bench
