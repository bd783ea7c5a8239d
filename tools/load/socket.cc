#include "tools/load/socket.h"

#include "tools/load/clock.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

namespace thalweg::load {

namespace {

constexpr std::int64_t kNanosPerMilli = 1'000'000;

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

Result<AddressList> resolve(const Address& address) {
    addrinfo hints{};
    hints.ai_socktype = address.kind == Address::Kind::kUdp ? SOCK_DGRAM : SOCK_STREAM;
    if (address.kind == Address::Kind::kTcpListen) hints.ai_flags = AI_PASSIVE;
    addrinfo* found = nullptr;
    const int error = ::getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found);
    if (error != 0) {
        return fail(Code::kInvalid,
                    "cannot resolve " + address.text + ": " + ::gai_strerror(error));
    }
    return AddressList(found, &::freeaddrinfo);
}

void prepare(int fd, const Address& address) {
    const int flags = ::fcntl(fd, F_GETFL);
    ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
    if (address.kind == Address::Kind::kUnix || address.kind == Address::Kind::kUdp) return;
    const int yes = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
}

// One attempt; the socket, or an errno.
tl::expected<Socket, int> attempt_unix(const Address& address) {
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, address.host.data(), address.host.size());
    Socket socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket.is_open() ||
        ::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
        return tl::make_unexpected(errno);
    }
    return socket;
}

tl::expected<Socket, int> attempt(const addrinfo* candidates, std::int64_t timeout_ns) {
    int error = ECONNREFUSED;
    const timeval timeout{timeout_ns / 1'000'000'000, timeout_ns % 1'000'000'000 / 1000 + 1};
    for (const addrinfo* at = candidates; at != nullptr; at = at->ai_next) {
        Socket socket(::socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol));
        // Also how long connect() may take, on Linux.
        ::setsockopt(socket.fd(), SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
        if (socket.is_open() && ::connect(socket.fd(), at->ai_addr, at->ai_addrlen) == 0) {
            return socket;
        }
        error = errno == EINPROGRESS ? ETIMEDOUT : errno;
    }
    return tl::make_unexpected(error);
}

// What may change while we wait: the peer, or its machine, comes up.
bool is_worth_waiting(int error) {
    switch (error) {
        case ECONNREFUSED:
        case ECONNRESET:
        case ENOENT:  // Of a unix socket's path.
        case EAGAIN:  // Its backlog is full.
        case EHOSTUNREACH:
        case ENETUNREACH:
        case ETIMEDOUT:
        case EINTR: return true;
        default: return false;
    }
}

bool is_stopped(const Patience& patience) {
    return patience.stop != nullptr && patience.stop->load(std::memory_order_relaxed);
}

Result<Socket> accept_one(const Address& address, const Patience& patience) {
    TRY(const AddressList names, resolve(address));
    Socket listener(::socket(names->ai_family, names->ai_socktype | SOCK_CLOEXEC, 0));
    const int yes = 1;
    ::setsockopt(listener.fd(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (!listener.is_open() || ::bind(listener.fd(), names->ai_addr, names->ai_addrlen) != 0 ||
        ::listen(listener.fd(), 1) != 0) {
        return fail(Code::kIo, "cannot listen on " + address.text + ": " + error_text(errno));
    }
    const LoadClock clock;
    while (clock.elapsed_ns() < patience.timeout_ns && !is_stopped(patience)) {
        pollfd ready{listener.fd(), POLLIN, 0};
        if (::poll(&ready, 1, 50) <= 0) continue;
        Socket peer(::accept4(listener.fd(), nullptr, nullptr, SOCK_CLOEXEC));
        if (!peer.is_open()) continue;
        prepare(peer.fd(), address);
        return peer;
    }
    return fail(Code::kIo, "nobody connected to " + address.text + " in time");
}

}  // namespace

Socket::~Socket() {
    if (fd_ >= 0) ::close(fd_);
}

std::string error_text(int error) {
    return std::system_category().message(error);
}

Result<Socket> connect(const Address& address, const Patience& patience) {
    if (address.kind == Address::Kind::kTcpListen) return accept_one(address, patience);
    const bool is_unix = address.kind == Address::Kind::kUnix;
    AddressList names(nullptr, &::freeaddrinfo);
    if (!is_unix) {
        TRY(names, resolve(address));
    }
    const LoadClock clock;
    std::int64_t pause_ns = 10 * kNanosPerMilli;
    for (;;) {
        const std::int64_t before_ns =
            std::max<std::int64_t>(patience.timeout_ns - clock.elapsed_ns(), kNanosPerMilli);
        auto socket = is_unix ? attempt_unix(address) : attempt(names.get(), before_ns);
        if (socket) {
            prepare(socket->fd(), address);
            return *std::move(socket);
        }
        const std::int64_t left_ns = patience.timeout_ns - clock.elapsed_ns();
        if (!is_worth_waiting(socket.error()) || left_ns <= 0 || is_stopped(patience)) {
            return fail(Code::kIo,
                        "cannot connect to " + address.text + ": " + error_text(socket.error()));
        }
        ::poll(nullptr, 0, static_cast<int>(std::min(pause_ns, left_ns) / kNanosPerMilli) + 1);
        pause_ns = std::min(pause_ns * 2, 500 * kNanosPerMilli);
    }
}

}  // namespace thalweg::load
