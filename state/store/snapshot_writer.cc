#include "state/store/snapshot_writer.h"

#include "state/base/assertion.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace thalweg {
namespace {

// Lets a StateWriter write the table through the same blocks as a section.
template <class Append>
class SinkOf final : public StateSink {
  public:
    explicit SinkOf(Append append) : append_(std::move(append)) {}

    Result<void> append(std::span<const std::byte> bytes) override { return append_(bytes); }

  private:
    Append append_;
};

}  // namespace

SnapshotWriter::SnapshotWriter(DiskFile& file,
                               const FileHeader& header,
                               std::size_t block_payload_max)
    : file_(&file),
      seal_(header),
      block_payload_max_(block_payload_max),
      block_(kBlockHeaderBytes) {
    ASSERT(block_payload_max > 0 && block_payload_max <= kBlockPayloadMax);
    const std::vector<std::byte> bytes = encode(kSnapshotMagic, header);
    std::uint32_t checksum = 0;
    std::memcpy(&checksum, bytes.data() + bytes.size() - sizeof checksum, sizeof checksum);
    checksum_ = combine_checksums(0, checksum);
    static_cast<void>(write(bytes));  // An error stays, and the next call returns it.
}

Result<void> SnapshotWriter::status() const {
    if (failure_) return tl::make_unexpected(*failure_);
    return {};
}

Result<void> SnapshotWriter::write(std::span<const std::byte> bytes) {
    TRY_VOID(status());
    Result<void> written = write_fully(*file_, position_, bytes);
    if (!written) failure_ = written.error();
    position_ += bytes.size();
    return written;
}

Result<void> SnapshotWriter::begin_section(SectionLabel label) {
    ASSERT(!in_section_ && !is_finished_ && table_.size() < kSectionsMax);
    TRY_VOID(status());
    if (label.kind.size() > kSectionKindBytesMax || label.owner.size() > kSectionOwnerBytesMax) {
        return fail(Code::kInvalid,
                    "the name of a section is too long: " + label.name() + "; a kind has up to " +
                        std::to_string(kSectionKindBytesMax) + " bytes, an owner up to " +
                        std::to_string(kSectionOwnerBytesMax));
    }
    in_section_ = true;
    extent_ = {};
    table_.push_back({.label = std::move(label), .offset = position_});
    return {};
}

Result<void> SnapshotWriter::append(std::span<const std::byte> bytes) {
    TRY_VOID(status());
    ASSERT(in_section_);
    return append_to_block(bytes);
}

Result<void> SnapshotWriter::append_to_block(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const std::size_t room = kBlockHeaderBytes + block_payload_max_ - block_.size();
        const std::size_t size = std::min(room, bytes.size());
        block_.insert(
            block_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
        bytes = bytes.subspan(size);
        if (size == room) TRY_VOID(write_block());
    }
    return {};
}

Result<void> SnapshotWriter::write_block() {
    const std::span payload = std::span(block_).subspan(kBlockHeaderBytes);
    if (payload.empty()) return {};
    const auto length = static_cast<std::uint32_t>(payload.size());
    const std::uint32_t checksum = seal_.block_checksum(position_, payload);
    std::memcpy(block_.data(), &length, sizeof length);
    std::memcpy(block_.data() + sizeof length, &checksum, sizeof checksum);
    extent_.length += length;
    extent_.block_count += 1;
    extent_.checksum = combine_checksums(extent_.checksum, checksum);
    TRY_VOID(write(block_));
    block_.resize(kBlockHeaderBytes);
    return {};
}

Result<void> SnapshotWriter::end_section() {
    TRY_VOID(status());
    ASSERT(in_section_);
    TRY_VOID(write_block());
    in_section_ = false;
    SectionEntry& entry = table_.back();
    entry.length = extent_.length;
    entry.block_count = extent_.block_count;
    entry.checksum = extent_.checksum;
    checksum_ = combine_checksums(checksum_, extent_.checksum);
    return {};
}

Result<void> SnapshotWriter::finish() {
    TRY_VOID(status());
    ASSERT(!in_section_ && !is_finished_);
    is_finished_ = true;
    const std::uint64_t table_offset = position_;
    TRY_VOID(write_table());
    return write_footer(table_offset);
}

Result<void> SnapshotWriter::write_table() {
    extent_ = {};
    SinkOf sink([this](std::span<const std::byte> bytes) { return append_to_block(bytes); });
    StateWriter writer(sink);
    for (const SectionEntry& entry : table_)
        write_entry(writer, entry);
    TRY_VOID(writer.finish());
    return write_block();
}

Result<void> SnapshotWriter::write_footer(std::uint64_t table_offset) {
    std::array<std::byte, kSnapshotFooterBytes> bytes{};
    std::size_t at = 0;
    const auto put = [&](const auto& value) {
        std::memcpy(bytes.data() + at, &value, sizeof value);
        at += sizeof value;
    };
    std::memcpy(bytes.data(), kFooterMagic.data(), kFooterMagic.size());
    at = kFooterMagic.size();
    put(position_ + kSnapshotFooterBytes);
    put(table_offset);
    put(static_cast<std::uint32_t>(table_.size()));
    put(extent_.checksum);
    put(combine_checksums(checksum_, extent_.checksum));
    put(seal_.checksum(position_, std::span(bytes).first(at)));
    ASSERT(at == bytes.size());
    return write(bytes);
}

}  // namespace thalweg
