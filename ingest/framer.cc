#include "ingest/framer.h"

#include <cstdint>
#include <cstring>

namespace thalweg {

namespace {

constexpr std::size_t kPrefixBytes = sizeof(std::uint32_t);

std::size_t find(std::string_view bytes, char wanted) {
    if (bytes.empty()) return std::string_view::npos;
    const void* const at = std::memchr(bytes.data(), wanted, bytes.size());
    if (at == nullptr) return std::string_view::npos;
    return static_cast<std::size_t>(static_cast<const char*>(at) - bytes.data());
}

Framer::Frame rejected(RejectReason reason, std::string_view record, std::size_t consumed) {
    return {Framer::Kind::kRejected, reason, record, consumed};
}

}  // namespace

Framer::Frame Framer::next(std::string_view rest, bool is_end) {
    if (lost_ || rest.empty()) {
        if (is_end && !lost_) skipped_bytes_ = 0;
        return {};
    }
    switch (framing_) {
        case Framing::kNewline: return next_delimited(rest, is_end);
        case Framing::kLengthPrefixed: return next_prefixed(rest, is_end);
        case Framing::kFixed: return next_fixed(rest, is_end);
        case Framing::kDatagram: break;
    }
    if (rest.size() > frame_bytes_max_) return rejected(RejectReason::kTooLong, rest, rest.size());
    return {Kind::kRecord, {}, rest, rest.size()};
}

Framer::Frame Framer::next_delimited(std::string_view rest, bool is_end) {
    if (is_skipping()) return skip(rest, is_end);
    const std::size_t at = find(rest, delimiter_);
    if (at == std::string_view::npos) {
        if (rest.size() > frame_bytes_max_) {
            skipped_bytes_ = is_end ? 0 : rest.size();
            return rejected(RejectReason::kTooLong, rest.substr(0, frame_bytes_max_), rest.size());
        }
        if (!is_end) return {};
    }
    const std::size_t size = at == std::string_view::npos ? rest.size() : at;
    const std::size_t consumed = at == std::string_view::npos ? size : size + 1;
    std::string_view record = rest.substr(0, size);
    if (size > frame_bytes_max_)
        return rejected(RejectReason::kTooLong, record.substr(0, frame_bytes_max_), consumed);
    if (delimiter_ == '\n' && record.ends_with('\r')) record.remove_suffix(1);
    return {Kind::kRecord, {}, record, consumed};
}

Framer::Frame Framer::skip(std::string_view rest, bool is_end) {
    const std::size_t at = find(rest, delimiter_);
    skipped_bytes_ = at == std::string_view::npos && !is_end ? skipped_bytes_ + rest.size() : 0;
    return {Kind::kSkipped, {}, {}, at == std::string_view::npos ? rest.size() : at + 1};
}

Framer::Frame Framer::next_prefixed(std::string_view rest, bool is_end) {
    std::uint32_t length = 0;
    if (rest.size() >= kPrefixBytes) {
        std::memcpy(&length, rest.data(), kPrefixBytes);
        if (length == 0 || length > frame_bytes_max_) {
            lost_ = true;
            skipped_bytes_ = kPrefixBytes;
            const RejectReason reason =
                length == 0 ? RejectReason::kMalformed : RejectReason::kTooLong;
            return rejected(reason, rest.substr(0, kPrefixBytes), kPrefixBytes);
        }
        if (rest.size() - kPrefixBytes >= length) {
            return {Kind::kRecord, {}, rest.substr(kPrefixBytes, length), kPrefixBytes + length};
        }
    }
    if (!is_end) return {};
    return rejected(RejectReason::kTruncated, rest, rest.size());
}

Framer::Frame Framer::next_fixed(std::string_view rest, bool is_end) const {
    if (rest.size() >= fixed_bytes_)
        return {Kind::kRecord, {}, rest.substr(0, fixed_bytes_), fixed_bytes_};
    if (!is_end) return {};
    return rejected(RejectReason::kTruncated, rest, rest.size());
}

std::string_view detail_of(RejectReason reason) noexcept {
    switch (reason) {
        case RejectReason::kMalformed: return "a frame length of 0";
        case RejectReason::kTooLong: return "longer than max-frame-bytes";
        case RejectReason::kTruncated: return "the input ended in the middle of a record";
        case RejectReason::kWrongType:
        case RejectReason::kMissingField: break;
    }
    return {};
}

}  // namespace thalweg
