// Snapshots from anywhere: no crash, nothing read beyond, no more memory than the file is large,
// and what is intact can be written again and says the same.
//
// A checksum keeps a fuzzer out, so there are two ways in. An even first byte: the rest is a file.
// An odd one: the rest is a table of sections, and the file around it is made here, with every
// checksum right, and the second byte for the number of blocks before the table.

#include "state/store/block.h"
#include "state/store/snapshot_reader.h"
#include "state/store/snapshot_writer.h"
#include "tests/store/memory_file.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace thalweg {
namespace {

using test::MemoryFile;
using Bytes = std::vector<std::byte>;

void require(bool condition) {
    if (!condition) std::abort();
}

template <class T>
void put(Bytes& target, const T& value) {
    const std::span bytes = std::as_bytes(std::span(&value, 1));
    target.insert(target.end(), bytes.begin(), bytes.end());
}

// Appends payloads as blocks; returns the checksum of their checksums.
std::uint32_t put_blocks(Bytes& target, const BlockSeal& seal, std::span<const std::byte> payload) {
    std::uint32_t all = 0;
    while (!payload.empty()) {
        const std::span piece = payload.first(std::min<std::size_t>(payload.size(), 50));
        const std::uint32_t checksum = seal.block_checksum(target.size(), piece);
        put(target, static_cast<std::uint32_t>(piece.size()));
        put(target, checksum);
        target.insert(target.end(), piece.begin(), piece.end());
        all = combine_checksums(all, checksum);
        payload = payload.subspan(piece.size());
    }
    return all;
}

// A file with this table, as far as checksums go.
Bytes sealed(std::uint8_t data_bytes, std::span<const std::byte> table) {
    const FileHeader header{.store_id = {}, .generation = 1, .created_by = ""};
    const BlockSeal seal(header);
    Bytes file = encode(kSnapshotMagic, header);
    std::uint32_t whole = 0;
    std::memcpy(&whole, file.data() + file.size() - 4, 4);
    whole = combine_checksums(0, whole);
    put_blocks(file, seal, Bytes(data_bytes, std::byte{'x'}));
    const std::uint64_t table_offset = file.size();
    const std::uint32_t table_checksum = put_blocks(file, seal, table);

    StateReader reader(table);
    std::uint32_t count = 0;
    for (; !reader.at_end(); ++count) {
        const SectionEntry entry = read_entry(reader, false);
        if (!reader.ok()) break;
        whole = combine_checksums(whole, entry.checksum);
    }
    const std::uint64_t offset = file.size();
    for (const char c : kFooterMagic)
        put(file, c);
    put(file, offset + kSnapshotFooterBytes);
    put(file, table_offset);
    put(file, count);
    put(file, table_checksum);
    put(file, combine_checksums(whole, table_checksum));
    put(file, seal.checksum(offset, std::span(file).subspan(offset)));
    return file;
}

// Writes what is intact again, and compares.
void require_same_again(const SnapshotReader& reader) {
    auto copy = std::make_unique<MemoryFile>();
    SnapshotWriter writer(*copy, reader.header());
    for (std::size_t i = 0; i < reader.sections().size(); ++i) {
        require(writer.begin_section(reader.sections()[i].label).has_value());
        BlockStream blocks = reader.stream(i);
        std::uint64_t length = 0;
        while (true) {
            const auto piece = blocks.next();
            require(piece.has_value());
            if (piece->empty()) break;
            length += piece->size();
            require(writer.append(*piece).has_value());
        }
        require(length == reader.sections()[i].length);
        require(writer.end_section().has_value());
    }
    require(writer.finish().has_value());
    const auto again = SnapshotReader::open(std::move(copy));
    require(again && again->verify());
    require(again->sections().size() == reader.sections().size());
    for (std::size_t i = 0; i < reader.sections().size(); ++i) {
        require(again->sections()[i].label == reader.sections()[i].label);
        require(again->sections()[i].length == reader.sections()[i].length);
    }
}

void run(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return;
    const std::span rest = std::as_bytes(std::span(data, size));
    const bool is_file = data[0] % 2 == 0;
    Bytes file = is_file ? Bytes(rest.begin() + 1, rest.end()) : sealed(data[1], rest.subspan(2));
    const auto reader = SnapshotReader::open(std::make_unique<MemoryFile>(std::move(file)));
    if (!reader) {
        require(!reader.error().message.empty());
        return;
    }
    std::uint64_t total = 0;
    for (const SectionEntry& entry : reader->sections())
        total += entry.length;
    require(total <= reader->size());
    const bool newer = reader->header().minor > kFormatMinor;
    if (reader->verify() && !newer) require_same_again(*reader);
}

}  // namespace
}  // namespace thalweg

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    thalweg::run(data, size);
    return 0;
}
