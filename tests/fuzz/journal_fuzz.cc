// Journals from anywhere: no crash, nothing read beyond, no more memory than the file is large, and
// entries that can be read can be written again and say the same.
//
// A checksum keeps a fuzzer out, so there are two ways in. An even first byte: the rest is the file
// of a segment. An odd one: the rest is the payload of its second group, and the file around it is
// made here, with every checksum right.

#include "ingest/journal_entry.h"
#include "state/store/journal_segment.h"
#include "tests/store/memory_file.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

using Bytes = std::vector<std::byte>;

constexpr Generation kNumber = 1;

void require(bool condition) {
    if (!condition) std::abort();
}

Bytes sealed(std::span<const std::byte> payload) {
    auto file = std::make_unique<test::MemoryFile>();
    test::MemoryFile& memory = *file;
    FileHeader header;
    header.generation = kNumber;
    SegmentWriter writer(std::move(file), header, {.source = "t"});
    require(writer.append({}).has_value());
    require(writer.append(payload).has_value());
    return memory.bytes;
}

void read_entries(std::span<const std::byte> payload) {
    EntryReader reader(payload);
    JournalEntry entry;
    Bytes again;
    for (;;) {
        const Result<bool> next = reader.next(entry);
        if (!next) return;
        if (!*next) break;
        append_entry(again, entry);
    }
    require(Bytes(payload.begin(), payload.end()) == again);
}

void read(const Bytes& bytes) {
    auto opened = SegmentReader::open(std::make_unique<test::MemoryFile>(bytes), {}, kNumber);
    if (!opened || !*opened) return;
    for (;;) {
        const Result<bool> next = (*opened)->next();
        if (!next || !*next) return;
        read_entries((*opened)->payload());
    }
}

}  // namespace
}  // namespace thalweg

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const auto bytes = std::as_bytes(std::span(data + 1, size - 1));
    const bool is_payload = (data[0] & 1U) != 0;
    thalweg::read(is_payload ? thalweg::sealed(bytes) : thalweg::Bytes(bytes.begin(), bytes.end()));
    return 0;
}
