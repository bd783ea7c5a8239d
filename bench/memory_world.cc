#include "bench/memory_world.h"

#include "ingest/decoder.h"
#include "ingest/stream_reader.h"
#include "state/base/assertion.h"

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

namespace thalweg::bench {

namespace {

std::int64_t now() {
    return std::chrono::steady_clock::now().time_since_epoch().count();
}

// When the source handed the last piece on, for the sink. 0: not now.
struct Handover {
    std::int64_t at_ns = 0;
};

// Reads memory as a file is read, without the copy into a buffer.
class MemorySource final : public Source {
  public:
    MemorySource(const SourceSpec& spec,
                 std::unique_ptr<Decoder> decoder,
                 Input& input,
                 std::unique_ptr<Input> part,
                 std::shared_ptr<Handover> handover)
        : batch_(schema_of(spec.format)),
          decoder_(std::move(decoder)),
          part_(std::move(part)),
          input_(part_ != nullptr ? *part_ : input),
          handover_(std::move(handover)) {}

    [[nodiscard]] Result<void> open(Outlet& outlet) override {
        split_ = outlet.open_split();
        return {};
    }

    std::size_t poll(std::int64_t now_ns, std::size_t budget, Outlet& outlet) override {
        CountingOutlet counting(outlet, counters_);
        std::size_t records = 0;
        while (records < budget && !at_end() && outlet.ready()) {
            records += decode(now_ns, counting);
            if (!batch_.empty()) outlet.offer(split_, batch_);
        }
        if (at_end() && outlet.ready()) end(outlet);
        return records;
    }

    void stop() override { is_stopped_ = true; }

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
        piece.bytes = input_.piece(position_);
        piece.is_end = position_ + piece.bytes.size() == input_.bytes();
        piece.offset = position_;
        piece.receive_time_ns = now_ns;
        piece.stays = true;
        if (handover_) handover_->at_ns = now();
        const DecodeResult result = decoder_->decode(piece, batch_, outlet);
        ASSERT(result.consumed > 0);
        position_ += result.consumed;
        counters_.received_bytes += result.consumed;
        counters_.received_records += result.records;
        counters_.emitted_records += batch_.size();
        return result.records;
    }

    [[nodiscard]] bool at_end() const { return is_stopped_ || position_ == input_.bytes(); }

    void end(Outlet& outlet) {
        if (is_finished_) return;
        if (handover_) handover_->at_ns = 0;
        outlet.close_split(split_);
        outlet.flush();
        is_finished_ = true;
    }

    Batch batch_;
    std::unique_ptr<Decoder> decoder_;
    std::unique_ptr<Input> part_;  // Null: all of it.
    Input& input_;
    std::shared_ptr<Handover> handover_;  // Null when nobody asks.
    std::uint64_t position_ = 0;
    SplitId split_{};
    SourceCounters counters_;
    bool is_stopped_ = false;
    bool is_finished_ = false;
};

class CheckSumSink final : public Sink {
  public:
    explicit CheckSumSink(CheckSum& sum) : sum_(sum) {}

    [[nodiscard]] Result<void> open() override { return {}; }

    [[nodiscard]] bool ready() override { return true; }

    [[nodiscard]] Result<void> write(const BatchView& rows) override {
        if (rows.columns.size() > CheckSum::kColumnsMax)
            return fail(Code::kUnsupported, "too many columns to check");
        std::vector<CheckSum::Row> sums(kBatchRows);
        for (std::size_t i = 0; i < rows.columns.size(); ++i)
            TRY_VOID(add_column(i, rows, sums));
        rows.selection.for_each([&](std::size_t row) {
            const RowKind kind = rows.kind(row);
            if (kind == RowKind::kInsert || kind == RowKind::kUpdateAfter) {
                sum_.add(sums[row]);
            } else {
                sum_.remove(sums[row]);
            }
        });
        counters_.rows += rows.size();
        return {};
    }

    Result<void> poll(std::int64_t /*now_ns*/) override { return {}; }

    void flush() override {}

    [[nodiscard]] Result<void> close() override { return {}; }

    [[nodiscard]] bool is_drained() const override { return true; }

    [[nodiscard]] const SinkCounters& counters() const override { return counters_; }

