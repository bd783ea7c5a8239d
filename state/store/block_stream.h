#pragma once

#include "state/store/block.h"
#include "state/store/disk.h"
#include "state/store/state_reader.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace thalweg {

// A range of a file that should hold nothing but blocks.
struct BlockRange {
    std::uint64_t offset = 0;
    std::uint64_t end = 0;                // Within the file, as far as the caller has checked.
    std::uint32_t checksum = 0;           // Of the checksums of the blocks.
    std::optional<std::uint64_t> length;  // Of the payloads, if the caller knows it.
    std::string name;                     // For messages.
};

// Reads the blocks of a range, one a call, each checked before anybody sees it; the end is only
// announced after the range as a whole was checked too. Lengths are believed once they lie within
// their bounds and their checksum is right.
//
// Memory    A window of at most 256 KiB.
// Threads   One at a time; several streams may read the same file.
// Failure   kCorrupt with file, byte and reason; kIo. Not to be called again after either.
class BlockStream final : public StateSource {
  public:
    // The file outlives the stream.
    BlockStream(const DiskFile& file, BlockSeal seal, BlockRange range);

    [[nodiscard]] Result<std::span<const std::byte>> next() override;

    [[nodiscard]] std::string name() const override { return file_->path() + ": " + range_.name; }

  private:
    // Makes the window hold at least `size` bytes from offset_ on; they lie within the range.
    [[nodiscard]] Result<void> require(std::size_t size);

    [[nodiscard]] Result<void> check_end() const;

    [[nodiscard]] tl::unexpected<Error> damaged_here(std::string_view what) const;

    [[nodiscard]] std::span<const std::byte> window() const noexcept {
        return std::span(buffer_).subspan(head_, tail_ - head_);
    }

    const DiskFile* file_;
    BlockSeal seal_;
    BlockRange range_;
    std::uint64_t offset_;  // Of the next block.
    std::uint64_t length_ = 0;
    std::uint32_t checksum_ = 0;
    std::vector<std::byte> buffer_;
    std::size_t head_ = 0;  // buffer_[head_] lies at offset_ in the file.
    std::size_t tail_ = 0;
};

}  // namespace thalweg
