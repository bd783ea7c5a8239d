#include "tools/load/results.h"

#include <sys/socket.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

namespace thalweg::load {

namespace {

constexpr std::size_t kBufferBytes = std::size_t{1} << 20U;
constexpr std::size_t kColumnBytes = 8;

// The integer at the start of `text`, with or without quotes around it.
std::optional<std::int64_t> leading_integer(std::string_view text) noexcept {
    if (text.starts_with('"')) text.remove_prefix(1);
    std::int64_t value = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
    if (end.ec != std::errc{}) return std::nullopt;
    return value;
}

// The first "name": of the text is taken for the field: results are ours to choose.
std::optional<std::int64_t> json_time(std::string_view text, std::string_view name) noexcept {
    for (std::size_t at = text.find(name); at != std::string_view::npos;
         at = text.find(name, at + 1)) {
        const std::size_t end = at + name.size();
        if (at == 0 || text[at - 1] != '"' || end >= text.size() || text[end] != '"') continue;
        std::size_t value = text.find_first_not_of(' ', end + 1);
        if (value == std::string_view::npos || text[value] != ':') continue;
        value = text.find_first_not_of(' ', value + 1);
        if (value == std::string_view::npos) return std::nullopt;
        return leading_integer(text.substr(value));
    }
    return std::nullopt;
}

std::optional<std::int64_t> csv_time(std::string_view text, std::size_t column) noexcept {
    bool is_quoted = false;
    std::size_t at = 0;
    for (std::size_t left = column - 1; left > 0 && at < text.size(); ++at) {
        if (text[at] == '"') is_quoted = !is_quoted;
        if (text[at] == ',' && !is_quoted) --left;
    }
    return leading_integer(text.substr(at));
}

}  // namespace

std::optional<std::int64_t> send_time_of(std::string_view result,
                                         const ResultLayout& layout) noexcept {
    if (layout.format == WireFormat::kJson) return json_time(result, layout.time_field);
    if (layout.format == WireFormat::kCsv) return csv_time(result, layout.time_column);
    const std::size_t at = (layout.time_column - 1) * kColumnBytes;
    if (result.size() < at + kColumnBytes) return std::nullopt;
    std::int64_t value = 0;
    std::memcpy(&value, result.data() + at, kColumnBytes);
    return value;
}

ResultReader::ResultReader(Socket socket, ResultLayout layout)
    : socket_(std::move(socket)), layout_(std::move(layout)), buffer_(kBufferBytes) {}

bool ResultReader::fill() {
    if (is_ended_) return false;
    if (filled_ == buffer_.size()) buffer_.resize(buffer_.size() * 2);  // One record, so long.
    const ssize_t count =
        ::recv(socket_.fd(), buffer_.data() + filled_, buffer_.size() - filled_, MSG_DONTWAIT);
    if (count > 0) {
        filled_ += static_cast<std::size_t>(count);
        return true;
    }
    const bool is_empty = count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
    if (!is_empty) is_ended_ = true;
    return false;
}

void ResultReader::take_records(std::int64_t now_unix_ns) {
    std::string_view rest(buffer_.data(), filled_);
    if (layout_.format == WireFormat::kRawStruct) {
        for (; rest.size() >= layout_.record_bytes; rest.remove_prefix(layout_.record_bytes))
            take_record(rest.substr(0, layout_.record_bytes), now_unix_ns);
    } else {
        for (std::size_t end = rest.find('\n'); end != std::string_view::npos;
             end = rest.find('\n')) {
            take_record(rest.substr(0, end), now_unix_ns);
            rest.remove_prefix(end + 1);
        }
    }
    std::memmove(buffer_.data(), rest.data(), rest.size());
    filled_ = rest.size();
}

void ResultReader::take_record(std::string_view record, std::int64_t now_unix_ns) {
    ++received_;
    const auto sent_ns = send_time_of(record, layout_);
    if (!sent_ns) {
        ++unreadable_;
        return;
    }
    latency_.record(now_unix_ns - *sent_ns);
}

}  // namespace thalweg::load
