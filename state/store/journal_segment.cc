#include "state/store/journal_segment.h"

#include "state/base/assertion.h"
#include "state/store/state_reader.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace thalweg {

namespace {

constexpr std::size_t kNumberOffset = 8;
constexpr std::size_t kLengthOffset = 16;
constexpr std::size_t kChecksumOffset = 20;
constexpr std::size_t kHeaderChecksumOffset = 24;
constexpr std::size_t kSourceBytesMax = 4096;

std::uint64_t next_page(std::uint64_t offset) {
    return (offset + kGroupAlignment - 1) / kGroupAlignment * kGroupAlignment;
}

template <class T>
void put(std::span<std::byte> bytes, std::size_t offset, T value) {
    std::memcpy(bytes.data() + offset, &value, sizeof value);
}

template <class T>
T get(std::span<const std::byte> bytes, std::size_t offset) {
    T value;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

void append_raw(std::vector<std::byte>& bytes, const void* value, std::size_t size) {
    const auto* const first = static_cast<const std::byte*>(value);
    bytes.insert(bytes.end(), first, first + size);
}

// In front of the payload of the first group.
std::vector<std::byte> encode(const SegmentOwner& owner) {
    const std::size_t size = std::min(owner.source.size(), kSourceBytesMax);
    std::vector<std::byte> bytes;
    for (std::size_t left = size;;) {
        const std::size_t low = left & 127U;
        left >>= 7U;
        bytes.push_back(static_cast<std::byte>(left == 0 ? low : low | 128U));
        if (left == 0) break;
    }
    append_raw(bytes, owner.source.data(), size);
    append_raw(bytes, &owner.instance, sizeof owner.instance);
    append_raw(bytes, &owner.previous, sizeof owner.previous);
    append_raw(bytes, &owner.previous_groups, sizeof owner.previous_groups);
    return bytes;
}

}  // namespace

SegmentWriter::SegmentWriter(std::unique_ptr<DiskFile> file,
                             FileHeader header,
                             const SegmentOwner& owner)
    : file_(std::move(file)), header_(std::move(header)), seal_(header_), owner_(encode(owner)) {}

// The first page of the group is put together here, with the header of the file in front of group
// 0; the rest is written from where it lies.
Result<void> SegmentWriter::append(std::span<const std::byte> payload) {
    ASSERT(owner_.size() + payload.size() <= kGroupBytesMax);
    const std::size_t length = owner_.size() + payload.size();
    std::vector<std::byte> owned;
    if (!owner_.empty()) {
        owned = owner_;
        owned.insert(owned.end(), payload.begin(), payload.end());
        payload = owned;
    }
    std::array<std::byte, kGroupAlignment> page;
    const std::span<std::byte> group(page);
    std::memcpy(page.data(), kGroupMagic.data(), kGroupMagic.size());
    put(group, kNumberOffset, group_count_);
    put(group, kLengthOffset, static_cast<std::uint32_t>(length));
    put(group, kChecksumOffset, seal_.checksum(offset_, payload));
    put(group, kHeaderChecksumOffset, seal_.checksum(offset_, group.first(kHeaderChecksumOffset)));
    const std::size_t first = std::min(payload.size(), kGroupAlignment - kGroupHeaderBytes);
    if (first > 0) std::memcpy(page.data() + kGroupHeaderBytes, payload.data(), first);
    if (group_count_ == 0)
        TRY_VOID(write_fully(*file_, 0, thalweg::encode(kSegmentMagic, header_)));
    TRY_VOID(write_fully(*file_, offset_, group.first(kGroupHeaderBytes + first)));
    if (first < payload.size())
        TRY_VOID(write_fully(*file_, offset_ + kGroupAlignment, payload.subspan(first)));
    TRY_VOID(file_->sync());
    owner_.clear();
    ++group_count_;
    size_ = offset_ + kGroupHeaderBytes + length;
    offset_ = next_page(size_);
    return {};
}

Result<std::optional<SegmentReader>> SegmentReader::open(std::unique_ptr<DiskFile> file,
                                                         const StoreId& store_id,
                                                         Generation number) {
    FileHeader identity;
    identity.store_id = store_id;
    identity.generation = number;
    SegmentReader reader(std::move(file), identity);
    TRY(reader.size_, reader.file_->size());
    const Result<ReadHeader> header = read_file_header(*reader.file_, kSegmentMagic);
    if (!header && header.error().code != Code::kCorrupt)
        return tl::make_unexpected(header.error());
    // A header of another file is what a disk block held before, if nothing was ever written there.
    const bool is_own =
        header && header->header.store_id == store_id && header->header.generation == number;
    if (!is_own) {
        TRY_VOID(reader.refuse_damage());
        return std::optional<SegmentReader>();
    }
    TRY(const bool is_there, reader.read_group());
    if (!is_there) return std::optional<SegmentReader>();
    StateReader values(reader.payload_);
    reader.owner_.source = values.text(kSourceBytesMax);
    reader.owner_.instance = values.u32();
    reader.owner_.previous = values.u64();
    reader.owner_.previous_groups = values.u64();
    if (!values.ok())
        return damaged(*reader.file_, kGroupAlignment, "the segment does not say whose it is");
    reader.payload_ = reader.payload_.subspan(values.position());
    reader.is_first_ready_ = true;
    return reader;
}

Result<bool> SegmentReader::next() {
    if (std::exchange(is_first_ready_, false)) return true;
    return read_group();
}

Result<std::optional<SegmentReader::GroupHeader>> SegmentReader::header_at(
    std::uint64_t offset) const {
    std::array<std::byte, kGroupHeaderBytes> bytes;
    TRY(const std::size_t got, read_fully(*file_, offset, bytes));
    if (got < bytes.size() ||
        std::memcmp(bytes.data(), kGroupMagic.data(), kGroupMagic.size()) != 0 ||
        get<std::uint32_t>(bytes, kHeaderChecksumOffset) !=
            seal_.checksum(offset, std::span(bytes).first(kHeaderChecksumOffset)))
        return std::optional<GroupHeader>();
    return GroupHeader{get<std::uint64_t>(bytes, kNumberOffset),
                       get<std::uint32_t>(bytes, kLengthOffset),
                       get<std::uint32_t>(bytes, kChecksumOffset)};
}

Result<bool> SegmentReader::read_group() {
    payload_ = {};
    TRY(const std::optional<GroupHeader> header, header_at(offset_));
    const std::uint64_t begin = offset_ + kGroupHeaderBytes;
    const bool is_whole = header && header->number == groups_read_ && begin <= size_ &&
                          header->length <= std::min<std::uint64_t>(size_ - begin, kGroupBytesMax);
    if (is_whole) {
        bytes_.assign(header->length + kPadding, std::byte{0});
        const std::span<std::byte> payload = std::span(bytes_).first(header->length);
        TRY(const std::size_t got, read_fully(*file_, begin, payload));
        if (got == payload.size() && seal_.checksum(offset_, payload) == header->checksum) {
            payload_ = payload;
            ++groups_read_;
            offset_ = next_page(begin + payload.size());
            return true;
        }
    }
    TRY_VOID(refuse_damage());
    torn_bytes_ = size_ > offset_ ? size_ - offset_ : 0;
    return false;
}

// The group here is bad. If a later one was ever begun, it had been durable.
Result<void> SegmentReader::refuse_damage() const {
    for (std::uint64_t offset = offset_ + kGroupAlignment; offset < size_;
         offset += kGroupAlignment) {
        TRY(const std::optional<GroupHeader> header, header_at(offset));
        if (header && header->number > groups_read_)
            return damaged(*file_,
                           offset_,
                           "group " + std::to_string(groups_read_) +
                               " of the journal cannot be read, and group " +
                               std::to_string(header->number) + " behind it can");
    }
    return {};
}

}  // namespace thalweg
