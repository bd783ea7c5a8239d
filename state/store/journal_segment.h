#pragma once

#include "state/base/status.h"
#include "state/store/block.h"
#include "state/store/disk.h"
#include "state/store/file_header.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// A file of a journal: what one instance of a source has received between two barriers, appended in
// groups of which each is synced before the next is written. docs/FORMATS.md has the bytes.
//
//     0          4,096                            next multiple of 4,096
//     +----------+----------------------+---------+----------------------+----
//     | header   | group 0: its owner,  |         | group 1: number,     |
//     |          | payload              |         | checksums, payload   |
//     +----------+----------------------+---------+----------------------+----
//
// A group begins where no byte of another one lies in the same page, so that writing it cannot harm
// what is durable. That group n + 1 was begun proves that group n was durable: if it is bad all the
// same, that is damage, and is refused. A last group that is bad may never have been durable: it
// is left out, and who reads can say so.

namespace thalweg {

inline constexpr std::string_view kSegmentMagic = "THALJRNL";
inline constexpr std::string_view kGroupMagic = "THALGRUP";
inline constexpr std::size_t kGroupAlignment = 4096;
inline constexpr std::size_t kGroupHeaderBytes = 28;
inline constexpr std::size_t kGroupBytesMax = std::size_t{64} << 20U;

// Whose segment it is, and which one the same instance wrote before it, in the same life of the
// process.
struct SegmentOwner {
    std::string source;
    std::uint32_t instance = 0;
    Generation previous = 0;            // 0: the first of its life.
    std::uint64_t previous_groups = 0;  // How many groups that one has.

    friend bool operator==(const SegmentOwner&, const SegmentOwner&) = default;
};

// Appends groups to a new file.
//
// Failure   kFull: the same group may be appended again, and no other. All else is final: the file
//           is not to be touched again.
// Threads   One at a time.
class SegmentWriter {
  public:
    // `header` says which store, and with `generation` the number of the segment.
    SegmentWriter(std::unique_ptr<DiskFile> file, FileHeader header, const SegmentOwner& owner);

    // Writes and syncs. When it has returned, the group is durable, as far as the name of the file
    // is.
    [[nodiscard]] Result<void> append(std::span<const std::byte> payload);

    [[nodiscard]] Generation number() const noexcept { return header_.generation; }

    [[nodiscard]] std::uint64_t group_count() const noexcept { return group_count_; }

    // Of the file.
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

  private:
    std::unique_ptr<DiskFile> file_;
    FileHeader header_;
    BlockSeal seal_;
    std::vector<std::byte> owner_;
    std::uint64_t group_count_ = 0;
    std::uint64_t offset_ = kGroupAlignment;  // Of the next group.
    std::uint64_t size_ = 0;
};

// Reads the groups of a file that may hold anything.
//
// Bounds    A length is believed when the header of its group has its checksum and the file has so
//           many bytes.
// Failure   kCorrupt: bytes that were durable are not what they were; the message names the byte.
//           kUnsupported: a later program wrote the file.
// Threads   One at a time.
class SegmentReader {
  public:
    // Nothing: not even the first group was ever durable.
    [[nodiscard]] static Result<std::optional<SegmentReader>> open(std::unique_ptr<DiskFile> file,
                                                                   const StoreId& store_id,
                                                                   Generation number);

    [[nodiscard]] Generation number() const noexcept { return number_; }

    [[nodiscard]] const SegmentOwner& owner() const noexcept { return owner_; }

    // The next group: its entries, good until the next call, with `padding` readable bytes behind
    // them. False at the end.
    [[nodiscard]] Result<bool> next();

    [[nodiscard]] std::span<const std::byte> payload() const noexcept { return payload_; }

    // Whether the file ends with the group that was read last.
    [[nodiscard]] bool is_at_end() const noexcept { return offset_ >= size_; }

    [[nodiscard]] std::uint64_t groups_read() const noexcept { return groups_read_; }

    // At the end: how many bytes behind the last good group are of no use.
    [[nodiscard]] std::uint64_t torn_bytes() const noexcept { return torn_bytes_; }

    // Of the file, as it was opened.
    [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

    [[nodiscard]] const DiskFile& file() const noexcept { return *file_; }

    // Readable bytes behind a payload.
    static constexpr std::size_t kPadding = 64;

  private:
    struct GroupHeader {
        std::uint64_t number = 0;
        std::uint32_t length = 0;
        std::uint32_t checksum = 0;
    };

    SegmentReader(std::unique_ptr<DiskFile> file, const FileHeader& identity)
        : file_(std::move(file)), number_(identity.generation), seal_(identity) {}

    [[nodiscard]] Result<std::optional<GroupHeader>> header_at(std::uint64_t offset) const;
    [[nodiscard]] Result<bool> read_group();
    [[nodiscard]] Result<void> refuse_damage() const;

    std::unique_ptr<DiskFile> file_;
    Generation number_;
    BlockSeal seal_;
    SegmentOwner owner_;
    std::uint64_t size_ = 0;
    std::uint64_t offset_ = kGroupAlignment;  // Of the next group.
    std::uint64_t groups_read_ = 0;
    std::uint64_t torn_bytes_ = 0;
    bool is_first_ready_ = false;  // open() has read the first group.
    std::vector<std::byte> bytes_;
    std::span<const std::byte> payload_;
};

}  // namespace thalweg
