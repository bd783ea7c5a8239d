#include "state/store/file_header.h"

#include "state/base/assertion.h"
#include "state/store/crc32c.h"

#include <algorithm>
#include <cstring>

namespace thalweg {
namespace {

constexpr std::size_t kMajorOffset = 8;
constexpr std::size_t kMinorOffset = 10;
constexpr std::size_t kLengthOffset = 12;
constexpr std::size_t kStoreIdOffset = 16;
constexpr std::size_t kGenerationOffset = 32;
constexpr std::size_t kCreatedByLengthOffset = 40;
constexpr std::size_t kCreatedByOffset = 42;
constexpr std::size_t kChecksumBytes = 4;
constexpr std::size_t kFileHeaderBytesMin = kCreatedByOffset + kChecksumBytes;

template <class T>
void store_at(std::span<std::byte> bytes, std::size_t offset, T value) {
    std::memcpy(bytes.data() + offset, &value, sizeof value);
}

template <class T>
T load_at(std::span<const std::byte> bytes, std::size_t offset) {
    T value{};
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

Result<FileHeader> decode(const DiskFile& file, std::span<const std::byte> bytes) {
    FileHeader header;
    header.major = load_at<std::uint16_t>(bytes, kMajorOffset);
    header.minor = load_at<std::uint16_t>(bytes, kMinorOffset);
    if (header.major != kFormatMajor) {
        return fail(Code::kUnsupported,
                    file.path() + ": has format " + std::to_string(header.major) + "." +
                        std::to_string(header.minor) + ", and this program reads format " +
                        std::to_string(kFormatMajor) + ": use the version that wrote it");
    }
    header.store_id = load_at<StoreId>(bytes, kStoreIdOffset);
    header.generation = load_at<Generation>(bytes, kGenerationOffset);
    const std::size_t length = load_at<std::uint16_t>(bytes, kCreatedByLengthOffset);
    const std::size_t room = bytes.size() - kFileHeaderBytesMin;
    const bool newer = header.minor > kFormatMinor;
    if (length > room || (length < room && !newer)) {
        return damaged(file, kCreatedByLengthOffset, "a text that does not fit its header");
    }
    header.created_by.assign(reinterpret_cast<const char*>(bytes.data()) + kCreatedByOffset,
                             length);
    return header;
}

}  // namespace

std::string StoreId::text() const {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string result;
    for (const std::uint8_t byte : bytes) {
        result += kDigits[byte >> 4U];
        result += kDigits[byte & 15U];
    }
    return result;
}

std::vector<std::byte> encode(std::string_view magic, const FileHeader& header) {
    ASSERT(magic.size() == kMajorOffset);
    const std::size_t text_bytes = std::min(header.created_by.size(), kCreatedByBytesMax);
    std::vector<std::byte> bytes(kFileHeaderBytesMin + text_bytes);
    std::memcpy(bytes.data(), magic.data(), magic.size());
    store_at(bytes, kMajorOffset, header.major);
    store_at(bytes, kMinorOffset, header.minor);
    store_at(bytes, kLengthOffset, static_cast<std::uint32_t>(bytes.size()));
    store_at(bytes, kStoreIdOffset, header.store_id);
    store_at(bytes, kGenerationOffset, header.generation);
    store_at(bytes, kCreatedByLengthOffset, static_cast<std::uint16_t>(text_bytes));
    std::memcpy(bytes.data() + kCreatedByOffset, header.created_by.data(), text_bytes);
    const std::size_t end = bytes.size() - kChecksumBytes;
    store_at(bytes, end, crc32c(0, std::span(bytes).first(end)));
    return bytes;
}

Result<ReadHeader> read_file_header(const DiskFile& file, std::string_view magic) {
    std::array<std::byte, kFileHeaderBytesMax> buffer;
    TRY(const std::size_t got, read_fully(file, 0, buffer));
    const std::span<const std::byte> bytes = std::span(buffer).first(got);
    if (got < magic.size() || std::memcmp(bytes.data(), magic.data(), magic.size()) != 0) {
        return damaged(file, 0, "does not begin with " + std::string(magic));
    }
    if (got < kFileHeaderBytesMin) return damaged(file, got, "ends within its header");
    const std::size_t length = load_at<std::uint32_t>(bytes, kLengthOffset);
    if (length < kFileHeaderBytesMin || length > kFileHeaderBytesMax) {
        return damaged(file, kLengthOffset, "an impossible length of the header");
    }
    if (length > got) return damaged(file, got, "ends within its header");
    const std::size_t end = length - kChecksumBytes;
    ReadHeader result{
        .header = {}, .bytes = length, .checksum = load_at<std::uint32_t>(bytes, end)};
    if (crc32c(0, bytes.first(end)) != result.checksum) {
        return damaged(file, 0, "the checksum of the header is wrong");
    }
    TRY(result.header, decode(file, bytes.first(length)));
    return result;
}

tl::unexpected<Error> damaged(const DiskFile& file, std::uint64_t offset, std::string_view what) {
    return fail(
        Code::kCorrupt,
        file.path() + ": damaged at byte " + std::to_string(offset) + ": " + std::string(what));
}

}  // namespace thalweg
