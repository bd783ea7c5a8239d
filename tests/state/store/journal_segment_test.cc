#include "state/store/journal_segment.h"

#include "state/base/random.h"
#include "state/store/file_name.h"
#include "state/store/journal_files.h"
#include "tests/store/hex_text.h"
#include "tests/store/memory_file.h"
#include "tests/store/sim_disk.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {
namespace {

using test::MemoryFile;
using test::SimDisk;
using Bytes = std::vector<std::byte>;
using Texts = std::vector<std::string>;

constexpr Generation kNumber = 9;

FileHeader header_of(Generation number) {
    FileHeader header{.store_id = {}, .generation = number, .created_by = "test 1"};
    for (std::size_t i = 0; i < header.store_id.bytes.size(); ++i)
        header.store_id.bytes[i] = static_cast<std::uint8_t>(i);
    return header;
}

const SegmentOwner kOwner{.source = "t", .instance = 2, .previous = 7, .previous_groups = 3};

// A file with these groups.
Bytes written(const Texts& groups) {
    auto file = std::make_unique<MemoryFile>();
    MemoryFile& bytes = *file;
    SegmentWriter writer(std::move(file), header_of(kNumber), kOwner);
    for (const std::string& group : groups)
        REQUIRE(writer.append(std::as_bytes(std::span(group))).has_value());
    CHECK_EQ(writer.group_count(), groups.size());
    CHECK_EQ(writer.size(), bytes.bytes.size());
    return bytes.bytes;
}

// What is read of a file: its groups, or the error; and the torn bytes.
struct Reading {
    Texts groups;
    std::string error;
    std::uint64_t torn_bytes = 0;
};

Reading read(std::unique_ptr<DiskFile> file) {
    Reading reading;
    auto opened = SegmentReader::open(std::move(file), header_of(kNumber).store_id, kNumber);
    if (!opened) {
        reading.error = opened.error().message;
        return reading;
    }
    if (!*opened) return reading;
    SegmentReader& reader = **opened;
    CHECK_EQ(reader.owner(), kOwner);
    for (;;) {
        const Result<bool> next = reader.next();
        if (!next) reading.error = next.error().message;
        if (!next || !*next) break;
        const auto payload = reader.payload();
        reading.groups.emplace_back(reinterpret_cast<const char*>(payload.data()), payload.size());
    }
    reading.torn_bytes = reader.torn_bytes();
    return reading;
}

Reading read(const Bytes& bytes) {
    return read(std::make_unique<MemoryFile>(bytes));
}

TEST_CASE("journal_segment: the bytes of the document") {
    const Bytes bytes = written({"hello", "!"});
    REQUIRE_EQ(bytes.size(), 8192 + 28 + 1);
    CHECK_EQ(test::hex(std::span(bytes).first(52)),
             "5448414c4a524e4c010000003400000000"
             "0102030405060708090a0b0c0d0e0f09000000000000000600746573742031c81f5bb6");
    CHECK_EQ(test::hex(std::span(bytes).subspan(4096, 28)),
             "5448414c475255500000000000000000"
             "1b000000"
             "aedf8297"
             "084d09d8");
    CHECK_EQ(test::hex(std::span(bytes).subspan(4096 + 28, 27)),
             "0174"
             "02000000"
             "0700000000000000"
             "0300000000000000"
             "68656c6c6f");
    CHECK_EQ(test::hex(std::span(bytes).subspan(8192, 29)),
             "5448414c475255500100000000000000"
             "01000000"
             "09508cbb"
             "3b82ef0d"
             "21");
}

TEST_CASE("journal_segment: groups of any size come back") {
    Random random(11);
    for (int round = 0; round < 200; ++round) {
        Texts groups(1 + random.below(5));
        for (std::string& group : groups)
            group.assign(random.below(2) == 0 ? random.below(20) : random.below(20'000), 'g');
        const Reading reading = read(written(groups));
        CHECK_EQ(reading.error, "");
        CHECK_EQ(reading.groups, groups);
        CHECK_EQ(reading.torn_bytes, 0);
    }
}

// What is broken in front of the last group is refused, or of no consequence; a last group that is
// broken may never have been durable.
void check_broken(const Bytes& bytes, const Texts& groups, std::uint64_t first_broken) {
    const Reading reading = read(bytes);
    if (reading.groups == groups && reading.error.empty()) return;
    REQUIRE_LE(reading.groups.size(), groups.size());
    for (std::size_t i = 0; i < reading.groups.size(); ++i)
        REQUIRE_EQ(reading.groups[i], groups[i]);
    const bool is_last = first_broken >= 3 * kGroupAlignment;
    if (is_last) {
        REQUIRE_EQ(reading.error, "");
        REQUIRE_EQ(reading.groups.size(), groups.size() - 1);
    } else {
        REQUIRE_NE(reading.error, "");
    }
}

TEST_CASE("journal_segment: every bit flipped is refused, the last group's, or of no consequence") {
    const Texts groups{"first", "second", "third"};
    Bytes bytes = written(groups);
    REQUIRE_EQ(bytes.size(), 3 * kGroupAlignment + kGroupHeaderBytes + 5);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        const auto mask = std::byte(1U << (bit % 8));
        bytes[bit / 8] ^= mask;
        check_broken(bytes, groups, bit / 8);
        bytes[bit / 8] ^= mask;
    }
}

TEST_CASE("journal_segment: a file that was cut has the groups that are whole") {
    const Texts groups{"first", "second", std::string(5000, 't')};
    const Bytes bytes = written(groups);
    for (std::size_t size = 0; size <= bytes.size(); ++size) {
        const Reading reading = read(Bytes(bytes.begin(), bytes.begin() + static_cast<long>(size)));
        REQUIRE_EQ(reading.error, "");
        const std::size_t whole = size < 4096 + 28 + 22 + 5 ? 0
                                  : size < 8192 + 28 + 6    ? 1
                                  : size < bytes.size()     ? 2
                                                            : 3;
        REQUIRE_EQ(reading.groups.size(), whole);
    }
}

TEST_CASE("journal_segment: groups in another place, of another segment or store, are none") {
    const Texts groups{"first", "second", "third"};
    Bytes bytes = written(groups);
    std::swap_ranges(bytes.begin() + 4096, bytes.begin() + 8192, bytes.begin() + 8192);
    CHECK_EQ(read(bytes).groups.size(), 0);
    bytes = written(groups);
    std::copy_n(bytes.begin() + 4096, 4096, bytes.begin() + 8192);  // Twice the same.
    CHECK_NE(read(bytes).error, "");
    bytes = written(groups);
    auto other = SegmentReader::open(std::make_unique<MemoryFile>(bytes), {}, kNumber);
    REQUIRE(other.has_value());
    CHECK_FALSE(other->has_value());
    other = SegmentReader::open(
        std::make_unique<MemoryFile>(bytes), header_of(kNumber).store_id, kNumber + 1);
    REQUIRE(other.has_value());
    CHECK_FALSE(other->has_value());
}

// The process dies in any call, and the power with it: what append() had returned for is there.
TEST_CASE("journal_segment: what is durable survives a crash in any call, with the power cut") {
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        SimDisk disk(seed);
        Random random(seed + 1000);
        disk.faults.short_write = random.below(2) == 0 ? 0.3 : 0;
        Texts groups(6);
        for (std::string& group : groups)
            group.assign(1 + random.below(9000), static_cast<char>('a' + random.below(20)));
        std::size_t durable = 0;
        try {
            disk.crash_at(3 + random.below(40));
            auto file = disk.create(segment_name(kNumber));
            REQUIRE(file.has_value());
            const Result<void> named = disk.sync_directory();
            REQUIRE(named.has_value());
            SegmentWriter writer(*std::move(file), header_of(kNumber), kOwner);
            for (const std::string& group : groups) {
                // Outside of a check, which would catch the crash.
                const Result<void> appended = writer.append(std::as_bytes(std::span(group)));
                REQUIRE(appended.has_value());
                ++durable;
            }
        } catch (const test::SimCrash&) {
        }
        disk.kill();
        if (random.below(4) != 0) disk.cut_power();
        disk.heal();
        auto file = disk.open(segment_name(kNumber));
        REQUIRE(file.has_value());
        const Reading reading = read(*std::move(file));
        REQUIRE_EQ(reading.error, "");
        REQUIRE_GE(reading.groups.size(), durable);
        REQUIRE_LE(reading.groups.size(), durable + 1);
        for (std::size_t i = 0; i < reading.groups.size(); ++i)
            REQUIRE_EQ(reading.groups[i], groups[i]);
    }
}

TEST_CASE("journal_segment: a full disk is tried again, an error of the disk is not hidden") {
    SimDisk disk(3);
    auto file = disk.create(segment_name(kNumber));
    REQUIRE(file.has_value());
    SegmentWriter writer(*std::move(file), header_of(kNumber), kOwner);
    const std::string text(10'000, 'x');
    const auto bytes = std::as_bytes(std::span(text));
    REQUIRE(writer.append(bytes).has_value());
    disk.faults.bytes_max = 20'000;
    for (int i = 0; i < 3; ++i) {
        const Result<void> full = writer.append(bytes);
        REQUIRE_FALSE(full.has_value());
        CHECK_EQ(full.error().code, Code::kFull);
    }
    disk.heal();
    REQUIRE(writer.append(bytes).has_value());
    auto read_back = disk.open(segment_name(kNumber));
    REQUIRE(read_back.has_value());
    CHECK_EQ(read(*std::move(read_back)).groups, Texts{text, text});
    disk.faults.sync_error = 1;
    const Result<void> failed = writer.append(bytes);
    REQUIRE_FALSE(failed.has_value());
    CHECK_EQ(failed.error().code, Code::kIo);
}

TEST_CASE("journal_files: chains, and what is missing in them") {
    SimDisk disk(5);
    const auto write_segment = [&disk](Generation number, const SegmentOwner& owner) {
        auto file = disk.create(segment_name(number));
        REQUIRE(file.has_value());
        SegmentWriter writer(*std::move(file), header_of(number), owner);
        REQUIRE(writer.append({}).has_value());
    };
    write_segment(4, {"t", 0, 0, 0});
    write_segment(5, {"t", 1, 0, 0});
    write_segment(6, {"t", 0, 4, 1});
    write_segment(7, {"u", 0, 0, 0});
    write_segment(9, {"t", 0, 6, 1});
    write_segment(11, {"t", 0, 0, 0});
    const auto open = [&disk] {
        auto files = JournalFiles::open(disk, header_of(0));
        REQUIRE(files.has_value());
        return *std::move(files);
    };
    const auto files = open();
    using Numbers = std::vector<Generation>;
    CHECK_EQ(files->instance_count("t"), 2);
    CHECK_EQ(files->number_max(), 11);
    CHECK_EQ(files->take_number(), 12);
    CHECK_EQ(files->chain_from("t", 0, 6).value(), Numbers{6, 9, 11});
    CHECK_EQ(files->chain_above("t", 0, 0).value(), Numbers{4, 6, 9, 11});
    CHECK_EQ(files->chain_above("t", 1, 5).value(), Numbers{});
    CHECK_EQ(files->chain_above("v", 0, 0).value(), Numbers{});
    CHECK_FALSE(files->chain_from("t", 0, 5).has_value());
    CHECK_FALSE(files->chain_above("t", 0, 4).has_value());  // 6 goes on from 4.
    disk.remove(segment_name(6));
    CHECK_FALSE(open()->chain_from("t", 0, 4).has_value());
    REQUIRE(files->remove_through(9).has_value());
    CHECK_EQ(disk.names(), Texts{std::string(segment_name(11))});
}

}  // namespace
}  // namespace thalweg
