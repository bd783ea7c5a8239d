// Passes over values against a loop that says what they mean: random values, and all lengths around
// the width of a register.

#include "state/value_range.h"

#include "state/base/random.h"
#include "state/column.h"

#include <doctest/doctest.h>

#include <limits>
#include <vector>

namespace thalweg {
namespace {

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

ValueRange slow_range(const std::vector<std::int64_t>& values) {
    ValueRange range;
    for (const std::int64_t value : values) {
        if (value < range.low) range.low = value;
        if (value > range.high) range.high = value;
    }
    return range;
}

std::vector<std::int64_t> some_values(Random& random, std::size_t count) {
    std::vector<std::int64_t> values(count);
    const bool is_wild = random.below(4) == 0;
    for (std::int64_t& value : values) {
        value = is_wild ? static_cast<std::int64_t>(random())
                        : static_cast<std::int64_t>(random.below(50)) - 25;
    }
    if (count != 0 && random.below(8) == 0) values[random.below(count)] = kMin;
    if (count != 0 && random.below(8) == 0) values[random.below(count)] = kMax;
    return values;
}

TEST_CASE("value range: every length and random values") {
    for (std::uint64_t seed = 1; seed <= 400; ++seed) {
        CAPTURE(seed);
        Random random(seed);
        const std::vector<std::int64_t> values = some_values(random, seed % 67);
        CHECK(range_of(values) == slow_range(values));
        bool is_rising = true;
        for (std::size_t i = 1; i < values.size(); ++i)
            is_rising = is_rising && values[i - 1] <= values[i];
        CHECK(is_ascending(values) == is_rising);

        std::vector<std::int64_t> scaled = values;
        const auto factor = static_cast<std::int64_t>(random.below(2'000'000'000)) + 1;
        CHECK(scale_values(scaled, factor) == slow_range(values));
        for (std::size_t i = 0; i < values.size(); ++i) {
            CHECK(static_cast<std::uint64_t>(scaled[i]) ==
                  static_cast<std::uint64_t>(values[i]) * static_cast<std::uint64_t>(factor));
        }
    }
}

TEST_CASE("value range: ascending but for one step, wherever it is") {
    for (std::size_t count = 2; count < 40; ++count) {
        std::vector<std::int64_t> values;
        for (std::size_t i = 0; i < count; ++i)
            values.push_back(static_cast<std::int64_t>(i / 2));
        CHECK(is_ascending(values));
        for (std::size_t at = 1; at < count; ++at) {
            std::vector<std::int64_t> broken = values;
            broken[at] = broken[at - 1] - 1;
            CHECK_FALSE(is_ascending(broken));
        }
    }
}

TEST_CASE("value range: the first value outside, wherever it is") {
    struct Bounds {
        std::int64_t low;
        std::int64_t end;
    };

    for (const Bounds bounds : {Bounds{0, 1}, {-5, 20}, {kMin, kMax}, {kMin, 0}, {7, kMax}}) {
        CAPTURE(bounds.low);
        for (std::size_t count = 0; count < 40; ++count) {
            const std::vector<std::int64_t> inside(count, bounds.end - 1);
            CHECK(find_outside(inside, bounds.low, bounds.end) == count);
            for (std::size_t at = 0; at < count; ++at) {
                std::vector<std::int64_t> values = inside;
                values[at] = bounds.end;
                CHECK(find_outside(values, bounds.low, bounds.end) == at);
                if (bounds.low == kMin) continue;
                values[at] = bounds.low - 1;
                values.back() = bounds.end;
                CHECK(find_outside(values, bounds.low, bounds.end) == at);
            }
        }
    }
}

TEST_CASE("column: whoever may write takes the known range away") {
    Column column(Type::bigint());
    CHECK(column.known_range() == nullptr);
    column.set_range({-3, 9});
    const Column& reader = column;
    CHECK(reader.data<std::int64_t>() != nullptr);
    REQUIRE(reader.known_range() != nullptr);
    CHECK(*reader.known_range() == ValueRange{-3, 9});
    column.data<std::int64_t>()[0] = 10;
    CHECK(column.known_range() == nullptr);

    column.set_range({10, 10});
    column.clear();
    CHECK(column.known_range() == nullptr);

    Arena arena;
    Column other(Type::bigint());
    other.set_range({0, 0});
    other.copy_row(0, column, 0, arena);
    CHECK(other.known_range() == nullptr);
    const std::vector<std::uint16_t> rows = {0};
    other.set_range({0, 0});
    other.copy_rows(0, column, rows, arena);
    CHECK(other.known_range() == nullptr);
    other.set_range({0, 0});
    other.copy_range(0, column, 0, 1, arena);
    CHECK(other.known_range() == nullptr);
}

}  // namespace
}  // namespace thalweg
