// The containers of state/ against those of the standard library, driven by rapidcheck: what fails
// is shrunk to the shortest sequence that does.

#include "state/arena.h"
#include "state/batch.h"
#include "state/flat_table.h"

#include <doctest/doctest.h>

#include <rapidcheck.h>

#include <array>
#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace thalweg {
namespace {

// Few keys and, at times, one hash for all: collisions and repetitions are the rule.
std::uint64_t hash_of(std::uint64_t key, bool collides) {
    return collides ? 42 : key * 0x9e3779b97f4a7c15ULL;
}

TEST_CASE("flat table: agrees with a map, whatever is inserted and erased") {
    const bool holds = rc::check(
        "flat table is a map", [](const std::vector<std::uint16_t>& steps, bool collides) {
            FlatTable table(8, 8);
            std::map<std::uint64_t, std::uint64_t> model;
            for (const std::uint16_t step : steps) {
                const std::uint64_t key = step % 61;
                const std::uint64_t hash = hash_of(key, collides);
                const auto bytes = std::as_bytes(std::span(&key, 1));
                if (step % 4 == 0) {
                    RC_ASSERT(table.erase(bytes, hash) == (model.erase(key) != 0));
                    continue;
                }
                std::uint32_t position = 0;
                const std::size_t before =
                    table.find_or_insert(bytes, std::span(&hash, 1), std::span(&position, 1));
                RC_ASSERT((position >= before) == !model.contains(key));
                std::byte* const payload = table.entry(position) + 8;
                std::uint64_t sum = 0;
                std::memcpy(&sum, payload, sizeof sum);
                RC_ASSERT(sum == model[key]);
                sum += step;
                model[key] = sum;
                std::memcpy(payload, &sum, sizeof sum);
            }
            RC_ASSERT(table.size() == model.size());
        });
    CHECK(holds);
}

TEST_CASE("byte table: agrees with a map of strings") {
    const bool holds =
        rc::check("byte table is a map", [](const std::vector<std::string>& texts, bool collides) {
            ByteTable table(8);
            std::map<std::string, std::uint32_t> model;
            for (const std::string& each : texts) {
                // Short ones are inline, long ones are copied.
                const std::string text = each.size() % 2 == 0 ? each : each + each + "0123456789ab";
                const StringRef key(text);
                const std::uint64_t hash = hash_of(std::hash<std::string>()(text), collides);
                std::uint32_t position = 0;
                table.find_or_insert(
                    std::span(&key, 1), std::span(&hash, 1), std::span(&position, 1));
                model.emplace(text, position);
                RC_ASSERT(model[text] == position);
                RC_ASSERT(table.key(position).view() == text);
            }
            RC_ASSERT(table.size() == model.size());
        });
    CHECK(holds);
}

TEST_CASE("arena: what it hands out stays apart, aligned and whole") {
    const bool holds =
        rc::check("arena", [](const std::vector<std::uint16_t>& sizes, std::uint8_t fill) {
            Arena arena;
            std::vector<std::pair<char*, std::size_t>> blocks;
            for (const std::uint16_t size : sizes) {
                const std::size_t alignment = std::size_t{1} << (size % 7);
                char* const block = arena.allocate(size, alignment);
                RC_ASSERT(reinterpret_cast<std::uintptr_t>(block) % alignment == 0);
                std::memset(block, fill + static_cast<int>(blocks.size()) % 7, size);
                blocks.emplace_back(block, size);
            }
            for (std::size_t i = 0; i < blocks.size(); ++i) {
                for (std::size_t k = 0; k < blocks[i].second; ++k)
                    RC_ASSERT(blocks[i].first[k] ==
                              static_cast<char>(fill + static_cast<int>(i) % 7));
            }
        });
    CHECK(holds);
}

TEST_CASE("arena: nothing of an empty one, and one that was moved from") {
    Arena arena;
    CHECK_NE(arena.allocate(0), nullptr);
    const std::string_view kept = arena.copy("a text that is kept");
    const Arena taken = std::move(arena);
    arena = Arena();
    CHECK_EQ(arena.copy("another"), "another");
    CHECK_EQ(kept, "a text that is kept");
    CHECK_GT(taken.memory_bytes(), 0);
}

TEST_CASE("batch: appended rows read back as they were, nulls and strings included") {
    using Cell = std::array<std::uint8_t, 2>;
    const bool holds = rc::check("batch", [](const std::vector<std::vector<Cell>>& parts) {
        const SchemaPtr schema = make_schema({{"n", Type::integer()}, {"s", Type::string()}});
        Batch target(schema);
        std::vector<Cell> model;
        for (const std::vector<Cell>& part : parts) {
            if (part.size() > target.room()) break;
            Batch source(schema);
            std::vector<std::uint16_t> kept;
            for (std::size_t i = 0; i < part.size(); ++i) {
                source.column(0).data<std::int32_t>()[i] = part[i][0];
                const std::string text(part[i][1] % 32, 's');
                source.column(1).data<StringRef>()[i] = StringRef(source.arena().copy(text));
                if (part[i][0] % 5 == 0) source.column(0).set_null(i);
                if (part[i][1] % 5 == 0) source.column(1).set_null(i);
                if (part[i][0] % 3 == 0) continue;
                kept.push_back(static_cast<std::uint16_t>(i));
                model.push_back(part[i]);
            }
            source.set_size(part.size());
            target.append(source.view(), Selection::list(kept));
        }
        RC_ASSERT(target.size() == model.size());
        for (std::size_t i = 0; i < model.size(); ++i) {
            RC_ASSERT(target.column(0).is_null(i) == (model[i][0] % 5 == 0));
            RC_ASSERT(target.column(1).is_null(i) == (model[i][1] % 5 == 0));
            if (model[i][0] % 5 != 0)
                RC_ASSERT(target.column(0).data<std::int32_t>()[i] == model[i][0]);
            if (model[i][1] % 5 != 0)
                RC_ASSERT(target.column(1).data<StringRef>()[i].size() == model[i][1] % 32U);
        }
    });
    CHECK(holds);
}

}  // namespace
}  // namespace thalweg
