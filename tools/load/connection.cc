#include "tools/load/connection.h"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace thalweg::load {

namespace {

// Large enough that a system call costs nothing, small enough to stay in L2 between the stamping of
// records and the kernel's copy.
constexpr std::size_t kStreamBytes = std::size_t{256} << 10U;
constexpr std::size_t kMessagesMax = 64;
constexpr std::size_t kSegmentsMax = 64;         // The kernel's UDP_MAX_SEGMENTS.
constexpr std::size_t kSegmentedBytes = 65'000;  // One IP packet, before it is cut.
constexpr std::int64_t kLateNs = 1'000'000;

}  // namespace

Connection::Connection(Socket socket, RecordStream stream, const SendPlan& plan)
    : socket_(std::move(socket)), stream_(std::move(stream)), plan_(plan) {
    if (!plan.is_datagram) return;
    const int buffer_bytes = 4 << 20;
    ::setsockopt(socket_.fd(), SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof buffer_bytes);
    enable_segmentation();
}

void Connection::enable_segmentation() {
    const std::size_t record_bytes = stream_.fixed_bytes();
    if (record_bytes == 0) return;
    const std::size_t records =
        plan_.one_per_datagram ? 1 : std::max<std::size_t>(1, plan_.datagram_bytes / record_bytes);
    segment_bytes_ = records * record_bytes;
    const int segment = static_cast<int>(segment_bytes_);
    const bool fits = segment_bytes_ < kSegmentedBytes / 2;
    has_segmentation_ =
        fits && ::setsockopt(socket_.fd(), IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof segment) == 0;
}

std::int64_t Connection::due_ns() const noexcept {
    return plan_.schedule.intended_ns(taken_) + plan_.pack_ns;
}

std::uint64_t Connection::allowed(std::int64_t now_ns) {
    const Schedule& schedule = plan_.schedule;
    const bool is_over = !schedule.is_paced() && now_ns >= plan_.until_ns;
    const std::uint64_t max = is_over ? 0 : plan_.records_max;
    if (taken_ >= max) is_ended_ = true;
    if (is_ended_) return 0;
    if (!schedule.is_paced()) return max - taken_;
    if (now_ns < due_ns()) return 0;
    return std::min(max, schedule.due(now_ns)) - taken_;
}

Connection::Step Connection::step(std::int64_t now_ns) {
    if (is_failed_) return Step::kDone;
    now_ns_ = now_ns;
    if (next_ == messages_.size()) {
        messages_.clear();
        next_ = 0;
        const std::uint64_t records = allowed(now_ns);
        if (records > 0) {
            plan_.is_datagram ? take_datagrams(records, now_ns) : take_stream(records, now_ns);
            if (messages_.empty()) is_ended_ = true;  // The file is at its end.
        }
        if (messages_.empty()) return is_ended_ ? Step::kDone : Step::kWaiting;
    }
    return plan_.is_datagram ? send_datagrams() : send_stream();
}

void Connection::take_stream(std::uint64_t records, std::int64_t now_ns) {
    const Chunk chunk = stream_.take({records, kStreamBytes}, now_ns);
    if (chunk.records == 0) return;
    taken_ += chunk.records;
    messages_.push_back({chunk.data, chunk.bytes, chunk.records});
}

void Connection::take_datagrams(std::uint64_t records, std::int64_t now_ns) {
    if (segment_bytes_ > 0) return take_uniform(records, now_ns);
    packed_.clear();
    while (records > 0 && messages_.size() < kMessagesMax) {
        const std::uint64_t wanted = plan_.one_per_datagram ? 1 : records;
        const Chunk chunk = stream_.take({wanted, plan_.datagram_bytes}, now_ns);
        if (chunk.records == 0) break;
        taken_ += chunk.records;
        records -= chunk.records;
        packed_.append(chunk.data, chunk.bytes);
        const bool drops_end = plan_.one_per_datagram && packed_.ends_with('\n');
        if (drops_end) packed_.pop_back();
        messages_.push_back({nullptr, chunk.bytes - (drops_end ? 1 : 0), chunk.records});
    }
    const char* at = packed_.data();
    for (Message& message : messages_) {
        message.data = at;
        at += message.bytes;
    }
}

void Connection::take_uniform(std::uint64_t records, std::int64_t now_ns) {
    const std::size_t record_bytes = stream_.fixed_bytes();
    const std::size_t per_datagram = segment_bytes_ / record_bytes;
    const std::size_t segments =
        std::clamp<std::size_t>(kSegmentedBytes / segment_bytes_, 1, kSegmentsMax);
    const std::uint64_t wanted = std::min<std::uint64_t>(records, segments * per_datagram);
    const Chunk chunk = stream_.take({wanted, segments * segment_bytes_}, now_ns);
    if (chunk.records == 0) return;
    taken_ += chunk.records;
    if (has_segmentation_) {
        messages_.push_back({chunk.data, chunk.bytes, chunk.records});
    } else {
        slice(chunk);
    }
}

