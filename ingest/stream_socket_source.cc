#include "ingest/stream_socket_source.h"

#include "ingest/stream_journal.h"
#include "state/base/assertion.h"
#include "state/base/time.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>
#include <vector>

namespace thalweg {

namespace {

constexpr std::uint64_t kListenerNumber = 0;
constexpr std::uint64_t kDialerNumber = 1;
// Less than a runner spins before it naps (IdleOptions): by then the loop must know the socket.
constexpr std::uint32_t kHotRounds = 100;
constexpr std::size_t kHotMax = 4;
constexpr std::int64_t kAcceptPauseNs = 100 * kNanosPerMilli;

Result<SocketAddress> address_of(const StreamSocketSettings& settings) {
    if (settings.where) return resolve(*settings.where, SOCK_STREAM);
    return unix_address(settings.path);
}

bool is_for_later(int error) {
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

}  // namespace

struct StreamSocketSource::Connection {
    Connection(IoLoop& loop, Descriptor descriptor, StreamReader stream)
        : socket(loop, std::move(descriptor)), reader(std::move(stream)) {}

    WatchedDescriptor socket;
    StreamReader reader;
    std::uint64_t number = 0;
    std::int64_t read_at_ns = 0;
    std::uint32_t dry_rounds = 0;  // Reads in a row that found nothing.
    bool is_watched = false;
    bool is_expired = false;
    bool may_have_more = false;  // The last read filled all the room there was.
};

StreamSocketSource::StreamSocketSource(StreamSocketSettings settings,
                                       SourceInstance instance,
                                       IoLoop& loop,
                                       SourceEvent event)
    : settings_(std::move(settings)),
      instance_(instance),
      loop_(loop),
      event_(std::move(event)),
      workspace_(settings_.format),
      ready_(std::make_shared<std::vector<std::uint64_t>>()) {}

StreamSocketSource::~StreamSocketSource() {
    stop();
}

Result<void> StreamSocketSource::open(Outlet& /*outlet*/) {
    if (settings_.has_journal) TRY_VOID(begin_journal());
    TRY(const SocketAddress address, address_of(settings_));
    // What only one can have, the first instance has: a connection, a unix socket, a port of the
    // kernel's choice.
    const bool is_shareable = settings_.where && !address.has_port_zero();
    if (instance_.index != 0 && (settings_.is_connecting || !is_shareable)) return {};
    if (!settings_.is_connecting) return listen(address);
    dialer_ = std::make_unique<StreamDialer>(loop_, address, event_);
    return {};
}

Result<void> StreamSocketSource::listen(const SocketAddress& address) {
    TRY(Descriptor listener, listen_on(address, instance_, settings_.receive_buffer_bytes));
    if (!settings_.where) socket_path_ = settings_.path;
    const std::string name = to_string(local_address_of(listener.get()));
    listener_ = std::make_unique<WatchedDescriptor>(loop_, std::move(listener));
    listener_->watch(WatchedDescriptor::Event::kReadable, kListenerNumber, ready_);
    event_("listening on " + name);
    return {};
}

std::size_t StreamSocketSource::poll(std::int64_t now_ns, std::size_t budget, Outlet& outlet) {
    if (settings_.has_journal) flush_journal(now_ns);
    if (!outlet.ready()) return 0;
    if (replay_ != nullptr) return replay_some(budget, outlet);
    if (is_stopping_) return finish(budget, outlet);
    std::size_t done = take_ready(now_ns, outlet);
    if (now_ns >= expire_again_ns_) expire_idle(now_ns);
    while (done < budget && outlet.ready() && may_read()) {
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

// Acts on what the loop noted since the last time.
std::size_t StreamSocketSource::take_ready(std::int64_t now_ns, Outlet& outlet) {
    const std::vector<std::uint64_t> numbers = std::exchange(*ready_, {});
    bool is_writable = false;
    for (const std::uint64_t number : numbers) {
        if (number == kListenerNumber) accept_again_ns_ = INT64_MIN;
        if (number == kDialerNumber) is_writable = true;
        const auto found = connections_.find(number);
        if (found == connections_.end()) continue;
        found->second->is_watched = false;
        turns_.push_back(number);
    }
    turns_.insert(turns_.end(), hot_.begin(), hot_.end());
    hot_.clear();
    if (listener_ != nullptr && now_ns >= accept_again_ns_) accept_all(now_ns, outlet);
    if (dialer_ != nullptr) dial(now_ns, is_writable, outlet);
    return numbers.size();
}

void StreamSocketSource::accept_all(std::int64_t now_ns, Outlet& outlet) {
    accept_again_ns_ = INT64_MAX;
    for (;;) {
        SocketAddress peer;
        peer.size = sizeof peer.storage;
        Descriptor accepted(
            ::accept4(listener_->get(), peer.get(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (accepted.is_open() && connections_.size() < settings_.connection_limit) {
            add(std::move(accepted), to_string(peer), now_ns, outlet);
        } else if (accepted.is_open()) {
            ++workspace_.counters().refused_connections;
            if (!std::exchange(has_refused_, true)) {
                event_("connection-limit reached: refused " + to_string(peer));
            }
        } else if (is_for_later(errno)) {
            listener_->watch(WatchedDescriptor::Event::kReadable, kListenerNumber, ready_);
            return;
        } else if (errno != ECONNABORTED) {
            event_("cannot accept a connection: " + text_of_errno(errno));
            accept_again_ns_ = now_ns + kAcceptPauseNs;
            return;
        }
    }
}

void StreamSocketSource::dial(std::int64_t now_ns, bool is_writable, Outlet& outlet) {
    Descriptor connected = dialer_->dial(now_ns, is_writable, kDialerNumber, ready_);
    if (!connected.is_open()) return;
    const std::string peer =
        settings_.where ? settings_.where->host + ":" + std::to_string(settings_.where->port)
                        : settings_.path;
    if (settings_.receive_buffer_bytes != 0) {
        static_cast<void>(set_receive_buffer(connected.get(), settings_.receive_buffer_bytes));
    }
    add(std::move(connected), peer, now_ns, outlet);
}

void StreamSocketSource::add(Descriptor descriptor,
                             std::string peer,
                             std::int64_t now_ns,
                             Outlet& outlet) {
    Result<std::unique_ptr<Decoder>> decoder = make_decoder(settings_.format);
    ASSERT(decoder.has_value());  // The same format made one when the source was checked.
    SourceCounters& counters = workspace_.counters();
    StreamReader::Origin origin{std::move(peer), next_connection_id_++, outlet.open_split()};
    ++counters.connections_opened;
    auto connection = std::make_unique<Connection>(
        loop_,
        std::move(descriptor),
        StreamReader(workspace_, *std::move(decoder), std::move(origin)));
    connection->number = next_number_++;
    connection->read_at_ns = now_ns;
    watch(*connection);
    if (settings_.idle_timeout_ns != 0) {
        expire_again_ns_ = std::min(expire_again_ns_, now_ns + settings_.idle_timeout_ns);
    }
    if (settings_.has_journal)
        written().opened(connection->number, connection->reader, connection->read_at_ns, false);
    connections_.emplace(connection->number, std::move(connection));
}

void StreamSocketSource::watch(Connection& connection) {
    connection.is_watched = true;
    connection.socket.watch(WatchedDescriptor::Event::kReadable, connection.number, ready_);
}

StreamSocketSource::Connection* StreamSocketSource::next_in_turn() {
    if (current_ != nullptr) return current_;
    while (!turns_.empty()) {
        const auto found = connections_.find(turns_.front());
        turns_.pop_front();
        if (found != connections_.end()) return found->second.get();
    }
    return nullptr;
}

// Reads one buffer of the connection and delivers it, or goes on delivering the one before.
std::size_t StreamSocketSource::serve(Connection& connection,
                                      std::int64_t now_ns,
                                      std::size_t budget,
                                      Outlet& outlet) {
    StreamReader& reader = connection.reader;
    const bool has_read = current_ == nullptr && read(connection, now_ns);
    current_ = &connection;
    const std::size_t records = reader.deliver(budget, outlet);
    if (records != 0) is_flushed_ = false;
    const std::size_t done = std::max<std::size_t>(records, has_read ? 1 : 0);
    if (reader.has_backlog()) return done;
    current_ = nullptr;
    if (reader.is_done()) {
        close(connection, now_ns, outlet);
    } else if (connection.may_have_more) {
        turns_.push_back(connection.number);
    } else {
        rest(connection);
    }
    return done;
}

// It has nothing more for now.
void StreamSocketSource::rest(Connection& connection) {
    if (connection.dry_rounds < kHotRounds && hot_.size() < kHotMax) {
        hot_.push_back(connection.number);
    } else {
        watch(connection);
    }
}

bool StreamSocketSource::read(Connection& connection, std::int64_t now_ns) {
    if (connection.is_expired) {
        connection.reader.end(StreamEnd::kBroken);
        return true;
    }
    const std::span<char> room = connection.reader.room();
    const ssize_t result = ::recv(connection.socket.get(), room.data(), room.size(), 0);
    const int error = errno;
    const std::size_t bytes = result > 0 ? static_cast<std::size_t>(result) : 0;
    connection.may_have_more = bytes == room.size();
    if (settings_.has_journal && bytes != 0)
        written().bytes(connection.number, {room.data(), bytes}, now_ns);
    connection.reader.take(bytes, now_ns);
    ++connection.dry_rounds;
    if (result > 0) {
        connection.dry_rounds = 0;
        connection.read_at_ns = now_ns;
    } else if (result == 0) {
        connection.reader.end(StreamEnd::kClean);
    } else if (!is_for_later(error)) {
        event_("lost " + connection.reader.origin().peer + ": " + text_of_errno(error));
        connection.reader.end(StreamEnd::kBroken);
    }
    return result >= 0 || !is_for_later(error);
}

void StreamSocketSource::close(Connection& connection, std::int64_t now_ns, Outlet& outlet) {
    if (connection.reader.lost_framing()) {
        event_("closed " + connection.reader.origin().peer + ": its framing is lost");
    }
    if (settings_.has_journal) written().closed(connection.number, connection.reader, now_ns);
    outlet.close_split(connection.reader.origin().split);
    ++workspace_.counters().connections_closed;
    has_refused_ = false;
    if (dialer_ != nullptr) dialer_->redial(now_ns);
    connections_.erase(connection.number);
}

// Closes connections that have sent nothing for too long. One that has sent something, which we
// have not read yet, is not idle.
void StreamSocketSource::expire_idle(std::int64_t now_ns) {
    std::vector<Connection*> expired;
    expire_again_ns_ = INT64_MAX;
    for (const auto& [number, connection] : connections_) {
        const std::int64_t expires_at_ns = connection->read_at_ns + settings_.idle_timeout_ns;
        if (expires_at_ns <= now_ns && connection->is_watched) {
            expired.push_back(connection.get());
        } else if (connection->dry_rounds > 0) {
            expire_again_ns_ = std::min(expire_again_ns_, expires_at_ns);  // Soon watched.
        } else {
            const std::int64_t soon_ns = now_ns + settings_.idle_timeout_ns / 4 + 1;
            expire_again_ns_ = std::min(expire_again_ns_, std::max(expires_at_ns, soon_ns));
        }
    }
    for (Connection* const connection : expired) {
        event_("closed " + connection->reader.origin().peer + ": idle-timeout");
        connection->is_expired = true;
        connection->is_watched = false;
        turns_.push_back(connection->number);
    }
}

// --- The journal --------------------------------------------------------------------------------

Result<void> StreamSocketSource::begin_journal() {
    TRY_VOID(open_journal(instance_.journal.get(), settings_.table, event_));
    if (JournalReplay* const journal = instance_.journal->replay())
        replay_ = std::make_unique<StreamReplay>(*journal, workspace_, settings_.format);
    return {};
}

Result<void> StreamSocketSource::restore(const std::vector<SourcePosition>& positions) {
    if (instance_.journal != nullptr) instance_.journal->restore(positions);
    return {};
}

std::size_t StreamSocketSource::replay_some(std::size_t budget, Outlet& outlet) {
    const Result<std::size_t> done = replay_->poll(budget, outlet);
    if (!done) failure_ = done.error().message;
    if (!done || !replay_->is_done()) return done.value_or(0);
    next_connection_id_ = replay_->next_connection_id();
    replay_.reset();
    instance_.journal->end_replay();
    return *done + 1;
}

void StreamSocketSource::flush_journal(std::int64_t now_ns) {
    Journal& journal = *instance_.journal;
    journal.flush(now_ns);
    workspace_.counters().journal_bytes = journal.durable_bytes();
    workspace_.counters().journal_groups = journal.durable_groups();
}

// While the journal is full nothing is read; what was read is decoded.
bool StreamSocketSource::may_read() const {
    return !settings_.has_journal || current_ != nullptr || instance_.journal->has_room();
}

// What has come of records that go on is repeated behind the cut.
void StreamSocketSource::seal(std::uint64_t /*epoch*/, std::vector<SourcePosition>& positions) {
    if (!settings_.has_journal) return;
    positions.push_back(instance_.journal->cut());
    for (const auto& [number, connection] : connections_)
        written().opened(number, connection->reader, connection->reader.receive_time_ns(), true);
}

bool StreamSocketSource::is_sealed() {
    return !settings_.has_journal || instance_.journal->is_sealed();
}

void StreamSocketSource::stop() {
    if (is_stopping_) return;
    is_stopping_ = true;
    listener_.reset();
    dialer_.reset();
    turns_.clear();
    hot_.clear();
    if (!socket_path_.empty()) static_cast<void>(::unlink(socket_path_.c_str()));
}

// Delivers what was read before the stop, then lets all connections go.
std::size_t StreamSocketSource::finish(std::size_t budget, Outlet& outlet) {
    if (current_ != nullptr) {
        current_->reader.end(StreamEnd::kStopped);
        const std::size_t records = current_->reader.deliver(budget, outlet);
        if (records != 0) is_flushed_ = false;
        if (current_->reader.has_backlog()) return records;
        current_ = nullptr;
    }
    while (!connections_.empty()) {
        Connection& connection = *connections_.begin()->second;
        connection.reader.end(StreamEnd::kStopped);
        close(connection, 0, outlet);
    }
    if (!is_flushed_) outlet.flush();
    return 1;
}

std::int64_t StreamSocketSource::next_poll_ns() const {
    if (is_stopping_) return INT64_MAX;
    const std::int64_t dial_ns = dialer_ == nullptr ? INT64_MAX : dialer_->next_ns();
    const std::int64_t accept_ns = listener_ == nullptr ? INT64_MAX : accept_again_ns_;
    return std::min({dial_ns, accept_ns, expire_again_ns_});
}

}  // namespace thalweg
