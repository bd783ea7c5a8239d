// Files and directories as sources.

#include "ingest/source.h"
#include "state/base/random.h"
#include "tests/support/source_driver.h"

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
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

// --- Positions -----------------------------------------------------------------------------------

// All instances of a source in one process, which dies when it goes.
class Life {
  public:
    Life(const SourceSpec& spec, std::size_t instances, const std::vector<SourcePosition>& from) {
        for (std::size_t i = 0; i < instances; ++i) {
            auto driver = std::make_unique<SourceDriver>();
            auto made = make_source(spec, {i, instances}, driver->loop, [](std::string_view) {});
            REQUIRE(made.has_value());
            REQUIRE((*made)->replay() == Replay::kPositions);
            const Result<void> restored = (*made)->restore(from);
            REQUIRE_MESSAGE(restored.has_value(), (restored ? "" : restored.error().message));
            REQUIRE_EQ(driver->open(*std::move(made)), "");
            drivers_.push_back(std::move(driver));
        }
    }

    void step(Random& random, std::size_t budget_max) {
        SourceDriver& driver = *drivers_[random.below(drivers_.size())];
        driver.budget = 1 + random.below(budget_max);
        driver.outlet.pause = random.below(3);
        static_cast<void>(driver.step());
    }

    // Keeps what was offered, and says where it ends.
    std::vector<SourcePosition> seal(std::vector<std::int64_t>& rows) {
        std::vector<SourcePosition> positions;
        for (const auto& driver : drivers_) {
            const std::vector<std::int64_t> offered = driver->outlet.int64s();
            rows.insert(rows.end(), offered.begin(), offered.end());
            driver->source->seal(1, positions);
        }
        return positions;
    }

    // Until nothing is left to read.
    void run_dry() {
        for (const auto& driver : drivers_) {
            driver->budget = 100'000;
            driver->outlet.pause = 0;
            std::size_t idle_steps = 0;  // An outlet may refuse a few times.
            const auto is_idle = [&] {
                idle_steps = driver->step() == 0 ? idle_steps + 1 : 0;
                return driver->source->finished() || idle_steps > 5;
            };
            REQUIRE(driver->run_until(is_idle));
            driver->check_balance();
        }
    }

  private:
    std::vector<std::unique_ptr<SourceDriver>> drivers_;
};

// A few files with rows [first, first + the number returned), with bad lines between them, and one
// line that is longer than a read and ends like a record.
std::int64_t append_random(const Folder& folder, std::int64_t first, Random& random) {
    std::int64_t next = first;
    const std::size_t files = 1 + random.below(6);
    for (std::size_t i = 0; i < files; ++i) {
        const auto count =
            static_cast<std::int64_t>(random.below(2) == 0 ? random.below(5) : random.below(3000));
        std::string text = number_lines(next, count);
        next += count;
        if (random.below(3) == 0) text += "no record\n" + number_lines(next++, 1);
        if (random.below(4) == 0)
            text += "[" + std::string(600'000, ' ') + "{\"n\":-1}\n" + number_lines(next++, 1);
        folder.append("part-" + std::to_string(random.below(8)), text);
    }
    return next - first;
}

TEST_CASE("file: sealed anywhere and restored into any number of instances, rows come once") {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        CAPTURE(seed);
        Random random(seed);
        const Folder folder;
        const bool is_monitored = seed % 2 == 0;
        std::map<std::string, std::string> options = {{"max-frame-bytes", "1 kb"}};
        if (is_monitored) options.emplace("source.monitor-interval", "1 s");
        const SourceSpec spec = file_spec(folder.path(), options);
        std::int64_t count = append_random(folder, 0, random);
        std::vector<std::int64_t> rows;
        std::vector<SourcePosition> positions;
        const std::size_t lives = 2 + random.below(4);
        for (std::size_t life = 0; life < lives; ++life) {
            Life process(spec, 1 + random.below(4), positions);
            const std::size_t budget_max = random.below(2) == 0 ? 10 : 2000;
            for (std::size_t steps = random.below(30); steps > 0; --steps)
                process.step(random, budget_max);
            if (life + 1 == lives) process.run_dry();
            positions = process.seal(rows);
            for (std::size_t steps = random.below(5); steps > 0; --steps)
                process.step(random, budget_max);  // What the crash takes.
            if (is_monitored && life + 1 < lives) count += append_random(folder, count, random);
        }
        std::sort(rows.begin(), rows.end());
        CHECK_EQ(rows, numbers(0, count));
        CHECK_LE(positions.size(), 8);
    }
}