  private:
    using Sums = std::vector<CheckSum::Row>;

    static Result<void> add_column(std::size_t index, const BatchView& rows, Sums& sums) {
        const Column& column = rows[index];
        if (column.has_nulls()) return fail(Code::kUnsupported, "a NULL in the result");
        switch (column.physical()) {
            case Physical::kInt32: add_values<std::int32_t, std::int64_t>(index, rows, sums); break;
            case Physical::kInt64: add_values<std::int64_t, std::int64_t>(index, rows, sums); break;
            case Physical::kFloat: add_values<float, double>(index, rows, sums); break;
            case Physical::kDouble: add_values<double, double>(index, rows, sums); break;
            default: return fail(Code::kUnsupported, "a column that is not a number");
        }
        return {};
    }

    template <class Value, class Wide>
    static void add_values(std::size_t index, const BatchView& rows, Sums& sums) {
        const Value* const values = rows[index].data<Value>();
        rows.selection.for_each(
            [&](std::size_t row) { sums[row].add(index, static_cast<Wide>(values[row])); });
    }

    CheckSum& sum_;
    SinkCounters counters_;
};

// Asks the clock whenever rows come, and passes them on.
class LatencySink final : public Sink {
  public:
    LatencySink(std::unique_ptr<Sink> next,
                std::shared_ptr<const Handover> handover,
                Histogram& latency)
        : next_(std::move(next)), handover_(std::move(handover)), latency_(latency) {}

    [[nodiscard]] Result<void> open() override { return next_->open(); }

    [[nodiscard]] bool ready() override { return next_->ready(); }

    [[nodiscard]] Result<void> write(const BatchView& rows) override {
        if (handover_->at_ns != 0) latency_.record(now() - handover_->at_ns);
        return next_->write(rows);
    }

    Result<void> poll(std::int64_t now_ns) override { return next_->poll(now_ns); }

    void flush() override { next_->flush(); }

    [[nodiscard]] Result<void> close() override { return next_->close(); }

    [[nodiscard]] bool is_drained() const override { return next_->is_drained(); }

    [[nodiscard]] const SinkCounters& counters() const override { return next_->counters(); }

  private:
    std::unique_ptr<Sink> next_;
    std::shared_ptr<const Handover> handover_;
    Histogram& latency_;
};

}  // namespace

std::unique_ptr<Sink> make_check_sum_sink(CheckSum& sum) {
    return std::make_unique<CheckSumSink>(sum);
}

Connectors memory_connectors(const MemoryWorld& world) {
    const auto handover = world.latency != nullptr ? std::make_shared<Handover>() : nullptr;
    Connectors connectors;
    connectors.make_door = [&input = world.input, handover] {
        IngestDoor door;
        const auto real = std::make_shared<IngestDoor>(standard_connectors().make_door());
        door.make_source = [&input, handover, real](
                               const SourceSpec& spec,
                               SourceInstance instance,
                               SourceEvent event) -> Result<std::unique_ptr<Source>> {
            if (spec.connector != "stdin")
                return real->make_source(spec, instance, std::move(event));
            TRY(const SourceTraits traits, check_source(spec));
            FormatSpec format = spec.format;
            format.framing = traits.default_framing;
            TRY(std::unique_ptr<Decoder> decoder, make_decoder(format));
            std::unique_ptr<Input> part;
            if (instance.count > 1) {
                part = input.part(instance.index, instance.count);
                if (part == nullptr) return fail(Code::kUnsupported, "one ingest thread only");
            }
            return std::make_unique<MemorySource>(
                spec, std::move(decoder), input, std::move(part), handover);
        };
        door.poll = [] { return std::size_t{0}; };
        return door;
    };
    connectors.make_sink = [sum = world.sum, latency = world.latency, handover](
                               const SinkSpec& spec,
                               const SinkEvent& event) -> Result<std::unique_ptr<Sink>> {
        if (sum != nullptr) return make_check_sum_sink(*sum);
        TRY(std::unique_ptr<Sink> sink, make_sink(spec, event));
        if (latency == nullptr) return sink;
        return std::make_unique<LatencySink>(std::move(sink), handover, *latency);
    };
    return connectors;
}

}  // namespace thalweg::bench
