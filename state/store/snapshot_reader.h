#pragma once

#include "state/store/block.h"
#include "state/store/block_stream.h"
#include "state/store/disk.h"
#include "state/store/file_header.h"
#include "state/store/section.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace thalweg {

// Reads a snapshot whose bytes may be anything: for recovery, and for whoever verifies or shows
// one.
//
// Opening checks header, footer and table, and that the sections fill the file without a gap; what
// a section holds is checked while it is read, block by block. So opening costs the same whatever
// the size, sections may be read in any order and by several threads at once, and verify() is for
// those who must know about all bytes first.
//
// Memory    The table; a stream has its window.
// Threads   Any, once open: all is const.
// Failure   kCorrupt: damaged; kUnsupported: of a later version, or with a critical section of an
//           unknown kind; kIo. All name the file, and damage its byte.
class SnapshotReader {
  public:
    [[nodiscard]] static Result<SnapshotReader> open(std::unique_ptr<DiskFile> file);

    [[nodiscard]] const FileHeader& header() const noexcept { return header_; }

    [[nodiscard]] std::span<const SectionEntry> sections() const noexcept { return sections_; }

    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

    // Of everything in the file: two snapshots with the same one are the same.
    [[nodiscard]] std::uint32_t checksum() const noexcept { return checksum_; }

    [[nodiscard]] const DiskFile& file() const noexcept { return *file_; }

    // What was written into a section. The reader outlives the stream.
    [[nodiscard]] BlockStream stream(std::size_t section_index) const;

    // Reads everything.
    [[nodiscard]] Result<void> verify() const;

    // Refuses if there is a critical section whose kind is not among those given; others are for
    // those who know them.
    [[nodiscard]] Result<void> refuse_unknown(std::span<const std::string_view> kinds) const;

  private:
    struct Footer {
        std::uint64_t offset = 0;
        std::uint64_t table_offset = 0;
        std::uint32_t section_count = 0;
        std::uint32_t table_checksum = 0;
        std::uint32_t checksum = 0;
    };

    explicit SnapshotReader(std::unique_ptr<DiskFile> file) noexcept : file_(std::move(file)) {}

    [[nodiscard]] Result<Footer> read_footer(std::size_t header_bytes) const;

    [[nodiscard]] Result<void> read_table(const Footer& footer);

    // Whether the sections follow each other from the header to the table.
    [[nodiscard]] Result<void> check_layout(const Footer& footer, const ReadHeader& start) const;

    std::unique_ptr<DiskFile> file_;
    FileHeader header_;
    BlockSeal seal_;
    std::uint64_t size_ = 0;
    std::uint32_t checksum_ = 0;
    std::vector<SectionEntry> sections_;
};

}  // namespace thalweg