TEST_CASE("file: positions are offsets of records, and what is whole is not read again") {
    const Folder folder;
    folder.append("a", number_lines(0, 10));
    folder.append("b", number_lines(10, 9) + "{\"n\":19}");
    std::vector<std::int64_t> rows;
    Life whole(file_spec(folder.path()), 1, {});
    whole.run_dry();
    const std::vector<SourcePosition> positions = whole.seal(rows);
    const std::vector<SourcePosition> expected = {{folder.path("a"), 0, 80},
                                                  {folder.path("b"), 0, 89}};
    CHECK_EQ(positions, expected);
    Life again(file_spec(folder.path()), 2, positions);
    again.run_dry();
    rows.clear();
    const std::vector<SourcePosition> same = again.seal(rows);
    CHECK(rows.empty());
    CHECK(std::is_permutation(same.begin(), same.end(), expected.begin(), expected.end()));
}

TEST_CASE("file: a length that loses the framing is met again, not passed over") {
    const Folder folder;
    folder.append("in", std::string("\2\0\0\0{}\0\0\0\0\2\0\0\0{}", 16));
    SourceSpec spec = file_spec(folder.path("in"), {{"framing", "length-prefixed"}});
    std::vector<std::int64_t> rows;
    Life first(spec, 1, {});
    first.run_dry();
    const std::vector<SourcePosition> positions = first.seal(rows);
    CHECK_EQ(positions, std::vector<SourcePosition>{{folder.path("in"), 0, 6}});
    Life second(spec, 1, positions);
    second.run_dry();
    CHECK_EQ(second.seal(rows), positions);
    CHECK_EQ(rows.size(), 1);
}

TEST_CASE("file: a file that is not the one that was read is refused, by name") {
    const Folder folder;
    folder.append("a", number_lines(0, 10));
    const std::string path = folder.path("a");
    const std::string cannot = "cannot go on reading '" + path + "' at byte ";
    const std::string way_out =
        "; put the file back as it was, or start anew with an empty state directory";

    struct Case {
        std::string table;
        bool is_monitored;
        SourcePosition position;
        std::string expected;
    };

    const std::string gone = folder.path("gone");
    const std::vector<Case> cases = {
        {path, false, {path, 0, 16}, ""},
        {path, false, {path, 0, 80}, ""},
        {path,
         false,
         {path, 0, 81},
         cannot + "81: it has 80 bytes; it was cut or replaced" + way_out},
        {path,
         true,
         {path, 0, 81},
         cannot + "81: it has 80 bytes; it was cut or replaced" + way_out},
        {path,
         false,
         {path, 0, 17},
         cannot + "17: no record ends there; it was changed or replaced" + way_out},
        {folder.path(), false, {path, 0, 16}, ""},
        {folder.path() + "/", false, {path, 0, 16}, ""},
        {folder.path(),
         false,
         {gone, 0, 16},
         "cannot go on reading '" + gone + "' at byte 16: No such file or directory" + way_out},
        {folder.path(), true, {gone, 0, 16}, ""},
        {folder.path(),
         false,
         {"elsewhere/a", 0, 16},
         "the state was saved while 'elsewhere/a' was read, which is not in '" + folder.path() +
             "': name the path as it was, or start anew with an empty state directory"},
    };
    for (const Case& one : cases) {
        std::map<std::string, std::string> options;
        if (one.is_monitored) options.emplace("source.monitor-interval", "1 s");
        IoLoop loop;
        auto source = make_source(file_spec(one.table, options), {}, loop, [](std::string_view) {});
        REQUIRE(source.has_value());
        const Result<void> restored = (*source)->restore({one.position});
        CHECK_EQ((restored ? "" : restored.error().message), one.expected);
    }
}

TEST_CASE("file: a file that is gone is not remembered, and holds nothing back") {
    const Folder folder;
    folder.append("a", number_lines(0, 10));
    folder.append("b", number_lines(10, 10));
    SourceDriver driver;
    REQUIRE_EQ(driver.open(file_spec(folder.path(), {{"source.monitor-interval", "1 s"}})), "");
    CHECK(driver.run_until([&] { return driver.outlet.rows == 20; }));
    CHECK_EQ(driver.outlet.open_splits(), 2);
    REQUIRE_EQ(::unlink(folder.path("a").c_str()), 0);
    driver.now_ns += 2'000'000'000;
    static_cast<void>(driver.step());
    CHECK_EQ(driver.outlet.open_splits(), 1);
    std::vector<SourcePosition> positions;
    driver.source->seal(1, positions);
    CHECK_EQ(positions, std::vector<SourcePosition>{{folder.path("b"), 0, 90}});
    driver.check_balance();
}

}  // namespace
}  // namespace thalweg
