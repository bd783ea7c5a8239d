#include "ingest/producer_source.h"

#include "state/base/assertion.h"
#include "state/base/time.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace thalweg {

namespace {

// Less than a runner spins before it naps (IdleOptions): by then the loop must know the socket.
constexpr std::uint32_t kHotRounds = 100;
constexpr std::size_t kHotMax = 4;
constexpr std::int64_t kAcceptPauseNs = 100 * kNanosPerMilli;
constexpr std::int64_t kExpireEveryNs = 250 * kNanosPerMilli;
constexpr std::int64_t kGreetingNs = 5'000 * kNanosPerMilli;
constexpr std::int64_t kLeavingNs = 2'000 * kNanosPerMilli;
constexpr std::int64_t kSendingNs = 10'000 * kNanosPerMilli;
constexpr std::uint64_t kDrainMs = 5'000;
constexpr std::int64_t kSessionsNs = 5'000 * kNanosPerMilli;
constexpr std::int64_t kAbsentNs = 1'000 * kNanosPerMilli;
constexpr std::int64_t kAbsentEveryNs = 50 * kNanosPerMilli;

// What the loop notes is a connection's number and which of its two events it was.
constexpr std::uint64_t kWritableBit = 1;

constexpr std::uint64_t key_of(std::uint64_t number, bool is_writable) {
    return number << 1U | (is_writable ? kWritableBit : 0);
}

bool is_for_later(int error) {
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

}  // namespace

struct ProducerSource::Connection {
    Connection(IoLoop& loop, Descriptor descriptor, ProducerConnection&& producer)
        : socket(loop, std::move(descriptor)), protocol(std::move(producer)) {}

