#include "state/store/store.h"

#include "state/store/crc32c.h"
#include "tests/store/sim_disk.h"
#include "tests/store/small_store.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg::test {
namespace {

using Names = std::vector<std::string>;

TEST_CASE("store: a new one has an empty generation, and keeps two from then on") {
    SimDisk disk(1);
    {
        Result<Store> store = Store::open(disk, store_options());
        REQUIRE(store.has_value());
        CHECK_EQ(store->current(), 1);
        CHECK_EQ(store->header().created_by, "test 1");
        CHECK_EQ(store->header().store_id.text(), "01010101010101010101010101010101");
        CHECK_EQ(*read_text(*store), "");
        CHECK_EQ(disk.names(), Names{"LOCK", "STORE", snapshot_name(1)});
        CHECK_EQ(*commit_text(*store, "two"), 2);
        CHECK_EQ(disk.names(), Names{"LOCK", "STORE", snapshot_name(1), snapshot_name(2)});
        CHECK_EQ(*commit_text(*store, "three"), 3);
        CHECK_EQ(disk.names(), Names{"LOCK", "STORE", snapshot_name(2), snapshot_name(3)});
        CHECK_EQ(*read_text(*store), "three");
    }
    // Another process: the store is the one that it was, and a process of its own keeps both too.
    Result<Store> store = Store::open(disk, store_options(9));
    REQUIRE(store.has_value());
    CHECK_EQ(store->header().store_id.bytes[0], 1);
    CHECK_EQ(*read_text(*store), "three");
    REQUIRE(store->retire().has_value());
    CHECK_EQ(disk.names(), Names{"LOCK", "STORE", snapshot_name(2), snapshot_name(3)});
    CHECK_EQ(*commit_text(*store, "four"), 4);
    CHECK_EQ(disk.names(), Names{"LOCK", "STORE", snapshot_name(3), snapshot_name(4)});
}

TEST_CASE("store: numbers of what was given up are not used again, by any process") {
    SimDisk disk(1);
    {
        Result<Store> store = Store::open(disk, store_options());
        REQUIRE(store.has_value());
        REQUIRE(store->begin().has_value());
        CHECK_EQ(store->pending(), 2);
        store->abandon();
        REQUIRE(store->begin().has_value());
        CHECK_EQ(store->pending(), 3);
        // The leftover went when there was a higher number.
        CHECK_EQ(disk.names(), Names{"LOCK", "STORE", snapshot_name(1), snapshot_name(3) + ".tmp"});
    }
    disk.replace("outbox-00000000000000000017.tmp", {});
    Result<Store> store = Store::open(disk, store_options());
    REQUIRE(store.has_value());
    CHECK_EQ(store->found().leftovers, Names{snapshot_name(3) + ".tmp"});
    CHECK_EQ(*commit_text(*store, "x"), 18);
}

TEST_CASE("store: numbers end") {
    SimDisk disk(1);
    make_small_store(disk);
    disk.replace("outbox-18446744073709551615", {});
    Result<Store> store = Store::open(disk, store_options());
    REQUIRE(store.has_value());
    const Result<SnapshotWriter*> begun = store->begin();
    REQUIRE_FALSE(begun.has_value());
    CHECK_EQ(begun.error().message, "sim has a file with the last number there is");
}

// The file with another major version, and a checksum that says so.
void make_later(SimDisk& disk, std::string_view name) {
    std::vector<std::byte> bytes = disk.content(name);
    std::uint32_t length = 0;
    std::memcpy(&length, bytes.data() + 12, 4);
    bytes[8] = std::byte{2};
    const std::uint32_t checksum = crc32c(0, std::span(bytes).first(length - 4));
    std::memcpy(bytes.data() + length - 4, &checksum, 4);
    disk.replace(name, bytes);
}

TEST_CASE("store: what cannot be opened is refused with the file and the way out") {
    struct Case {
        std::function<void(SimDisk&)> change;  // Of a small store.
        std::string_view message;              // Or the text that is read all the same.
    };

    const std::string newest = "sim/" + std::string(kNewestFile);
    const auto cut = [](std::string_view name, std::size_t size) {
        return [=](SimDisk& disk) {
            std::vector<std::byte> bytes = disk.content(name);
            bytes.resize(size);
            disk.replace(name, bytes);
        };
    };
    const auto remove = [](std::vector<std::string_view> names) {
        return [=](SimDisk& disk) {
            for (const std::string_view name : names)
                disk.remove(name);
        };
    };
    const auto on = [](std::string_view name, bool survives_power, bool is_local) {
        return [=](SimDisk& disk) {
            disk.set_file_system({std::string(name), survives_power, is_local});
        };
    };
    const std::vector<Case> cases = {
        {[](SimDisk&) {}, "newest"},
        {remove({"LOCK"}), "newest"},
        {remove({kOlderFile}), "newest"},
        {[](SimDisk& disk) { disk.replace("notes", {}); }, "newest"},
        // Not a store.
        {[&](SimDisk& disk) {
             remove({"STORE", kOlderFile, kNewestFile})(disk);
             disk.replace("notes.txt", {});
         },
         "sim is no state directory: it has no file STORE, but a file notes.txt; name a state "
         "directory or an empty one"},
        // Half of one.
        {remove({"STORE"}),
         "sim has snapshot-00000000000000000003 but no file STORE: it is part of a state "
         "directory; copy all of it, or name an empty directory to begin anew"},
        {remove({kOlderFile, kNewestFile}),
         "sim has a file STORE but no snapshot, and a store has one from its first moment: put the "
         "missing files back, or name an empty directory to begin anew"},
        {cut("STORE", 10), "sim/STORE: damaged at byte 10: ends within its header"},
        {cut("STORE", 0), "sim/STORE: damaged at byte 0: does not begin with THALSTOR"},
        {cut(kNewestFile, 100),
         "sim/snapshot-00000000000000000003: damaged at byte 60: there is no footer: the file is "
         "cut off; generation 2 is intact, but all that was acknowledged after it would be lost: "
         "put back a copy of the file, or accept the loss (--accept-loss)"},
        {[&](SimDisk& disk) {
             cut(kNewestFile, 100)(disk);
             cut(kOlderFile, 0)(disk);
         },
         "sim/snapshot-00000000000000000003: damaged at byte 60: there is no footer: the file is "
         "cut off; no other generation is intact: put back a copy of the files, or name an empty "
         "directory to begin anew"},
        // One under the name of another.
        {[](SimDisk& disk) { disk.replace(kNewestFile, disk.content(kOlderFile)); },
         "sim/snapshot-00000000000000000003: damaged at byte 32: it is generation 2 under this "
         "name; generation 2 is intact, but all that was acknowledged after it would be lost: put "
         "back a copy of the file, or accept the loss (--accept-loss)"},
        // One of another store.
        {[](SimDisk& disk) {
             SimDisk other(2);
             Result<Store> store = Store::open(other, store_options(7));
             REQUIRE(store.has_value());
             REQUIRE(commit_text(*store, "x").has_value());
             disk.replace(snapshot_name(4), other.content(snapshot_name(2)));
         },
         "sim/snapshot-00000000000000000004: damaged at byte 16: it belongs to another store, "
         "07070707070707070707070707070707; generation 3 is intact, but all that was acknowledged "
         "after it would be lost: put back a copy of the file, or accept the loss (--accept-loss)"},
        // One of tomorrow.
        {[](SimDisk& disk) { make_later(disk, "STORE"); },
         "sim/STORE: has format 2.0, and this program reads format 1: use the version that wrote "
         "it"},
        {[](SimDisk& disk) { make_later(disk, kNewestFile); },
         "sim/snapshot-00000000000000000003: has format 2.0, and this program reads format 1: use "
         "the version that wrote it"},
        // A place that is none.
        {on("tmpfs", false, true),
         "sim is on tmpfs, which is memory: a power cut would take the state with it; choose a "
         "directory on a local disk, or accept this one (--accept-file-system)"},
        {on("NFS", true, false),
         "sim is on NFS, another machine's disk, whose locks and syncs may not hold; choose a "
         "directory on a local disk, or accept this one (--accept-file-system)"},
    };
    for (const Case& c : cases) {
        SimDisk disk(1);
        make_small_store(disk);
        c.change(disk);
        const Names before = disk.names();
        CHECK_EQ(open_text(disk), c.message);
        if (c.message != "newest" && !c.message.starts_with("sim/")) CHECK_EQ(disk.names(), before);
    }
}

TEST_CASE("store: a place that is none can be forced, an empty directory can be asked for") {
    SimDisk memory(1);
    memory.set_file_system({"tmpfs", false, true});
    StoreOptions options = store_options();
    options.accept_file_system = true;
    CHECK_EQ(open_text(memory, options), "");

    SimDisk mounted(1);
    mounted.replace("lost+found", {});
    CHECK_EQ(open_text(mounted), "");

    SimDisk empty(1);
    options.create = false;
    CHECK_EQ(open_text(empty, options), "sim is no state directory: it has no file STORE");
    CHECK(empty.names().empty());
}

TEST_CASE("store: one process at a time, and the other is named") {
    SimDisk disk(1);
    make_small_store(disk);
    {
        const Result<Store> first = Store::open(disk, store_options());
        REQUIRE(first.has_value());
        CHECK_EQ(open_text(disk),
                 "lock LOCK: locked by process 4711; a state directory has one user at a time: "
                 "stop that one, or name another directory");
    }
    CHECK_EQ(open_text(disk), "newest");
}

TEST_CASE("store: a directory that cannot be written is refused") {
    SimDisk disk(1);
    make_small_store(disk);
    disk.fail_at(1);  // After the names were listed: the lock.
    CHECK_EQ(open_text(disk),
             "lock LOCK: Input/output error (EIO); a state directory must be writable for the "
             "process");
}

TEST_CASE("store: a commit waits for two syncs, the first of a process for two more") {
    constexpr std::uint64_t kSyncNanos = 4'000'000;
    SimDisk disk(1);
    make_small_store(disk);
    Result<Store> store = Store::open(disk, store_options());
    REQUIRE(store.has_value());
    for (const std::uint64_t syncs : {4U, 2U, 2U}) {
        const std::uint64_t before = disk.elapsed_ns();
        REQUIRE(commit_text(*store, "text").has_value());
        CHECK_EQ((disk.elapsed_ns() - before) / kSyncNanos, syncs);
    }
}

TEST_CASE("store: what a later minor has put into STORE stays there") {
    SimDisk disk(1);
    make_small_store(disk);
    std::vector<std::byte> bytes = disk.content(kStoreFile);
    bytes.insert(bytes.end() - 4, 8, std::byte{'?'});
    bytes[10] = std::byte{1};
    bytes[12] = std::byte(bytes.size());
    const std::uint32_t checksum = crc32c(0, std::span(bytes).first(bytes.size() - 4));
    std::memcpy(bytes.data() + bytes.size() - 4, &checksum, 4);
    disk.replace(kStoreFile, bytes);
    Result<Store> store = Store::open(disk, store_options());
    REQUIRE(store.has_value());
    REQUIRE(commit_text(*store, "text").has_value());
    CHECK(disk.content(kStoreFile) == bytes);
}

TEST_CASE("store: a loss that is accepted goes back, and above all numbers there were") {
    SimDisk disk(1);
    make_small_store(disk);
    disk.flip_bit(kNewestFile, 8 * 60);
    StoreOptions options = store_options();
    options.accept_loss = true;
    Result<Store> store = Store::open(disk, options);
    REQUIRE(store.has_value());
    CHECK_EQ(store->current(), 2);
    CHECK_EQ(*read_text(*store), "older");
    REQUIRE_EQ(store->found().generations.size(), 2);
    CHECK_EQ(store->found().generations[0].verdict, Verdict::kDamaged);
    CHECK_EQ(store->found().generations[0].problem,
             "sim/snapshot-00000000000000000003: damaged at byte 52: the checksum of a block is "
             "wrong (in operator 'w' part 0)");
    CHECK_EQ(store->found().generations[1].verdict, Verdict::kIntact);
    // The damaged one stays until two newer ones are there.
    CHECK_EQ(*commit_text(*store, "four"), 4);
    CHECK_EQ(disk.names(),
             Names{"LOCK", "STORE", snapshot_name(2), snapshot_name(3), snapshot_name(4)});
    CHECK_EQ(*commit_text(*store, "five"), 5);
    CHECK_EQ(disk.names(), Names{"LOCK", "STORE", snapshot_name(4), snapshot_name(5)});
}

TEST_CASE("store: inspection needs no lock, writes nothing, and tells all") {
    SimDisk disk(1);
    make_small_store(disk);
    disk.replace(snapshot_name(9) + ".tmp", {});
    disk.flip_bit(kOlderFile, 8 * 60);
    const Result<Store> running = Store::open(disk, store_options());
    REQUIRE(running.has_value());
    const Result<StoreReport> report = inspect_store(disk, Examine::kAll);
    REQUIRE(report.has_value());
    CHECK_EQ(report->header.created_by, "test 1");
    CHECK_EQ(report->number_max, 9);
    CHECK_EQ(report->leftovers, Names{snapshot_name(9) + ".tmp"});
    REQUIRE_EQ(report->generations.size(), 2);
    CHECK_EQ(report->generations[0].verdict, Verdict::kIntact);
    CHECK_EQ(report->generations[0].section_count, 1);
    CHECK_EQ(report->generations[0].size, disk.content(kNewestFile).size());
    CHECK_EQ(report->generations[1].verdict, Verdict::kDamaged);
    CHECK_EQ(running->found().generations[1].verdict, Verdict::kNotExamined);

    SimDisk empty(1);
    CHECK_FALSE(inspect_store(empty, Examine::kAll).has_value());
}

}  // namespace
}  // namespace thalweg::test
