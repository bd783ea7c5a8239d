#include "ingest/udp_source.h"

#include "ingest/journal.h"
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
      rows_of_record_(rows_of_record_max(settings_.format.format)),
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
    if (settings_.has_journal) TRY_VOID(begin_journal());
    if (journal_replay_ != nullptr) split_ = outlet.open_split();
    if (settings_.socket.where.port == 0 && instance_.index != 0) return {};
    TRY(Descriptor socket, open_datagram_socket(settings_.socket, instance_));
    if (settings_.socket.has_merging) counter_ = PacketCounter::attach(socket.get());
    const std::string name = to_string(local_address_of(socket.get()));
    socket_ = std::make_unique<WatchedDescriptor>(loop_, std::move(socket));
    if (journal_replay_ == nullptr) split_ = outlet.open_split();
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
    now_ns_ = now_ns;
    if (settings_.has_journal) flush_journal();
    if (journal_replay_ != nullptr) return replay_some(budget, outlet);
    if (is_finished_ || socket_ == nullptr) return 0;
    if (!ready_->empty()) {
        ready_->clear();
        is_readable_ = true;
        is_watched_ = false;
    }
    if (now_ns >= look_again_ns_) look_at_drops(now_ns);
    if (!outlet.ready() || !has_journal_room()) return overload(outlet);
    std::size_t done = 0;
    while (done < budget && outlet.ready() && has_journal_room()) {
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

// Whether any record fits into the batch.
bool UdpSource::has_room() const {
    return batch_.room() >= rows_of_record_;
}

// Decodes what waits into the batch, and offers it when it is full.
std::size_t UdpSource::deliver(std::size_t budget, Outlet& outlet) {
    if (std::exchange(is_offered_, false)) batch_.clear();
    CountingOutlet counting(outlet, counters_);
    std::size_t done = 0;
    while (!waiting_.empty() && done < budget && has_room()) {
        Packet& packet = waiting_.front();
        if (settings_.has_journal && !packet.is_in_journal) journal_packet(packet, false);
        const std::size_t rows_before = batch_.size();
        done += decode_next(packet, buffer_.bytes_of(packet), batch_, counting);
        counters_.emitted_records += batch_.size() - rows_before;
        if (packet.position < packet.size) continue;
        buffer_.give_back(packet);
        waiting_.pop_front();
    }
    // What is in the journal in front of a barrier has been offered there.
    if (!has_room() || (settings_.has_journal && !batch_.empty())) offer(outlet);
    return done;
}

void UdpSource::offer(Outlet& outlet) {
    outlet.offer(split_, batch_);
    is_offered_ = true;
    is_flushed_ = false;
}

// Decodes the next datagram of the packet, or as much of it as there is room for.
std::size_t UdpSource::decode_next(Packet& packet,
                                   const char* bytes,
                                   Batch& rows,
                                   CountingOutlet& outlet) {
    name_peer(packet);
    if (packet.size == 0 || packet.is_truncated) {
        reject(packet,
               bytes,
               packet.is_truncated ? RejectReason::kTooLong : RejectReason::kMalformed,
               outlet);
        packet.position = packet.size;
        return 1;
    }
    const std::size_t index = packet.position / packet.segment_bytes;
    const std::size_t end = std::min(packet.size, (index + 1) * packet.segment_bytes);
    Piece piece;
    piece.bytes = {bytes + packet.position, end - packet.position};
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
        reject(packet, bytes, RejectReason::kTruncated, outlet);
        offset_ += end - packet.position;
        packet.position = end;
    }
    return std::max<std::size_t>(result.records, 1);
}

// The sender's address as text, of which one is known: most packets are of the one before. One that
// is done again has no other.
void UdpSource::name_peer(const Packet& packet) {
    if (packet.peer.size == 0 || is_same(packet.peer, peer_address_)) return;
    peer_address_ = packet.peer;
    peer_ = to_string(packet.peer);
    is_peer_in_journal_ = false;
}

