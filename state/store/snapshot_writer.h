#pragma once

#include "state/store/block.h"
#include "state/store/disk.h"
#include "state/store/file_header.h"
#include "state/store/section.h"
#include "state/store/state_writer.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace thalweg {

// Where the footer of a snapshot begins, from its end; docs/FORMATS.md has the bytes.
inline constexpr std::size_t kSnapshotFooterBytes = 40;
inline constexpr std::string_view kFooterMagic = "THALFOOT";
inline constexpr std::size_t kSectionsMax = 1U << 20U;

// Writes a snapshot, front to back, one section after the other:
//
//     begin_section(label), append(bytes)..., end_section(), begin_section..., finish()
//
//   header | blocks of section 0 | blocks of section 1 | ... | blocks of the table | footer
//
// The table of sections is at the end, where everything that it says is known; so nothing is ever
// written twice, and memory holds one block and the table. finish() does not make anything durable:
// whoever owns the file syncs it.
//
// Threads   One at a time.
// Failure   The disk's first error stays, and all calls return it from then on.
class SnapshotWriter final : public StateSink {
  public:
    // The file is empty, and outlives the writer. Blocks of less than the maximum are for tests.
    SnapshotWriter(DiskFile& file,
                   const FileHeader& header,
                   std::size_t block_payload_max = kBlockPayloadMax);

    [[nodiscard]] Result<void> begin_section(SectionLabel label);

    [[nodiscard]] Result<void> append(std::span<const std::byte> bytes) override;

    [[nodiscard]] Result<void> end_section();

    [[nodiscard]] Result<void> finish();

    [[nodiscard]] const std::optional<Error>& failure() const noexcept { return failure_; }

    // Bytes in the file so far.
    [[nodiscard]] std::uint64_t position() const noexcept { return position_; }

  private:
    // The blocks between two ends, of a section or of the table.
    struct Extent {
        std::uint64_t length = 0;
        std::uint64_t block_count = 0;
        std::uint32_t checksum = 0;
    };

    [[nodiscard]] Result<void> status() const;

    [[nodiscard]] Result<void> write(std::span<const std::byte> bytes);

    [[nodiscard]] Result<void> append_to_block(std::span<const std::byte> bytes);

    [[nodiscard]] Result<void> write_block();

    [[nodiscard]] Result<void> write_table();

    [[nodiscard]] Result<void> write_footer(std::uint64_t table_offset);

    DiskFile* file_;
    BlockSeal seal_;
    std::size_t block_payload_max_;
    std::uint64_t position_ = 0;
    std::uint32_t checksum_ = 0;    // Of the header's, the sections' and the table's.
    std::vector<std::byte> block_;  // Its header, and the payload so far.
    Extent extent_;
    bool in_section_ = false;
    bool is_finished_ = false;
    std::vector<SectionEntry> table_;
    std::optional<Error> failure_;
};

}  // namespace thalweg
