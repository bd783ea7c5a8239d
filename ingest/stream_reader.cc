#include "ingest/stream_reader.h"

#include "state/base/assertion.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

namespace thalweg {

namespace {

constexpr std::size_t kRejectedBytesMax = 256;  // Of a record, as `Rejected` promises.
constexpr std::size_t kFrameOverheadBytes = 64;

std::string name_of(const WantedColumn& column) {
    std::string name;
    for (const std::string& step : column.path) {
        if (!name.empty()) name += '.';
        name += step;
    }
    return name;
}

}  // namespace

SchemaPtr schema_of(const FormatSpec& format) {
    std::vector<Field> fields;
    fields.reserve(format.wanted.size());
    for (const WantedColumn& column : format.wanted) {
        fields.push_back({name_of(column), column.type});
    }
    return make_schema(std::move(fields));
}

void CountingOutlet::reject(const Rejected& record) {
    ++counters_.rejected[static_cast<std::size_t>(record.reason)];
    outlet_.reject(record);
}

StreamWorkspace::StreamWorkspace(const FormatSpec& format, std::size_t read_bytes)
    : batch_(schema_of(format)),
      capacity_(std::max(read_bytes, 2 * (format.frame_bytes_max + kFrameOverheadBytes))),
      buffer_(capacity_ + kDecodePadding) {}

StreamReader::StreamReader(StreamWorkspace& workspace,
                           std::unique_ptr<Decoder> decoder,
                           Origin origin)
    : workspace_(workspace),
      decoder_(std::move(decoder)),
      origin_(std::move(origin)),
      offset_(origin_.offset),
      sequence_(origin_.sequence) {}

std::span<char> StreamReader::room() {
    const std::span<char> buffer = workspace_.buffer();
    if (!is_loaded_) {
        ASSERT(carry_.size() < buffer.size());
        begin_ = 0;
        end_ = carry_.size();
        if (!carry_.empty()) std::memcpy(buffer.data(), carry_.data(), carry_.size());
        carry_.clear();
        is_loaded_ = true;
    }
    return buffer.subspan(end_);
}

void StreamReader::take(std::size_t bytes, std::int64_t now_ns) {
    ASSERT(is_loaded_);
    ASSERT(!has_ended_);
    ASSERT(bytes <= workspace_.buffer().size() - end_);
    end_ += bytes;
    receive_time_ns_ = now_ns;
    workspace_.counters().received_bytes += bytes;
    if (bytes == 0) unload();
}

std::string_view StreamReader::rest() const noexcept {
    if (!is_loaded_) return carry_;
    return {workspace_.buffer().data() + begin_, end_ - begin_};
}

// Shows the decoder a record that is too long and has no end, so that it is in the same state.
void StreamReader::skip_begun_record(const FormatSpec& format) {
    ASSERT(!is_loaded_);
    ASSERT(carry_.empty());

    class Deaf final : public Outlet {
      public:
        SplitId open_split() override { return {}; }

        void close_split(SplitId) override {}

        bool ready() override { return true; }

        void offer(SplitId, const Batch&) override {}

        void reject(const Rejected&) override {}

        void flush() override {}
    };

    const std::span<char> buffer = workspace_.buffer();
    const std::size_t size = std::min(format.frame_bytes_max + kFrameOverheadBytes, buffer.size());
    std::memset(buffer.data(), format.delimiter == 'x' ? 'y' : 'x', size);
    Piece piece;
    piece.bytes = {buffer.data(), size};
    Deaf deaf;
    workspace_.batch().clear();
    static_cast<void>(decoder_->decode(piece, workspace_.batch(), deaf));
    workspace_.batch().clear();
}

void StreamReader::end(StreamEnd how) {
    if (has_ended_) return;
    has_ended_ = true;
    how_ = how;
    if (how == StreamEnd::kStopped) carry_.clear();
    if (!carry_.empty()) static_cast<void>(room());
}

std::size_t StreamReader::deliver(std::size_t budget, Outlet& outlet) {
    CountingOutlet counting(outlet, workspace_.counters());
    std::size_t records = 0;
    while (is_loaded_ && records < budget && outlet.ready()) {
        workspace_.batch().clear();
        const bool is_end = has_ended_ && how_ == StreamEnd::kClean;
        const DecodeResult result = decode(is_end, budget - records, counting);
        records += result.records;
        if (!workspace_.batch().empty()) outlet.offer(origin_.split, workspace_.batch());
        const bool is_stuck = result.consumed == 0 && result.records == 0;
        if (decoder_->lost_framing()) {
            has_ended_ = true;
            is_loaded_ = false;
        } else if (begin_ == end_ || is_stuck) {
            if (has_ended_) reject_rest(counting);
            unload();
        }
    }
    return records;
}

DecodeResult StreamReader::decode(bool is_end, std::size_t rows_max, CountingOutlet& outlet) {
    Piece piece;
    piece.bytes = {workspace_.buffer().data() + begin_, end_ - begin_};
    piece.is_end = is_end;
    piece.offset = offset_;
    piece.peer = origin_.peer;
    piece.receive_time_ns = receive_time_ns_;
    piece.connection_id = origin_.connection_id;
    piece.sequence = sequence_;
    piece.rows_max = rows_max;
    piece.stays = true;
    const DecodeResult result = decoder_->decode(piece, workspace_.batch(), outlet);
    DEBUG_ASSERT(result.consumed <= piece.bytes.size());
    DEBUG_ASSERT(result.records == result.rejected + workspace_.batch().size());
    begin_ += result.consumed;
    offset_ += result.consumed;
    sequence_ += static_cast<std::int64_t>(result.records);
    workspace_.counters().received_records += result.records;
    workspace_.counters().emitted_records += workspace_.batch().size();
    return result;
}

// Counts what is left of a record that will never be whole.
void StreamReader::reject_rest(CountingOutlet& outlet) {
    if (begin_ == end_ || how_ == StreamEnd::kStopped) return;
    const std::string_view rest(workspace_.buffer().data() + begin_, end_ - begin_);
    ++workspace_.counters().received_records;
    outlet.reject({RejectReason::kTruncated,
                   "the input ended in the middle of a record",
                   rest.substr(0, kRejectedBytesMax),
                   origin_.peer,
                   offset_});
    begin_ = end_;
}

// Makes the buffer free for another stream.
void StreamReader::unload() {
    carry_.assign(workspace_.buffer().data() + begin_, has_ended_ ? 0 : end_ - begin_);
    is_loaded_ = false;
}

}  // namespace thalweg
