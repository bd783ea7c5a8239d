#pragma once

#include "ingest/decoder.h"
#include "ingest/format.h"
#include "ingest/outlet.h"
#include "ingest/source.h"
#include "state/batch.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

// The schema of the batches that a format's decoder fills: a field for each wanted column.
[[nodiscard]] SchemaPtr schema_of(const FormatSpec& format);

// Hands everything on to an outlet and counts what is rejected, by reason.
class CountingOutlet final : public Outlet {
  public:
    CountingOutlet(Outlet& outlet, SourceCounters& counters)
        : outlet_(outlet), counters_(counters) {}

    SplitId open_split() override { return outlet_.open_split(); }

    void close_split(SplitId split) override { outlet_.close_split(split); }

    bool ready() override { return outlet_.ready(); }

    void offer(SplitId split, const Batch& rows) override { outlet_.offer(split, rows); }

    void reject(const Rejected& record) override;

    void flush() override { outlet_.flush(); }

  private:
    Outlet& outlet_;
    SourceCounters& counters_;
};

// What the byte streams of one source share, since one at a time is read and decoded: the receive
// buffer, the batch being filled, and the counters.
class StreamWorkspace {
  public:
    // Large enough that a system call is cheap for each record, small enough to stay in the
    // second-level cache between the kernel's copy and the decoder.
    static constexpr std::size_t kReadBytes = 256 * 1024;

    explicit StreamWorkspace(const FormatSpec& format, std::size_t read_bytes = kReadBytes);

    [[nodiscard]] std::span<char> buffer() noexcept { return {buffer_.data(), capacity_}; }

    [[nodiscard]] Batch& batch() noexcept { return batch_; }

    [[nodiscard]] SourceCounters& counters() noexcept { return counters_; }

    [[nodiscard]] const SourceCounters& counters() const noexcept { return counters_; }

  private:
    Batch batch_;
    std::size_t capacity_;  // Without the padding.
    std::vector<char> buffer_;
    SourceCounters counters_;
};

// How a stream ended.
enum class StreamEnd : std::uint8_t {
    kClean,    // By its own will: a last record without delimiter counts.
    kBroken,   // By an error: a record cut in the middle is rejected as truncated.
    kStopped,  // By us: a record that has not arrived whole was never received.
};

// One stream of bytes, a connection or a file, on its way into batches: keeps what is left of a
// record between two reads, has the decoder, and fills and offers the workspace's batch.
//
// Contract  room(), take() and deliver() until has_backlog() is false, then perhaps another stream
//           of the same workspace. A record may come in any number of pieces: between reads the
//           stream keeps its beginning in memory of its own, at most one record's worth. deliver()
//           stops when `outlet` is not ready, and goes on when called again.
// Threads   One at a time.
// Failure   Bad records are counted and rejected. When the framing is lost the rest of the stream
//           is dropped: is_done(), lost_framing().
class StreamReader {
  public:
    struct Origin {
        std::string peer;
        std::int64_t connection_id = 0;
        SplitId split{};
        std::uint64_t offset = 0;   // Of the first byte taken: where a record begins.
        std::int64_t sequence = 0;  // Of the first record.
    };

    StreamReader(StreamWorkspace& workspace, std::unique_ptr<Decoder> decoder, Origin origin);

    // Where the next bytes of the stream go; never empty.
    [[nodiscard]] std::span<char> room();

    // Says that `bytes` bytes were put into room() at `now_ns`. 0 is allowed.
    void take(std::size_t bytes, std::int64_t now_ns);

    void end(StreamEnd how);

    // Decodes and offers what was taken, up to `budget` rows and what is rejected before the last
    // of them; returns how many records that were.
    std::size_t deliver(std::size_t budget, Outlet& outlet);

    // Whether the workspace holds bytes of this stream that are not delivered yet.
    [[nodiscard]] bool has_backlog() const noexcept { return is_loaded_; }

    // Whether the stream has ended and all of it is delivered.
    [[nodiscard]] bool is_done() const noexcept { return has_ended_ && !is_loaded_; }

    [[nodiscard]] bool lost_framing() const { return decoder_->lost_framing(); }

    [[nodiscard]] const Origin& origin() const noexcept { return origin_; }

    // Offset of the first byte not taken yet.
    [[nodiscard]] std::uint64_t bytes_taken() const noexcept { return offset_ + left(); }

    // --- For a journal, which lets another reader go on in the middle of a record ---

    // What was taken and is not consumed; good until the next call.
    [[nodiscard]] std::string_view rest() const noexcept;

    // The first byte of rest(), and the first record that is not consumed.
    [[nodiscard]] std::uint64_t rest_offset() const noexcept { return offset_; }

    [[nodiscard]] std::int64_t next_sequence() const noexcept { return sequence_; }

    [[nodiscard]] std::int64_t receive_time_ns() const noexcept { return receive_time_ns_; }

    // Whether the bytes to come go on with a record that was rejected as too long.
    [[nodiscard]] bool is_skipping() const { return !lost_framing() && skipped_bytes() != 0; }

    // Before anything is taken: the first bytes go on with such a record.
    void skip_begun_record(const FormatSpec& format);

    [[nodiscard]] StreamEnd how_ended() const noexcept { return how_; }

    // Offset of the first record that is neither offered nor rejected whole: where another reader
    // goes on.
    [[nodiscard]] std::uint64_t position() const { return offset_ - skipped_bytes(); }

  private:
    [[nodiscard]] std::uint64_t skipped_bytes() const { return decoder_->skipped_bytes(); }

    [[nodiscard]] std::size_t left() const noexcept {
        return is_loaded_ ? end_ - begin_ : carry_.size();
    }

    DecodeResult decode(bool is_end, std::size_t rows_max, CountingOutlet& outlet);
    void reject_rest(CountingOutlet& outlet);
    void unload();

    StreamWorkspace& workspace_;
    std::unique_ptr<Decoder> decoder_;
    Origin origin_;
    bool is_loaded_ = false;  // The bytes not consumed are in the buffer, else in carry_.
    bool has_ended_ = false;
    StreamEnd how_ = StreamEnd::kClean;
    std::size_t begin_ = 0;  // Of what is not consumed, in the buffer.
    std::size_t end_ = 0;
    std::uint64_t offset_ = 0;  // Of begin_ in the stream.
    std::int64_t sequence_ = 0;
    std::int64_t receive_time_ns_ = 0;
    std::string carry_;
};

}  // namespace thalweg
