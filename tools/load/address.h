#pragma once

#include "state/base/status.h"

#include <string>
#include <string_view>

namespace thalweg::load {

// Where to send, or where results come from.
//
//   tcp://HOST:PORT    udp://HOST:PORT    unix:PATH (a stream)    tcp-listen://HOST:PORT
//
// An IPv6 host stands in brackets: tcp://[::1]:9000.
struct Address {
    enum class Kind : std::uint8_t { kTcp, kUdp, kUnix, kTcpListen };

    Kind kind = Kind::kTcp;
    std::string host;  // Or the path, of a unix socket.
    std::string port;
    std::string text;  // As it was written, for messages.
};

[[nodiscard]] Result<Address> parse_address(std::string_view text);

}  // namespace thalweg::load
