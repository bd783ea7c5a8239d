// Ring and Mailbox against the queues we could have used instead, with the items they carry: batch
// pointers.
//
// one_thread   the floor: what the hand-over costs before a cache line has to change cores
// two_threads  a producer and a consumer, each looking again a little later when it is refused
//              or finds nothing
// Every item is checked: items are 0, 1, 2 and so on, and the consumer adds them up.

#include "bench/bench.h"
#include "engine/run/mailbox.h"
#include "engine/run/ring.h"

#include <benchmark/benchmark.h>
#include <boost/lockfree/spsc_queue.hpp>

#include <emmintrin.h>

#include <array>
#include <cstdint>
#include <thread>

namespace thalweg {
namespace {

constexpr std::size_t kCapacity = 1024;
constexpr std::size_t kDrainItems = 64;

// One interface for all: push() one, drain() up to kDrainItems into a sum.
class RingQueue {
  public:
    bool push(std::uint64_t item) { return ring_.try_push(item); }

    std::size_t drain(std::uint64_t& sum) {
        return ring_.drain(kDrainItems, [&](std::uint64_t item) { sum += item; });
    }

  private:
    Ring<std::uint64_t> ring_{kCapacity};
};

class MailboxQueue {
  public:
    bool push(std::uint64_t item) { return mailbox_.try_push(item); }

    std::size_t drain(std::uint64_t& sum) {
        return mailbox_.drain(kDrainItems, [&](std::uint64_t item) { sum += item; });
    }

  private:
    Mailbox<std::uint64_t> mailbox_{kCapacity};
};

class BoostQueue {
  public:
    bool push(std::uint64_t item) { return queue_.push(item); }

    std::size_t drain(std::uint64_t& sum) {
        const std::size_t count = queue_.pop(items_.data(), items_.size());
        for (std::size_t i = 0; i < count; ++i)
            sum += items_[i];
        return count;
    }

  private:
    boost::lockfree::spsc_queue<std::uint64_t> queue_{kCapacity};
    std::array<std::uint64_t, kDrainItems> items_{};
};

// With tokens, its fastest way; unbounded, so it does less than the others.
class MoodycamelQueue {
  public:
    bool push(std::uint64_t item) { return queue_.enqueue(producer_, item); }

    std::size_t drain(std::uint64_t& sum) {
        const std::size_t count = queue_.try_dequeue_bulk(consumer_, items_.begin(), items_.size());
        for (std::size_t i = 0; i < count; ++i)
            sum += items_[i];
        return count;
    }

  private:
    moodycamel::ConcurrentQueue<std::uint64_t> queue_{kCapacity};
    moodycamel::ProducerToken producer_{queue_};
    moodycamel::ConsumerToken consumer_{queue_};
    std::array<std::uint64_t, kDrainItems> items_{};
};

// What 0, 1, ... count - 1 add up to.
constexpr std::uint64_t sum_below(std::uint64_t count) {
    return count * (count - 1) / 2;
}

template <class Queue>
void one_thread(benchmark::State& state) {
    Queue queue;
    std::uint64_t pushed = 0;
    std::uint64_t sum = 0;
    for (auto _ : state) {
        for (std::size_t i = 0; i < kDrainItems; ++i)
            pushed += queue.push(pushed) ? 1U : 0U;
        queue.drain(sum);
    }
    require_equal(sum, sum_below(pushed), "sum");
    report_per_record(state, kDrainItems);
}

// What a side does when it cannot go on: spins for a while, then lets others use the core, or else
// on a busy machine this would measure how long the other side is off it.
class Patience {
  public:
    void wait() {
        for (int i = 0; i < 8; ++i)
            _mm_pause();
        if (++looks_ >= 200) std::this_thread::yield();
    }

    void reset() { looks_ = 0; }

  private:
    int looks_ = 0;
};

template <class Queue>
void two_threads(benchmark::State& state) {
    const auto items = static_cast<std::uint64_t>(bench_size(4'000'000, 2'000));
    for (auto _ : state) {
        Queue queue;
        std::jthread producer([&queue, items] {
            Patience patience;
            for (std::uint64_t item = 0; item < items;) {
                if (queue.push(item)) {
                    ++item;
                    patience.reset();
                } else {
                    patience.wait();
                }
            }
        });
        std::uint64_t sum = 0;
        Patience patience;
        for (std::uint64_t drained = 0; drained < items;) {
            const std::size_t count = queue.drain(sum);
            if (count == 0)
                patience.wait();
            else
                patience.reset();
            drained += count;
        }
        producer.join();
        require_equal(sum, sum_below(items), "sum");
    }
    report_per_record(state, static_cast<std::int64_t>(items));
}

BENCHMARK_TEMPLATE(one_thread, RingQueue);
BENCHMARK_TEMPLATE(one_thread, MailboxQueue);
BENCHMARK_TEMPLATE(one_thread, BoostQueue);
BENCHMARK_TEMPLATE(one_thread, MoodycamelQueue);
BENCHMARK_TEMPLATE(two_threads, RingQueue)->UseRealTime();
BENCHMARK_TEMPLATE(two_threads, MailboxQueue)->UseRealTime();
BENCHMARK_TEMPLATE(two_threads, BoostQueue)->UseRealTime();
BENCHMARK_TEMPLATE(two_threads, MoodycamelQueue)->UseRealTime();

}  // namespace
}  // namespace thalweg

BENCHMARK_MAIN();
