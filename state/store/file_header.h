#pragma once

#include "state/base/status.h"
#include "state/store/disk.h"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// What every file of a store begins with: what it is, in which version, of which store, and which
// of its generations. docs/FORMATS.md has the bytes.
//
// The magic, the two versions, the length and the checksum at the end of that length are the same
// in every version there will ever be, so that a build can tell a file from tomorrow from a damaged
// one. A higher major means that nothing else is known; a higher minor only adds, and is read.

namespace thalweg {

// Which store; drawn once, when the store is made, and never again.
struct StoreId {
    std::array<std::uint8_t, 16> bytes{};

    friend auto operator<=>(const StoreId&, const StoreId&) = default;

    // Thirty-two digits of base sixteen.
    [[nodiscard]] std::string text() const;
};

// Which state of the store: 1, 2, ... A number is used once, whatever became of its file.
using Generation = std::uint64_t;

inline constexpr std::uint16_t kFormatMajor = 1;
inline constexpr std::uint16_t kFormatMinor = 0;

// Eight characters.
inline constexpr std::string_view kStoreMagic = "THALSTOR";
inline constexpr std::string_view kSnapshotMagic = "THALSNAP";

struct FileHeader {
    StoreId store_id;
    Generation generation = 0;  // 0 in the file STORE, which belongs to all.
    std::string created_by;     // The program and its version.
    std::uint16_t major = kFormatMajor;
    std::uint16_t minor = kFormatMinor;

    friend bool operator==(const FileHeader&, const FileHeader&) = default;
};

inline constexpr std::size_t kFileHeaderBytesMax = 4096;
inline constexpr std::size_t kCreatedByBytesMax = 256;

// `created_by` is cut to kCreatedByBytesMax.
[[nodiscard]] std::vector<std::byte> encode(std::string_view magic, const FileHeader& header);

struct ReadHeader {
    FileHeader header;
    std::size_t bytes = 0;  // Where the rest of the file begins.
    std::uint32_t checksum = 0;
};

// kCorrupt: this is not such a file, or it is damaged; the message says at which byte.
// kUnsupported: a later program wrote it.
[[nodiscard]] Result<ReadHeader> read_file_header(const DiskFile& file, std::string_view magic);

// The error of bytes that are not what they should be.
[[nodiscard]] tl::unexpected<Error> damaged(const DiskFile& file,
                                            std::uint64_t offset,
                                            std::string_view what);

}  // namespace thalweg
