// Runner and its idle strategy: what agents see, what waiting costs, what wakes.

#include "engine/run/runner.h"

#include "engine/run/mailbox.h"
#include "state/base/time.h"

#include <doctest/doctest.h>

#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

namespace thalweg {
namespace {

const RealClock kClock;

// Takes what comes in its mailbox and notes when.
class Receiver final : public Agent {
  public:
    explicit Receiver(int descriptor = -1) : descriptor_(descriptor) {}

    std::size_t do_work(std::size_t budget) override {
        rounds_.fetch_add(1, std::memory_order_relaxed);  // Relaxed: a count.
        if (descriptor_ >= 0 && reads_descriptor_) {
            std::uint64_t events = 0;
            if (read(descriptor_, &events, sizeof events) == sizeof events) return note(1);
        }
        return note(mailbox_.drain(budget, [](int) {}));
    }

    std::string_view name() const noexcept override { return "receiver"; }

    int wake_descriptor() const noexcept override { return descriptor_; }

    Mailbox<int>& mailbox() { return mailbox_; }

    void leave_descriptor_alone() { reads_descriptor_ = false; }

    std::size_t received() const { return received_.load(std::memory_order_acquire); }

    std::uint64_t rounds() const { return rounds_.load(std::memory_order_relaxed); }

  private:
    std::size_t note(std::size_t count) {
        received_.fetch_add(count, std::memory_order_release);  // Release: edge to received().
        return count;
    }

    Mailbox<int> mailbox_{1024};
    const int descriptor_;
    bool reads_descriptor_ = true;
    std::atomic<std::size_t> received_{0};
    std::atomic<std::uint64_t> rounds_{0};
};

// Waits for a condition, at most ten seconds, and says whether it came.
template <class Condition>
bool comes_true(const Condition& condition) {
    const std::int64_t limit = kClock.steady_now_ns() + 10 * kNanosPerSecond;
    while (!condition()) {
        if (kClock.steady_now_ns() > limit) return false;
        std::this_thread::yield();
    }
    return true;
}

TEST_CASE("runner: agents are called in turn, by thread or by hand") {
    Log log(kClock);
    Receiver first;
    Receiver second;
    Runner runner({.name = "test"}, {&first, &second}, log);
    CHECK(first.mailbox().try_push(1));
    CHECK(second.mailbox().try_push(2));
    CHECK_EQ(runner.round(), 2);
    CHECK_EQ(runner.round(), 0);
    CHECK_EQ(first.rounds(), 2);
    CHECK_EQ(second.rounds(), 2);

    CHECK_FALSE(runner.is_running());
    runner.start();
    CHECK(runner.is_running());
    for (int i = 0; i < 1'000; ++i) {
        while (!second.mailbox().try_push(i))
            std::this_thread::yield();
        runner.signal();
    }
    CHECK(comes_true([&] { return second.received() == 1'001; }));
    runner.stop();
    runner.join();
    CHECK_FALSE(runner.is_running());
    CHECK_EQ(first.received(), 1);

    // And again.
    runner.start();
    CHECK(first.mailbox().try_push(3));
    CHECK(comes_true([&] { return first.received() == 2; }));
}

TEST_CASE("runner: whatever comes is found, signalled or not, however long the nap") {
    Log log(kClock);
    Receiver receiver;
    Runner runner(
        {.name = "test", .idle = {.spin_rounds = 2, .yield_rounds = 2}}, {&receiver}, log);
    runner.start();
    for (int i = 0; i < 60; ++i) {
        const std::size_t before = receiver.received();
        std::this_thread::sleep_for(std::chrono::microseconds(i * 197 % 6'000));
        CHECK(receiver.mailbox().try_push(i));
        if (i % 2 == 0) runner.signal();
        REQUIRE(comes_true([&] { return receiver.received() == before + 1; }));
    }
}

TEST_CASE("runner: a signal ends a nap, so does a descriptor") {
    // Naps of a minute: only being woken lets this end in time.
    constexpr IdleOptions kLongNaps = {.spin_rounds = 0,
                                       .yield_rounds = 0,
                                       .park_ns_min = kNanosPerMinute,
                                       .park_ns_max = kNanosPerMinute};
    Log log(kClock);
    const int event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    REQUIRE(event >= 0);
    {
        Receiver receiver(event);
        Runner runner({.name = "test", .idle = kLongNaps}, {&receiver}, log);
        runner.start();
        for (int i = 0; i < 20; ++i) {
            const std::size_t before = receiver.received();
            std::this_thread::sleep_for(std::chrono::milliseconds(i % 3));
            if (i % 2 == 0) {
                CHECK(receiver.mailbox().try_push(i));
            } else {
                const std::uint64_t one = 1;
                CHECK_EQ(write(event, &one, sizeof one), sizeof one);
            }
            // A signal may be lost between the last look and the nap, so it is repeated here; the
            // descriptor cannot be.
            REQUIRE(comes_true([&] {
                if (i % 2 == 0) runner.signal();
                return receiver.received() == before + 1;
            }));
        }
    }
    close(event);
}

TEST_CASE("runner: doing nothing costs little, even beside a descriptor nobody reads") {
    Log log(kClock);
    const std::uint64_t one = 1;
    const int event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    REQUIRE_EQ(write(event, &one, sizeof one), sizeof one);
    for (const int descriptor : {-1, event}) {
        CAPTURE(descriptor);
        Receiver receiver(descriptor);
        receiver.leave_descriptor_alone();
        Runner runner({.name = "test"}, {&receiver}, log);
        runner.start();
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        const std::uint64_t before = receiver.rounds();
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
        // Naps of 4 to 20 ms: 60 rounds; twice that where every second nap is cut short.
        CHECK(receiver.rounds() - before <= 250);
    }
    close(event);
}

}  // namespace
}  // namespace thalweg
