#pragma once

#include "ingest/descriptor.h"
#include "state/base/status.h"

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace thalweg {

// The address of a socket, of any family, ready for the system calls.
struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;

    [[nodiscard]] const sockaddr* get() const noexcept {
        return reinterpret_cast<const sockaddr*>(&storage);
    }

    [[nodiscard]] sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }

    [[nodiscard]] int family() const noexcept { return storage.ss_family; }

    [[nodiscard]] bool has_port_zero() const noexcept;
};

// A host and a port as the user wrote them.
struct HostPort {
    std::string host;
    std::uint16_t port = 0;
};

// Splits "127.0.0.1:9000", "localhost:9000" or "[::1]:9000"; fails for anything else.
[[nodiscard]] Result<HostPort> parse_host_port(std::string_view text);

// Looks a host up, which may wait for a name server: call it before anything runs.
[[nodiscard]] Result<SocketAddress> resolve(const HostPort& where, int socket_type);

[[nodiscard]] Result<SocketAddress> unix_address(std::string_view path);

// "127.0.0.1:9000", "[::1]:9000", or the path of a unix socket ("unix" for one without).
[[nodiscard]] std::string to_string(const SocketAddress& address);

// The address that the socket is bound to: where port 0 became a port.
[[nodiscard]] SocketAddress local_address_of(int fd);

// A non-blocking socket that closes on exec.
[[nodiscard]] Result<Descriptor> open_socket(int family, int type);

[[nodiscard]] Result<void> set_option(int fd, int level, int option, int value);

// Sets the size of the receive buffer, beyond the system's limit where the process may; returns
// what the kernel gave (half of what it reports, since it counts its own overhead in).
[[nodiscard]] std::size_t set_receive_buffer(int fd, std::size_t bytes);

}  // namespace thalweg
