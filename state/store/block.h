#pragma once

#include "state/store/file_header.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace thalweg {

// How bytes lie in a file of the store: in blocks of 1 to 64 KiB, each with its length and a
// checksum.
//
//     0        4          8                  8 + length
//     +--------+----------+------------------+
//     | length | checksum | payload          |
//     +--------+----------+------------------+
//
// The checksum begins with the store, the generation and the offset of the block in its file, which
// are not stored with it: a block that the disk put elsewhere, wrote twice, kept from an older
// file, or that was copied from another store, is as wrong as one with a flipped bit.
inline constexpr std::size_t kBlockHeaderBytes = 8;
inline constexpr std::size_t kBlockPayloadMax = 64 * 1024;

// Makes the checksums of one file.
class BlockSeal {
  public:
    BlockSeal() = default;
    explicit BlockSeal(const FileHeader& header) noexcept;

    // For whatever lies at `offset`.
    [[nodiscard]] std::uint32_t checksum(std::uint64_t offset,
                                         std::span<const std::byte> bytes) const noexcept;

    // The checksum of a block is over its length and its payload, which are not neighbours.
    [[nodiscard]] std::uint32_t block_checksum(std::uint64_t offset,
                                               std::span<const std::byte> payload) const noexcept;

  private:
    [[nodiscard]] std::uint32_t start(std::uint64_t offset) const noexcept;

    std::uint32_t identity_ = 0;  // Of store and generation.
};

// Takes a checksum into a checksum of checksums.
[[nodiscard]] std::uint32_t combine_checksums(std::uint32_t all, std::uint32_t next) noexcept;

}  // namespace thalweg
