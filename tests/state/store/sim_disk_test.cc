#include "tests/store/sim_disk.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// The simulated disk keeps what it must, and loses what it may: over many seeds, all of it.

namespace thalweg::test {
namespace {

constexpr std::uint64_t kSeeds = 300;

void write_text(DiskFile& file, std::uint64_t offset, std::string_view text) {
    REQUIRE(write_fully(file, offset, std::as_bytes(std::span(text))).has_value());
}

std::string text_of(const SimDisk& disk, std::string_view name) {
    const std::vector<std::byte> bytes = disk.content(name);
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

TEST_CASE("sim_disk: a power cut keeps what was synced, and any part of the rest") {
    std::uint64_t kept = 0;
    std::uint64_t lost = 0;
    std::uint64_t torn = 0;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        SimDisk disk(seed);
        const auto file = disk.create("a");
        REQUIRE(file.has_value());
        write_text(**file, 0, "synced");
        REQUIRE((*file)->sync().has_value());
        REQUIRE(disk.sync_directory().has_value());
        write_text(**file, 6, "later");
        CHECK_EQ(text_of(disk, "a"), "syncedlater");
        disk.cut_power();
        const std::string text = text_of(disk, "a");
        REQUIRE(text.starts_with("synced"));
        REQUIRE(std::string_view("syncedlater").starts_with(text));
        ++(text.size() == 11 ? kept : text.size() == 6 ? lost : torn);
    }
    CHECK_GT(kept, kSeeds / 10);
    CHECK_GT(lost, kSeeds / 10);
    CHECK_GT(torn, kSeeds / 20);
}

TEST_CASE("sim_disk: a file that was cut is as long as before, or not, until it is synced") {
    std::uint64_t cut = 0;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        SimDisk disk(seed);
        write_text(**disk.create("a"), 0, "before");
        const auto file = disk.open_to_write("a");
        REQUIRE((*file)->sync().has_value());
        REQUIRE(disk.sync_directory().has_value());
        REQUIRE((*file)->truncate(2).has_value());
        CHECK_EQ(text_of(disk, "a"), "be");
        const bool is_synced = seed % 2 == 0;
        if (is_synced) REQUIRE((*file)->sync().has_value());
        disk.cut_power();
        const std::string text = text_of(disk, "a");
        CHECK((text == "be" || (!is_synced && text == "before")));
        if (text == "be") ++cut;
    }
    CHECK_GT(cut, kSeeds / 2 + kSeeds / 10);
    CHECK_LT(cut, kSeeds - kSeeds / 10);
}

TEST_CASE("sim_disk: a sync that fails drops the bytes, and the cache does not show it") {
    SimDisk disk(1);
    const auto file = disk.create("a");
    REQUIRE(file.has_value());
    REQUIRE(disk.sync_directory().has_value());
    write_text(**file, 0, "text");
    disk.faults.sync_error = 1;
    CHECK_FALSE((*file)->sync().has_value());
    disk.heal();
    CHECK_EQ(disk.uses_after_failed_sync(), 0);
    CHECK((*file)->sync().has_value());  // Which means nothing.
    CHECK_EQ(disk.uses_after_failed_sync(), 1);
    CHECK_EQ(text_of(disk, "a"), "text");
    disk.cut_power();
    CHECK_EQ(text_of(disk, "a"), "");
}

TEST_CASE("sim_disk: names survive a kill, and of a power cut any number of the first") {
    std::array<std::uint64_t, 4> counts{};
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
        SimDisk disk(seed);
        REQUIRE(disk.create("a").has_value());
        REQUIRE(disk.sync_directory().has_value());
        REQUIRE(disk.create("b").has_value());
        REQUIRE(disk.rename("b", "c").has_value());
        REQUIRE(disk.unlink("a").has_value());
        disk.kill();
        CHECK_EQ(disk.names(), std::vector<std::string>{"c"});
        disk.cut_power();
        const std::vector<std::string> names = disk.names();
        const std::vector<std::vector<std::string>> possible = {
            {"a"}, {"a", "b"}, {"a", "c"}, {"c"}};
        const auto found = std::ranges::find(possible, names);
        REQUIRE(found != possible.end());
        ++counts[static_cast<std::size_t>(found - possible.begin())];
    }
    for (const std::uint64_t count : counts)
        CHECK_GT(count, kSeeds / 10);
}

TEST_CASE("sim_disk: full, short, crashed and locked") {
    SimDisk disk(1);
    const auto file = disk.create("a");
    REQUIRE(file.has_value());
    disk.faults.bytes_max = 3;
    const std::string_view text = "12345";
    const Result<void> full = write_fully(**file, 0, std::as_bytes(std::span(text)));
    REQUIRE_FALSE(full.has_value());
    CHECK_EQ(full.error().code, Code::kFull);
    CHECK_EQ(text_of(disk, "a"), "123");

    disk.heal();
    disk.faults.short_write = 1;
    write_text(**file, 0, text);
    CHECK_EQ(text_of(disk, "a"), text);

    const auto lock = disk.lock("LOCK", "me");
    REQUIRE(lock.has_value());
    CHECK_FALSE(disk.lock("LOCK", "you").has_value());
    disk.crash_at(1);
    CHECK(disk.list().has_value());
    CHECK_THROWS_AS(static_cast<void>(disk.list()), SimCrash);
    disk.kill();
    CHECK(disk.lock("LOCK", "you").has_value());
}

}  // namespace
}  // namespace thalweg::test
