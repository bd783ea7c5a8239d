#include "state/store/block.h"

#include "state/store/crc32c.h"

namespace thalweg {

BlockSeal::BlockSeal(const FileHeader& header) noexcept
    : identity_(crc32c(crc32c(0, std::as_bytes(std::span(header.store_id.bytes))),
                       std::as_bytes(std::span(&header.generation, 1)))) {}

std::uint32_t BlockSeal::start(std::uint64_t offset) const noexcept {
    return crc32c(identity_, std::as_bytes(std::span(&offset, 1)));
}

std::uint32_t BlockSeal::checksum(std::uint64_t offset,
                                  std::span<const std::byte> bytes) const noexcept {
    return crc32c(start(offset), bytes);
}

std::uint32_t BlockSeal::block_checksum(std::uint64_t offset,
                                        std::span<const std::byte> payload) const noexcept {
    const auto length = static_cast<std::uint32_t>(payload.size());
    return crc32c(crc32c(start(offset), std::as_bytes(std::span(&length, 1))), payload);
}

std::uint32_t combine_checksums(std::uint32_t all, std::uint32_t next) noexcept {
    return crc32c(all, std::as_bytes(std::span(&next, 1)));
}

}  // namespace thalweg
