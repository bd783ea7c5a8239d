#include "engine/run/epoch/result_numbers.h"

#include "state/base/random.h"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace thalweg {
namespace {

SinkSpec numbered_spec() {
    SinkSpec spec;
    spec.name = "o";
    spec.schema =
        make_schema({{"s", Type::bigint()}, {"v", Type::bigint()}, {"e", Type::bigint()}});
    spec.numbers = {{0, ResultNumber::kSequence}, {2, ResultNumber::kEpoch}};
    return spec;
}

// What a consumer has of a row.
struct Taken {
    std::uint64_t sequence = 0;
    std::int64_t value = 0;
    std::uint64_t epoch = 0;
};

std::uint64_t unsigned_at(const Column& column, std::size_t row) {
    return static_cast<std::uint64_t>(column.data<std::int64_t>()[row]);
}

// Numbers rows with the values first .. first + count - 1, every other place of the batch left out.
std::vector<Taken> send(ResultNumbers& numbers, std::int64_t first, std::size_t count) {
    Batch batch(make_schema({{"v", Type::bigint()}}));
    std::vector<std::uint16_t> alive;
    for (std::size_t i = 0; i < count; ++i) {
        batch.column(0).data<std::int64_t>()[2 * i] = first + static_cast<std::int64_t>(i);
        alive.push_back(static_cast<std::uint16_t>(2 * i));
    }
    batch.set_size(2 * count);
    const BatchView rows = numbers.number(batch.view().with(Selection::list(alive)));
    REQUIRE(rows.columns.size() == 3);
    std::vector<Taken> taken;
    rows.selection.for_each([&](std::size_t row) {
        taken.push_back({unsigned_at(rows[0], row),
                         rows[1].data<std::int64_t>()[row],
                         unsigned_at(rows[2], row)});
    });
    return taken;
}

TEST_CASE("result_numbers: columns stand where they were declared") {
    ResultNumbers numbers(numbered_spec());
    CHECK(send(numbers, 10, 3).back().sequence == 2);
    const Taken next = send(numbers, 20, 1).front();
    CHECK(next.sequence == 3);
    CHECK(next.value == 20);
    CHECK(next.epoch == 0);
    numbers.seal();  // Nobody to tell.
    CHECK(numbers.count().epoch == 0);
}

// A query that dies and comes back, whose rows are 0, 1, 2, ...: it writes them at once, and goes
// on behind those of the newest durable epoch.
class Life {
  public:
    struct Saved {
        ResultCount count;
        std::int64_t next_value = 0;
    };

    explicit Life(const Saved& saved)
        : sender_(desk_), numbers_(numbered_spec()), saved_(saved), next_(saved.next_value) {
        numbers_.join_epochs(desk_, sender_);
        numbers_.restore(saved.count);
    }

    std::vector<Taken> write(std::size_t count) {
        std::vector<Taken> rows = send(numbers_, next_, count);
        next_ += static_cast<std::int64_t>(count);
        return rows;
    }

    // The state at the barrier becomes durable, at once or when the next rows have come, or never.
    void barrier() {
        numbers_.seal();
        desk_.drain([this](EpochPartPtr&& part) {
            REQUIRE(part->epoch == barriers_ + 1);
            REQUIRE(part->label.kind == kNumbersKind);
            REQUIRE(part->label.owner == "o");
            StateReader reader(part->bytes);
            sealed_ = {read_result_count(reader), next_};
            REQUIRE(reader.at_end());
        });
        ++barriers_;
    }

    void commit() {
        saved_ = sealed_;
        desk_.announce_durable(barriers_);
    }

    [[nodiscard]] const Saved& saved() const { return saved_; }

  private:
    EpochDesk desk_;
    PartSender sender_;
    ResultNumbers numbers_;
    Saved saved_;
    Saved sealed_;
    std::int64_t next_ = 0;
    std::uint64_t barriers_ = 0;
};

// As docs/CONNECTORS.md tells those who read: a number that comes again makes void what has come
// from it on, and epochs that lie two behind are for good.
class Consumer {
  public:
    void take(const Taken& row) {
        REQUIRE(row.sequence <= rows_.size());
        REQUIRE_MESSAGE(row.sequence >= final_, "final rows were sent again");
        rows_.resize(row.sequence);
        rows_.push_back(row);
        while (final_ < rows_.size() && rows_[final_].epoch + 2 <= row.epoch)
            ++final_;
    }

    [[nodiscard]] const std::vector<Taken>& rows() const { return rows_; }

    [[nodiscard]] std::size_t final() const { return final_; }

  private:
    std::vector<Taken> rows_;
    std::size_t final_ = 0;
};

TEST_CASE("result_numbers: whoever reads can tell what comes again") {
    std::size_t final = 0;
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        CAPTURE(seed);
        Random random(seed);
        Consumer consumer;
        auto life = std::make_unique<Life>(Life::Saved{});
        bool is_open = false;
        for (int step = 0; step < 200; ++step) {
            switch (random.below(8)) {
                case 0:
                    life = std::make_unique<Life>(Life::Saved(life->saved()));
                    is_open = false;
                    break;
                case 1:
                    life->barrier();
                    is_open = true;
                    break;
                case 2:
                case 3:
                    if (is_open) life->commit();
                    is_open = false;
                    break;
                default:
                    for (const Taken& row : life->write(random.below(4)))
                        consumer.take(row);
            }
        }
        life = std::make_unique<Life>(Life::Saved(life->saved()));
        for (const Taken& row : life->write(5))
            consumer.take(row);
        for (std::size_t i = 0; i < consumer.rows().size(); ++i)
            REQUIRE(consumer.rows()[i].value == static_cast<std::int64_t>(i));
        final += consumer.final();
    }
    CHECK(final > 3'000);
}

}  // namespace
}  // namespace thalweg
