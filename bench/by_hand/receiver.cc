#include "bench/by_hand/receiver.h"

#include "bench/by_hand/pieces.h"
#include "bench/by_hand/window_groups.h"
#include "state/base/assertion.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <vector>

namespace thalweg::bench::by_hand {

namespace {

constexpr std::size_t kReadBytes = std::size_t{256} * 1024;
constexpr std::size_t kPackets = 8;
constexpr std::size_t kPacketBytes = 65'536;
constexpr int kUdpGro = 104;  // By number, since older C libraries do not name it.
constexpr int kBufferBytes = 16 << 20;

// Up to where the bytes are whole records.
std::size_t whole_bytes(std::string_view bytes, WireFormat format) {
    if (format == WireFormat::kRawStruct) return bytes.size() / sizeof(Record) * sizeof(Record);
    return bytes.rfind('\n') + 1;
}

void add(std::string_view bytes, WireFormat format, WindowGroups& groups) {
    switch (format) {
        case WireFormat::kRawStruct:
            return add_records(
                {reinterpret_cast<const Record*>(bytes.data()), bytes.size() / sizeof(Record)},
                groups);
        case WireFormat::kJson: return add_json(bytes, groups);
        case WireFormat::kCsv: return add_csv(bytes, groups);
    }
}

void send_all(int socket, const char* data, std::size_t bytes) {
    while (bytes > 0) {
        const ssize_t sent = ::send(socket, data, bytes, MSG_NOSIGNAL);
        ASSERT(sent > 0);
        data += sent;
        bytes -= static_cast<std::size_t>(sent);
    }
}

// The messages of one recvmmsg.
struct Packets {
    Packets() : bytes(kPackets * kPacketBytes) {
        for (std::size_t i = 0; i < kPackets; ++i) {
            parts[i] = {bytes.data() + i * kPacketBytes, kPacketBytes};
            messages[i].msg_hdr.msg_iov = &parts[i];
            messages[i].msg_hdr.msg_iovlen = 1;
        }
    }

    std::vector<char> bytes;
    std::array<iovec, kPackets> parts{};
    std::array<mmsghdr, kPackets> messages{};
};

}  // namespace

Receiver::Receiver(Kind kind)
    : socket_(
          ::socket(AF_INET, (kind == Kind::kTcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    ASSERT(socket_ >= 0 && ::bind(socket_, generic, size) == 0);
    ASSERT(::getsockname(socket_, generic, &size) == 0);
    port_ = ntohs(address.sin_port);
    if (kind == Kind::kTcp) {
        ASSERT(::listen(socket_, 1) == 0);
        return;
    }
    const int yes = 1;
    // A kernel may refuse either, and then gives less.
    static_cast<void>(::setsockopt(socket_, IPPROTO_UDP, kUdpGro, &yes, sizeof yes));
    static_cast<void>(
        ::setsockopt(socket_, SOL_SOCKET, SO_RCVBUFFORCE, &kBufferBytes, sizeof kBufferBytes));
}

Receiver::~Receiver() {
    ::close(socket_);
}

int Receiver::accept_one() const {
    const int peer = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
    ASSERT(peer >= 0);
    return peer;
}

void Receiver::aggregate_stream(WireFormat format, std::size_t keys, Results& results) {
    WindowGroups groups(keys, results);
    std::vector<char> buffer(kReadBytes);
    const int peer = accept_one();
    std::size_t filled = 0;
    for (;;) {
        const ssize_t count = ::recv(peer, buffer.data() + filled, buffer.size() - filled, 0);
        ASSERT(count >= 0);
        if (count == 0) break;
        filled += static_cast<std::size_t>(count);
        const std::size_t whole = whole_bytes({buffer.data(), filled}, format);
        add({buffer.data(), whole}, format, groups);
        filled -= whole;
        std::memmove(buffer.data(), buffer.data() + whole, filled);
    }
    groups.finish();
    ::close(peer);
}

std::size_t Receiver::aggregate_datagrams(const std::atomic<bool>& is_over,
                                          std::size_t keys,
                                          Results& results) {
    constexpr int kWaitMillis = 1;
    WindowGroups groups(keys, results);
    Packets packets;
    std::size_t records = 0;
    for (;;) {
        const bool is_last = is_over.load(std::memory_order_acquire);  // Acquire: all was sent.
        const int count =
            ::recvmmsg(socket_, packets.messages.data(), kPackets, MSG_DONTWAIT, nullptr);
        if (count <= 0 && is_last) break;
        if (count <= 0) {
            pollfd ready{socket_, POLLIN, 0};
            ::poll(&ready, 1, kWaitMillis);
        }
        for (int i = 0; i < count; ++i) {
            const auto index = static_cast<std::size_t>(i);
            const std::size_t bytes = packets.messages[index].msg_len;
            add({packets.bytes.data() + index * kPacketBytes, bytes},
                WireFormat::kRawStruct,
                groups);
            records += bytes / sizeof(Record);
        }
    }
    groups.finish();
    return records;
}

void Receiver::filter_stream(Receiver& to, std::int64_t value_end) {
    const int out = to.accept_one();  // A load connects where its results come from first.
    const int in = accept_one();
    const int yes = 1;
    ASSERT(::setsockopt(out, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) == 0);
    std::vector<Record> buffer(kReadBytes / sizeof(Record));
    std::vector<Record> passed(buffer.size());
    auto* const bytes = reinterpret_cast<char*>(buffer.data());
    std::size_t filled = 0;
    for (;;) {
        const ssize_t count = ::recv(in, bytes + filled, kReadBytes - filled, MSG_DONTWAIT);
        if (count == 0) break;
        if (count < 0) continue;
        filled += static_cast<std::size_t>(count);
        const std::size_t whole = filled / sizeof(Record);
        std::size_t kept = 0;
        for (std::size_t i = 0; i < whole; ++i) {
            passed[kept] = buffer[i];
            kept += static_cast<std::size_t>(buffer[i].value < value_end);
        }
        send_all(out, reinterpret_cast<const char*>(passed.data()), kept * sizeof(Record));
        filled -= whole * sizeof(Record);
        std::memmove(bytes, bytes + whole * sizeof(Record), filled);
    }
    ::close(in);
    ::close(out);
}

StreamInput::StreamInput(Receiver& receiver, std::size_t record_bytes, std::uint64_t bytes)
    : receiver_(receiver), record_bytes_(record_bytes), bytes_(bytes), buffer_(kReadBytes) {}

StreamInput::~StreamInput() {
    if (peer_ >= 0) ::close(peer_);
}

std::string_view StreamInput::piece(std::uint64_t position) {
    if (peer_ < 0) peer_ = receiver_.accept_one();
    const auto done = static_cast<std::size_t>(position - begin_);
    filled_ -= done;
    std::memmove(buffer_.data(), buffer_.data() + done, filled_);
    begin_ = position;
    while (filled_ < record_bytes_) {
        const ssize_t count = ::recv(peer_, buffer_.data() + filled_, buffer_.size() - filled_, 0);
        ASSERT(count >= 0);
        if (count == 0) return {};
        filled_ += static_cast<std::size_t>(count);
    }
    return {buffer_.data(), filled_ / record_bytes_ * record_bytes_};
}

}  // namespace thalweg::bench::by_hand
