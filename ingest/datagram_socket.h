#pragma once

#include "ingest/descriptor.h"
#include "ingest/socket.h"
#include "ingest/source.h"
#include "state/base/status.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

namespace thalweg {

// How a datagram socket is opened.
struct DatagramSettings {
    HostPort where;
    std::size_t receive_buffer_bytes = std::size_t{16} << 20U;
    std::string multicast_group;      // "" for none.
    std::string multicast_interface;  // A name or an address; "" for the system's choice.
    bool has_merging = true;          // UDP_GRO.
    bool has_receive_time = false;    // The kernel's time of arrival with each packet.
    bool has_overflow = false;        // The kernel's count of drops with each packet.
};

// A bound UDP socket. With several instances they share the port by SO_REUSEPORT, as listen_on().
[[nodiscard]] Result<Descriptor> open_datagram_socket(const DatagramSettings& settings,
                                                      SourceInstance instance);

// One packet from the kernel: a datagram, or several of one sender and `segment_bytes` each (the
// last may be shorter) that UDP_GRO put together.
struct Packet {
    std::uint32_t slot = 0;
    std::size_t size = 0;
    std::size_t segment_bytes = 0;
    std::size_t position = 0;  // What the reader is done with.
    bool is_truncated = false;
    bool is_in_journal = false;
    SocketAddress peer;
    std::int64_t receive_time_ns = 0;  // 0 when the kernel did not say.
    std::uint32_t dropped_before = 0;

    [[nodiscard]] std::size_t datagram_count() const noexcept {
        return size == 0 ? 1 : (size + segment_bytes - 1) / segment_bytes;
    }
};

// Slots for packets, filled many at a time by recvmmsg.
//
// Shape     kSlots slots of 64 KiB, each followed by kDecodePadding; memory is touched, and so
// used,
//           only as far as packets fill it. Small packets are fetched 64 at a time, large ones so
//           many that they fit the second-level cache.
// Threads   One at a time.
class PacketBuffer {
  public:
    static constexpr std::size_t kSlots = 128;

    PacketBuffer();

    // Appends what the socket has to `packets`, as far as there are free slots; whether it may have
    // more.
    bool receive(int socket, std::deque<Packet>& packets);

    void give_back(const Packet& packet) { free_slots_.push_back(packet.slot); }

    [[nodiscard]] const char* bytes_of(const Packet& packet) const noexcept {
        return memory_.get() + packet.slot * kSlotBytes;
    }

  private:
    static constexpr std::size_t kPacketBytesMax = 65'536;
    static constexpr std::size_t kSlotBytes = kPacketBytesMax + 64;
    static constexpr std::size_t kCallBytes = std::size_t{256} * 1024;
    static constexpr std::size_t kCallPacketsMin = 8;

    struct Calls;

    void parse(Packet& packet, std::size_t index) const;

    std::unique_ptr<char[]> memory_;
    std::vector<std::uint32_t> free_slots_;
    std::unique_ptr<Calls> calls_;
    std::size_t packet_bytes_ = 0;  // A running mean.

  public:
    PacketBuffer(const PacketBuffer&) = delete;
    PacketBuffer& operator=(const PacketBuffer&) = delete;
    ~PacketBuffer();
};

}  // namespace thalweg
