#pragma once

#include "engine/sink/sink.h"

#include <memory>

namespace thalweg {

// 'tcp' and 'unix'. mode 'connect' (the default): one peer, retried with backoff until it is up and
// again when it goes; what a broken connection did not take is sent on the next, the piece it was
// in the middle of from its beginning, so that a peer may see records twice. What the kernel had
// taken and not delivered when the connection broke is lost. mode 'listen': whoever is connected
// gets every row from then on; a subscriber that falls 'buffer' (4 MB) behind is disconnected, its
// rows counted as dropped, or, with 'overload.policy' = 'block', slows the query down.
[[nodiscard]] Result<std::unique_ptr<Sink>> make_stream_sink(const SinkSpec& spec, SinkEvent event);

// 'udp': as many whole records to a datagram as 'max-datagram-bytes' (1,400) holds ('framing' =
// 'newline'), or one ('datagram', the default). What the kernel does not take is counted as
// dropped.
[[nodiscard]] Result<std::unique_ptr<Sink>> make_udp_sink(const SinkSpec& spec);

// What 'host:port' of option 'address' says; "[::1]:9000" for IPv6.
struct HostPort {
    std::string host;
    std::uint16_t port = 0;
};

[[nodiscard]] Result<HostPort> parse_address(const std::string& text);

}  // namespace thalweg
