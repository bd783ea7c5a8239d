// Records in order against a sorted vector, with so many that they lie in several chunks.

#include "ops/ordered_records.h"

#include "state/base/random.h"
#include "tests/support/seeds.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

std::span<const std::byte> bytes_of(const std::string& text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

std::string text_of(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct Held {
    std::string key;
    std::uint64_t arrival = 0;
    std::string row;

    friend auto operator<=>(const Held&, const Held&) = default;
};

Held held_of(const Record& record) {
    return {text_of(record.key()), record.arrival, text_of(record.row())};
}

// Both structures, and what is done to both.
class Model {
  public:
    explicit Model(std::uint64_t seed) : random_(seed) {}

    void run() {
        for (int round = 0; round < 12; ++round) {
            for (std::uint64_t count = random_.below(1500); count > 0; --count)
                random_.below(4) == 0 ? take() : insert();
            if (random_.below(3) == 0) take_front();
            if (random_.below(3) == 0 && !wanted_.empty()) take_back();
            check();
        }
    }

  private:
    void insert() {
        Held held{std::to_string(random_.below(300)), ++arrival_, std::to_string(random_.below(3))};
        if (random_.below(50) == 0) held.row.assign(random_.below(40'000), 'x');
        Record* const record = pool_.make(bytes_of(held.key), bytes_of(held.row));
        record->arrival = held.arrival;
        records_.insert(record);
        wanted_.insert(std::upper_bound(wanted_.begin(), wanted_.end(), held), held);
    }

    // The first that is equal to one of those there, or to none.
    void take() {
        Held like{"none", 0, ""};
        if (!wanted_.empty() && random_.below(10) != 0)
            like = wanted_[random_.below(wanted_.size())];
        const auto found = std::find_if(wanted_.begin(), wanted_.end(), [&](const Held& each) {
            return each.key == like.key && each.row == like.row;
        });
        Record* const record = records_.take(bytes_of(like.key), bytes_of(like.row));
        REQUIRE_EQ(record == nullptr, found == wanted_.end());
        if (record == nullptr) return;
        REQUIRE(held_of(*record) == *found);
        wanted_.erase(found);
        pool_.give_back(record);
    }

    void take_front() {
        const std::size_t count = random_.below(wanted_.size() + 1);
        std::vector<Record*> front;
        records_.for_each([&](Record* record) {
            if (front.size() == count) return false;
            front.push_back(record);
            return true;
        });
        records_.take_front(count);
        for (Record* const record : front)
            pool_.give_back(record);
        wanted_.erase(wanted_.begin(), wanted_.begin() + static_cast<std::ptrdiff_t>(count));
    }

    void take_back() {
        Record* const record = records_.take_back();
        REQUIRE(held_of(*record) == wanted_.back());
        wanted_.pop_back();
        pool_.give_back(record);
    }

    void check() {
        std::vector<Held> found;
        records_.for_each([&](const Record* record) {
            found.push_back(held_of(*record));
            return true;
        });
        REQUIRE(found == wanted_);
        REQUIRE_EQ(records_.size(), wanted_.size());
        const Held from{std::to_string(random_.below(300)), random_.below(arrival_ + 1), ""};
        found.clear();
        records_.for_each_from(bytes_of(from.key), from.arrival, [&](const Record* record) {
            found.push_back(held_of(*record));
            return true;
        });
        REQUIRE(found == std::vector<Held>(std::lower_bound(wanted_.begin(), wanted_.end(), from),
                                           wanted_.end()));
    }

    Random random_;
    RecordPool pool_;
    OrderedRecords records_;
    std::vector<Held> wanted_;
    std::uint64_t arrival_ = 0;
};

TEST_CASE("ordered_records: as a sorted vector, over many chunks") {
    for (std::uint64_t seed = 1; seed <= test::seeds(10); ++seed) {
        CAPTURE(seed);
        Model(seed).run();
    }
}

TEST_CASE("record_pool: memory that is given back is used again, whatever the size") {
    for (const std::size_t size : {0U, 8U, 100U, 1000U, 1001U, 5000U, 32'744U, 32'745U, 100'000U}) {
        CAPTURE(size);
        RecordPool pool;
        const std::string row(size, 'r');
        pool.give_back(pool.make({}, bytes_of(row)));
        const std::size_t before = pool.memory_bytes();
        for (int i = 0; i < 100; ++i) {
            Record* const record = pool.make({}, bytes_of(row));
            REQUIRE(text_of(record->row()) == row);
            pool.give_back(record);
        }
        CHECK_EQ(pool.memory_bytes(), before);
    }
}

}  // namespace
}  // namespace thalweg
