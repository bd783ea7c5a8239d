#include "bench/trace.h"

#include <doctest/doctest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <vector>

namespace thalweg::bench {

namespace {

struct Row {
    std::int64_t ts;
    float value;
    std::int32_t count;
};

Row parse(TraceLine& line) {
    Row row{};
    row.ts = line.integer();
    row.value = line.real();
    row.count = static_cast<std::int32_t>(line.integer());
    return row;
}

// A file with the text, for as long as the object lives.
class Folder {
  public:
    explicit Folder(std::string_view text) {
        path_ = std::filesystem::temp_directory_path() /
                ("trace_test_" + std::to_string(reinterpret_cast<std::uintptr_t>(this)));
        std::filesystem::create_directory(path_);
        std::ofstream(path_ / "trace.txt") << text;
    }

    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    ~Folder() { std::filesystem::remove_all(path_); }

    [[nodiscard]] Result<std::shared_ptr<const Trace>> read() const {
        TRY(const TraceFile file, TraceFile::open(path_, "trace.txt"));
        return file.read<Row>(parse);
    }

  private:
    std::filesystem::path path_;
};

}  // namespace

TEST_CASE("trace: fields may have any white space between them, and the last line no end") {
    const Folder folder("1 0.5 7\r\n  1\t\t0.25  8\n3 -1 9");
    const auto trace = folder.read();
    REQUIRE(trace);
    REQUIRE((*trace)->rows() == 3);
    CHECK((*trace)->span == 3);
    CHECK((*trace)->row<Row>(1).value == 0.25F);
    CHECK((*trace)->row<Row>(2).count == 9);
    CHECK((*trace)->row<Row>(4).ts == 4);
}

TEST_CASE("trace: what is no trace is refused with the line") {
    struct Case {
        std::string_view text;
        std::string_view line;
    };

    for (const Case& test : {Case{"", "line 1"},
                             Case{"1 0.5\n", "line 1"},
                             Case{"1 0.5 7\n1 x 7\n", "line 2"},
                             Case{"1 0.5 7\n\n", "line 2"},
                             Case{"5 0.5 7\n6 0.5 7\n4 0.5 7\n", "line 3"}}) {
        CAPTURE(test.text);
        const auto trace = Folder(test.text).read();
        REQUIRE(!trace);
        CHECK(trace.error().message.find(test.line) != std::string::npos);
    }
    const auto missing = TraceFile::open("", "no_such_trace.txt");
    REQUIRE(!missing);
    CHECK(missing.error().message.find("--traces") != std::string::npos);
}

TEST_CASE("trace: times are seconds since 1970") {
    TraceLine good("2012-02-22T16:46:28.9670320+00:00 1970-01-01T00:00:00+00:00");
    CHECK(good.time() == 1'329'929'188);
    CHECK(good.time() == 0);
    CHECK(good.is_good());
    for (const std::string_view text :
         {"2012-02-22T16:46:28", "2012-02-22T16:4x:28+00:00", "yesterday", ""}) {
        TraceLine bad(text);
        static_cast<void>(bad.time());
        CHECK(!bad.is_good());
    }
}

}  // namespace thalweg::bench
