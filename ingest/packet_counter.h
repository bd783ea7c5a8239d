#pragma once

#include "ingest/descriptor.h"

#include <cstdint>
#include <optional>

namespace thalweg {

// Turns the kernel's 32-bit counter of drops, which wraps, into one that only grows.
class DropCounter {
  public:
    // Takes the counter's value as it is now; returns the drops since the first time.
    std::uint64_t update(std::uint32_t now) noexcept {
        total_ += static_cast<std::uint32_t>(now - last_);
        last_ = now;
        return total_;
    }

  private:
    std::uint32_t last_ = 0;
    std::uint64_t total_ = 0;
};

// Counts the datagrams that arrive at a socket, whether or not there is room for them.
//
// With UDP_GRO the kernel puts up to 64 datagrams into one packet, and when that one finds the
// socket full, SO_MEMINFO and SO_RXQ_OVFL count one drop. So that no datagram disappears, a BPF
// program of a few instructions sits in front of the queue and adds up how many each packet holds.
//
// Failure   attach() fails where the process may not load BPF (it takes root or CAP_BPF); drops of
//           merged packets then count once.
// Threads   One at a time; the kernel counts on any.
class PacketCounter {
  public:
    // For a socket that has received nothing yet.
    [[nodiscard]] static std::optional<PacketCounter> attach(int socket);

    // Datagrams that arrived since.
    [[nodiscard]] std::uint64_t arrived() const;

    // Lets nothing in any more, but goes on counting.
    void shut(int socket) const;

  private:
    PacketCounter(Descriptor cell, Descriptor shutter)
        : cell_(std::move(cell)), shutter_(std::move(shutter)) {}

    Descriptor cell_;     // A BPF array of one counter.
    Descriptor shutter_;  // The program that counts and drops.
};

// Drops whatever arrives from now on; the kernel counts it.
void shut_socket(int socket);

// The kernel's counter of drops at a socket.
[[nodiscard]] std::uint32_t read_drops(int socket);

}  // namespace thalweg
