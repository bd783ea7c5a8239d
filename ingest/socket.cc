#include "ingest/socket.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <limits>

namespace thalweg {

namespace {

template <class T>
[[nodiscard]] const T& as(const SocketAddress& address) {
    static_assert(sizeof(T) <= sizeof(sockaddr_storage));
    return *reinterpret_cast<const T*>(&address.storage);
}

tl::unexpected<Error> bad_address(std::string_view text) {
    return fail(Code::kInvalid,
                "expected HOST:PORT, such as 127.0.0.1:9000 or [::1]:9000, not '" +
                    std::string(text) + "'");
}

}  // namespace

bool SocketAddress::has_port_zero() const noexcept {
    if (family() == AF_INET) return as<sockaddr_in>(*this).sin_port == 0;
    return family() == AF_INET6 && as<sockaddr_in6>(*this).sin6_port == 0;
}

Result<HostPort> parse_host_port(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return bad_address(text);
    std::string_view host = text.substr(0, colon);
    const std::string_view port = text.substr(colon + 1);
    if (host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
    } else if (host.find(':') != std::string_view::npos) {
        return bad_address(text);
    }
    HostPort result{std::string(host), 0};
    const auto parsed = std::from_chars(port.data(), port.data() + port.size(), result.port);
    const bool is_whole = parsed.ptr == port.data() + port.size() && !port.empty();
    if (parsed.ec != std::errc() || !is_whole || host.empty()) return bad_address(text);
    return result;
}

Result<SocketAddress> resolve(const HostPort& where, int socket_type) {
    addrinfo hints{};
    hints.ai_socktype = socket_type;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const std::string port = std::to_string(where.port);
    const int error = ::getaddrinfo(where.host.c_str(), port.c_str(), &hints, &found);
    if (error != 0) {
        return fail(Code::kInvalid,
                    "cannot find the host '" + where.host + "': " + ::gai_strerror(error));
    }
    SocketAddress address;
    address.size = found->ai_addrlen;
    std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
    ::freeaddrinfo(found);
    return address;
}

Result<SocketAddress> unix_address(std::string_view path) {
    sockaddr_un name{};
    if (path.empty() || path.size() >= sizeof(name.sun_path)) {
        return fail(Code::kInvalid,
                    "the path of a unix socket has 1 to " +
                        std::to_string(sizeof(name.sun_path) - 1) + " bytes, not '" +
                        std::string(path) + "'");
    }
    name.sun_family = AF_UNIX;
    std::memcpy(name.sun_path, path.data(), path.size());
    SocketAddress address;
    address.size = sizeof name;
    std::memcpy(&address.storage, &name, sizeof name);
    return address;
}

std::string to_string(const SocketAddress& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address.family() == AF_INET) {
        const auto& name = as<sockaddr_in>(address);
        ::inet_ntop(AF_INET, &name.sin_addr, text.data(), text.size());
        return std::string(text.data()) + ":" + std::to_string(ntohs(name.sin_port));
    }
    if (address.family() == AF_INET6) {
        const auto& name = as<sockaddr_in6>(address);
        ::inet_ntop(AF_INET6, &name.sin6_addr, text.data(), text.size());
        return "[" + std::string(text.data()) + "]:" + std::to_string(ntohs(name.sin6_port));
    }
    const auto& name = as<sockaddr_un>(address);
    const bool is_named = address.family() == AF_UNIX && address.size > sizeof(sa_family_t);
    return is_named ? std::string(name.sun_path) : std::string("unix");
}

SocketAddress local_address_of(int fd) {
    SocketAddress address;
    address.size = sizeof address.storage;
    if (::getsockname(fd, address.get(), &address.size) != 0) address.size = 0;
    return address;
}

Result<Descriptor> open_socket(int family, int type) {
    Descriptor descriptor(::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!descriptor.is_open()) return fail_errno("open a socket", errno);
    return descriptor;
}

Result<void> set_option(int fd, int level, int option, int value) {
    if (::setsockopt(fd, level, option, &value, sizeof value) == 0) return {};
    return fail_errno("set an option of a socket", errno);
}

std::size_t set_receive_buffer(int fd, std::size_t bytes) {
    constexpr std::size_t kLimit = std::numeric_limits<int>::max() / 2;
    const int wanted = static_cast<int>(std::min(bytes, kLimit));
    if (!set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, wanted)) {
        static_cast<void>(set_option(fd, SOL_SOCKET, SO_RCVBUF, wanted));
    }
    int given = 0;
    socklen_t size = sizeof given;
    static_cast<void>(::getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &given, &size));
    return static_cast<std::size_t>(given) / 2;
}

}  // namespace thalweg
