#include "tools/load/address.h"

#include <sys/un.h>

#include <charconv>

namespace thalweg::load {

namespace {

bool is_port(std::string_view text) {
    unsigned port = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), port);
    return end.ec == std::errc{} && end.ptr == text.data() + text.size() && port > 0 &&
           port <= 65535;
}

Result<Address> parse_unix(Address address, std::string_view path) {
    const bool fits = path.size() < sizeof(sockaddr_un::sun_path);
    if (path.empty() || !fits) {
        return fail(Code::kInvalid,
                    "the path of a unix socket has 1 to 107 bytes, found '" + address.text + "'");
    }
    address.kind = Address::Kind::kUnix;
    address.host = path;
    return address;
}

Result<Address> parse_host_port(Address address, std::string_view rest) {
    const std::size_t colon = rest.rfind(':');
    std::string_view host = rest.substr(0, colon);
    const bool has_brackets = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (has_brackets) host = host.substr(1, host.size() - 2);
    const bool is_plain = has_brackets || host.find(':') == std::string_view::npos;
    if (colon == std::string_view::npos || host.empty() || !is_plain ||
        !is_port(rest.substr(colon + 1))) {
        return fail(Code::kInvalid,
                    "expected HOST:PORT with a port of 1 to 65535, as in tcp://127.0.0.1:9000 or "
                    "tcp://[::1]:9000, found '" +
                        address.text + "'");
    }
    address.host = host;
    address.port = rest.substr(colon + 1);
    return address;
}

}  // namespace

Result<Address> parse_address(std::string_view text) {
    struct Scheme {
        std::string_view prefix;
        Address::Kind kind;
    };

    static constexpr Scheme kSchemes[] = {{"tcp://", Address::Kind::kTcp},
                                          {"udp://", Address::Kind::kUdp},
                                          {"tcp-listen://", Address::Kind::kTcpListen}};
    Address address;
    address.text = text;
    if (text.starts_with("unix:")) {
        text.remove_prefix(text.starts_with("unix://") ? 7 : 5);
        return parse_unix(std::move(address), text);
    }
    for (const Scheme& scheme : kSchemes) {
        if (!text.starts_with(scheme.prefix)) continue;
        address.kind = scheme.kind;
        return parse_host_port(std::move(address), text.substr(scheme.prefix.size()));
    }
    return fail(
        Code::kInvalid,
        "expected tcp://HOST:PORT, udp://HOST:PORT or unix:PATH, found '" + address.text + "'");
}

}  // namespace thalweg::load
