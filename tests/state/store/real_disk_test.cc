#include "state/store/real_disk.h"

#include "state/store/store.h"
#include "tests/store/small_store.h"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg::test {
namespace {

namespace fs = std::filesystem;

// A directory that is gone afterwards.
class ScratchDirectory {
  public:
    ScratchDirectory() {
        std::string name = (fs::temp_directory_path() / "thalweg_store_XXXXXX").string();
        REQUIRE(::mkdtemp(name.data()) != nullptr);
        path_ = name;
    }

    ScratchDirectory(const ScratchDirectory&) = delete;
    ScratchDirectory& operator=(const ScratchDirectory&) = delete;

    ~ScratchDirectory() { fs::remove_all(path_); }

    [[nodiscard]] std::string at(std::string_view name) const { return (path_ / name).string(); }

  private:
    fs::path path_;
};

unsigned mode_of(const std::string& path) {
    struct stat status{};
    REQUIRE_EQ(::lstat(path.c_str(), &status), 0);
    return status.st_mode & 0777U;
}

// The system's temporary directory may be memory.
StoreOptions anywhere() {
    StoreOptions options = store_options();
    options.accept_file_system = true;
    return options;
}

TEST_CASE("real_disk: a directory and its files belong to their owner, and hold what was written") {
    const ScratchDirectory scratch;
    const std::string path = scratch.at("state");
    CHECK_FALSE(open_real_disk(path, false).has_value());
    const auto disk = open_real_disk(path, true);
    REQUIRE(disk.has_value());
    CHECK_EQ(mode_of(path), 0700);
    {
        auto file = (*disk)->create("a");
        REQUIRE(file.has_value());
        const std::string_view text = "hello";
        REQUIRE(write_fully(**file, 3, std::as_bytes(std::span(text))).has_value());
        REQUIRE((*file)->sync().has_value());
        CHECK_EQ(*(*file)->size(), 8);
        CHECK_EQ((*file)->path(), path + "/a");
    }
    CHECK_EQ(mode_of(path + "/a"), 0600);
    REQUIRE((*disk)->rename("a", "b").has_value());
    REQUIRE((*disk)->sync_directory().has_value());
    auto file = (*disk)->open("b");
    REQUIRE(file.has_value());
    std::array<std::byte, 100> bytes{};
    CHECK_EQ(*read_fully(**file, 2, bytes), 6);
    CHECK_EQ(std::to_integer<char>(bytes[0]), '\0');
    CHECK_EQ(std::to_integer<char>(bytes[5]), 'o');
    REQUIRE((*disk)->create("c").has_value());
    CHECK_EQ(*(*disk)->list(), std::vector<std::string>{"b", "c"});
    REQUIRE((*disk)->unlink("b").has_value());
    CHECK_EQ(*(*disk)->list(), std::vector<std::string>{"c"});
}

TEST_CASE("real_disk: errors name what was tried, on which file, and what the system said") {
    const ScratchDirectory scratch;
    const auto disk = open_real_disk(scratch.at("state"), true);
    REQUIRE(disk.has_value());
    const std::string path = scratch.at("state");
    REQUIRE((*disk)->create("a").has_value());
    CHECK_EQ((*disk)->create("a").error().message, "create " + path + "/a: File exists (EEXIST)");
    CHECK_EQ((*disk)->open("b").error().message,
             "open " + path + "/b: No such file or directory (ENOENT)");
    CHECK_EQ((*disk)->unlink("b").error().code, Code::kIo);
    CHECK_EQ((*disk)->rename("b", "c").error().message,
             "rename " + path + "/b: No such file or directory (ENOENT)");
    // Where a link leads is nobody's business.
    fs::create_symlink("a", path + "/link");
    CHECK_EQ((*disk)->open("link").error().message,
             "open " + path + "/link: Too many levels of symbolic links (ELOOP)");
    std::ofstream(scratch.at("file")) << "x";
    CHECK_EQ(open_real_disk(scratch.at("file"), true).error().message,
             "open " + scratch.at("file") + ": Not a directory (ENOTDIR)");
    CHECK_EQ(open_real_disk(scratch.at("no/state"), true).error().message,
             "mkdir " + scratch.at("no/state") + ": No such file or directory (ENOENT)");
}

TEST_CASE("real_disk: the lock names its holder, and ends with it") {
    const ScratchDirectory scratch;
    const std::string path = scratch.at("state");
    const auto first = open_real_disk(path, true);
    const auto second = open_real_disk(path, true);
    REQUIRE(first.has_value());
    REQUIRE(second.has_value());
    {
        const auto lock = (*first)->lock("LOCK", "process 4711, which is longer");
        REQUIRE(lock.has_value());
        const auto refused = (*second)->lock("LOCK", "process 4712");
        REQUIRE_FALSE(refused.has_value());
        CHECK_EQ(refused.error().code, Code::kInvalid);
        CHECK_EQ(refused.error().message,
                 path + "/LOCK is locked by process 4711, which is longer");
    }
    const auto lock = (*second)->lock("LOCK", "process 4712");
    REQUIRE(lock.has_value());
    CHECK_EQ((*first)->lock("LOCK", "x").error().message, path + "/LOCK is locked by process 4712");
}

TEST_CASE("real_disk: a store lives in it") {
    const ScratchDirectory scratch;
    const auto disk = open_real_disk(scratch.at("state"), true);
    REQUIRE(disk.has_value());
    const std::string large(1'000'000, 'x');
    {
        Result<Store> store = Store::open(**disk, anywhere());
        REQUIRE(store.has_value());
        for (const std::string_view text : {std::string_view("one"), std::string_view(large)})
            REQUIRE(commit_text(*store, text).has_value());
        CHECK_NE(open_text(**disk, anywhere()).find("is locked by process 4711; a state directory"),
                 std::string::npos);
    }
    CHECK(open_text(**disk, anywhere()) == large);
    CHECK_EQ((*disk)->list()->size(), 4);
    const auto again = open_real_disk(scratch.at("state"), false);
    REQUIRE(again.has_value());
    CHECK(open_text(**again, anywhere()) == large);
}

TEST_CASE("real_disk: memory is known for what it is") {
    const auto disk = open_real_disk("/proc", false);
    REQUIRE(disk.has_value());
    CHECK((*disk)->file_system().has_value());
    if (!fs::exists("/dev/shm")) return;
    const auto memory = open_real_disk("/dev/shm", false);
    REQUIRE(memory.has_value());
    const Result<FileSystem> found = (*memory)->file_system();
    REQUIRE(found.has_value());
    CHECK_EQ(found->survives_power, found->name != "tmpfs");
}

TEST_CASE("real_disk: a file that is there is written on, and cut") {
    const ScratchDirectory scratch;
    const auto disk = open_real_disk(scratch.at("state"), true);
    REQUIRE(disk.has_value());
    CHECK_FALSE((*disk)->open_to_write("file").has_value());
    const auto bytes_of = [](std::string_view text) { return std::as_bytes(std::span(text)); };
    REQUIRE(write_fully(**(*disk)->create("file"), 0, bytes_of("hello world")).has_value());
    const auto file = (*disk)->open_to_write("file");
    REQUIRE(file.has_value());
    REQUIRE((*file)->truncate(5).has_value());
    REQUIRE(write_fully(**file, 5, bytes_of(", you")).has_value());
    REQUIRE((*file)->sync().has_value());
    std::array<std::byte, 16> target{};
    REQUIRE_EQ(read_fully(**file, 0, target).value(), 10);
    CHECK_EQ(std::memcmp(target.data(), "hello, you", 10), 0);
}

TEST_CASE("real_disk: results are for others too, and may lie behind a link; pipes are no files") {
    const ScratchDirectory scratch;
    CHECK_FALSE(open_shared_disk(scratch.at("a/b"), false).has_value());
    const mode_t mask = ::umask(022);
    const auto disk = open_shared_disk(scratch.at("a/b/"), true);
    REQUIRE(disk.has_value());
    REQUIRE((*disk)->create("file").has_value());
    ::umask(mask);
    CHECK_EQ(mode_of(scratch.at("a")), 0755);
    CHECK_EQ(mode_of(scratch.at("a/b")), 0755);
    CHECK_EQ(mode_of(scratch.at("a/b/file")), 0644);
    fs::create_symlink("file", scratch.at("a/b/link"));
    CHECK((*disk)->open_to_write("link").has_value());
    REQUIRE_EQ(::mkfifo(scratch.at("a/b/pipe").c_str(), 0600), 0);
    const auto pipe = (*disk)->open("pipe");
    REQUIRE_FALSE(pipe.has_value());
    CHECK(pipe.error().message.ends_with("pipe: it is not a regular file"));
}

}  // namespace
}  // namespace thalweg::test
