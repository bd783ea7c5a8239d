#include "ingest/producer_client.h"

#include "state/base/assertion.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace thalweg {

namespace {

constexpr std::size_t kReadBytes = 16 * 1024;
constexpr std::size_t kOutputBytes = 512 * 1024;  // Beyond that nothing is added.
constexpr std::size_t kPrefixBytes = sizeof(std::uint32_t);
constexpr std::size_t kRecordOverheadBytes = 64;  // Of the retention.
constexpr std::int64_t kNanosPerMilli = 1'000'000;

bool is_for_later(int error) {
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

}  // namespace

ProducerClient::ProducerClient(const Settings& settings)
    : settings_(settings),
      random_(settings.seed),
      first_seq_(settings.last_acked + 1),
      unsent_seq_(settings.last_acked + 1),
      backoff_ns_(settings.backoff_first_ns) {
    welcome_.version = 0;
}

ProducerClient::~ProducerClient() = default;

// Whether the server would find this one record. Before the first welcome nobody knows.
bool ProducerClient::fits_framing(std::string_view record) const {
    if (welcome_.version == 0) return true;
    if (welcome_.framing == PayloadFraming::kFixed)
        return record.size() == welcome_.record_bytes_max;
    if (record.size() > welcome_.record_bytes_max) return false;
    if (welcome_.framing == PayloadFraming::kLengthPrefixed) return !record.empty();
    return record.find(static_cast<char>(welcome_.delimiter)) == std::string_view::npos;
}

Code ProducerClient::append(std::string_view record) {
    if (state_ == State::kFailed || is_ending_ || !fits_framing(record)) return Code::kInvalid;
    const std::size_t bytes = record.size() + kRecordOverheadBytes;
    // One record always fits: else a small retention would keep nothing at all.
    if (!records_.empty() && retained_bytes_ + bytes > settings_.retain_bytes) return Code::kFull;
    records_.emplace_back(record);
    retained_bytes_ += bytes;
    ++counters_.appended;
    return Code::kOk;
}

bool ProducerClient::step(std::int64_t now_ns) {
    if (state_ == State::kFailed || state_ == State::kEnded) return false;
    if (state_ == State::kIdle) {
        if (now_ns < next_dial_ns_) return false;
        dial(now_ns);
        return true;
    }
    if (state_ == State::kConnecting) return finish_dial(now_ns);
    drop_durable();
    bool has_moved = hear(now_ns);
    if (state_ == State::kOpen) has_moved = fill() || has_moved;
    if (socket_.is_open()) has_moved = flush(now_ns) || has_moved;
    if (socket_.is_open()) keep_alive(now_ns);
    return has_moved;
}

void ProducerClient::wait(std::int64_t now_ns, std::int64_t at_most_ns) const {
    std::int64_t limit_ns = at_most_ns;
    if (state_ == State::kIdle) limit_ns = std::min(limit_ns, next_dial_ns_ - now_ns);
    if (limit_ns <= 0 || state_ == State::kFailed || state_ == State::kEnded) return;
    const bool is_writing = state_ == State::kConnecting || !output_.empty();
    pollfd socket{socket_.get(), static_cast<short>(is_writing ? POLLIN | POLLOUT : POLLIN), 0};
    const auto millis = static_cast<int>(
        std::min<std::int64_t>((limit_ns + kNanosPerMilli - 1) / kNanosPerMilli, 60'000));
    static_cast<void>(::poll(&socket, socket_.is_open() ? 1 : 0, millis));
}

void ProducerClient::dial(std::int64_t now_ns) {
    Result<Descriptor> socket = open_socket(settings_.address.family(), SOCK_STREAM);
    if (!socket) return lose(socket.error().message, now_ns);
    socket_ = *std::move(socket);
    static_cast<void>(set_option(socket_.get(), IPPROTO_TCP, TCP_NODELAY, 1));
    const int result = ::connect(socket_.get(), settings_.address.get(), settings_.address.size);
    if (result != 0 && errno != EINPROGRESS) {
        return lose("cannot connect: " + text_of_errno(errno), now_ns);
    }
    state_ = State::kConnecting;
    heard_at_ns_ = now_ns;
}

bool ProducerClient::finish_dial(std::int64_t now_ns) {
    pollfd socket{socket_.get(), POLLOUT, 0};
    if (::poll(&socket, 1, 0) == 0) {
        if (now_ns - heard_at_ns_ > settings_.silence_ns) lose("nobody answers", now_ns);
        return false;
    }
    int error = 0;
    socklen_t size = sizeof error;
    static_cast<void>(::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size));
    if (error != 0) {
        lose("cannot connect: " + text_of_errno(error), now_ns);
        return true;
    }
    state_ = State::kGreeting;
    heard_at_ns_ = now_ns;
    append_frame(output_,
                 Hello{.session = settings_.session,
                       .session_epoch = std::uint64_t{settings_.session_epoch} << 32U | ++dials_,
                       .last_acked = last_acked()});
    return flush(now_ns);
}

// Takes every frame that has come.
bool ProducerClient::hear(std::int64_t now_ns) {
    char bytes[kReadBytes];
    bool has_heard = false;
    while (socket_.is_open()) {
        const ssize_t size = ::recv(socket_.get(), bytes, sizeof bytes, MSG_DONTWAIT);
        if (size < 0 && is_for_later(errno)) break;
        const int error = errno;
        if (size > 0) input_.append(bytes, static_cast<std::size_t>(size));
        has_heard = true;
        heard_at_ns_ = now_ns;
        is_pinged_ = false;
        std::size_t taken = 0;
        while (socket_.is_open()) {
            const Frame frame = next_frame(std::string_view(input_).substr(taken), 0);
            if (frame.kind == Frame::Kind::kMore) break;
            taken += frame.consumed;
            take(frame, now_ns);
        }
        input_.erase(0, std::min(taken, input_.size()));
        if (size > 0 || !socket_.is_open()) continue;
        lose(size == 0 ? "the server closed the connection" : text_of_errno(error), now_ns);
    }
    return has_heard;
}

void ProducerClient::take(const Frame& frame, std::int64_t now_ns) {
    if (frame.kind != Frame::Kind::kFrame) return lose("what came is no frame", now_ns);
    if (frame.type == FrameType::kRefuse) return take_refuse(frame, now_ns);
    if (state_ == State::kGreeting) return take_welcome(frame, now_ns);
    const std::optional<std::uint64_t> number = read_number(frame.body);
    switch (frame.type) {
        case FrameType::kAck: {
            const std::optional<Ack> ack = read_ack(frame.body);
            if (!ack || ack->accepted_seq >= next_seq_) return lose("an ACK is wrong", now_ns);
            credit_bytes_ = ack->credit_bytes;
            return take_progress(ack->durable_seq, ack->accepted_seq);
        }
        case FrameType::kNack: return lose("the server misses records", now_ns);
        case FrameType::kPong: return;
        case FrameType::kGoAway: state_ = State::kDraining; return;
        case FrameType::kEnd:
            if (!is_ending_ || number != last_acked() || !is_acknowledged()) break;
            state_ = State::kEnded;
            socket_.close();
            return;
        default: break;
    }
    lose("a frame came that has no place here", now_ns);
}

void ProducerClient::take_welcome(const Frame& frame, std::int64_t now_ns) {
    const std::optional<Welcome> welcome =
        frame.type == FrameType::kWelcome ? read_welcome(frame.body) : std::nullopt;
    if (!welcome) return lose("what came is no WELCOME", now_ns);
    if (welcome->durable_seq < last_acked()) {
        return fail_for_good("the server has lost what it acknowledged");
    }
    const bool is_first = welcome_.version == 0;
    welcome_ = *welcome;
    ++counters_.connections;
    backoff_ns_ = settings_.backoff_first_ns;
    state_ = State::kOpen;
    next_seq_ = welcome->accepted_seq + 1;
    unsent_seq_ = std::max(unsent_seq_, next_seq_);
    credit_bytes_ = welcome->credit_bytes;
    take_progress(welcome->durable_seq, welcome->accepted_seq);
    if (!is_first) return;
    const auto bad = std::find_if(records_.begin(), records_.end(), [&](const std::string& record) {
        return !fits_framing(record);
    });
    if (bad == records_.end()) return;
    fail_for_good("record " +
                  std::to_string(first_seq_ + static_cast<std::uint64_t>(bad - records_.begin())) +
                  " does not fit the framing or the limit of the server");
}

void ProducerClient::take_refuse(const Frame& frame, std::int64_t now_ns) {
    const std::optional<Refuse> refuse = read_refuse(frame.body);
    if (!refuse) return lose("a REFUSE is wrong", now_ns);
    std::string text = "refused, " + std::string(name_of(refuse->code)) + ": ";
    text += refuse->text;
    if (refuse->code == RefuseCode::kUnknownSession && has_said_end_) {
        state_ = State::kEnded;  // END was heard, and its answer lost.
        socket_.close();
        return;
    }
    if (refuse->code != RefuseCode::kOverload) return fail_for_good(std::move(text));
    lose(text, now_ns);
    next_dial_ns_ =
        std::max(next_dial_ns_, now_ns + std::int64_t{refuse->retry_after_ms} * kNanosPerMilli);
}

void ProducerClient::take_progress(std::uint64_t durable, std::uint64_t accepted) {
    accepted_ = std::max(accepted_, accepted);
    while (!flights_.empty() && flights_.front().last <= accepted_) {
        flight_bytes_ -= flights_.front().bytes;
        flights_.pop_front();
    }
    durable_ = std::max(durable_, durable);
    drop_durable();
}

// Also of records that the process before this one had sent, when they are appended again.
void ProducerClient::drop_durable() {
    while (first_seq_ <= durable_ && !records_.empty()) {
        retained_bytes_ -= records_.front().size() + kRecordOverheadBytes;
        records_.pop_front();
        ++first_seq_;
        ++counters_.acknowledged;
    }
}

// As many BATCHes as credit and the output have room for, or END.
bool ProducerClient::fill() {
    bool has_filled = false;
    while (next_seq_ <= last_seq() && output_.size() < kOutputBytes &&
           (flight_bytes_ == 0 || flight_bytes_ + settings_.batch_bytes <= credit_bytes_)) {
        if (credit_bytes_ == 0) break;
        append_batch();
        has_filled = true;
    }
    if (!is_ending_ || !is_acknowledged()) return has_filled;
    append_number_frame(output_, FrameType::kEnd, last_acked());
    has_said_end_ = true;
    state_ = State::kDraining;  // Nothing follows.
    return true;
}

void ProducerClient::append_batch() {
    const std::size_t limit =
        std::min<std::size_t>(settings_.batch_bytes, welcome_.payload_bytes_max);
    RecordBatch batch;
    batch.first_seq = next_seq_;
    payload_.clear();
    while (next_seq_ <= last_seq()) {
        const std::string& record = records_[static_cast<std::size_t>(next_seq_ - first_seq_)];
        if (batch.count > 0 && payload_.size() + record.size() + kPrefixBytes > limit) break;
        if (welcome_.framing == PayloadFraming::kLengthPrefixed) {
            const auto length = static_cast<std::uint32_t>(record.size());
            char prefix[kPrefixBytes];
            std::memcpy(prefix, &length, sizeof prefix);
            payload_.append(prefix, sizeof prefix);
        }
        payload_ += record;
        if (welcome_.framing == PayloadFraming::kNewline) {
            payload_ += static_cast<char>(welcome_.delimiter);
        }
        ++batch.count;
        ++(next_seq_ < unsent_seq_ ? counters_.resent : counters_.sent);
        ++next_seq_;
    }
    unsent_seq_ = std::max(unsent_seq_, next_seq_);
    batch.payload = payload_;
    append_frame(output_, batch);
    flights_.push_back({next_seq_ - 1, payload_.size()});
    flight_bytes_ += payload_.size();
}

bool ProducerClient::flush(std::int64_t now_ns) {
    std::size_t sent = 0;
    while (sent < output_.size()) {
        const ssize_t size = ::send(socket_.get(),
                                    output_.data() + sent,
                                    output_.size() - sent,
                                    MSG_NOSIGNAL | MSG_DONTWAIT);
        if (size < 0) {
            const int error = errno;
            if (is_for_later(error)) break;
            // What the server said before it closed, a refusal, comes first.
            if (!hear(now_ns) && socket_.is_open()) lose(text_of_errno(error), now_ns);
            return true;
        }
        sent += static_cast<std::size_t>(size);
    }
    output_.erase(0, sent);
    return sent > 0;
}

void ProducerClient::keep_alive(std::int64_t now_ns) {
    const std::int64_t quiet_ns = now_ns - heard_at_ns_;
    if (quiet_ns > settings_.silence_ns) return lose("the server is silent", now_ns);
    const bool is_time = quiet_ns > settings_.silence_ns / 2 && state_ == State::kOpen;
    if (!is_time || is_pinged_) return;
    is_pinged_ = true;
    append_number_frame(output_, FrameType::kPing, ++pings_);
}

// The connection is over; the next one is made after a while.
void ProducerClient::lose(std::string_view why, std::int64_t now_ns) {
    trouble_ = why;
    socket_.close();
    output_.clear();
    input_.clear();
    flights_.clear();
    flight_bytes_ = 0;
    accepted_ = 0;
    is_pinged_ = false;
    state_ = State::kIdle;
    const std::int64_t half = backoff_ns_ / 2;
    next_dial_ns_ = now_ns + half +
                    static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(half) + 1));
    backoff_ns_ = std::min(2 * backoff_ns_, settings_.backoff_max_ns);
}

void ProducerClient::fail_for_good(std::string text) {
    failure_ = std::move(text);
    state_ = State::kFailed;
    socket_.close();
}

}  // namespace thalweg
