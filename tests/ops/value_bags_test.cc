// Multisets and lists of the values of many groups against std::map and std::vector: values come
// and go in any order, and memory comes back.

#include "ops/aggregate/value_bags.h"

#include "state/base/random.h"
#include "tests/support/seeds.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

constexpr std::size_t kGroups = 5;

// Texts on both sides of what a StringRef holds itself.
std::string text_of(std::uint64_t number) {
    return std::string(static_cast<std::size_t>(number % 40), static_cast<char>('a' + number % 3));
}

template <class Bags>
std::vector<std::pair<std::string, std::uint64_t>> texts_in(const Bags& bags, std::uint32_t root) {
    std::vector<std::pair<std::string, std::uint64_t>> found;
    bags.for_each(root, [&](const StringRef& value, std::uint64_t count) {
        found.emplace_back(value.view(), count);
    });
    return found;
}

TEST_CASE("value_bags: multisets of texts are std::map's, group by group") {
    for (std::uint64_t seed = 1; seed <= test::seeds(20); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        ValueBags<StringRef> bags;
        std::uint32_t roots[kGroups] = {};
        std::map<std::string, std::uint64_t> models[kGroups];
        for (int step = 0; step < 2000; ++step) {
            const std::size_t group = random.below(kGroups);
            auto& model = models[group];
            const std::string text = text_of(random.below(60));
            const auto found = model.find(text);
            if (random.below(400) == 0) {
                bags.release(roots[group]);
                model.clear();
            } else if (random.below(100) < 55) {
                CHECK_EQ(bags.add(roots[group], StringRef(text)), found == model.end());
                ++model[text];
            } else {
                using Removed = ValueBags<StringRef>::Removed;
                const Removed removed = bags.remove(roots[group], StringRef(text));
                if (found == model.end()) {
                    CHECK(removed == Removed::kAbsent);
                } else if (--found->second == 0) {
                    CHECK(removed == Removed::kLast);
                    model.erase(found);
                } else {
                    CHECK(removed == Removed::kOneOfMany);
                }
            }
            REQUIRE_EQ(roots[group] == 0, model.empty());
            if (model.empty()) continue;
            CHECK_EQ(bags.least(roots[group]).view(), model.begin()->first);
            CHECK_EQ(bags.greatest(roots[group]).view(), model.rbegin()->first);
        }
        for (std::size_t group = 0; group < kGroups; ++group) {
            const auto found = texts_in(bags, roots[group]);
            CHECK(std::equal(found.begin(),
                             found.end(),
                             models[group].begin(),
                             models[group].end(),
                             [](const auto& a, const auto& b) {
                                 return a.first == b.first && a.second == b.second;
                             }));
        }
    }
}

TEST_CASE("value_bags: lists keep their order, and give the first of equal values up") {
    for (std::uint64_t seed = 1; seed <= test::seeds(20); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        ValueLists<StringRef> lists;
        ValueListEnds ends{};
        std::vector<std::pair<std::string, std::uint64_t>> model;
        for (std::uint64_t step = 1; step <= 1000; ++step) {
            const std::string text = text_of(random.below(12));
            if (random.below(100) < 55) {
                // Mostly in order; a state that is loaded may come otherwise.
                const std::uint64_t back = random.below(3) == 0 ? 1000 * random.below(step) : 0;
                const std::uint64_t position = 1000 * step - back + (back == 0 ? 0 : step % 1000);
                const bool is_taken =
                    std::any_of(model.begin(), model.end(), [&](const auto& each) {
                        return each.second == position;
                    });
                if (is_taken) continue;
                lists.add(ends, StringRef(text), position);
                const auto behind = std::find_if(model.begin(), model.end(), [&](const auto& each) {
                    return each.second > position;
                });
                model.insert(behind, {text, position});
            } else {
                const auto first = std::find_if(model.begin(), model.end(), [&](const auto& each) {
                    return each.first == text;
                });
                CHECK_EQ(lists.remove(ends, StringRef(text)), first != model.end());
                if (first != model.end()) model.erase(first);
            }
            REQUIRE_EQ(ends.first == 0, model.empty());
            if (model.empty()) continue;
            CHECK_EQ(lists.first(ends).view(), model.front().first);
            CHECK_EQ(lists.last(ends).view(), model.back().first);
        }
        std::vector<std::string> found;
        lists.for_each(
            ends, [&](const StringRef& value, std::uint64_t) { found.emplace_back(value.view()); });
        std::vector<std::string> wanted;
        for (const auto& each : model)
            wanted.push_back(each.first);
        CHECK(found == wanted);
    }
}

TEST_CASE("value_bags: values in ascending order make no deep tree, and memory is used again") {
    ValueBags<std::uint64_t> bags;
    std::uint32_t root = 0;
    constexpr std::uint64_t kValues = 200'000;  // A list of them would take minutes.
    for (std::uint64_t value = 0; value < kValues; ++value)
        bags.add(root, value);
    const std::size_t bytes = bags.memory_bytes();
    for (int round = 0; round < 3; ++round) {
        for (std::uint64_t value = 0; value < kValues; ++value)
            bags.remove(root, value);
        CHECK_EQ(root, 0);
        for (std::uint64_t value = 0; value < kValues; ++value)
            bags.add(root, value);
    }
    CHECK_EQ(bags.least(root), 0);
    CHECK_EQ(bags.greatest(root), kValues - 1);
    CHECK_EQ(bags.memory_bytes(), bytes);

    ValueBags<StringRef> texts;
    std::uint32_t group = 0;
    std::size_t once = 0;
    for (int round = 0; round < 100; ++round) {
        for (std::uint64_t value = 0; value < 500; ++value)
            texts.add(group, StringRef(text_of(value)));
        texts.release(group);
        if (round == 0) once = texts.memory_bytes();
    }
    CHECK_EQ(texts.memory_bytes(), once);
}

}  // namespace
}  // namespace thalweg
