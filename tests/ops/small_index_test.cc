// The small index against a map: texts of every length around its limit, integers at their ends.

#include "ops/small_index.h"

#include "state/base/random.h"
#include "tests/support/seeds.h"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

namespace thalweg {
namespace {

TEST_CASE("small index: texts of all lengths, and those that are too long to be there") {
    std::vector<std::string> texts;
    for (std::size_t size = 0; size <= SmallIndex::kTextBytesMax; ++size) {
        texts.emplace_back(size, 'a');
        if (size == 0) continue;
        texts.emplace_back(size, '\0');  // Differ in their length alone.
        texts.push_back(std::string(size - 1, 'a') + "b");
    }
    std::vector<SmallIndex::Key> keys;
    for (const std::string& text : texts)
        keys.push_back(SmallIndex::key_of(StringRef(text)));
    const SmallIndex index(keys, HashSeed::from(3));
    const std::size_t known = texts.size();
    texts.emplace_back(17, 'a');
    texts.emplace_back(40, '\0');
    texts.emplace_back("c");
    texts.emplace_back("aaaaaaaaaaaaaaac");
    std::vector<StringRef> asked;
    for (const std::string& text : texts)
        asked.emplace_back(text);
    std::vector<std::uint32_t> numbers(texts.size());
    index.find(asked.data(), Selection::all(asked.size()), numbers);
    for (std::size_t i = 0; i < texts.size(); ++i) {
        CAPTURE(i);
        CHECK_EQ(numbers[i], i < known ? static_cast<std::uint32_t>(i) : SmallIndex::kAbsent);
    }
}

TEST_CASE("small index: nothing is in an empty one") {
    const SmallIndex index({}, HashSeed::from(1));
    const std::array<std::int64_t, 3> values = {0, -1, std::numeric_limits<std::int64_t>::max()};
    std::array<std::uint32_t, 3> numbers{};
    index.find(values.data(), Selection::all(3), numbers);
    for (const std::uint32_t number : numbers)
        CHECK_EQ(number, SmallIndex::kAbsent);
}

TEST_CASE("small index: integers as in a map, of ranges and lists of rows") {
    for (std::uint64_t seed = 1; seed <= test::seeds(20); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        const std::size_t count = seed == 20 ? SmallIndex::kKeysMax : 1 + random.below(3000);
        const bool is_near = random.below(2) == 0;
        const auto draw = [&]() -> std::int32_t {
            const std::uint64_t word = is_near ? random.below(2 * count) : random();
            return static_cast<std::int32_t>(static_cast<std::uint32_t>(word));
        };
        std::map<std::int32_t, std::uint32_t> model = {
            {std::numeric_limits<std::int32_t>::min(), 0}};
        std::vector<SmallIndex::Key> keys = {
            SmallIndex::key_of(std::numeric_limits<std::int32_t>::min())};
        while (keys.size() < count) {
            const std::int32_t value = draw();
            if (!model.emplace(value, static_cast<std::uint32_t>(keys.size())).second) continue;
            keys.push_back(SmallIndex::key_of(value));
        }
        const SmallIndex index(keys, HashSeed::from(seed));
        std::vector<std::int32_t> asked;
        std::vector<std::uint16_t> rows;
        for (std::uint16_t row = 0; row < 1000; ++row) {
            asked.push_back(draw());
            if (random.below(2) == 0) rows.push_back(row);
        }
        asked[0] = std::numeric_limits<std::int32_t>::min();
        for (const Selection selection : {Selection::range(0, 1000), Selection::list(rows)}) {
            std::vector<std::uint32_t> numbers(selection.size());
            index.find(asked.data(), selection, numbers);
            for (std::size_t i = 0; i < selection.size(); ++i) {
                const auto found = model.find(asked[selection[i]]);
                REQUIRE_EQ(numbers[i], found == model.end() ? SmallIndex::kAbsent : found->second);
            }
        }
    }
}

}  // namespace
}  // namespace thalweg
