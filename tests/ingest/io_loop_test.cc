// The event loop of an ingest agent, and what it notes about descriptors.

#include "ingest/descriptor.h"
#include "ingest/source.h"

#include <doctest/doctest.h>

#include <poll.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

namespace thalweg {
namespace {

TEST_CASE("io loop: poll does not wait, wait waits as long as it was told") {
    IoLoop loop;
    CHECK_EQ(loop.poll(), 0);
    const auto before = std::chrono::steady_clock::now();
    CHECK_EQ(loop.wait(std::chrono::milliseconds(20)), 0);
    CHECK_GE(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(19));
}

TEST_CASE("io loop: another thread ends a wait") {
    IoLoop loop;
    std::thread other([&] { loop.wake(); });
    CHECK_EQ(loop.wait(std::chrono::seconds(60)), 1);
    other.join();
}

TEST_CASE("io loop: a watched descriptor is noted once, when it is ready") {
    std::array<int, 2> fds{};
    REQUIRE_EQ(::pipe(fds.data()), 0);
    IoLoop loop;
    const auto ready = std::make_shared<std::vector<std::uint64_t>>();
    {
        WatchedDescriptor reader(loop, Descriptor(fds[0]));
        reader.watch(WatchedDescriptor::Event::kReadable, 42, ready);
        CHECK_EQ(loop.poll(), 0);
        REQUIRE_EQ(::write(fds[1], "xy", 2), 2);
        CHECK_EQ(loop.wait(std::chrono::seconds(5)), 1);
        CHECK_EQ(*ready, std::vector<std::uint64_t>{42});
        CHECK_EQ(loop.poll(), 0);
        reader.watch(WatchedDescriptor::Event::kReadable, 43, ready);
        CHECK_EQ(loop.wait(std::chrono::seconds(5)), 1);  // It still is.
        reader.watch(WatchedDescriptor::Event::kReadable, 44, ready);
    }
    loop.poll();
    CHECK_EQ(*ready, std::vector<std::uint64_t>{42, 43});  // Gone, it is not noted any more.
    ::close(fds[1]);
}

bool is_readable(int fd) {
    pollfd request{fd, POLLIN, 0};
    return ::poll(&request, 1, 0) == 1;
}

TEST_CASE("io loop: its descriptor is readable while a watched one is, for who sleeps outside") {
    std::array<int, 2> fds{};
    REQUIRE_EQ(::pipe(fds.data()), 0);
    const Descriptor shared(::dup(fds[0]));  // As of standard input: closing alone changes nothing.
    IoLoop loop;
    const auto ready = std::make_shared<std::vector<std::uint64_t>>();
    {
        WatchedDescriptor reader(loop, Descriptor(fds[0]));
        reader.watch(WatchedDescriptor::Event::kReadable, 1, ready);
        CHECK_FALSE(is_readable(loop.descriptor()));
        REQUIRE_EQ(::write(fds[1], "x", 1), 1);
        CHECK(is_readable(loop.descriptor()));
        CHECK_EQ(loop.poll(), 1);
        CHECK(is_readable(loop.descriptor()));  // Noted, and not read yet.
        std::array<char, 8> bytes{};
        REQUIRE_EQ(::read(shared.get(), bytes.data(), bytes.size()), 1);
        CHECK_FALSE(is_readable(loop.descriptor()));
        reader.watch(WatchedDescriptor::Event::kReadable, 2, ready);
        REQUIRE_EQ(::write(fds[1], "y", 1), 1);
        CHECK(is_readable(loop.descriptor()));
    }
    CHECK_FALSE(is_readable(loop.descriptor()));
    ::close(fds[1]);
}

}  // namespace
}  // namespace thalweg
