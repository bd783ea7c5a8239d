#include "state/base/random.h"
#include "state/store/crc32c.h"
#include "state/store/snapshot_reader.h"
#include "state/store/snapshot_writer.h"
#include "tests/store/hex_text.h"
#include "tests/store/memory_file.h"

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace thalweg {
namespace {

using test::hex;
using test::MemoryFile;
using Bytes = std::vector<std::byte>;

std::span<const std::byte> bytes_of(std::string_view text) {
    return std::as_bytes(std::span(text));
}

FileHeader header_of(Generation generation) {
    FileHeader header{.store_id = {}, .generation = generation, .created_by = "test 1"};
    for (std::size_t i = 0; i < header.store_id.bytes.size(); ++i)
        header.store_id.bytes[i] = static_cast<std::uint8_t>(i);
    return header;
}

struct Section {
    SectionLabel label;
    std::string content;
};

Bytes written(const FileHeader& header,
              const std::vector<Section>& sections,
              std::size_t block_payload_max = kBlockPayloadMax,
              std::size_t piece_bytes = 1'000'000) {
    MemoryFile file;
    SnapshotWriter writer(file, header, block_payload_max);
    for (const Section& section : sections) {
        REQUIRE(writer.begin_section(section.label).has_value());
        for (std::string_view left = section.content; !left.empty();) {
            const std::string_view piece = left.substr(0, piece_bytes);
            REQUIRE(writer.append(bytes_of(piece)).has_value());
            left.remove_prefix(piece.size());
        }
        REQUIRE(writer.end_section().has_value());
    }
    REQUIRE(writer.finish().has_value());
    CHECK_EQ(writer.position(), file.bytes.size());
    return file.bytes;
}

Result<SnapshotReader> opened(Bytes bytes) {
    return SnapshotReader::open(std::make_unique<MemoryFile>(std::move(bytes)));
}

Result<std::string> content_of(const SnapshotReader& reader, std::size_t index) {
    BlockStream stream = reader.stream(index);
    std::string content;
    while (true) {
        TRY(const std::span piece, stream.next());
        if (piece.empty()) return content;
        content.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    }
}

// What is wrong with these bytes; empty if nothing is.
std::string problem_of(Bytes bytes) {
    const Result<SnapshotReader> reader = opened(std::move(bytes));
    if (!reader) return reader.error().message;
    const Result<void> verified = reader->verify();
    return verified ? "" : verified.error().message;
}

bool names(const std::string& problem, std::string_view part) {
    return problem.find(part) != std::string::npos;
}

// The example of docs/FORMATS.md, byte by byte. If this fails, files of yesterday cannot be read: a
// new version is needed, not a new expectation.
TEST_CASE("snapshot: these are the bytes") {
    const SectionLabel label{.kind = "operator", .owner = "w1", .schema = 2, .part = 3};
    const Bytes bytes = written(header_of(7), {{label, "hello"}});
    const std::string_view expected =
        // Header: magic, 1.0, 52 bytes, store, generation 7, "test 1", checksum.
        "5448414c534e4150"
        "0100"
        "0000"
        "34000000"
        "000102030405060708090a0b0c0d0e0f"
        "0700000000000000"
        "0600"
        "746573742031"
        "c1255b7c"
        // Block of section 0, at 52.
        "05000000"
        "463680c4"
        "68656c6c6f"
        // Block of the table, at 65: one entry of 52 bytes.
        "35000000"
        "b041270d"
        "34"
        "08"
        "6f70657261746f72"
        "02"
        "7731"
        "02000000"
        "03000000"
        "01000000"
        "3400000000000000"
        "0500000000000000"
        "0100000000000000"
        "f93d0798"
        // Footer, at 126: magic, 166 bytes, table at 65, 1 section, checksums.
        "5448414c464f4f54"
        "a600000000000000"
        "4100000000000000"
        "01000000"
        "7d536cfc"
        "e5cfb112"
        "967062d6";
    CHECK_EQ(hex(bytes), expected);
    CHECK_EQ(problem_of(bytes), "");
}

TEST_CASE("snapshot: what was written is read, whatever the blocks and pieces") {
    Random random(11);
    std::string large(300'001, ' ');
    for (char& c : large)
        c = static_cast<char>(random());
    const std::vector<Section> sections = {
        {{.kind = "operator", .owner = "w1", .schema = 1, .part = 0}, large},
        {{.kind = "operator", .owner = "w1", .schema = 1, .part = 1}, ""},
        {{.kind = "positions", .owner = "", .schema = 9, .part = 0, .is_critical = false}, "x"},
        {{.kind = "operator", .owner = "w2", .schema = 1, .part = 0}, std::string(65'536, 'y')},
    };

    struct Case {
        std::size_t block;
        std::size_t piece;
    };

    for (const auto [block, piece] : {Case{kBlockPayloadMax, 1'000'000},
                                      Case{kBlockPayloadMax, 1'021},
                                      Case{4'096, 65'536},
                                      Case{97, 1'000}}) {
        CAPTURE(block);
        const Bytes bytes = written(header_of(5), sections, block, piece);
        Result<SnapshotReader> reader = opened(bytes);
        REQUIRE(reader.has_value());
        CHECK_EQ(reader->header(), header_of(5));
        CHECK_EQ(reader->size(), bytes.size());
        CHECK(reader->verify().has_value());
        REQUIRE_EQ(reader->sections().size(), sections.size());
        for (std::size_t i = sections.size(); i-- > 0;) {
            CHECK_EQ(reader->sections()[i].label, sections[i].label);
            CHECK_EQ(reader->sections()[i].length, sections[i].content.size());
            const Result<std::string> content = content_of(*reader, i);
            REQUIRE(content.has_value());
            CHECK(*content == sections[i].content);
        }
    }
    CHECK_EQ(problem_of(written(header_of(1), {})), "");
}

TEST_CASE("snapshot: several threads may read the sections of one") {
    const Bytes bytes = written(header_of(5),
                                {{{.kind = "operator", .owner = "a"}, std::string(500'000, 'a')},
                                 {{.kind = "operator", .owner = "b"}, std::string(700'000, 'b')}});
    const Result<SnapshotReader> reader = opened(bytes);
    REQUIRE(reader.has_value());
    std::array<std::size_t, 4> lengths{};
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < lengths.size(); ++i) {
        threads.emplace_back([&, i] {
            const Result<std::string> content = content_of(*reader, i % 2);
            if (content) lengths[i] = content->size();
        });
    }
    for (std::thread& thread : threads)
        thread.join();
    CHECK_EQ(lengths[0], 500'000);
    CHECK_EQ(lengths[1], 700'000);
    CHECK_EQ(lengths[2], 500'000);
    CHECK_EQ(lengths[3], 700'000);
}

// Two sections of three blocks each, and where the blocks lie.
struct Sample {
    static constexpr std::size_t kBlockBytes = kBlockHeaderBytes + 16;

    explicit Sample(Generation generation = 5, char fill = 'a', std::uint8_t store = 0) {
        const std::string content(48, fill);
        FileHeader header = header_of(generation);
        header.store_id.bytes[0] = store;
        bytes = written(header,
                        {{{.kind = "operator", .owner = "a"}, content},
                         {{.kind = "operator", .owner = "b"}, content}},
                        16);
        start = encode(kSnapshotMagic, header).size();
    }

    [[nodiscard]] std::size_t block(std::size_t index) const { return start + index * kBlockBytes; }

    // Puts a block where another one lies.
    void copy(std::size_t from, std::size_t to, const Sample& source) {
        std::memcpy(
            bytes.data() + block(to), source.bytes.data() + source.block(from), kBlockBytes);
    }

    Bytes bytes;
    std::size_t start = 0;
};

TEST_CASE("snapshot: blocks that are right, but not here, are found") {
    const Sample original;
    REQUIRE_EQ(problem_of(original.bytes), "");
    const auto problem = [&](std::size_t from, std::size_t to, const Sample& source) {
        Sample changed;
        changed.copy(from, to, source);
        return problem_of(changed.bytes);
    };
    const std::string_view wrong = "the checksum of a block is wrong (in operator '";
    CHECK(names(problem(0, 1, original), wrong));           // Written twice: all blocks are alike.
    CHECK(names(problem(1, 4, original), wrong));           // Of another section.
    CHECK(names(problem(2, 2, Sample(4)), wrong));          // Of an older file.
    CHECK(names(problem(2, 2, Sample(5, 'a', 1)), wrong));  // Of another store.
    CHECK_EQ(problem(3, 3, original), "");
    // Of another file of the same generation: what I4 forbids is still found, by the section.
    CHECK(names(problem(2, 2, Sample(5, 'b')), "the blocks are right, but not those"));
}

TEST_CASE("snapshot: every bit flipped, every length, every byte too many is found") {
    const Sample sample;
    for (std::size_t bit = 0; bit < sample.bytes.size() * 8; ++bit) {
        Bytes bytes = sample.bytes;
        bytes[bit / 8] ^= std::byte(1U << (bit % 8));
        const std::string problem = problem_of(bytes);
        REQUIRE_MESSAGE(names(problem, "memory: "), "bit " << bit << ": " << problem);
    }
    for (std::size_t size = 0; size < sample.bytes.size(); ++size) {
        const Bytes bytes(sample.bytes.begin(), sample.bytes.begin() + std::ptrdiff_t(size));
        const std::string problem = problem_of(bytes);
        REQUIRE_MESSAGE(names(problem, "memory: damaged"), "size " << size << ": " << problem);
    }
    Bytes longer = sample.bytes;
    longer.push_back(std::byte{0});
    CHECK(names(problem_of(longer), "there is no footer"));
}

// The header with other versions, sealed again.
Bytes with_version(Bytes bytes, std::uint16_t major, std::uint16_t minor) {
    std::uint32_t length = 0;
    std::memcpy(bytes.data() + 8, &major, 2);
    std::memcpy(bytes.data() + 10, &minor, 2);
    std::memcpy(&length, bytes.data() + 12, 4);
    const std::uint32_t checksum = crc32c(0, std::span(bytes).first(length - 4));
    std::memcpy(bytes.data() + length - 4, &checksum, 4);
    return bytes;
}

TEST_CASE("snapshot: a later major is refused by name, a later minor is read") {
    const Bytes bytes = written(header_of(1), {});
    const Result<SnapshotReader> later = opened(with_version(bytes, kFormatMajor + 1, 0));
    REQUIRE_FALSE(later.has_value());
    CHECK_EQ(later.error().code, Code::kUnsupported);
    CHECK(names(later.error().message, "has format 2.0, and this program reads format 1"));

    FileHeader header = header_of(1);
    header.minor = kFormatMinor + 1;
    const Bytes minor = written(header, {{{.kind = "operator", .owner = "a"}, "text"}});
    CHECK_EQ(problem_of(minor), "");
}

TEST_CASE("snapshot: an entry of a later minor may be longer, of this one not") {
    SectionEntry entry{.label = {.kind = "operator", .owner = "a", .schema = 1, .part = 2}};
    for (const bool newer : {false, true}) {
        CAPTURE(newer);
        MemoryFile ignored;
        std::string table;

        class Sink final : public StateSink {
          public:
            explicit Sink(std::string& target) : target_(&target) {}

            Result<void> append(std::span<const std::byte> bytes) override {
                target_->append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
                return {};
            }

          private:
            std::string* target_;
        };

        Sink sink(table);
        StateWriter writer(sink);
        write_entry(writer, entry);
        REQUIRE(writer.finish().has_value());
        table[0] = static_cast<char>(table[0] + 3);  // The length, one byte here.
        table += "new";
        StateReader reader(bytes_of(table));
        const SectionEntry read = read_entry(reader, newer);
        CHECK_EQ(reader.ok(), newer);
        if (newer) CHECK_EQ(read, entry);
    }
}

TEST_CASE("snapshot: an unknown section refuses by name if it is critical, else it is skipped") {
    const auto refusal = [](bool critical) {
        const SectionLabel label{
            .kind = "outbox", .owner = "s", .schema = 1, .part = 0, .is_critical = critical};
        const Result<SnapshotReader> reader = opened(
            written(header_of(1), {{{.kind = "operator", .owner = "a"}, "x"}, {label, "y"}}));
        REQUIRE(reader.has_value());
        constexpr std::array<std::string_view, 1> kKnown = {"operator"};
        const Result<void> refused = reader->refuse_unknown(kKnown);
        return refused ? std::string() : refused.error().message;
    };
    CHECK_EQ(refusal(false), "");
    CHECK_EQ(refusal(true),
             "memory: has a section that this program does not know and must not skip: outbox 's' "
             "part 0; it was written by test 1: use that version");
}

TEST_CASE("snapshot: names that do not fit are refused before anything is written") {
    MemoryFile file;
    SnapshotWriter writer(file, header_of(1));
    const std::string longest(kSectionOwnerBytesMax, 'o');
    const Result<void> refused = writer.begin_section({.kind = "k", .owner = longest + "o"});
    REQUIRE_FALSE(refused.has_value());
    CHECK_EQ(refused.error().code, Code::kInvalid);
    REQUIRE(writer.begin_section({.kind = "k", .owner = longest}).has_value());
    REQUIRE(writer.end_section().has_value());
    REQUIRE(writer.finish().has_value());
    CHECK_EQ(problem_of(file.bytes), "");
}

// A section whose bytes the checksum blesses and whose reader does not like them.
TEST_CASE("snapshot: who reads a section is told which, and where") {
    const Result<SnapshotReader> reader = opened(written(header_of(1),
                                                         {{{.kind = "operator", .owner = "w"},
                                                           "\x05"
                                                           "abc"}}));
    REQUIRE(reader.has_value());
    BlockStream stream = reader->stream(0);
    StateReader values(stream);
    CHECK_EQ(values.text(10), "");
    const Result<void> finished = values.finish();
    REQUIRE_FALSE(finished.has_value());
    CHECK_EQ(finished.error().message,
             "memory: operator 'w' part 0: byte 4: the bytes end in the middle of a text");
}

}  // namespace
}  // namespace thalweg