    WatchedDescriptor socket;
    ProducerConnection protocol;
    std::uint64_t number = 0;
    std::string carry;  // The beginning of a frame.
    std::int64_t opened_at_ns = 0;
    std::int64_t read_at_ns = 0;
    std::int64_t left_at_ns = 0;
    std::int64_t blocked_at_ns = 0;  // Since when its output waits, moving nowhere.
    std::uint32_t dry_rounds = 0;    // Reads in a row that found nothing.
    bool is_read_watched = false;
    bool is_write_watched = false;
    bool has_turn = false;       // In turns_ or hot_.
    bool may_have_more = false;  // The last read filled all the room there was.
    bool is_over = false;        // Nothing more can be read or written.
    bool is_departing = false;
    bool is_shut = false;  // Our half.
};

ProducerSource::ProducerSource(Settings settings,
                               SourceInstance instance,
                               IoLoop& loop,
                               SourceEvent event)
    : settings_(std::move(settings)),
      instance_(instance),
      loop_(loop),
      event_(std::move(event)),
      hall_(settings_.socket.format, std::move(instance)),
      buffer_(2 * (kFrameHeaderBytes + kBatchHeaderBytes + hall_.payload_bytes_max) +
              kDecodePadding),
      ready_(std::make_shared<std::vector<std::uint64_t>>()) {}

ProducerSource::~ProducerSource() = default;

Result<void> ProducerSource::open(Outlet& /*outlet*/) {
    if (hall_.directory == nullptr) {
        return fail(Code::kInvalid,
                    "table '" + settings_.table +
                        "': 'durability' = 'epoch' acknowledges what is kept in a state "
                        "directory, and there is none: run with --state DIR");
    }
    hall_.directory->set_limit(settings_.sessions_max);
    hall_.directory->set_expiry(settings_.sessions_expire_after_ns);
    if (settings_.sessions_expire_after_ns != 0) sessions_again_ns_ = INT64_MIN;
    waits_for_absent_ = hall_.directory->absent() != 0;
    TRY(const SocketAddress address, resolve(*settings_.socket.where, SOCK_STREAM));
    // A port of the kernel's choice only one can have.
    if (instance_.index != 0 && address.has_port_zero()) return {};
    TRY(Descriptor listener, listen_on(address, instance_, settings_.socket.receive_buffer_bytes));
    const std::string name = to_string(local_address_of(listener.get()));
    listener_ = std::make_unique<WatchedDescriptor>(loop_, std::move(listener));
    listener_->watch(WatchedDescriptor::Event::kReadable, key_of(0, false), ready_);
    event_("listening on " + name);
    return {};
}

std::size_t ProducerSource::poll(std::int64_t now_ns, std::size_t budget, Outlet& outlet) {
    // From here to the first offer everything that was offered before is behind the outlet.
    if (is_drained_ || !outlet.ready()) return 0;
    now_ns_ = now_ns;
    fence(now_ns, outlet);
    release(outlet);
    if (is_stopping_) return finish(budget, outlet);
    open_waiting(outlet);
    wait_for_absent(now_ns, outlet);
    // Also behind a clock that was set back.
    const bool is_far =
        sessions_again_ns_ != INT64_MAX && sessions_again_ns_ > now_ns + kSessionsNs;
    if (now_ns >= sessions_again_ns_ || is_far) expire_sessions(now_ns);
    std::size_t done = take_ready(now_ns);
    if (now_ns >= expire_again_ns_) expire(now_ns, outlet);
    while (done < budget && outlet.ready()) {
        Connection* const connection = next_in_turn();
        if (connection == nullptr) break;
        done += serve(*connection, now_ns, budget - done, outlet);
    }
    const bool has_more = current_ != nullptr || !turns_.empty();
    if (!has_more && !is_flushed_) {
        is_flushed_ = true;
        outlet.flush();
    }
    return done;
}

// Connections whose session is wanted by another.
void ProducerSource::fence(std::int64_t now_ns, Outlet& outlet) {
    for (const std::uint64_t number : hall_.directory->fenced(instance_.index)) {
        const auto found = connections_.find(number);
        if (found == connections_.end()) continue;
        Connection& connection = *found->second;
        if (current_ == &connection) {
            current_ = nullptr;
            end_ = begin_;
        }
        connection.protocol.fence(outlet);
        if (connection.protocol.is_leaving()) depart(connection, now_ns, outlet);
        enqueue(connection);
    }
}

// Lets sessions go: all that their connections offered is behind the outlet.
void ProducerSource::release(Outlet& outlet) {
    if (departing_.empty()) return;
    outlet.flush();
    for (const std::uint64_t number : std::exchange(departing_, {})) {
        const auto found = connections_.find(number);
        ASSERT(found != connections_.end());
        found->second->protocol.let_go();
        if (found->second->is_over) connections_.erase(found);
    }
}

// A split that never has a row holds the watermark for a while only, so it is a new one now and
// then, until no producer is missing or all have had their time. Each instance waits for all:
// nobody knows which of them a producer comes back to.
void ProducerSource::wait_for_absent(std::int64_t now_ns, Outlet& outlet) {
    if (!waits_for_absent_) return;
    if (has_committed_) absent_until_ns_ = std::min(absent_until_ns_, now_ns + kAbsentNs);
    waits_for_absent_ = hall_.directory->absent() != 0 && now_ns < absent_until_ns_;
    if (waits_for_absent_ && now_ns < absent_again_ns_) return;
    absent_again_ns_ = now_ns + kAbsentEveryNs;
    const std::optional<SplitId> old = std::exchange(absent_, std::nullopt);
    if (waits_for_absent_) absent_ = outlet.open_split();
    if (old) outlet.close_split(*old);
}

void ProducerSource::open_waiting(Outlet& outlet) {
    for (const std::uint64_t number : std::exchange(waiting_, {})) {
        const auto found = connections_.find(number);
        if (found == connections_.end() || !found->second->protocol.is_waiting()) continue;
        found->second->protocol.try_open(outlet);
        if (found->second->protocol.is_waiting()) {
            waiting_.push_back(number);
        } else {
            enqueue(*found->second);
        }
    }
}

// Acts on what the loop noted since the last time.
std::size_t ProducerSource::take_ready(std::int64_t now_ns) {
    const std::vector<std::uint64_t> keys = std::exchange(*ready_, {});
    for (const std::uint64_t key : keys) {
        if (key == key_of(0, false)) accept_again_ns_ = INT64_MIN;
        const auto found = connections_.find(key >> 1U);
        if (found == connections_.end()) continue;
        Connection& connection = *found->second;
        ((key & kWritableBit) != 0 ? connection.is_write_watched : connection.is_read_watched) =
            false;
        enqueue(connection);
    }
    turns_.insert(turns_.end(), hot_.begin(), hot_.end());
    hot_.clear();
    if (listener_ != nullptr && now_ns >= accept_again_ns_) accept_all(now_ns);
    return keys.size();
}

void ProducerSource::accept_all(std::int64_t now_ns) {
    accept_again_ns_ = INT64_MAX;
    for (;;) {
        SocketAddress peer;
        peer.size = sizeof peer.storage;
        Descriptor accepted(
            ::accept4(listener_->get(), peer.get(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (accepted.is_open() && connections_.size() < settings_.socket.connection_limit) {
            add(std::move(accepted), to_string(peer), now_ns);
        } else if (accepted.is_open()) {
            ++hall_.counters.refused_connections;
            if (!std::exchange(has_refused_, true)) {
                event_("connection-limit reached: refused " + to_string(peer));
            }
        } else if (is_for_later(errno)) {
            listener_->watch(WatchedDescriptor::Event::kReadable, key_of(0, false), ready_);
            return;
        } else if (errno != ECONNABORTED) {
            event_("cannot accept a connection: " + text_of_errno(errno));
            accept_again_ns_ = now_ns + kAcceptPauseNs;
            return;
        }
    }
}

void ProducerSource::add(Descriptor descriptor, std::string peer, std::int64_t now_ns) {
    // Else an acknowledgement waits 40 ms for that of the one before it.
    static_cast<void>(set_option(descriptor.get(), IPPROTO_TCP, TCP_NODELAY, 1));
    const std::uint64_t number = next_number_++;
    auto connection = std::make_unique<Connection>(
        loop_, std::move(descriptor), ProducerConnection(hall_, number, std::move(peer)));
    ++hall_.counters.connections_opened;
    connection->number = number;
    connection->opened_at_ns = connection->read_at_ns = now_ns;
    expire_again_ns_ = std::min(expire_again_ns_, now_ns + kExpireEveryNs);
    watch(*connection);
    connections_.emplace(number, std::move(connection));
}

void ProducerSource::enqueue(Connection& connection) {
    if (std::exchange(connection.has_turn, true)) return;
    turns_.push_back(connection.number);
}

// For what it needs next: somewhere to put its output, or something to read.
void ProducerSource::watch(Connection& connection) {
    const bool is_writing = !connection.protocol.output().empty();
    bool& is_watched = is_writing ? connection.is_write_watched : connection.is_read_watched;
    if (std::exchange(is_watched, true)) return;
    if (is_writing) connection.blocked_at_ns = now_ns_;
    connection.socket.watch(
        is_writing ? WatchedDescriptor::Event::kWritable : WatchedDescriptor::Event::kReadable,
        key_of(connection.number, is_writing),
        ready_);
}

ProducerSource::Connection* ProducerSource::next_in_turn() {
    if (current_ != nullptr) return current_;
    while (!turns_.empty()) {
        const auto found = connections_.find(turns_.front());
        turns_.pop_front();
        if (found == connections_.end()) continue;
        found->second->has_turn = false;
        if (!found->second->is_over) return found->second.get();
    }
    return nullptr;
}

// Reads one buffer of the connection and works on it, or goes on with the one before.
std::size_t ProducerSource::serve(Connection& connection,
                                  std::int64_t now_ns,
                                  std::size_t budget,
                                  Outlet& outlet) {
    bool has_read = false;
    if (current_ == nullptr) {
        send(connection);
        if (!connection.protocol.output().empty()) {
            watch(connection);
            return 0;
        }
        has_read = read(connection, now_ns);
    }
    current_ = &connection;
    const std::size_t records = work(connection, now_ns, budget, outlet);
    if (records != 0) is_flushed_ = false;
    const std::size_t done = std::max<std::size_t>(records, has_read ? 1 : 0);
    if (connection.protocol.has_batch() || records >= budget) return done;
    current_ = nullptr;
    unload(connection);
    rest(connection, now_ns, outlet);
    return done;
}

// Puts what there is of the connection into the buffer. Returns whether anything new came.
bool ProducerSource::read(Connection& connection, std::int64_t now_ns) {
    begin_ = 0;
    end_ = connection.carry.size();
    const std::size_t room = buffer_.size() - kDecodePadding - end_;
    ASSERT(room > 0);
    std::memcpy(buffer_.data(), connection.carry.data(), connection.carry.size());
    connection.carry.clear();
    const ssize_t result = ::recv(connection.socket.get(), buffer_.data() + end_, room, 0);
    const int error = errno;
    const std::size_t bytes = result > 0 ? static_cast<std::size_t>(result) : 0;
    connection.may_have_more = bytes == room;
    end_ += bytes;
    hall_.counters.received_bytes += bytes;
    ++connection.dry_rounds;
    if (result > 0) {
        connection.dry_rounds = 0;
        connection.read_at_ns = now_ns;
    } else if (result == 0 || !is_for_later(error)) {
        connection.is_over = true;
        if (result < 0 && !connection.protocol.is_leaving()) {
            event_("lost " + connection.protocol.peer() + ": " + text_of_errno(error));
        }
    }
    return result >= 0 || !is_for_later(error);
}

// Takes frames until none is whole, or the outlet or the budget lets no more through.
std::size_t ProducerSource::work(Connection& connection,
                                 std::int64_t now_ns,
                                 std::size_t budget,
                                 Outlet& outlet) {
    ProducerConnection& protocol = connection.protocol;
    std::size_t records = 0;
    for (;;) {
        if (protocol.has_batch()) records += protocol.deliver(budget - records, outlet);
        if (protocol.has_batch()) return records;
        if (protocol.is_leaving()) {
            begin_ = end_;
            return records;
        }
        if (records >= budget) return records;
        const Frame frame =
            next_frame({buffer_.data() + begin_, end_ - begin_}, hall_.payload_bytes_max);
        if (frame.kind == Frame::Kind::kMore) return records;
        begin_ += frame.consumed;
        protocol.take(frame, now_ns, outlet);
        if (protocol.is_waiting()) waiting_.push_back(connection.number);
    }
}

// Makes the buffer free for another connection.
void ProducerSource::unload(Connection& connection) {
    connection.carry.assign(buffer_.data() + begin_, end_ - begin_);
    begin_ = end_ = 0;
}

// It has been served: what is next for it.
void ProducerSource::rest(Connection& connection, std::int64_t now_ns, Outlet& outlet) {
    ProducerConnection& protocol = connection.protocol;
    if (connection.is_over) protocol.leave(outlet);
    protocol.acknowledge(!connection.may_have_more);
    send(connection);
    if (protocol.is_leaving()) depart(connection, now_ns, outlet);
    if (connection.is_over) return;
    const bool is_blocked = !protocol.output().empty();
    if (!is_blocked && connection.may_have_more) {
        enqueue(connection);
    } else if (!is_blocked && connection.dry_rounds < kHotRounds && hot_.size() < kHotMax) {
        if (!std::exchange(connection.has_turn, true)) hot_.push_back(connection.number);
    } else {
        watch(connection);
    }
}

// As much of the output as goes without waiting.
void ProducerSource::send(Connection& connection) {
    std::string& output = connection.protocol.output();
    while (!output.empty() && !connection.is_over) {
        const ssize_t sent = ::send(
            connection.socket.get(), output.data(), output.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && is_for_later(errno)) return;
        // A peer that is gone: what it sent before may still be read.
        output.erase(0, sent < 0 ? output.size() : static_cast<std::size_t>(sent));
    }
    if (connection.protocol.is_leaving() && !std::exchange(connection.is_shut, true)) {
        static_cast<void>(::shutdown(connection.socket.get(), SHUT_WR));
    }
}

// It leaves. Its session follows when what it offered is behind the outlet; the socket stays until
// the peer has read why.
void ProducerSource::depart(Connection& connection, std::int64_t now_ns, Outlet& outlet) {
    if (!std::exchange(connection.is_departing, true)) {
        connection.left_at_ns = now_ns;
        ++hall_.counters.connections_closed;
        has_refused_ = false;
        connection.protocol.leave(outlet);
        const std::string& reason = connection.protocol.reason();
        if (!reason.empty()) event_("closed " + connection.protocol.peer() + ": " + reason);
        departing_.push_back(connection.number);
    } else if (connection.is_over && !connection.protocol.has_session()) {
        const auto found = std::find(departing_.begin(), departing_.end(), connection.number);
        if (found == departing_.end()) departing_.push_back(connection.number);
    }
}

// When the connection must have done what it is about.
std::int64_t ProducerSource::deadline_of(const Connection& connection) const {
    const ProducerConnection& protocol = connection.protocol;
    if (connection.is_over) return INT64_MAX;
    if (protocol.is_leaving()) return connection.left_at_ns + kLeavingNs;
    if (protocol.is_greeting()) return connection.opened_at_ns + kGreetingNs;
    const std::int64_t idle_ns = settings_.socket.idle_timeout_ns;
    std::int64_t deadline_ns = idle_ns == 0 ? INT64_MAX : connection.read_at_ns + idle_ns;
    if (connection.is_write_watched) {
        deadline_ns = std::min(deadline_ns, connection.blocked_at_ns + kSendingNs);
    }
    return deadline_ns;
}

void ProducerSource::expire(std::int64_t now_ns, Outlet& outlet) {
    expire_again_ns_ = connections_.empty() ? INT64_MAX : now_ns + kExpireEveryNs;
    for (const auto& [number, connection] : connections_) {
        if (connection.get() == current_ || deadline_of(*connection) > now_ns) continue;
        if (!connection->protocol.is_leaving()) {
            event_("closed " + connection->protocol.peer() + ": nothing came from it for too long");
        }
        connection->is_over = true;
        depart(*connection, now_ns, outlet);
    }
}

void ProducerSource::expire_sessions(std::int64_t now_ns) {
    sessions_again_ns_ =
        now_ns + std::clamp(settings_.sessions_expire_after_ns / 8, kExpireEveryNs, kSessionsNs);
    const std::size_t count = hall_.directory->pass_time(now_ns);
    if (count != 0)
        event_("sessions that expired, since nobody came back: " + std::to_string(count));
}

Result<void> ProducerSource::restore(const std::vector<SourcePosition>& positions) {
    if (hall_.directory == nullptr) return {};  // open() says what is missing.
    return hall_.directory->restore(positions);
}

void ProducerSource::seal(std::uint64_t epoch, std::vector<SourcePosition>& positions) {
    first_epoch_ = std::min(first_epoch_, epoch);
    std::vector<SessionDirectory::Progress> live;
    for (const auto& [number, connection] : connections_) {
        if (connection->protocol.has_session()) live.push_back(connection->protocol.progress());
    }
    hall_.directory->seal(instance_.index, epoch, live, positions);
}

void ProducerSource::commit(std::uint64_t epoch) {
    has_committed_ = has_committed_ || epoch >= first_epoch_;
    hall_.directory->commit(epoch);
    std::vector<SessionDirectory::Progress> live;
    std::vector<Connection*> connections;
    for (const auto& [number, connection] : connections_) {
        if (!connection->protocol.has_session()) continue;
        live.push_back(connection->protocol.progress());
        connections.push_back(connection.get());
    }
    hall_.directory->read_durable(live);
    for (std::size_t i = 0; i < live.size(); ++i) {
        ProducerConnection& protocol = connections[i]->protocol;
        protocol.note_durable(live[i].durable);
        protocol.acknowledge(true);
        send(*connections[i]);
        if (!protocol.output().empty()) watch(*connections[i]);
    }
}

void ProducerSource::stop() {
    if (is_stopping_) return;
    is_stopping_ = true;
    listener_.reset();
    turns_.clear();
    hot_.clear();
}

// Delivers what was read before the stop. Connections stay to hear what becomes durable.
std::size_t ProducerSource::finish(std::size_t budget, Outlet& outlet) {
    if (current_ != nullptr) {
        const std::size_t records = current_->protocol.deliver(budget, outlet);
        if (records != 0) is_flushed_ = false;
        if (current_->protocol.has_batch()) return records;
        current_ = nullptr;
    }
    for (const auto& [number, connection] : connections_) {
        connection->protocol.acknowledge(true);
        connection->protocol.drain(kDrainMs, outlet);
        send(*connection);
    }
    is_drained_ = true;
    if (absent_) outlet.close_split(*std::exchange(absent_, std::nullopt));
    if (!is_flushed_) outlet.flush();
    return 1;
}

std::int64_t ProducerSource::next_poll_ns() const {
    if (is_stopping_) return INT64_MAX;
    if (!waiting_.empty()) return INT64_MIN;
    const std::int64_t accept_ns = listener_ == nullptr ? INT64_MAX : accept_again_ns_;
    const std::int64_t absent_ns = waits_for_absent_ ? absent_again_ns_ : INT64_MAX;
    return std::min({accept_ns, expire_again_ns_, sessions_again_ns_, absent_ns});
}

}  // namespace thalweg
