// What an attempt is as bytes, and the slots of keys that come and go.

#include "ops/match_state.h"

#include "ops/key_slots.h"
#include "state/base/random.h"
#include "state/batch.h"
#include "tests/support/seeds.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

constexpr std::size_t kVariables = 3;

// A B+ C.
MatchPattern some_pattern() {
    MatchPattern pattern;
    pattern.kind = MatchPattern::Kind::kSequence;
    pattern.children.resize(kVariables);
    for (std::uint32_t i = 0; i < kVariables; ++i)
        pattern.children[i].variable = i;
    pattern.children[1].maximum = std::nullopt;
    return pattern;
}

MatchHistory random_history(Random& random) {
    MatchHistory history;
    for (std::uint64_t count = random.below(20); count > 0; --count)
        history.add(static_cast<std::uint32_t>(random.below(kVariables)));
    return history;
}

MatchAttempt random_attempt(Random& random, const MatchProgram& program) {
    MatchAttempt attempt;
    for (std::uint64_t count = random.below(4); count > 0; --count) {
        const auto step = static_cast<std::uint32_t>(random.below(program.size()));
        attempt.threads.push_back({step, random_history(random)});
    }
    if (attempt.threads.empty() || random.below(2) == 0) attempt.found = random_history(random);
    return attempt;
}

TEST_CASE("match_state: an attempt comes back from its bytes, and from no others") {
    const MatchProgram program(some_pattern());
    for (std::uint64_t seed = 1; seed <= test::seeds(200); ++seed) {
        INFO("seed ", seed);
        Random random(seed);
        const MatchAttempt attempt = random_attempt(random, program);
        const std::string bytes = write_attempt(attempt);
        const auto back = read_attempt(bytes, program, kVariables);
        REQUIRE(back.has_value());
        REQUIRE_EQ(back->threads.size(), attempt.threads.size());
        for (std::size_t i = 0; i < attempt.threads.size(); ++i) {
            CHECK_EQ(back->threads[i].step, attempt.threads[i].step);
            CHECK(back->threads[i].history == attempt.threads[i].history);
        }
        CHECK(back->found == attempt.found);
        for (std::size_t size = 0; size < bytes.size(); ++size)
            CHECK_FALSE(read_attempt(std::string_view(bytes).substr(0, size), program, kVariables));
        CHECK_FALSE(read_attempt(bytes + '\0', program, kVariables));
    }
}

TEST_CASE("match_state: broken bytes are refused, or are an attempt") {
    const MatchProgram program(some_pattern());
    std::size_t refused = 0;
    for (std::uint64_t seed = 1; seed <= 500; ++seed) {
        INFO("seed ", seed);
        Random random(seed);
        std::string bytes = write_attempt(random_attempt(random, program));
        bytes[random.below(bytes.size())] ^= static_cast<char>(1U << random.below(8));
        const auto back = read_attempt(bytes, program, kVariables);
        refused += back ? 0U : 1U;
        if (!back) continue;
        for (const MatchThread& thread : back->threads)
            CHECK_LT(thread.step, program.size());
    }
    CHECK_GT(refused, 100);
}

// Keys to slots, against a map.
void check_slots(Random& random, bool has_text) {
    const Type type = has_text ? Type::string() : Type::bigint();
    KeySlots slots({type}, HashSeed::from(random()));
    std::map<std::uint64_t, std::uint32_t> model;
    const SchemaPtr schema = make_schema({{"k", type}});
    for (int round = 0; round < 200; ++round) {
        Batch batch(schema);
        std::vector<std::uint64_t> keys;
        for (std::uint64_t count = 1 + random.below(8); count > 0; --count) {
            const std::size_t row = keys.size();
            keys.push_back(random.below(40));
            batch.column(0).set_valid(row);
            if (has_text) {
                const std::string text = "a key longer than a handle " + std::to_string(keys[row]);
                batch.column(0).data<StringRef>()[row] = StringRef(batch.arena().copy(text));
            } else {
                batch.column(0).data<std::int64_t>()[row] = static_cast<std::int64_t>(keys[row]);
            }
        }
        batch.set_size(keys.size());
        const Column* const column = &batch.column(0);
        std::vector<std::uint32_t> found;
        slots.find_or_insert({&column, 1}, Selection::all(keys.size()), found);
        for (std::size_t i = 0; i < keys.size(); ++i)
            REQUIRE_EQ(model.emplace(keys[i], found[i]).first->second, found[i]);
        std::set<std::uint32_t> used;
        for (const auto& [key, slot] : model)
            REQUIRE(used.insert(slot).second);
        REQUIRE_LT(*used.rbegin(), slots.size());
        for (std::uint64_t count = random.below(6); count > 0 && !model.empty(); --count) {
            const auto each =
                std::next(model.begin(), static_cast<std::ptrdiff_t>(random.below(model.size())));
            slots.erase(each->second);
            model.erase(each);
        }
    }
    CHECK_LE(slots.size(), 40);
}

TEST_CASE("key_slots: a slot is its key's until that is erased") {
    for (std::uint64_t seed = 1; seed <= test::seeds(20); ++seed) {
        INFO("seed ", seed);
        Random random(seed);
        check_slots(random, seed % 2 == 0);
    }
}

}  // namespace
}  // namespace thalweg
