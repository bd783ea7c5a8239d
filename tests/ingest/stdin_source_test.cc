// Standard input as a source: pipes and files, by descriptors of the test's own.

#include "ingest/stdin_source.h"

#include "tests/support/source_driver.h"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

namespace thalweg {
namespace {

std::unique_ptr<StdinSource> make(SourceDriver& driver, int fd, SourceInstance instance = {}) {
    FormatSpec format = numbers_spec("stdin", {}).format;
    format.format = "json";
    return std::make_unique<StdinSource>(
        format,
        instance,
        driver.loop,
        [&driver](std::string_view text) { driver.events.emplace_back(text); },
        fd);
}

struct Pipe {
    std::array<int, 2> fds{};

    Pipe() { REQUIRE_EQ(::pipe(fds.data()), 0); }

    Pipe(const Pipe&) = delete;
    Pipe& operator=(const Pipe&) = delete;

    ~Pipe() {
        close_writer();
        ::close(fds[0]);
    }

    void write(std::string_view bytes) const {
        REQUIRE_EQ(::write(fds[1], bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
    }

    void close_writer() {
        if (fds[1] >= 0) ::close(fds[1]);
        fds[1] = -1;
    }
};

TEST_CASE("stdin: a pipe is read as it fills, to its end, and is left open") {
    Pipe pipe;
    SourceDriver driver;
    REQUIRE_EQ(driver.open(make(driver, pipe.fds[0])), "");
    CHECK_EQ(driver.step(), 0);  // Nothing there: it does not wait.
    pipe.write(number_lines(0, 100) + "{\"n\":");
    CHECK(driver.run_until([&] { return driver.outlet.rows == 100; }));
    CHECK(driver.run_until([&] { return driver.outlet.flushes == 1; }));
    CHECK_FALSE(driver.source->finished());
    pipe.write("100}\ngarbage\n{\"n\":101}");
    pipe.close_writer();
    CHECK(driver.run_to_end());
    CHECK_EQ(driver.outlet.int64s(), numbers(0, 102));
    CHECK_EQ(driver.rejected(RejectReason::kMalformed), 1);
    driver.check_balance();
    driver.source.reset();
    CHECK_NE(::fcntl(pipe.fds[0], F_GETFD), -1);
}

TEST_CASE("stdin: a file is read too, and only by the first instance") {
    std::FILE* const file = std::tmpfile();
    REQUIRE_NE(file, nullptr);
    const std::string lines = number_lines(0, 50'000);
    REQUIRE_EQ(std::fwrite(lines.data(), 1, lines.size(), file), lines.size());
    std::rewind(file);
    SourceDriver second;
    REQUIRE_EQ(second.open(make(second, ::fileno(file), {1, 2})), "");
    CHECK(second.source->finished());
    SourceDriver driver;
    driver.outlet.pause = 1;
    REQUIRE_EQ(driver.open(make(driver, ::fileno(file), {0, 2})), "");
    CHECK(driver.run_to_end());
    CHECK_EQ(driver.outlet.int64s(), numbers(0, 50'000));
    driver.check_balance();
    std::fclose(file);
}

TEST_CASE("stdin: a stop in the middle delivers what was read, and no more") {
    for (int steps = 0; steps < 6; ++steps) {
        Pipe pipe;
        SourceDriver driver;
        driver.budget = 100;
        REQUIRE_EQ(driver.open(make(driver, pipe.fds[0])), "");
        pipe.write(number_lines(0, 1000) + "{\"n\"");
        for (int i = 0; i < steps; ++i)
            static_cast<void>(driver.step());
        driver.source->stop();
        CHECK(driver.run_to_end());
        driver.check_balance();
        CHECK(driver.outlet.refused.empty());
    }
}

}  // namespace
}  // namespace thalweg