void UdpSource::reject(const Packet& packet,
                       const char* bytes,
                       RejectReason reason,
                       Outlet& outlet) {
    const std::string_view rest(bytes + packet.position, packet.size - packet.position);
    ++counters_.received_records;
    ++sequence_;
    outlet.reject({reason,
                   packet.size == 0 ? "an empty datagram" : "not a whole record",
                   rest.substr(0, kRejectedBytesMax),
                   peer_,
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
        static_cast<void>(decode_next(packet, buffer_.bytes_of(packet), *shed_batch_, counting));
        counters_.shed_records += shed_batch_->size();
    } while (packet.position < packet.size);
    buffer_.give_back(packet);
}

// --- The journal --------------------------------------------------------------------------------

Result<void> UdpSource::begin_journal() {
    TRY_VOID(open_journal(instance_.journal.get(), settings_.table, event_));
    journal_replay_ = instance_.journal->replay();
    return {};
}

Result<void> UdpSource::restore(const std::vector<SourcePosition>& positions) {
    if (instance_.journal != nullptr) instance_.journal->restore(positions);
    return {};
}

bool UdpSource::has_journal_room() const {
    return !settings_.has_journal || instance_.journal->has_room();
}

void UdpSource::flush_journal() {
    Journal& journal = *instance_.journal;
    journal.flush(now_ns_);
    counters_.journal_bytes = journal.durable_bytes();
    counters_.journal_groups = journal.durable_groups();
}

void UdpSource::journal_packet(Packet& packet, bool is_carried) {
    name_peer(packet);
    JournalEntry entry;
    entry.is_carried = is_carried;
    if (!std::exchange(is_peer_in_journal_, true)) {
        entry.kind = JournalEntry::Kind::kSender;
        entry.peer = peer_;
        instance_.journal->append(entry);
    }
    entry.kind = JournalEntry::Kind::kPacket;
    entry.time_ns = packet.receive_time_ns == 0 ? now_ns_ : packet.receive_time_ns;
    entry.segment_bytes = packet.segment_bytes;
    entry.position = packet.position;
    entry.dropped_before = packet.dropped_before;
    entry.is_truncated = packet.is_truncated;
    entry.bytes = {buffer_.bytes_of(packet), packet.size};
    instance_.journal->append(entry);
    packet.is_in_journal = true;
}

// A packet of which some records were offered in front of the barrier is repeated behind the cut.
// The segment that begins there names the sender again.
void UdpSource::seal(std::uint64_t /*epoch*/, std::vector<SourcePosition>& positions) {
    if (!settings_.has_journal) return;
    ASSERT(batch_.empty() || is_offered_);
    positions.push_back(instance_.journal->cut());
    is_peer_in_journal_ = false;
    if (waiting_.empty() || !waiting_.front().is_in_journal) return;
    journal_packet(waiting_.front(), true);
    is_peer_in_journal_ = false;
}

bool UdpSource::is_sealed() {
    return !settings_.has_journal || instance_.journal->is_sealed();
}

// Decodes what an earlier life had received.
std::size_t UdpSource::replay_some(std::size_t budget, Outlet& outlet) {
    std::size_t done = 0;
    CountingOutlet counting(outlet, counters_);
    while (done < budget && outlet.ready()) {
        if (std::exchange(is_offered_, false)) batch_.clear();
        ++done;
        if (!replayed_ && !next_replayed()) {
            if (!batch_.empty()) offer(outlet);
            if (journal_replay_ != nullptr) break;
            outlet.flush();
            if (socket_ == nullptr) outlet.close_split(split_);
            break;
        }
        Packet& packet = *replayed_;
        const std::size_t rows_before = batch_.size();
        done += decode_next(packet, replayed_bytes_.data(), batch_, counting);
        counters_.emitted_records += batch_.size() - rows_before;
        if (packet.position >= packet.size) replayed_.reset();
        if (!has_room()) offer(outlet);
    }
    return done;
}

// The next packet of the journal; false at its end, and when it cannot be read.
bool UdpSource::next_replayed() {
    for (;;) {
        const Result<const JournalEntry*> next = journal_replay_->next();
        if (!next) failure_ = next.error().message;
        if (!next || *next == nullptr) break;
        const JournalEntry& entry = **next;
        if (entry.chain >= replayed_peers_.size()) replayed_peers_.resize(entry.chain + 1);
        std::string& peer = replayed_peers_[entry.chain];
        if (entry.kind == JournalEntry::Kind::kSender) peer = entry.peer;
        if (entry.kind != JournalEntry::Kind::kPacket) continue;
        Packet packet;
        packet.size = entry.bytes.size();
        packet.segment_bytes = entry.segment_bytes;
        packet.position = entry.position;
        packet.is_truncated = entry.is_truncated;
        packet.receive_time_ns = entry.time_ns;
        packet.dropped_before = entry.dropped_before;
        replayed_ = packet;
        replayed_bytes_ = entry.bytes;
        counters_.received_bytes += packet.size - packet.position;
        peer_ = peer;
        peer_address_ = {};
        return true;
    }
    if (failure_.empty()) end_replay();
    return false;
}

void UdpSource::end_replay() {
    journal_replay_ = nullptr;
    instance_.journal->end_replay();
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
    if (journal_replay_ != nullptr) return INT64_MIN;
    if (is_finished_ || socket_ == nullptr) return INT64_MAX;
    if (is_stopping_ || is_readable_ || !waiting_.empty()) return INT64_MIN;
    return look_again_ns_;
}

}  // namespace thalweg
