#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace thalweg {

// The other side of a source's socket: plain blocking calls, closed when it goes.
class TestSocket {
  public:
    explicit TestSocket(int fd) : fd_(fd) {}

    TestSocket(TestSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

    TestSocket(const TestSocket&) = delete;
    TestSocket& operator=(const TestSocket&) = delete;
    TestSocket& operator=(TestSocket&&) = delete;

    ~TestSocket() { close(); }

    // Of "127.0.0.1:9000".
    static sockaddr_in address(std::string_view text) {
        sockaddr_in name{};
        name.sin_family = AF_INET;
        const std::size_t colon = text.rfind(':');
        unsigned port = 0;
        std::from_chars(text.data() + colon + 1, text.data() + text.size(), port);
        name.sin_port = htons(static_cast<std::uint16_t>(port));
        inet_pton(AF_INET, std::string(text.substr(0, colon)).c_str(), &name.sin_addr);
        return name;
    }

    static TestSocket connect_tcp(std::string_view where) {
        return connect_inet(where, SOCK_STREAM);
    }

    static TestSocket connect_udp(std::string_view where) {
        return connect_inet(where, SOCK_DGRAM);
    }

    static TestSocket connect_unix(const std::string& path) {
        sockaddr_un name{};
        name.sun_family = AF_UNIX;
        std::memcpy(name.sun_path, path.data(), path.size());
        TestSocket socket(::socket(AF_UNIX, SOCK_STREAM, 0));
        if (::connect(socket.fd_, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
            socket.close();
        }
        return socket;
    }

    static TestSocket listen_tcp(std::string_view where) {
        const sockaddr_in name = address(where);
        TestSocket socket(::socket(AF_INET, SOCK_STREAM, 0));
        const int yes = 1;
        ::setsockopt(socket.fd_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
        if (::bind(socket.fd_, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 ||
            ::listen(socket.fd_, 8) != 0) {
            socket.close();
        }
        return socket;
    }

    [[nodiscard]] TestSocket accept() const { return TestSocket(::accept(fd_, nullptr, nullptr)); }

    [[nodiscard]] int fd() const { return fd_; }

    [[nodiscard]] unsigned port() const {
        sockaddr_in name{};
        socklen_t size = sizeof name;
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&name), &size);
        return ntohs(name.sin_port);
    }

    // All of it, or false.
    bool send(std::string_view bytes) const {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }

    // As much as goes without waiting.
    [[nodiscard]] std::size_t send_some(std::string_view bytes) const {
        const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        return sent < 0 ? 0 : static_cast<std::size_t>(sent);
    }

    // Whether the other side has closed; waits for it.
    [[nodiscard]] bool is_closed_by_peer() const {
        char byte = 0;
        return ::recv(fd_, &byte, 1, 0) <= 0;
    }

    void close() {
        if (fd_ >= 0) ::close(fd_);
        fd_ = -1;
    }

    // Closes with a reset instead of an end.
    void reset() {
        const linger now{1, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        close();
    }

  private:
    static TestSocket connect_inet(std::string_view where, int type) {
        const sockaddr_in name = address(where);
        TestSocket socket(::socket(AF_INET, type, 0));
        if (::connect(socket.fd_, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
            socket.close();
        }
        return socket;
    }

    int fd_;
};

}  // namespace thalweg
