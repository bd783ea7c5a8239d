#include "ingest/record_cutter.h"

#include "state/base/assertion.h"

#include <algorithm>
#include <cstring>

namespace thalweg {

namespace {

constexpr std::size_t kPrefixBytes = sizeof(std::uint32_t);

}  // namespace

// The bytes of the record at the front and its length; 0 where there is none.
std::size_t RecordCutter::next_prefixed(std::string_view bytes) const {
    std::uint32_t length = 0;
    if (bytes.size() < kPrefixBytes) return 0;
    std::memcpy(&length, bytes.data(), kPrefixBytes);
    const bool fits = length > 0 && length <= frame_bytes_max_;
    return fits && bytes.size() - kPrefixBytes >= length ? kPrefixBytes + length : 0;
}

std::optional<std::uint64_t> RecordCutter::count(std::string_view bytes) const {
    if (framing_ == Framing::kNewline) {
        if (!bytes.empty() && bytes.back() != delimiter_) return std::nullopt;
        return static_cast<std::uint64_t>(std::count(bytes.begin(), bytes.end(), delimiter_));
    }
    if (framing_ == Framing::kFixed) {
        ASSERT(fixed_bytes_ > 0);
        if (bytes.size() % fixed_bytes_ != 0) return std::nullopt;
        return bytes.size() / fixed_bytes_;
    }
    std::uint64_t records = 0;
    while (!bytes.empty()) {
        const std::size_t size = next_prefixed(bytes);
        if (size == 0) return std::nullopt;
        bytes.remove_prefix(size);
        ++records;
    }
    return records;
}

std::size_t RecordCutter::size_of(std::string_view bytes, std::uint64_t records) const {
    if (framing_ == Framing::kFixed) return static_cast<std::size_t>(records) * fixed_bytes_;
    std::size_t at = 0;
    for (; records > 0; --records) {
        const std::size_t size = framing_ == Framing::kNewline ? bytes.find(delimiter_, at) + 1 - at
                                                               : next_prefixed(bytes.substr(at));
        ASSERT(size > 0);
        at += size;
    }
    return at;
}

}  // namespace thalweg
