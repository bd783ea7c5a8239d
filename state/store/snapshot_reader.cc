#include "state/store/snapshot_reader.h"

#include "state/store/snapshot_writer.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace thalweg {
namespace {

// Bytes that the blocks of a section take in the file, or nothing if no file could hold them.
std::optional<std::uint64_t> stored_bytes(const SectionEntry& entry) {
    std::uint64_t headers = 0;
    std::uint64_t total = 0;
    if (__builtin_mul_overflow(entry.block_count, kBlockHeaderBytes, &headers)) return std::nullopt;
    if (__builtin_add_overflow(entry.length, headers, &total)) return std::nullopt;
    return total;
}

}  // namespace

Result<SnapshotReader> SnapshotReader::open(std::unique_ptr<DiskFile> file) {
    SnapshotReader reader(std::move(file));
    TRY(const ReadHeader start, read_file_header(*reader.file_, kSnapshotMagic));
    reader.header_ = start.header;
    reader.seal_ = BlockSeal(start.header);
    TRY(reader.size_, reader.file_->size());
    TRY(const Footer footer, reader.read_footer(start.bytes));
    reader.checksum_ = footer.checksum;
    TRY_VOID(reader.read_table(footer));
    TRY_VOID(reader.check_layout(footer, start));
    return reader;
}

Result<SnapshotReader::Footer> SnapshotReader::read_footer(std::size_t header_bytes) const {
    if (size_ < header_bytes + kSnapshotFooterBytes) {
        return damaged(*file_, size_, "the file ends before its footer");
    }
    Footer footer{.offset = size_ - kSnapshotFooterBytes};
    std::array<std::byte, kSnapshotFooterBytes> bytes{};
    TRY(const std::size_t got, read_fully(*file_, footer.offset, bytes));
    const bool is_footer = got == bytes.size() &&
                           std::memcmp(bytes.data(), kFooterMagic.data(), kFooterMagic.size()) == 0;
    if (!is_footer) {
        return damaged(*file_, footer.offset, "there is no footer: the file is cut off");
    }
    std::size_t at = kFooterMagic.size();
    const auto take = [&](auto& value) {
        std::memcpy(&value, bytes.data() + at, sizeof value);
        at += sizeof value;
    };
    std::uint64_t size = 0;
    take(size);
    take(footer.table_offset);
    take(footer.section_count);
    take(footer.table_checksum);
    take(footer.checksum);
    const std::uint32_t expected = seal_.checksum(footer.offset, std::span(bytes).first(at));
    std::uint32_t checksum = 0;
    take(checksum);
    if (checksum != expected) {
        return damaged(*file_, footer.offset, "the checksum of the footer is wrong");
    }
    const bool possible = size == size_ && footer.table_offset >= header_bytes &&
                          footer.table_offset <= footer.offset;
    if (!possible) return damaged(*file_, footer.offset, "the footer does not fit the file");
    return footer;
}

Result<void> SnapshotReader::read_table(const Footer& footer) {
    BlockStream blocks(*file_,
                       seal_,
                       {.offset = footer.table_offset,
                        .end = footer.offset,
                        .checksum = footer.table_checksum,
                        .length = std::nullopt,
                        .name = "the table of sections"});
    StateReader reader(blocks);
    const bool newer = header_.minor > kFormatMinor;
    for (std::uint32_t i = 0; i < footer.section_count && reader.ok(); ++i)
        sections_.push_back(read_entry(reader, newer));
    if (reader.ok() && !reader.at_end()) reader.reject("more than the footer has counted");
    return reader.finish();
}

Result<void> SnapshotReader::check_layout(const Footer& footer, const ReadHeader& start) const {
    std::uint64_t offset = start.bytes;
    std::uint32_t checksum = combine_checksums(0, start.checksum);
    for (const SectionEntry& entry : sections_) {
        const std::optional<std::uint64_t> stored = stored_bytes(entry);
        const bool fits =
            entry.offset == offset && stored && *stored <= footer.table_offset - offset;
        if (!fits) {
            return damaged(*file_, entry.offset, entry.label.name() + " is not where it should be");
        }
        offset += *stored;
        checksum = combine_checksums(checksum, entry.checksum);
    }
    if (offset != footer.table_offset) return damaged(*file_, offset, "bytes that nobody wrote");
    if (combine_checksums(checksum, footer.table_checksum) != footer.checksum) {
        return damaged(*file_, footer.offset, "the checksum of the whole is wrong");
    }
    return {};
}

BlockStream SnapshotReader::stream(std::size_t section_index) const {
    const SectionEntry& entry = sections_[section_index];
    const std::uint64_t stored = entry.length + entry.block_count * kBlockHeaderBytes;
    return BlockStream(*file_,
                       seal_,
                       {.offset = entry.offset,
                        .end = entry.offset + stored,
                        .checksum = entry.checksum,
                        .length = entry.length,
                        .name = entry.label.name()});
}

Result<void> SnapshotReader::verify() const {
    for (std::size_t i = 0; i < sections_.size(); ++i) {
        BlockStream blocks = stream(i);
        while (true) {
            TRY(const std::span piece, blocks.next());
            if (piece.empty()) break;
        }
    }
    return {};
}

Result<void> SnapshotReader::refuse_unknown(std::span<const std::string_view> kinds) const {
    for (const SectionEntry& entry : sections_) {
        const bool known = std::ranges::find(kinds, entry.label.kind) != kinds.end();
        if (known || !entry.label.is_critical) continue;
        return fail(Code::kUnsupported,
                    file_->path() +
                        ": has a section that this program does not know and must not skip: " +
                        entry.label.name() + "; it was written by " + header_.created_by +
                        ": use that version");
    }
    return {};
}

}  // namespace thalweg
