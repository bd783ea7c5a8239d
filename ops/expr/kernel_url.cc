// Addresses of the web: escaping, and their parts as Java's URL class names them.

#include "ops/expr/functions.h"
#include "ops/expr/text_loops.h"
#include "state/text/number.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace thalweg {
namespace {

// --- URL_ENCODE and URL_DECODE ------------------------------------------------------------------

bool is_letter_or_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// application/x-www-form-urlencoded: a blank is a plus.
void kernel_url_encode(const KernelCall& call) {
    constexpr std::string_view kDigits = "0123456789ABCDEF";
    constexpr std::string_view kAsTheyAre = ".-*_";
    build_texts(call, [=, in = texts(call, 0)](std::size_t row, std::string& out) {
        for (const char c : in[row].view()) {
            if (is_letter_or_digit(c) || kAsTheyAre.find(c) != std::string_view::npos) {
                out += c;
            } else if (c == ' ') {
                out += '+';
            } else {
                const auto byte = static_cast<unsigned char>(c);
                out += '%';
                out += kDigits[byte >> 4U];
                out += kDigits[byte & 15U];
            }
        }
    });
}

std::optional<unsigned> digit_value(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
    return std::nullopt;
}

void kernel_url_decode(const KernelCall& call) {
    std::string bytes;
    build_texts_or_null(call, [&, in = texts(call, 0)](std::size_t row, std::string& out) {
        const std::string_view text = in[row].view();
        bytes.clear();
        for (std::size_t at = 0; at < text.size(); ++at) {
            if (text[at] != '%') {
                bytes += text[at] == '+' ? ' ' : text[at];
                continue;
            }
            if (at + 2 >= text.size()) return false;
            const auto high = digit_value(text[at + 1]);
            const auto low = digit_value(text[at + 2]);
            if (!high.has_value() || !low.has_value()) return false;
            bytes += static_cast<char>(*high << 4U | *low);
            at += 2;
        }
        append_as_utf8(out, bytes);
        return true;
    });
}

// --- PARSE_URL ----------------------------------------------------------------------------------

// protocol ":" ["//" [userinfo "@"] host [":" port]] path ["?" query] ["#" reference]
struct Url {
    std::string_view protocol;  // In small letters: not a part of the text, but short.
    std::optional<std::string_view> authority;
    std::optional<std::string_view> user;
    std::string_view host;
    std::string_view path;
    std::string_view file;  // The path and, where there is one, "?" and the query.
    std::optional<std::string_view> query;
    std::optional<std::string_view> reference;
};

// Cuts what follows the last or first `mark` off the text.
std::optional<std::string_view> cut_behind(std::string_view& text, std::size_t at) {
    if (at == std::string_view::npos) return std::nullopt;
    const std::string_view rest = text.substr(at + 1);
    text = text.substr(0, at);
    return rest;
}

// The protocol, in any case, as it is written; nothing for one that Java does not know.
std::optional<std::string_view> known_protocol(std::string_view text) {
    constexpr auto kProtocols =
        std::to_array<std::string_view>({"http", "https", "ftp", "file", "mailto", "jar"});
    const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
    for (const std::string_view known : kProtocols) {
        if (std::ranges::equal(text, known, same)) return known;
    }
    return std::nullopt;
}

// The host of "host[:port]", where an address of version 6 stands in brackets. Nothing when the
// port is no number, or more than an INT.
std::optional<std::string_view> host_of(std::string_view server) {
    const std::size_t bracket = server.starts_with('[') ? server.find(']') : 0;
    if (bracket == std::string_view::npos) return std::nullopt;
    const std::size_t colon = std::min(server.find(':', bracket), server.size());
    if (bracket != 0 && colon > bracket + 1 && server.size() > bracket + 1) return std::nullopt;
    const std::string_view port = server.substr(std::min(colon + 1, server.size()));
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (!std::ranges::all_of(port, is_digit)) return std::nullopt;
    const auto number = parse_int64(port);
    const bool fits = number.has_value() && *number <= std::numeric_limits<std::int32_t>::max();
    if (!port.empty() && !fits) return std::nullopt;
    return server.substr(0, colon);
}

// Nothing for what Java would not take for an address: without a protocol, or with one that it does
// not know, or with a port that is no number.
std::optional<Url> split_url(std::string_view text) {
    while (text.starts_with(' '))
        text.remove_prefix(1);
    while (text.ends_with(' '))
        text.remove_suffix(1);
    Url url;
    const std::size_t end = text.find(':');
    if (end == std::string_view::npos) return std::nullopt;
    const auto protocol = known_protocol(text.substr(0, end));
    if (!protocol.has_value()) return std::nullopt;
    url.protocol = *protocol;
    text.remove_prefix(end + 1);
    url.reference = cut_behind(text, text.find('#'));
    std::string_view server;
    const bool has_server = text.starts_with("//");
    if (has_server) {
        text.remove_prefix(2);
        server = text.substr(0, text.find_first_of("/?"));
        text.remove_prefix(server.size());
        url.authority = server;
    }
    url.file = text;
    url.query = cut_behind(text, text.find('?'));
    url.path = text;
    if (!has_server) return url;
    const std::size_t at = server.rfind('@');
    if (at != std::string_view::npos) {
        url.user = server.substr(0, at);
        server.remove_prefix(at + 1);
    }
    const auto host = host_of(server);
    if (!host.has_value()) return std::nullopt;
    url.host = *host;
    return url;
}

std::optional<std::string_view> part_of(const Url& url, std::string_view name) {
    if (name == "PROTOCOL") return url.protocol;
    if (name == "HOST") return url.host;
    if (name == "PATH") return url.path;
    if (name == "FILE") return url.file;
    if (name == "QUERY") return url.query;
    if (name == "REF") return url.reference;
    if (name == "AUTHORITY") return url.authority;
    if (name == "USERINFO") return url.user;
    return std::nullopt;
}

// The value of the first `key` in "key=value&key=value".
std::optional<std::string_view> value_in(std::string_view query, std::string_view key) {
    while (true) {
        const std::string_view entry = query.substr(0, query.find('&'));
        if (entry.size() > key.size() && entry.starts_with(key) && entry[key.size()] == '=')
            return entry.substr(key.size() + 1);
        if (entry.size() == query.size()) return std::nullopt;
        query.remove_prefix(entry.size() + 1);
    }
}

void kernel_parse_url(const KernelCall& call) {
    const StringRef* const part = texts(call, 1);
    const StringRef* const key = call.arguments.size() > 2 ? texts(call, 2) : nullptr;
    cut_texts(call, 0, [&](std::string_view text, std::size_t row) {
        const std::string_view name = part[row].view();
        const std::optional<Url> url = split_url(text);
        std::optional<std::string_view> found;
        if (url.has_value() && (key == nullptr || name == "QUERY")) found = part_of(*url, name);
        if (found.has_value() && key != nullptr) found = value_in(*found, key[row].view());
        if (!found.has_value()) call.result.set_null(row);
        return found.value_or(std::string_view());
    });
}

// --- The table ----------------------------------------------------------------------------------

Function url_function(std::string_view name, std::size_t count, Kernel kernel) {
    return {.name = name,
            .parameters = std::vector<Parameter>(count, Parameter::kString),
            .result = returns_string,
            .kernel = kernel,
            .nullability = Nullability::kAlways};
}

}  // namespace

std::span<const Function> url_functions() {
    static const std::vector<Function> kFunctions = {
        {.name = "URL_ENCODE",
         .parameters = {Parameter::kString},
         .result = returns_string,
         .kernel = kernel_url_encode},
        url_function("URL_DECODE", 1, kernel_url_decode),
        url_function("PARSE_URL", 2, kernel_parse_url),
        url_function("PARSE_URL", 3, kernel_parse_url),
    };
    return kFunctions;
}

}  // namespace thalweg
