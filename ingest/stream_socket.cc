#include "ingest/stream_socket.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace thalweg {

namespace {

constexpr int kListenBacklog = 4096;

Result<void> bind_and_listen(int fd, const SocketAddress& address) {
    const bool is_bound = ::bind(fd, address.get(), address.size) == 0;
    if (is_bound && ::listen(fd, kListenBacklog) == 0) return {};
    return fail_errno("listen on " + to_string(address), errno);
}

// SO_REUSEADDR or SO_REUSEPORT; without it the bind that follows says what is wrong.
void allow_reuse(int fd, int option) {
    static_cast<void>(set_option(fd, SOL_SOCKET, option, 1));
}

// Whether the port is free but for sockets that are only waiting for their last packets.
Result<void> check_free(const SocketAddress& address) {
    TRY(const Descriptor probe, open_socket(address.family(), SOCK_STREAM));
    allow_reuse(probe.get(), SO_REUSEADDR);
    return bind_and_listen(probe.get(), address);
}

// Removes the socket file of a process that is gone, and nothing but a socket.
void remove_stale(const SocketAddress& address) {
    struct stat status{};
    const bool is_there = ::lstat(to_string(address).c_str(), &status) == 0;
    if (!is_there || !S_ISSOCK(status.st_mode)) return;
    const Result<Descriptor> probe = open_socket(AF_UNIX, SOCK_STREAM);
    if (!probe) return;
    const bool refused =
        ::connect(probe->get(), address.get(), address.size) != 0 && errno == ECONNREFUSED;
    if (refused) static_cast<void>(::unlink(to_string(address).c_str()));
}

}  // namespace

Result<Descriptor> listen_on(const SocketAddress& address,
                             SourceInstance instance,
                             std::size_t receive_buffer_bytes) {
    const bool is_unix = address.family() == AF_UNIX;
    const bool is_shared = instance.count > 1 && !is_unix && !address.has_port_zero();
    if (is_unix) remove_stale(address);
    if (is_shared && instance.index == 0) {
        Result<void> free = check_free(address);
        if (!free) return tl::make_unexpected(std::move(free).error());
    }
    TRY(Descriptor listener, open_socket(address.family(), SOCK_STREAM));
    if (!is_unix) allow_reuse(listener.get(), SO_REUSEADDR);
    if (is_shared) allow_reuse(listener.get(), SO_REUSEPORT);
    if (receive_buffer_bytes != 0) {
        static_cast<void>(set_receive_buffer(listener.get(), receive_buffer_bytes));
    }
    Result<void> bound = bind_and_listen(listener.get(), address);
    if (!bound) return tl::make_unexpected(std::move(bound).error());
    return listener;
}

Descriptor StreamDialer::dial(std::int64_t now_ns,
                              bool is_writable,
                              std::uint64_t number,
                              const ReadyList& ready) {
    if (attempt_ == nullptr) {
        if (now_ns >= next_ns_) start(now_ns, number, ready);
        return {};
    }
    if (!is_writable) return {};
    int error = 0;
    socklen_t size = sizeof error;
    static_cast<void>(::getsockopt(attempt_->get(), SOL_SOCKET, SO_ERROR, &error, &size));
    if (error != 0) {
        failed(error, now_ns);
        return {};
    }
    Descriptor connected = attempt_->release();
    attempt_.reset();
    delay_ns_ = kDelayFirstNs;
    next_ns_ = INT64_MAX;
    event_("connected to " + to_string(address_));
    return connected;
}

void StreamDialer::redial(std::int64_t now_ns) {
    next_ns_ = now_ns + delay_ns_;
}

void StreamDialer::start(std::int64_t now_ns, std::uint64_t number, const ReadyList& ready) {
    Result<Descriptor> socket = open_socket(address_.family(), SOCK_STREAM);
    if (!socket) return failed(EMFILE, now_ns);
    const int result = ::connect(socket->get(), address_.get(), address_.size);
    if (result != 0 && errno != EINPROGRESS) return failed(errno, now_ns);
    attempt_ = std::make_unique<WatchedDescriptor>(loop_, *std::move(socket));
    attempt_->watch(WatchedDescriptor::Event::kWritable, number, ready);
    next_ns_ = INT64_MAX;
}

void StreamDialer::failed(int error, std::int64_t now_ns) {
    attempt_.reset();
    next_ns_ = now_ns + delay_ns_;
    event_("cannot connect to " + to_string(address_) + ": " + text_of_errno(error) +
           "; trying again in " + std::to_string(delay_ns_ / 1'000'000) + " ms");
    delay_ns_ = std::min(2 * delay_ns_, kDelayMaxNs);
}

}  // namespace thalweg
