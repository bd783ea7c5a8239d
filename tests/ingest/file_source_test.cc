// Files and directories as sources.

#include "ingest/source.h"
#include "tests/support/source_driver.h"

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

namespace fs = std::filesystem;

// A directory of the test's own, gone when it ends.
class Folder {
  public:
    Folder() {
        std::string name = (fs::temp_directory_path() / "thalweg_file_XXXXXX").string();
        REQUIRE_NE(::mkdtemp(name.data()), nullptr);
        path_ = name;
    }

    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    ~Folder() {
        std::error_code error;
        fs::remove_all(path_, error);
    }

    [[nodiscard]] std::string path(std::string_view name) const {
        return path_ + "/" + std::string(name);
    }

    [[nodiscard]] std::string path() const { return path_; }

    void append(std::string_view name, std::string_view bytes) const {
        std::ofstream(path(name), std::ios::app | std::ios::binary) << bytes;
    }

  private:
    std::string path_;
};

SourceSpec file_spec(const std::string& path, std::map<std::string, std::string> options = {}) {
    options.emplace("path", path);
    return numbers_spec("filesystem", std::move(options));
}

TEST_CASE("file: all of one file, whatever the budget and however often the outlet is full") {
    const Folder folder;
    folder.append("in", number_lines(0, 100'000) + "{\"n\":100000}");  // No end of the last line.
    for (const std::size_t budget : {std::size_t{100}, std::size_t{1000}, std::size_t{1'000'000}}) {
        CAPTURE(budget);
        SourceDriver driver;
        driver.budget = budget;
        driver.outlet.pause = budget % 3;
        REQUIRE_EQ(driver.open(file_spec(folder.path("in"))), "");
        CHECK(driver.source->is_bounded());
        CHECK(driver.run_to_end());
        CHECK_EQ(driver.outlet.int64s(), numbers(0, 100'001));
        CHECK_EQ(driver.source->counters().received_bytes, fs::file_size(folder.path("in")));
        CHECK_EQ(driver.outlet.flushes, 1);
        driver.check_balance();
    }
}

TEST_CASE("file: a poll delivers no more rows than its budget") {
    const Folder folder;
    folder.append("in", number_lines(0, 5000) + "bad\n" + number_lines(5000, 1000));
    for (const std::size_t budget : {std::size_t{1}, std::size_t{7}, std::size_t{1500}}) {
        CAPTURE(budget);
        SourceDriver driver;
        driver.budget = budget;
        REQUIRE_EQ(driver.open(file_spec(folder.path("in"))), "");
        while (!driver.source->finished()) {
            const std::size_t before = driver.outlet.rows;
            driver.step();
            CHECK_LE(driver.outlet.rows - before, budget);
        }
        CHECK_EQ(driver.outlet.int64s(), numbers(0, 6000));
        driver.check_balance();
    }
}

TEST_CASE("file: a directory is read in the order of names, hidden parts are not") {
    const Folder folder;
    folder.append("part-2", number_lines(200, 100));
    folder.append("part-1", number_lines(100, 100));
    folder.append("part-3", "");
    folder.append(".part-4.inprogress", number_lines(900, 1));
    folder.append("_SUCCESS", "garbage");
    fs::create_directory(folder.path("part-5"));
    for (const char* const ending : {"", "/"}) {
        SourceDriver driver;
        REQUIRE_EQ(driver.open(file_spec("file://" + folder.path() + ending)), "");
        CHECK(driver.run_to_end());
        CHECK_EQ(driver.outlet.int64s(), numbers(100, 200));
        CHECK_EQ(driver.outlet.splits.size(), 3);
        driver.check_balance();
    }
}

TEST_CASE("file: instances read each file once") {
    const Folder folder;
    for (int i = 0; i < 7; ++i)
        folder.append("part-" + std::to_string(i), number_lines(i * 10, 10));
    std::vector<std::int64_t> all;
    for (std::size_t index = 0; index < 3; ++index) {
        SourceDriver driver;
        REQUIRE_EQ(driver.open(file_spec(folder.path()), {index, 3}), "");
        CHECK(driver.run_to_end());
        const std::vector<std::int64_t> own = driver.outlet.int64s();
        CHECK_GE(own.size(), 20);
        all.insert(all.end(), own.begin(), own.end());
        driver.check_balance();
    }
    std::sort(all.begin(), all.end());
    CHECK_EQ(all, numbers(0, 70));
}

TEST_CASE("file: what is not there is one clear line") {
    const Folder folder;
    folder.append("in", "");
    SourceDriver driver;
    const std::string missing = folder.path("missing");
    CHECK_EQ(driver.open(file_spec(missing)),
             "cannot read '" + missing + "': No such file or directory");
    CHECK_NE(driver.open(file_spec(folder.path("in/"))), "");
}

TEST_CASE("file: half of a bounded directory does not pass for all of it") {
    const Folder folder;
    folder.append("a", number_lines(0, 10));
    folder.append("b", number_lines(10, 10));
    SourceDriver driver;
    REQUIRE_EQ(driver.open(file_spec(folder.path())), "");
    REQUIRE_EQ(::unlink(folder.path("b").c_str()), 0);
    static_cast<void>(driver.run_to_end());
    CHECK_EQ(driver.source->failure(),
             "cannot read '" + folder.path("b") + "': No such file or directory");
}

TEST_CASE("file: a named pipe, which would be waited for, is refused") {
    const Folder folder;
    folder.append("a", "");
    const std::string path = folder.path("pipe");
    REQUIRE_EQ(::mkfifo(path.c_str(), 0600), 0);
    SourceDriver driver;
    CHECK_NE(driver.open(file_spec(path)).find("stdin"), std::string::npos);
}

TEST_CASE("file: monitoring reads what is appended and what appears") {
    const Folder folder;
    folder.append("a", number_lines(0, 10) + "{\"n\"");
    SourceDriver driver;
    REQUIRE_EQ(driver.open(file_spec(folder.path(), {{"source.monitor-interval", "10 s"}})), "");
    CHECK_FALSE(driver.source->is_bounded());
    CHECK(driver.run_until([&] { return driver.outlet.rows == 10; }));
    folder.append("a", ":10}\n");
    folder.append("b", number_lines(11, 5));
    for (int i = 0; i < 5; ++i)
        static_cast<void>(driver.step());
    CHECK_EQ(driver.outlet.rows, 10);  // Not looked yet.
    driver.now_ns = driver.source->next_poll_ns();
    CHECK(driver.run_until([&] { return driver.outlet.rows == 16; }));
    CHECK_EQ(driver.outlet.int64s(), numbers(0, 16));
    folder.append("b", "{\"n\":");
    driver.now_ns += 20'000'000'000;
    CHECK(driver.run_until([&] { return driver.step() == 0; }));
    driver.source->stop();
    CHECK(driver.run_to_end());
    CHECK(driver.outlet.refused.empty());
    driver.check_balance();
}

TEST_CASE("file: a stop in the middle and bad lines keep the balance") {
    const Folder folder;
    std::string lines;
    for (int i = 0; i < 1000; ++i)
        lines += number_lines(i, 1) + (i % 10 == 0 ? "not json\n" : "");
    folder.append("in", lines + "{\"n\":");
    for (int steps = 0; steps < 8; ++steps) {
        CAPTURE(steps);
        SourceDriver driver;
        driver.budget = 50;
        REQUIRE_EQ(driver.open(file_spec(folder.path("in"))), "");
        for (int i = 0; i < steps; ++i)
            static_cast<void>(driver.step());
        driver.source->stop();
        CHECK(driver.run_to_end());
        driver.check_balance();
    }
    SourceDriver driver;
    REQUIRE_EQ(driver.open(file_spec(folder.path("in"))), "");
    CHECK(driver.run_to_end());
    driver.check_balance();
    CHECK_EQ(driver.outlet.rows, 1000);
    CHECK_EQ(driver.outlet.refused.size(), 101);
}

}  // namespace
}  // namespace thalweg
