#include "state/store/block_stream.h"

#include "state/base/assertion.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace thalweg {
namespace {

constexpr std::uint64_t kWindowBytesMax = 256 * 1024;
static_assert(kWindowBytesMax >= kBlockHeaderBytes + kBlockPayloadMax);

}  // namespace

BlockStream::BlockStream(const DiskFile& file, BlockSeal seal, BlockRange range)
    : file_(&file), seal_(seal), range_(std::move(range)), offset_(range_.offset) {
    ASSERT(range_.offset <= range_.end);
    buffer_.resize(std::min(kWindowBytesMax, range_.end - range_.offset));
}

tl::unexpected<Error> BlockStream::damaged_here(std::string_view what) const {
    return damaged(*file_, offset_, std::string(what) + " (in " + range_.name + ")");
}

Result<std::span<const std::byte>> BlockStream::next() {
    if (offset_ == range_.end) {
        TRY_VOID(check_end());
        return std::span<const std::byte>{};
    }
    const std::uint64_t left = range_.end - offset_;
    if (left <= kBlockHeaderBytes) return damaged_here("too few bytes for a block");
    TRY_VOID(require(kBlockHeaderBytes));
    std::uint32_t length = 0;
    std::uint32_t checksum = 0;
    std::memcpy(&length, window().data(), sizeof length);
    std::memcpy(&checksum, window().data() + sizeof length, sizeof checksum);
    if (length == 0 || length > kBlockPayloadMax || length > left - kBlockHeaderBytes) {
        return damaged_here("an impossible length of a block");
    }
    TRY_VOID(require(kBlockHeaderBytes + length));
    const std::span payload = window().subspan(kBlockHeaderBytes, length);
    if (seal_.block_checksum(offset_, payload) != checksum) {
        return damaged_here("the checksum of a block is wrong");
    }
    checksum_ = combine_checksums(checksum_, checksum);
    length_ += length;
    offset_ += kBlockHeaderBytes + length;
    head_ += kBlockHeaderBytes + length;
    return payload;
}

Result<void> BlockStream::require(std::size_t size) {
    if (tail_ - head_ >= size) return {};
    std::memmove(buffer_.data(), buffer_.data() + head_, tail_ - head_);
    tail_ -= head_;
    head_ = 0;
    const std::uint64_t at = offset_ + tail_;
    const std::size_t room = std::min<std::uint64_t>(buffer_.size() - tail_, range_.end - at);
    TRY(const std::size_t got, read_fully(*file_, at, std::span(buffer_).subspan(tail_, room)));
    tail_ += got;
    if (tail_ < size) return damaged_here("the file has become shorter");
    return {};
}

Result<void> BlockStream::check_end() const {
    const bool whole = checksum_ == range_.checksum && length_ == range_.length.value_or(length_);
    if (!whole) return damaged_here("the blocks are right, but not those of this section");
    return {};
}

}  // namespace thalweg
