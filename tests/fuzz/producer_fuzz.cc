// Frames of the producer protocol: any bytes are taken apart without harm, the same way whatever
// more is behind them, and what is read and written again is what it was.

#include "ingest/producer_frame.h"
#include "ingest/record_cutter.h"
#include "tests/fuzz/decoding_fuzz.h"

#include <string>

namespace thalweg {
namespace {

constexpr std::size_t kPayloadMax = 4'096;

template <class Message>
void require_same(const std::optional<Message>& message, std::string_view frame) {
    if (!message) return;
    std::string again;
    append_frame(again, *message);
    require(again == frame, "a frame that was read is written otherwise");
}

void check_body(const Frame& frame, std::string_view whole) {
    switch (frame.type) {
        case FrameType::kHello: {
            const std::optional<Hello> hello = read_hello(frame.body);
            if (hello && hello->version == kProducerVersion) require_same(hello, whole);
            return;
        }
        case FrameType::kWelcome: return require_same(read_welcome(frame.body), whole);
        case FrameType::kRefuse: return require_same(read_refuse(frame.body), whole);
        case FrameType::kBatch: return require_same(read_batch(frame.body), whole);
        case FrameType::kAck: return require_same(read_ack(frame.body), whole);
        default: break;
    }
    const std::optional<std::uint64_t> number = read_number(frame.body);
    if (!number) return;
    std::string again;
    append_number_frame(again, frame.type, *number);
    require(again == whole, "a number that was read is written otherwise");
}

// The cutter's two answers agree, for each framing.
void check_cutter(std::string_view bytes) {
    FormatSpec spec;
    spec.frame_bytes_max = 64;
    for (const Framing framing : {Framing::kNewline, Framing::kLengthPrefixed, Framing::kFixed}) {
        spec.framing = framing;
        const RecordCutter cutter(spec, 3);
        const std::optional<std::uint64_t> count = cutter.count(bytes);
        if (!count) continue;
        require(cutter.size_of(bytes, *count) == bytes.size(), "records do not fill the bytes");
        const std::size_t half = cutter.size_of(bytes, *count / 2);
        require(cutter.count(bytes.substr(0, half)) == *count / 2, "half the records are not half");
    }
}

void run(std::string_view bytes) {
    check_cutter(bytes);
    while (!bytes.empty()) {
        const Frame frame = next_frame(bytes, kPayloadMax);
        if (frame.kind == Frame::Kind::kMore) {
            require(bytes.size() < kFrameHeaderBytes + kBatchHeaderBytes + kPayloadMax,
                    "more is asked for than a frame can have");
        }
        if (frame.kind != Frame::Kind::kFrame && frame.kind != Frame::Kind::kDamaged) return;
        require(frame.consumed <= bytes.size(), "more is taken than there is");
        const std::string_view whole = bytes.substr(0, frame.consumed);
        require(next_frame(whole, kPayloadMax).kind == frame.kind, "what is behind a frame counts");
        // A mutation seldom has the right checksum: the bodies are read anyway.
        if (frame.kind == Frame::Kind::kFrame) {
            check_body(frame, whole);
        } else {
            static_cast<void>(read_hello(frame.body));
            static_cast<void>(read_welcome(frame.body));
            static_cast<void>(read_refuse(frame.body));
            static_cast<void>(read_batch(frame.body));
        }
        bytes.remove_prefix(frame.consumed);
    }
}

}  // namespace
}  // namespace thalweg

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    thalweg::run({reinterpret_cast<const char*>(data), size});
    return 0;
}