// A message for each datagram's worth of the chunk.
void Connection::slice(Chunk chunk) {
    const std::size_t record_bytes = stream_.fixed_bytes();
    for (std::size_t at = 0; at < chunk.bytes; at += segment_bytes_) {
        const std::size_t bytes = std::min(segment_bytes_, chunk.bytes - at);
        messages_.push_back({chunk.data + at, bytes, bytes / record_bytes});
    }
}

Connection::Step Connection::send_stream() {
    const Message& message = messages_[next_];
    const ssize_t sent =
        ::send(socket_.fd(), message.data + offset_, message.bytes - offset_, MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno == EINTR) return Step::kMoved;
        if (errno == EAGAIN || errno == EWOULDBLOCK) return Step::kBlocked;
        fail_with(error_text(errno));
        return Step::kDone;
    }
    offset_ += static_cast<std::size_t>(sent);
    if (offset_ < message.bytes) return Step::kMoved;
    offset_ = 0;
    ++next_;
    count_sent(message.records, message.bytes);
    return Step::kMoved;
}

Connection::Step Connection::send_datagrams() {
    std::array<mmsghdr, kMessagesMax> headers{};
    std::array<iovec, kMessagesMax> parts{};
    const std::size_t count = std::min(messages_.size() - next_, kMessagesMax);
    for (std::size_t i = 0; i < count; ++i) {
        const Message& message = messages_[next_ + i];
        parts[i] = {const_cast<char*>(message.data), message.bytes};  // The kernel only reads it.
        headers[i].msg_hdr.msg_iov = &parts[i];
        headers[i].msg_hdr.msg_iovlen = 1;
    }
    const int sent =
        ::sendmmsg(socket_.fd(), headers.data(), static_cast<unsigned>(count), MSG_NOSIGNAL);
    if (sent < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) return Step::kBlocked;
        return survive(errno) ? Step::kMoved : Step::kDone;
    }
    for (int i = 0; i < sent; ++i) {
        const Message& message = messages_[next_++];
        const std::size_t segment = has_segmentation_ ? segment_bytes_ : message.bytes;
        bump(counters_.datagrams, message.bytes == 0 ? 1 : (message.bytes + segment - 1) / segment);
        count_sent(message.records, message.bytes);
    }
    return Step::kMoved;
}

// Whether sending goes on after this error of a datagram socket.
bool Connection::survive(int error) {
    if (error == EINTR) return true;
    if (error == ECONNREFUSED) {
        // Of an earlier datagram: this one has not left yet.
        if (error_.empty()) error_ = "datagrams are refused: nobody listens";
        bump(counters_.errors, 1);
        return true;
    }
    if (error == EMSGSIZE && !has_segmentation_) {
        error_ = "a record of " + std::to_string(messages_[next_].bytes) +
                 " bytes does not fit a datagram";
        bump(counters_.errors, 1);
        sent_ += messages_[next_].records;
        ++next_;
        return true;
    }
    if (has_segmentation_ && (error == EIO || error == EINVAL || error == EMSGSIZE)) {
        // This route does not cut: cut here.
        has_segmentation_ = false;
        const int off = 0;
        ::setsockopt(socket_.fd(), IPPROTO_UDP, UDP_SEGMENT, &off, sizeof off);
        const Message whole = messages_[next_];
        messages_.clear();
        next_ = 0;
        slice({whole.data, whole.bytes, whole.records});
        return true;
    }
    fail_with(error_text(error));
    return false;
}

void Connection::count_sent(std::uint64_t records, std::size_t bytes) {
    bump(counters_.records, records);
    bump(counters_.bytes, bytes);
    const Schedule& schedule = plan_.schedule;
    if (schedule.is_paced()) {
        const std::int64_t behind_ns = now_ns_ - schedule.intended_ns(sent_);
        if (behind_ns > counters_.behind_ns_max.load(std::memory_order_relaxed)) {
            counters_.behind_ns_max.store(behind_ns, std::memory_order_relaxed);
        }
        const std::uint64_t late_end = schedule.due(now_ns_ - kLateNs);
        if (late_end > sent_) bump(counters_.late, std::min(late_end - sent_, records));
    }
    sent_ += records;
}

void Connection::fail_with(const std::string& what) {
    error_ = what;
    is_failed_ = true;
    bump(counters_.errors, 1);
}

void Connection::half_close() {
    if (plan_.is_datagram || is_failed_ || is_half_closed_) return;
    is_half_closed_ = true;
    ::shutdown(socket_.fd(), SHUT_WR);
}

bool Connection::is_closed_by_peer() {
    if (plan_.is_datagram || is_failed_ || is_closed_by_peer_) return true;
    char ignored[4096];
    for (;;) {
        const ssize_t count = ::recv(socket_.fd(), ignored, sizeof ignored, MSG_DONTWAIT);
        if (count > 0 || (count < 0 && errno == EINTR)) continue;
        if (count == 0) {
            is_closed_by_peer_ = true;
        } else if (errno != EAGAIN && errno != EWOULDBLOCK) {
            fail_with("the peer closed without reading everything: " + error_text(errno));
        }
        return is_closed_by_peer_ || is_failed_;
    }
}

}  // namespace thalweg::load
