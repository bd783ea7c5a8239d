#include "ingest/producer_connection.h"

#include "ingest/raw_struct_decoder.h"
#include "ingest/stream_reader.h"
#include "state/base/assertion.h"

#include <algorithm>
#include <utility>

namespace thalweg {

namespace {

constexpr std::size_t kPayloadBytes = 256 * 1024;
constexpr std::size_t kRecordOverheadBytes = 64;
constexpr std::uint32_t kRetryAfterMs = 1'000;

PayloadFraming framing_of(Framing framing) {
    if (framing == Framing::kLengthPrefixed) return PayloadFraming::kLengthPrefixed;
    return framing == Framing::kFixed ? PayloadFraming::kFixed : PayloadFraming::kNewline;
}

std::unique_ptr<Decoder> decoder_of(const FormatSpec& format) {
    Result<std::unique_ptr<Decoder>> decoder = make_decoder(format);
    ASSERT(decoder.has_value());  // The same format made one when the source was checked.
    return *std::move(decoder);
}

std::size_t fixed_bytes_of(const FormatSpec& format) {
    if (format.framing != Framing::kFixed) return 0;
    const Result<std::size_t> bytes = raw_struct_bytes(format.declared);
    ASSERT(bytes.has_value());  // Only raw-struct has this framing, and its decoder was made.
    return *bytes;
}

}  // namespace

ProducerHall::ProducerHall(const FormatSpec& format, SourceInstance source_instance)
    : batch(schema_of(format)),
      decoder(decoder_of(format)),
      cutter(format, fixed_bytes_of(format)),
      directory(std::move(source_instance.sessions)),
      instance(source_instance.index),
      payload_bytes_max(std::max(kPayloadBytes, format.frame_bytes_max + kRecordOverheadBytes)) {}

ProducerConnection::ProducerConnection(ProducerHall& hall, std::uint64_t number, std::string peer)
    : hall_(hall),
      holder_{hall.instance, number},
      peer_(std::move(peer)),
      connection_id_(static_cast<std::int64_t>(hall.counters.connections_opened)) {}

void ProducerConnection::take(const Frame& frame, std::int64_t now_ns, Outlet& outlet) {
    ASSERT(!has_batch());
    if (state_ == State::kLeaving) return;
    receive_time_ns_ = now_ns;
    if (frame.kind == Frame::Kind::kDamaged) {
        reason_ = "a frame was damaged on its way";
        return leave(outlet);
    }
    if (frame.kind == Frame::Kind::kMalformed) return malformed("this is no frame", outlet);
    if (state_ == State::kGreeting) {
        if (frame.type == FrameType::kHello) return greet(frame.body, outlet);
        return malformed("the first frame must be HELLO", outlet);
    }
    if (state_ == State::kWaiting) return malformed("nothing may precede WELCOME", outlet);
    if (frame.type == FrameType::kBatch) return take_batch(frame.body, outlet);
    if (frame.type == FrameType::kEnd) return take_end(frame.body, outlet);
    const std::optional<std::uint64_t> number = read_number(frame.body);
    if (frame.type != FrameType::kPing || !number) {
        return malformed("only BATCH, END and PING may follow WELCOME", outlet);
    }
    append_number_frame(output_, FrameType::kPong, *number);
}

void ProducerConnection::greet(std::string_view body, Outlet& outlet) {
    const std::optional<Hello> hello = read_hello(body);
    if (!hello) return malformed("this is no HELLO", outlet);
    if (hello->version != kProducerVersion) {
        return refuse(RefuseCode::kVersion, "this server speaks version 1", outlet);
    }
    if (!hello->token.empty()) {
        return refuse(RefuseCode::kAuth, "this server knows no token but the empty one", outlet);
    }
    if (hello->ack_mode != kAckEpoch) return malformed("an unknown ack mode", outlet);
    session_id_ = hello->session;
    last_acked_ = hello->last_acked;
    state_ = State::kWaiting;
    settle(hall_.directory->claim(holder_, hello->session, hello->session_epoch, hello->last_acked),
           outlet);
}

void ProducerConnection::try_open(Outlet& outlet) {
    ASSERT(is_waiting());
    settle(hall_.directory->claim_again(holder_, session_id_), outlet);
}

void ProducerConnection::settle(const SessionDirectory::Claim& claim, Outlet& outlet) {
    using Verdict = SessionDirectory::Verdict;
    switch (claim.verdict) {
        case Verdict::kWaiting: return;
        case Verdict::kGranted: return welcome(claim, outlet);
        case Verdict::kUnknown:
            return refuse(RefuseCode::kUnknownSession,
                          "nobody here knows this session, and it has acknowledged records",
                          outlet);
        case Verdict::kDataLoss:
            return refuse(RefuseCode::kDataLoss,
                          "record " + std::to_string(last_acked_) +
                              " was acknowledged, and here only records up to " +
                              std::to_string(claim.durable) + " are durable",
                          outlet);
        case Verdict::kFenced:
            return refuse(RefuseCode::kFenced, "a newer connection has this session", outlet);
        case Verdict::kFull:
            return refuse(RefuseCode::kOverload, "there are sessions.max sessions", outlet);
    }
}

void ProducerConnection::welcome(const SessionDirectory::Claim& claim, Outlet& outlet) {
    state_ = State::kOpen;
    progress_ = {claim.session, claim.accepted, claim.durable};
    durable_said_ = claim.durable;
    accepted_said_ = claim.accepted;
    split_ = outlet.open_split();
    Welcome welcome;
    welcome.framing = framing_of(hall_.cutter.framing());
    welcome.delimiter = static_cast<std::uint8_t>(hall_.cutter.delimiter());
    welcome.payload_bytes_max = static_cast<std::uint32_t>(hall_.payload_bytes_max);
    welcome.record_bytes_max = static_cast<std::uint32_t>(hall_.cutter.record_bytes_max());
    welcome.server = hall_.directory->identity().server;
    welcome.incarnation = hall_.directory->identity().incarnation;
    welcome.durable_seq = claim.durable;
    welcome.accepted_seq = claim.accepted;
    welcome.credit_bytes = hall_.credit_bytes();
    append_frame(output_, welcome);
}

void ProducerConnection::take_batch(std::string_view body, Outlet& outlet) {
    const std::optional<RecordBatch> batch = read_batch(body);
    if (!batch) return malformed("this is no BATCH", outlet);
    if (hall_.cutter.count(batch->payload) != batch->count) {
        return malformed("the payload of a BATCH is not `count` whole records", outlet);
    }
    const std::uint64_t expected = progress_.accepted + 1;
    if (batch->first_seq > expected) {
        append_number_frame(output_, FrameType::kNack, expected);
        reason_ = "a gap: record " + std::to_string(expected) + " was to come, not " +
                  std::to_string(batch->first_seq);
        return leave(outlet);
    }
    const std::uint64_t repeated =
        std::min<std::uint64_t>(expected - batch->first_seq, batch->count);
    hall_.counters.repeated_records += repeated;
    if (repeated > 0) is_ack_due_ = true;
    if (repeated == batch->count) return;
    payload_ = batch->payload.substr(hall_.cutter.size_of(batch->payload, repeated));
}

void ProducerConnection::take_end(std::string_view body, Outlet& outlet) {
    const std::optional<std::uint64_t> last = read_number(body);
    if (!last) return malformed("this is no END", outlet);
    if (!hall_.directory->end(holder_, progress_, *last)) {
        return malformed("END before everything was acknowledged", outlet);
    }
    progress_.session = nullptr;
    append_number_frame(output_, FrameType::kEnd, *last);
    leave(outlet);
}

std::size_t ProducerConnection::deliver(std::size_t budget, Outlet& outlet) {
    CountingOutlet counting(outlet, hall_.counters);
    std::size_t done = 0;
    while (has_batch() && done < budget && outlet.ready()) {
        hall_.batch.clear();
        Piece piece;
        piece.bytes = payload_;
        piece.is_end = true;
        piece.offset = offset_;
        piece.peer = peer_;
        piece.receive_time_ns = receive_time_ns_;
        piece.connection_id = connection_id_;
        piece.sequence = sequence_;
        piece.rows_max = budget - done;
        const DecodeResult result = hall_.decoder->decode(piece, hall_.batch, counting);
        // Of whole records with nothing behind them something is always taken.
        ASSERT(result.consumed > 0);
        sequence_ += static_cast<std::int64_t>(result.records);
        hall_.counters.received_records += result.records;
        hall_.counters.emitted_records += hall_.batch.size();
        done += std::max<std::size_t>(1, result.records);
        count_consumed(payload_.substr(0, result.consumed));
        payload_.remove_prefix(result.consumed);
        if (!hall_.batch.empty()) outlet.offer(split_, hall_.batch);
    }
    if (!has_batch() && bytes_unsaid_ >= hall_.credit_bytes() / 4) is_ack_due_ = true;
    return done;
}

void ProducerConnection::count_consumed(std::string_view consumed) {
    const std::optional<std::uint64_t> records = hall_.cutter.count(consumed);
    ASSERT(records.has_value());  // A decoder takes whole records.
    progress_.accepted += *records;
    bytes_unsaid_ += consumed.size();
    offset_ += consumed.size();
}

void ProducerConnection::acknowledge(bool is_idle) {
    const bool is_heard = state_ == State::kOpen || state_ == State::kDraining;
    if (!is_heard || !output_.empty()) return;
    const bool has_news =
        progress_.durable != durable_said_ || progress_.accepted != accepted_said_;
    if (!is_ack_due_ && !(is_idle && has_news)) return;
    append_frame(output_, Ack{progress_.durable, progress_.accepted, hall_.credit_bytes()});
    durable_said_ = progress_.durable;
    accepted_said_ = progress_.accepted;
    bytes_unsaid_ = 0;
    is_ack_due_ = false;
}

void ProducerConnection::fence(Outlet& outlet) {
    if (!is_open()) return;
    refuse(RefuseCode::kFenced, "a newer connection has this session", outlet);
}

void ProducerConnection::malformed(std::string_view what, Outlet& outlet) {
    refuse(RefuseCode::kMalformed, what, outlet);
}

void ProducerConnection::refuse(RefuseCode code, std::string_view text, Outlet& outlet) {
    append_frame(output_, Refuse{code, code == RefuseCode::kOverload ? kRetryAfterMs : 0, text});
    reason_ = std::string(name_of(code)) + ": " + std::string(text);
    ++hall_.counters.refused_connections;
    leave(outlet);
}

void ProducerConnection::leave(Outlet& outlet) {
    if (is_leaving()) return;
    if (is_waiting()) hall_.directory->withdraw(holder_, session_id_);
    if (is_open()) outlet.close_split(split_);
    payload_ = {};
    state_ = State::kLeaving;
}

void ProducerConnection::let_go() {
    ASSERT(is_leaving());
    if (has_session()) hall_.directory->release(holder_, progress_);
    progress_.session = nullptr;
}

void ProducerConnection::drain(std::uint64_t drain_ms, Outlet& outlet) {
    if (!is_open()) return leave(outlet);
    outlet.close_split(split_);
    state_ = State::kDraining;
    append_number_frame(output_, FrameType::kGoAway, drain_ms);
}

}  // namespace thalweg
