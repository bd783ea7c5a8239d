#include "state/store/store.h"
#include "tests/store/sim_disk.h"
#include "tests/store/small_store.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Everything that can be broken in a small store, one thing at a time: either open() refuses and
// names the file, or what was acknowledged is all there. Nothing between.

namespace thalweg::test {
namespace {

struct Counts {
    std::uint64_t refused = 0;
    std::uint64_t harmless = 0;
};

// Opens a copy of a small store in which one file has other bytes.
void try_content(std::string_view name, const std::vector<std::byte>& content, Counts& counts) {
    static const auto kFiles = [] {
        SimDisk disk(1);
        make_small_store(disk);
        std::vector<std::pair<std::string, std::vector<std::byte>>> files;
        for (const std::string& file : disk.names())
            files.emplace_back(file, disk.content(file));
        return files;
    }();
    SimDisk disk(2);
    for (const auto& [file, bytes] : kFiles)
        disk.replace(file, bytes);
    disk.replace(name, content);
    const std::string text = open_text(disk);
    const bool refused = text.starts_with("sim/" + std::string(name) + ": damaged at byte ");
    REQUIRE_MESSAGE((refused || text == "newest"), text);
    ++(refused ? counts.refused : counts.harmless);
}

std::vector<std::byte> content_of(std::string_view name) {
    SimDisk disk(1);
    make_small_store(disk);
    return disk.content(name);
}

TEST_CASE("store_damage: every bit flipped is refused, or of no consequence") {
    for (const std::string_view name : {kStoreFile, kNewestFile, kOlderFile}) {
        CAPTURE(name);
        std::vector<std::byte> bytes = content_of(name);
        Counts counts;
        for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
            const auto mask = std::byte(1U << (bit % 8));
            bytes[bit / 8] ^= mask;
            try_content(name, bytes, counts);
            bytes[bit / 8] ^= mask;
        }
        // The older generation is there for the day when the newest is not: it is not read.
        CHECK_EQ(counts.harmless, name == kOlderFile ? bytes.size() * 8 : 0);
        CHECK_EQ(counts.refused, name == kOlderFile ? 0 : bytes.size() * 8);
    }
}

TEST_CASE("store_damage: every truncation and every addition likewise") {
    for (const std::string_view name : {kStoreFile, kNewestFile, kOlderFile}) {
        CAPTURE(name);
        const std::vector<std::byte> bytes = content_of(name);
        Counts counts;
        for (std::size_t size = 0; size < bytes.size() + 70; ++size) {
            std::vector<std::byte> changed = bytes;
            changed.resize(size);
            try_content(name, changed, counts);
        }
        const std::uint64_t all = bytes.size() + 70;
        CHECK_EQ(counts.harmless, name == kOlderFile ? all : 1);  // The size that it had.
        CHECK_EQ(counts.refused, name == kOlderFile ? 0 : all - 1);
    }
}

// A process that opens a store, commits twice and retires; it ends at the first error but "full".
struct Life {
    Generation told = 0;  // The last that commit() returned.
    std::string last;     // What it held.
    std::string error;    // The first.
    Code code = Code::kOk;
    bool is_final = false;  // Whether the store said the same ever after.

    bool fail_with(const Error& first, Store* store) {
        error = first.message;
        code = first.code;
        if (store == nullptr) return true;
        const Result<SnapshotWriter*> again = store->begin();
        is_final = !again && again.error().message == error;
        return true;
    }

    void run(Disk& disk) {
        Result<Store> store = Store::open(disk, store_options());
        if (!store) {
            fail_with(store.error(), nullptr);
            return;
        }
        for (const char* text : {"first", "second"}) {
            const Generation before = store->current();
            const Result<Generation> committed = commit_text(*store, text);
            if (store->current() != before) {  // Durable, whatever retire() said.
                told = store->current();
                last = text;
            }
            if (!committed && fail_with(committed.error(), &*store)) return;
        }
    }
};

TEST_CASE("store_damage: an error of the disk at any call is final, and loses nothing told") {
    bool finished = false;
    std::uint64_t errors = 0;
    for (std::uint64_t call = 0; !finished; ++call) {
        for (const bool power : {false, true}) {
            CAPTURE(call);
            CAPTURE(power);
            SimDisk disk(call);
            disk.fail_at(call);
            Life life;
            life.run(disk);
            finished = life.error.empty();
            if (!finished) {
                ++errors;
                REQUIRE_EQ(life.code, Code::kIo);
                REQUIRE_NE(life.error.find("EIO"), std::string::npos);
                REQUIRE((life.is_final || life.told == 0));
            }
            REQUIRE_EQ(disk.uses_after_failed_sync(), 0);
            disk.heal();
            power ? disk.cut_power() : disk.kill();
            const Result<Store> after = Store::open(disk, store_options());
            REQUIRE_MESSAGE(after.has_value(), after.error().message);
            REQUIRE(after->current() >= life.told);
            if (after->current() == life.told) REQUIRE_EQ(*read_text(*after), life.last);
        }
    }
    CHECK_GT(errors, 50);
}

TEST_CASE("store_damage: a disk that is full at any byte is survived, and goes on when it is not") {
    std::uint64_t full = 0;
    for (std::uint64_t quota = 0; quota < 700; ++quota) {
        CAPTURE(quota);
        SimDisk disk(quota);
        disk.faults.bytes_max = quota;
        Result<Store> store = Store::open(disk, store_options());
        if (!store) {
            ++full;
            REQUIRE_EQ(store.error().code, Code::kFull);
            disk.heal();
            store = Store::open(disk, store_options());
            REQUIRE(store.has_value());
        }
        Generation told = store->current();
        for (int i = 0; i < 3; ++i) {
            const Result<Generation> committed = commit_text(*store, "text");
            if (committed) {
                told = *committed;
                continue;
            }
            ++full;
            REQUIRE_EQ(committed.error().code, Code::kFull);
            REQUIRE_EQ(store->current(), told);
            disk.heal();
        }
        REQUIRE_EQ(*read_text(*store), "text");
        disk.cut_power();
    }
    CHECK_GT(full, 500);
}

}  // namespace
}  // namespace thalweg::test
