#include "engine/run/log.h"

#include "state/base/time.h"
#include "tests/support/manual_clock.h"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

namespace thalweg {
namespace {

// A file in memory that a Log writes to.
class Capture {
  public:
    Capture() : descriptor_(memfd_create("log", MFD_CLOEXEC)) {
        REQUIRE(descriptor_ >= 0);
        REQUIRE_EQ(fcntl(descriptor_, F_SETFL, O_APPEND), 0);  // As logs are opened.
    }

    Capture(const Capture&) = delete;
    Capture& operator=(const Capture&) = delete;

    ~Capture() { close(descriptor_); }

    int descriptor() const { return descriptor_; }

    // Everything written so far.
    std::string text() const {
        std::string result(static_cast<std::size_t>(lseek(descriptor_, 0, SEEK_END)), '\0');
        const ssize_t size = pread(descriptor_, result.data(), result.size(), 0);
        REQUIRE_EQ(size, static_cast<ssize_t>(result.size()));
        return result;
    }

  private:
    const int descriptor_;
};

TEST_CASE("log: one line an event, values quoted where they must be") {
    const Capture capture;
    ManualClock clock(1'795'239'910 * kNanosPerSecond + 123'456'789);
    Log log(clock, capture.descriptor());
    log.info("engine.start", {{"shards", 4}, {"pinned", true}, {"load", 0.5}, {"file", "a.sql"}});
    log.warn("source.retry", {{"error", "connection refused"}, {"empty", ""}, {"delta", -3}});
    log.error("odd", {{"value", std::string("a\"b\\c\nd\te=f\x7f")}});
    clock.set_wall(-1);
    log.info("before.1970");
    CHECK_EQ(capture.text(),
             "2026-11-21T05:45:10.123456Z info engine.start shards=4 pinned=true load=0.5"
             " file=a.sql\n"
             "2026-11-21T05:45:10.123456Z warn source.retry error=\"connection refused\" empty=\"\""
             " delta=-3\n"
             "2026-11-21T05:45:10.123456Z error odd value=\"a\\\"b\\\\c\\nd\\x09e=f\\x7f\"\n"
             "1969-12-31T23:59:59.999999Z info before.1970\n");
}

TEST_CASE("log: levels below the one set are not written") {
    const Capture capture;
    const ManualClock clock;
    Log log(clock, capture.descriptor());
    log.debug("quiet");
    CHECK_EQ(capture.text(), "");
    log.set_level(LogLevel::kDebug);
    log.debug("loud");
    log.set_level(LogLevel::kError);
    log.warn("quiet");
    log.error("loud");
    CHECK_EQ(capture.text(),
             "1970-01-01T00:00:00.000000Z debug loud\n1970-01-01T00:00:00.000000Z error loud\n");
}

TEST_CASE("log: a site that speaks a million times writes few lines, with the count") {
    const Capture capture;
    const ManualClock clock;
    Log log(clock, capture.descriptor());
    LogSite site;
    std::string expected;
    for (int i = 1; i <= 1'000'000; ++i)
        log.warn(site, "storm");
    for (int i = 0; i < 4; ++i)
        expected.append("1970-01-01T00:00:00.000000Z warn storm\n");
    for (int count = 8; count <= 1'000'000; count *= 2)
        expected.append("1970-01-01T00:00:00.000000Z warn storm n=")
            .append(std::to_string(count))
            .append("\n");
    CHECK_EQ(capture.text(), expected);
}

TEST_CASE("log: lines of several threads do not mix") {
    const Capture capture;
    const ManualClock clock;
    Log log(clock, capture.descriptor());
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i)
            threads.emplace_back([&log] {
                for (int k = 0; k < 200; ++k)
                    log.info("tick", {{"text", "0123456789"}});
            });
    }
    std::string expected;
    for (int i = 0; i < 800; ++i)
        expected.append("1970-01-01T00:00:00.000000Z info tick text=0123456789\n");
    CHECK_EQ(capture.text(), expected);
}

}  // namespace
}  // namespace thalweg
