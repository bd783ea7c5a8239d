#pragma once

#include "engine/sink/encoder.h"
#include "engine/sink/fd_writer.h"
#include "engine/sink/sink.h"

#include <cstdint>
#include <memory>
#include <utility>

namespace thalweg {

// What the sinks of standard output and of files are: an encoder in front of a descriptor. The
// heirs open and close; `writer_` is there in between. What is buffered goes when the buffer is
// full, when a flush was asked for, and at the latest a tenth of a second after a poll() saw it: an
// input that never pauses asks for no flush.
class DescriptorSink : public Sink {
  public:
    explicit DescriptorSink(std::unique_ptr<Encoder> encoder) : encoder_(std::move(encoder)) {}

    [[nodiscard]] bool ready() override { return true; }

    [[nodiscard]] Result<void> write(const BatchView& rows) override {
        std::string& buffer = writer_->buffer();
        const std::size_t before = buffer.size();
        TRY_VOID(encoder_->encode(rows, buffer));
        counters_.rows += rows.size();
        counters_.bytes += buffer.size() - before;
        return writer_->give();
    }

    Result<void> poll(std::int64_t now_ns) override {
        if (writer_->buffer().empty()) {
            wants_flush_ = false;
            held_since_ns_ = kNothingHeld;
            return {};
        }
        if (held_since_ns_ == kNothingHeld) held_since_ns_ = now_ns;
        if (!wants_flush_ && now_ns - held_since_ns_ < kHeldMaxNs) return {};
        wants_flush_ = false;
        held_since_ns_ = kNothingHeld;
        return writer_->flush();
    }

    // The next poll() writes: here there is no way to say that it failed.
    void flush() override { wants_flush_ = true; }

    [[nodiscard]] bool is_drained() const override {
        return writer_ == nullptr || writer_->buffer().empty();
    }

    [[nodiscard]] const SinkCounters& counters() const override { return counters_; }

  protected:
    std::unique_ptr<Encoder> encoder_;
    std::unique_ptr<FdWriter> writer_;
    SinkCounters counters_;
    bool wants_flush_ = false;

  private:
    static constexpr std::int64_t kNothingHeld = INT64_MIN;
    static constexpr std::int64_t kHeldMaxNs = 100'000'000;

    std::int64_t held_since_ns_ = kNothingHeld;  // As far as poll() has seen.
};

}  // namespace thalweg
