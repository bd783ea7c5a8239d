#include "ingest/datagram_socket.h"

#include "ingest/decoder.h"
#include "state/base/time.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

namespace thalweg {

namespace {

// By number, since older C libraries do not name it.
constexpr int kUdpGro = 104;

Result<void> bind_to(int fd, const SocketAddress& address) {
    if (::bind(fd, address.get(), address.size) == 0) return {};
    return fail_errno("receive on " + to_string(address), errno);
}

Result<void> check_free(const SocketAddress& address) {
    TRY(const Descriptor probe, open_socket(address.family(), SOCK_DGRAM));
    return bind_to(probe.get(), address);
}

tl::unexpected<Error> bad_group(const DatagramSettings& settings, int error) {
    std::string what = "join the multicast group '" + settings.multicast_group + "'";
    if (!settings.multicast_interface.empty()) {
        what += " on the interface '" + settings.multicast_interface + "'";
    }
    return fail_errno(what, error);
}

Result<void> join_ipv4(int fd, const DatagramSettings& settings) {
    ip_mreqn request{};
    if (::inet_pton(AF_INET, settings.multicast_group.c_str(), &request.imr_multiaddr) != 1) {
        return bad_group(settings, EINVAL);
    }
    const std::string& name = settings.multicast_interface;
    const bool is_address = ::inet_pton(AF_INET, name.c_str(), &request.imr_address) == 1;
    if (!name.empty() && !is_address) {
        request.imr_ifindex = static_cast<int>(::if_nametoindex(name.c_str()));
        if (request.imr_ifindex == 0) return bad_group(settings, errno);
    }
    if (::setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request) == 0) return {};
    return bad_group(settings, errno);
}

Result<void> join_ipv6(int fd, const DatagramSettings& settings) {
    ipv6_mreq request{};
    if (::inet_pton(AF_INET6, settings.multicast_group.c_str(), &request.ipv6mr_multiaddr) != 1) {
        return bad_group(settings, EINVAL);
    }
    if (!settings.multicast_interface.empty()) {
        request.ipv6mr_interface = ::if_nametoindex(settings.multicast_interface.c_str());
        if (request.ipv6mr_interface == 0) return bad_group(settings, errno);
    }
    if (::setsockopt(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &request, sizeof request) == 0) {
        return {};
    }
    return bad_group(settings, errno);
}

// Options without which the socket works too: a kernel may not know one.
void prefer(int fd, int level, int option, bool wanted) {
    if (wanted) static_cast<void>(set_option(fd, level, option, 1));
}

}  // namespace

Result<Descriptor> open_datagram_socket(const DatagramSettings& settings, SourceInstance instance) {
    TRY(const SocketAddress address, resolve(settings.where, SOCK_DGRAM));
    const bool is_group = !settings.multicast_group.empty();
    const bool is_shared = instance.count > 1 && !address.has_port_zero();
    if (is_shared && !is_group && instance.index == 0) {
        Result<void> free = check_free(address);
        if (!free) return tl::make_unexpected(std::move(free).error());
    }
    TRY(Descriptor socket, open_socket(address.family(), SOCK_DGRAM));
    const int fd = socket.get();
    prefer(fd, SOL_SOCKET, SO_REUSEADDR, is_group);
    prefer(fd, SOL_SOCKET, SO_REUSEPORT, is_shared);
    prefer(fd, SOL_UDP, kUdpGro, settings.has_merging);
    prefer(fd, SOL_SOCKET, SO_TIMESTAMPNS, settings.has_receive_time);
    prefer(fd, SOL_SOCKET, SO_RXQ_OVFL, settings.has_overflow);
    static_cast<void>(set_receive_buffer(fd, settings.receive_buffer_bytes));
    Result<void> done = bind_to(fd, address);
    if (done && is_group) {
        done = address.family() == AF_INET ? join_ipv4(fd, settings) : join_ipv6(fd, settings);
    }
    if (!done) return tl::make_unexpected(std::move(done).error());
    return socket;
}

struct PacketBuffer::Calls {
    static constexpr std::size_t kControlBytes = 128;

    std::array<mmsghdr, kSlots> messages{};
    std::array<iovec, kSlots> pieces{};
    std::array<sockaddr_storage, kSlots> names{};
    alignas(cmsghdr) std::array<std::array<char, kControlBytes>, kSlots> controls{};
};

PacketBuffer::PacketBuffer()
    : memory_(std::make_unique_for_overwrite<char[]>(kSlots * kSlotBytes)),
      calls_(std::make_unique<Calls>()) {
    static_assert(kSlotBytes == kPacketBytesMax + kDecodePadding);
    free_slots_.reserve(kSlots);
    for (std::uint32_t slot = kSlots; slot > 0; --slot)
        free_slots_.push_back(slot - 1);
}

PacketBuffer::~PacketBuffer() = default;

bool PacketBuffer::receive(int socket, std::deque<Packet>& packets) {
    const std::size_t fitting = kCallBytes / std::max<std::size_t>(packet_bytes_, 1);
    const std::size_t count =
        std::min(std::clamp(fitting, kCallPacketsMin, kSlots / 2), free_slots_.size());
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t slot = free_slots_[free_slots_.size() - 1 - i];
        calls_->pieces[i] = {memory_.get() + slot * kSlotBytes, kPacketBytesMax};
        msghdr& header = calls_->messages[i].msg_hdr;
        header = {};
        header.msg_name = &calls_->names[i];
        header.msg_namelen = sizeof calls_->names[i];
        header.msg_iov = &calls_->pieces[i];
        header.msg_iovlen = 1;
        header.msg_control = calls_->controls[i].data();
        header.msg_controllen = Calls::kControlBytes;
    }
    const int result = ::recvmmsg(
        socket, calls_->messages.data(), static_cast<unsigned>(count), MSG_DONTWAIT, nullptr);
    const std::size_t received = result > 0 ? static_cast<std::size_t>(result) : 0;
    for (std::size_t i = 0; i < received; ++i) {
        Packet packet;
        packet.slot = free_slots_.back();
        free_slots_.pop_back();
        parse(packet, i);
        packet_bytes_ = (3 * packet_bytes_ + packet.size) / 4;
        packets.push_back(packet);
    }
    return received == count;
}

void PacketBuffer::parse(Packet& packet, std::size_t index) const {
    mmsghdr& message = calls_->messages[index];
    msghdr& header = message.msg_hdr;
    packet.size = message.msg_len;
    packet.segment_bytes = packet.size;
    packet.is_truncated = (static_cast<unsigned>(header.msg_flags) & MSG_TRUNC) != 0;
    packet.peer.size = header.msg_namelen;
    std::memcpy(&packet.peer.storage, header.msg_name, header.msg_namelen);
    for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr;
         part = CMSG_NXTHDR(&header, part)) {
        if (part->cmsg_level == SOL_UDP && part->cmsg_type == kUdpGro) {
            int segment_bytes = 0;
            std::memcpy(&segment_bytes, CMSG_DATA(part), sizeof segment_bytes);
            if (segment_bytes > 0) packet.segment_bytes = static_cast<std::size_t>(segment_bytes);
        } else if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SO_TIMESTAMPNS) {
            timespec time{};
            std::memcpy(&time, CMSG_DATA(part), sizeof time);
            packet.receive_time_ns = time.tv_sec * kNanosPerSecond + time.tv_nsec;
        } else if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SO_RXQ_OVFL) {
            std::memcpy(&packet.dropped_before, CMSG_DATA(part), sizeof packet.dropped_before);
        }
    }
}

}  // namespace thalweg
