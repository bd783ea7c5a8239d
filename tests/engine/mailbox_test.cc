// Mailbox: the bound, then many producers against the rule that each one's items come in order.

#include "engine/run/mailbox.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

namespace thalweg {
namespace {

struct Letter {
    std::uint32_t sender = 0;
    std::uint32_t number = 0;
};

TEST_CASE("mailbox: refuses beyond its capacity and leaves the refused item alone") {
    for (const std::size_t capacity : {1U, 7U, 100U}) {
        CAPTURE(capacity);
        Mailbox<std::unique_ptr<int>> mailbox(capacity);
        for (std::size_t i = 0; i < capacity; ++i)
            CHECK(mailbox.try_push(std::make_unique<int>(static_cast<int>(i))));
        auto refused = std::make_unique<int>(-1);
        CHECK_FALSE(mailbox.try_push(std::move(refused)));
        REQUIRE(refused != nullptr);
        CHECK_EQ(mailbox.size_approx(), capacity);
        CHECK_EQ(mailbox.free_approx(), 0);

        int next = 0;
        const auto expect_next = [&](std::unique_ptr<int>&& item) { CHECK_EQ(*item, next++); };
        CHECK_EQ(mailbox.drain(1, expect_next), 1);
        CHECK(mailbox.try_push(std::move(refused)));
        CHECK_EQ(mailbox.drain(capacity - 1, expect_next), capacity - 1);
        CHECK_EQ(mailbox.drain(10, [](std::unique_ptr<int>&& item) { CHECK_EQ(*item, -1); }), 1);
        CHECK_EQ(mailbox.drain(10, expect_next), 0);
        CHECK_EQ(mailbox.free_approx(), capacity);
    }
}

TEST_CASE("mailbox: destroys what nobody drained") {
    const auto shared = std::make_shared<int>(1);
    {
        Mailbox<std::shared_ptr<int>> mailbox(8);
        CHECK(mailbox.try_push(shared));
        CHECK(mailbox.try_push(shared));
        CHECK_EQ(mailbox.drain(1, [](std::shared_ptr<int>&&) {}), 1);
        CHECK_EQ(shared.use_count(), 2);
    }
    CHECK_EQ(shared.use_count(), 1);
}

TEST_CASE("mailbox: four producers lose nothing, and each one's items come in order") {
    constexpr std::uint32_t kProducers = 4;
    constexpr std::uint32_t kItems = 50'000;
    Mailbox<Letter> mailbox(64);
    std::vector<std::jthread> producers;
    for (std::uint32_t sender = 0; sender < kProducers; ++sender) {
        producers.emplace_back([&mailbox, sender] {
            for (std::uint32_t number = 0; number < kItems;) {
                if (mailbox.try_push(Letter{sender, number}))
                    ++number;
                else
                    std::this_thread::yield();
            }
        });
    }
    std::vector<std::uint32_t> next(kProducers, 0);
    std::size_t drained = 0;
    bool in_order = true;
    while (drained < std::size_t{kProducers} * kItems) {
        const std::size_t count = mailbox.drain(48, [&](Letter&& letter) {
            in_order = in_order && letter.number == next[letter.sender]++;
        });
        if (count == 0) std::this_thread::yield();
        drained += count;
    }
    CHECK(in_order);
    CHECK_EQ(mailbox.drain(1, [](Letter&&) {}), 0);
    CHECK_EQ(mailbox.free_approx(), mailbox.capacity());
}

}  // namespace
}  // namespace thalweg
