#pragma once

#include "engine/sink/encoder.h"
#include "engine/sink/fd_writer.h"
#include "engine/sink/sink.h"

#include <memory>
#include <utility>

namespace thalweg {

// What the sinks of standard output and of files are: an encoder in front of a descriptor. The
// heirs open and close; `writer_` is there in between.
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
        static_cast<void>(now_ns);
        if (!wants_flush_) return {};
        wants_flush_ = false;
        return writer_->flush();
    }

    // The next poll() writes: here there is no way to say that it failed.
    void flush() override { wants_flush_ = true; }

    [[nodiscard]] const SinkCounters& counters() const override { return counters_; }

  protected:
    std::unique_ptr<Encoder> encoder_;
    std::unique_ptr<FdWriter> writer_;
    SinkCounters counters_;
    bool wants_flush_ = false;
};

}  // namespace thalweg
