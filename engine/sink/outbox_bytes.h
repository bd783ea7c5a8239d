#pragma once

#include "engine/sink/outbox.h"
#include "state/base/status.h"
#include "state/store/disk.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What outboxes in files do with the bytes of an epoch, and what they say when a file is not as it
// was left. Nothing here is remembered; files are read and written at the offsets given.

namespace thalweg {

[[nodiscard]] Result<std::uint64_t> size_of(const OutboxBytes& bytes);

// Returns how many there were.
[[nodiscard]] Result<std::uint64_t> write_behind(DiskFile& file,
                                                 std::uint64_t offset,
                                                 const OutboxBytes& bytes);

enum class Holes : std::uint8_t {
    kDiffer,
    kPass,  // A zero in the file is equal to anything: what a power cut has left.
};

// What lies in a file behind an offset, beside bytes that belong there. One of them may end before
// the other.
struct Comparison {
    std::optional<std::uint64_t> differs_at;  // The file has another byte there.
    std::uint64_t file_size = 0;
    std::uint64_t bytes_end = 0;  // Where the bytes end, in the file.
};

[[nodiscard]] Result<Comparison> compare_behind(const DiskFile& file,
                                                std::uint64_t offset,
                                                const OutboxBytes& bytes,
                                                Holes holes);

[[nodiscard]] Result<bool> has_name(const Disk& disk, std::string_view name);

// A position is a word and numbers, with a space before each: "file 4096".
[[nodiscard]] Result<std::vector<std::uint64_t>> parse_position(std::string_view text,
                                                                std::string_view word,
                                                                std::size_t count);

// The file is shorter than what was published into it: results are lost, or it is another file.
[[nodiscard]] tl::unexpected<Error> lost_results(const std::string& path,
                                                 std::uint64_t size,
                                                 std::uint64_t length);

// Somebody else has written behind what was published.
[[nodiscard]] tl::unexpected<Error> foreign_bytes(const std::string& path,
                                                  std::uint64_t differs_at,
                                                  std::uint64_t length);

}  // namespace thalweg
