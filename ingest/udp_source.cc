#include "ingest/udp_source.h"

#include "state/base/assertion.h"
#include "state/base/time.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

namespace thalweg {

namespace {

constexpr std::uint64_t kSocketNumber = 0;
constexpr std::size_t kRejectedBytesMax = 256;

bool is_same(const SocketAddress& a, const SocketAddress& b) {
    return a.size == b.size && std::memcmp(&a.storage, &b.storage, a.size) == 0;
}

bool wants(const FormatSpec& format, Metadata metadata) {
    return std::any_of(format.wanted.begin(), format.wanted.end(), [&](const WantedColumn& column) {
        return column.metadata == metadata;
    });
}

}  // namespace

UdpSource::UdpSource(UdpSettings settings, SourceInstance instance, IoLoop& loop, SourceEvent event)
    : settings_(std::move(settings)),
      instance_(instance),
      loop_(loop),
      event_(std::move(event)),
      schema_(schema_of(settings_.format)),
      batch_(schema_),
      ready_(std::make_shared<std::vector<std::uint64_t>>()) {
    settings_.socket.has_receive_time = wants(settings_.format, Metadata::kReceiveTime);
    settings_.socket.has_overflow = wants(settings_.format, Metadata::kDroppedBefore);
}

Result<void> UdpSource::open(Outlet& outlet) {
    TRY(decoder_, make_decoder(settings_.format));
    if (settings_.socket.where.port == 0 && instance_.index != 0) return {};
    TRY(Descriptor socket, open_datagram_socket(settings_.socket, instance_));
    if (settings_.socket.has_merging) counter_ = PacketCounter::attach(socket.get());
    const std::string name = to_string(local_address_of(socket.get()));
    socket_ = std::make_unique<WatchedDescriptor>(loop_, std::move(socket));
    split_ = outlet.open_split();
    ++counters_.connections_opened;
    event_("listening on " + name);
    return {};
}

void UdpSource::stop() {
    if (is_stopping_) return;
    is_stopping_ = true;
    is_readable_ = true;
    if (socket_ == nullptr) {
        is_finished_ = true;
    } else if (counter_) {
        counter_->shut(socket_->get());
    } else {
        shut_socket(socket_->get());
    }
}

std::size_t UdpSource::poll(std::int64_t now_ns, std::size_t budget, Outlet& outlet) {
    if (is_finished_ || socket_ == nullptr) return 0;
    now_ns_ = now_ns;
    if (!ready_->empty()) {
        ready_->clear();
        is_readable_ = true;
        is_watched_ = false;
    }
    if (now_ns >= look_again_ns_) look_at_drops(now_ns);
    if (!outlet.ready()) return overload(outlet);
    std::size_t done = 0;
    while (done < budget && outlet.ready()) {
        if (waiting_.empty() && !receive()) {
            if (batch_.empty() || is_offered_) break;
            offer(outlet);
            ++done;
        } else {
            done += deliver(budget - done, outlet);
        }
    }
    const bool has_more = is_readable_ || !waiting_.empty() || (!batch_.empty() && !is_offered_);
    if (!has_more && !is_flushed_) {
        is_flushed_ = true;
        outlet.flush();
    }
    if (!has_more && is_stopping_) finish(outlet);
    return done;
}

// Takes what the kernel has. When that is all, waits to be told of more.
bool UdpSource::receive() {
    if (!is_readable_) return false;
    const std::size_t before = waiting_.size();
    is_readable_ = buffer_.receive(socket_->get(), waiting_);
    for (std::size_t i = before; i < waiting_.size(); ++i) {
        datagrams_ += waiting_[i].datagram_count();
        counters_.received_bytes += waiting_[i].size;
    }
    if (!is_readable_) {
        if (arrived_) count_missing(*std::exchange(arrived_, std::nullopt));
        if (!std::exchange(is_watched_, true)) {
            socket_->watch(WatchedDescriptor::Event::kReadable, kSocketNumber, ready_);
        }
    }
    return waiting_.size() != before;
}

// Decodes what waits into the batch, and offers it when it is full.
std::size_t UdpSource::deliver(std::size_t budget, Outlet& outlet) {
    if (std::exchange(is_offered_, false)) batch_.clear();
    CountingOutlet counting(outlet, counters_);
    std::size_t done = 0;
    while (!waiting_.empty() && done < budget && batch_.room() != 0) {
        Packet& packet = waiting_.front();
        const std::size_t rows_before = batch_.size();
        done += decode_next(packet, batch_, counting);
        counters_.emitted_records += batch_.size() - rows_before;
        if (packet.position < packet.size) continue;
        buffer_.give_back(packet);
        waiting_.pop_front();
    }
    if (batch_.room() == 0) offer(outlet);
    return done;
}

void UdpSource::offer(Outlet& outlet) {
    outlet.offer(split_, batch_);
    is_offered_ = true;
    is_flushed_ = false;
}

// Decodes the next datagram of the packet, or as much of it as there is room for.
std::size_t UdpSource::decode_next(Packet& packet, Batch& rows, CountingOutlet& outlet) {
    if (packet.size == 0 || packet.is_truncated) {
        reject(packet,
               packet.is_truncated ? RejectReason::kTooLong : RejectReason::kMalformed,
               outlet);
        packet.position = packet.size;
        return 1;
    }
    if (!is_same(packet.peer, peer_address_)) {
        peer_address_ = packet.peer;
        peer_ = to_string(packet.peer);
    }
    const std::size_t index = packet.position / packet.segment_bytes;
    const std::size_t end = std::min(packet.size, (index + 1) * packet.segment_bytes);
    Piece piece;
    piece.bytes = {buffer_.bytes_of(packet) + packet.position, end - packet.position};
    piece.is_end = true;
    piece.offset = offset_;
    piece.peer = peer_;
    piece.receive_time_ns = packet.receive_time_ns == 0 ? now_ns_ : packet.receive_time_ns;
    piece.sequence = sequence_;
    piece.dropped_before = packet.dropped_before;
    const DecodeResult result = decoder_->decode(piece, rows, outlet);
    packet.position += result.consumed;
    offset_ += result.consumed;
    sequence_ += static_cast<std::int64_t>(result.records);
    counters_.received_records += result.records;
    const bool is_stuck = result.consumed == 0 && result.records == 0;
    if (!is_stuck && rows.room() == 0) return std::max<std::size_t>(result.records, 1);
    if (packet.position < end && is_stuck) {
        reject(packet, RejectReason::kTruncated, outlet);
        offset_ += end - packet.position;
        packet.position = end;
    }
    return std::max<std::size_t>(result.records, 1);
}

void UdpSource::reject(const Packet& packet, RejectReason reason, Outlet& outlet) {
    const std::string_view bytes(buffer_.bytes_of(packet) + packet.position,
                                 packet.size - packet.position);
    ++counters_.received_records;
    ++sequence_;
    outlet.reject({reason,
                   packet.size == 0 ? "an empty datagram" : "not a whole record",
                   bytes.substr(0, kRejectedBytesMax),
                   to_string(packet.peer),
                   offset_});
}

// The outlet is not ready: what arrives waits, as far as there is room, and is shed beyond.
std::size_t UdpSource::overload(Outlet& outlet) {
    if (is_stopping_ || !receive()) return 0;
    std::deque<Packet> kept;
    const std::size_t count = waiting_.size();
    const std::size_t excess = count > kWaitingMax ? count - kWaitingMax : 0;
    if (excess == 0) return 1;
    for (std::size_t i = 0; i < count; ++i) {
        const bool is_kept = settings_.overload == OverloadPolicy::kDropNewest   ? i < kWaitingMax
                             : settings_.overload == OverloadPolicy::kDropOldest ? i >= excess
                                                                                 : i % 2 == 0;
        if (is_kept) {
            kept.push_back(waiting_[i]);
        } else {
            shed(waiting_[i], outlet);
        }
    }
    waiting_ = std::move(kept);
    return 1;
}

// Counts the records of a packet that nobody will see. Bad ones are rejected as ever.
void UdpSource::shed(Packet& packet, Outlet& outlet) {
    if (shed_batch_ == nullptr) shed_batch_ = std::make_unique<Batch>(schema_);
    CountingOutlet counting(outlet, counters_);
    do {
        shed_batch_->clear();
        static_cast<void>(decode_next(packet, *shed_batch_, counting));
        counters_.shed_records += shed_batch_->size();
    } while (packet.position < packet.size);
    buffer_.give_back(packet);
}

// Brings kernel_dropped up to date. Merged packets count once for the kernel; where the packet
// counter is attached, what is missing is what had arrived and was not received by the time that
// the socket was next empty: never too much, and exact when nothing follows.
void UdpSource::look_at_drops(std::int64_t now_ns) {
    look_again_ns_ = now_ns + kNanosPerSecond;
    const std::uint64_t drops = drops_.update(read_drops(socket_->get()));
    counters_.kernel_dropped = std::max(counters_.kernel_dropped, drops);
    if (counter_ && drops != 0) {
        arrived_ = counter_->arrived();
        is_readable_ = true;
    }
}

void UdpSource::count_missing(std::uint64_t arrived) {
    if (arrived < datagrams_) return;
    counters_.kernel_dropped = std::max(counters_.kernel_dropped, arrived - datagrams_);
}

void UdpSource::finish(Outlet& outlet) {
    look_at_drops(now_ns_);
    if (arrived_) count_missing(*arrived_);
    outlet.close_split(split_);
    ++counters_.connections_closed;
    socket_.reset();
    is_finished_ = true;
}

std::int64_t UdpSource::next_poll_ns() const {
    if (is_finished_ || socket_ == nullptr) return INT64_MAX;
    if (is_stopping_ || is_readable_ || !waiting_.empty()) return INT64_MIN;
    return look_again_ns_;
}

}  // namespace thalweg
