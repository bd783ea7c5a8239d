#pragma once

#include "state/base/status.h"
#include "tools/load/address.h"

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

namespace thalweg::load {

// Owns a socket's descriptor.
class Socket {
  public:
    Socket() = default;

    explicit Socket(int fd) noexcept : fd_(fd) {}

    Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

    Socket& operator=(Socket&& other) noexcept {
        std::swap(fd_, other.fd_);
        return *this;
    }

    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    ~Socket();

    [[nodiscard]] int fd() const noexcept { return fd_; }

    [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }

  private:
    int fd_ = -1;
};

// How long to wait for a peer that is not there yet, and who may end the wait.
struct Patience {
    std::int64_t timeout_ns = 5'000'000'000;
    const std::atomic<bool>* stop = nullptr;
};

// Opens a socket to the address, non-blocking from then on; Nagle's algorithm is off. A peer that
// refuses or is not there is tried again, after 10 ms, 20 ms, ... up to 500 ms, until the patience
// ends. tcp-listen listens instead, and waits for one peer.
[[nodiscard]] Result<Socket> connect(const Address& address, const Patience& patience);

// "Connection refused"
[[nodiscard]] std::string error_text(int error);

}  // namespace thalweg::load
