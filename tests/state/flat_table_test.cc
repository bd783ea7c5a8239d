// FlatTable and ByteTable against std::unordered_map, under honest hashes and under the worst.

#include "state/flat_table.h"

#include "state/base/hash.h"
#include "state/base/random.h"

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

namespace thalweg {
namespace {

const HashSeed kSeed = HashSeed::from(1);

// Ways for keys to meet. The worst are quadratic, so they get few keys.
struct Meeting {
    const char* name;
    std::uint64_t mask;  // Bits of the hash that survive.
    std::uint64_t keys;  // How many different ones.
};

constexpr std::array<Meeting, 5> kMeetings = {{
    {"honest", ~std::uint64_t{0}, 50'000},
    {"one shard of 1,024", (std::uint64_t{1} << 54U) - 1, 20'000},
    {"one tag", (std::uint64_t{1} << 46U) - 1, 5'000},
    {"sixteen buckets", ~std::uint64_t{0} << 60U, 2'000},
    {"all equal", 0, 500},
}};

std::uint64_t load(const std::byte* bytes) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    return word;
}

void store(std::byte* bytes, std::uint64_t word) {
    std::memcpy(bytes, &word, sizeof word);
}

// Key number n of a table whose keys have `words` words: they differ in the last and in the first.
std::vector<std::uint64_t> wide_key(std::uint64_t number, std::size_t words) {
    std::vector<std::uint64_t> key(words, 0x1111111111111111U);
    key.front() = number / 3;
    key.back() = number;
    return key;
}

std::span<const std::byte> bytes_of(const std::vector<std::uint64_t>& words) {
    return std::as_bytes(std::span(words));
}

// Drives a FlatTable and a std::unordered_map side by side: the payload counts the key's arrivals.
class FlatHarness {
  public:
    FlatHarness(std::size_t words, const Meeting& meeting, std::uint64_t seed)
        : words_(words), meeting_(meeting), random_(seed), table_(words * 8, 12) {}

    FlatTable& table() { return table_; }

    std::uint64_t hash_of(std::uint64_t number) const {
        return hash_word(kSeed, number) & meeting_.mask;
    }

    void insert_batch(std::size_t rows) {
        draw(rows);
        const std::size_t before = table_.size();
        REQUIRE_EQ(table_.find_or_insert(bytes_of(keys_), hashes_, positions_), before);
        for (std::size_t row = 0; row < rows; ++row) {
            std::byte* const payload = table_.payload(positions_[row]);
            const auto [model, is_new] = model_.try_emplace(numbers_[row], 0);
            if (is_new) REQUIRE(positions_[row] >= before);
            REQUIRE_EQ(load(payload), model->second);
            REQUIRE_EQ(load(payload + 8), model->second);
            ++model->second;
            store(payload, model->second);
            store(payload + 8, model->second);
        }
        REQUIRE_EQ(table_.size(), model_.size());
    }

    void find_batch(std::size_t rows) {
        draw(rows);
        table_.find(bytes_of(keys_), hashes_, positions_);
        for (std::size_t row = 0; row < rows; ++row) {
            const auto model = model_.find(numbers_[row]);
            if (model == model_.end()) {
                REQUIRE_EQ(positions_[row], FlatTable::kAbsent);
            } else {
                REQUIRE(positions_[row] < table_.size());
                REQUIRE_EQ(load(table_.payload(positions_[row])), model->second);
            }
        }
    }

    void erase_some(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            const std::uint64_t number = random_.below(meeting_.keys);
            const bool erased = table_.erase(bytes_of(wide_key(number, words_)), hash_of(number));
            REQUIRE_EQ(erased, model_.erase(number) == 1);
        }
        REQUIRE_EQ(table_.size(), model_.size());
    }

    void walk() {
        std::unordered_map<std::uint64_t, std::uint64_t> seen;
        table_.for_each([&](std::uint32_t position) {
            const std::byte* const entry = table_.entry(position);
            const std::uint64_t number = load(entry + (words_ - 1) * 8);
            REQUIRE_EQ(load(entry), words_ == 1 ? number : number / 3);
            REQUIRE_EQ(table_.hash_of(position), hash_of(number));
            REQUIRE(seen.emplace(number, load(table_.payload(position))).second);
        });
        REQUIRE(seen == model_);
    }

    void clear() {
        table_.clear();
        model_.clear();
        REQUIRE(table_.empty());
    }

  private:
    void draw(std::size_t rows) {
        keys_.clear();
        numbers_.clear();
        hashes_.clear();
        positions_.assign(rows, 0);
        for (std::size_t row = 0; row < rows; ++row) {
            numbers_.push_back(random_.below(meeting_.keys));
            hashes_.push_back(hash_of(numbers_.back()));
            if (words_ == 1) {
                keys_.push_back(numbers_.back());
            } else {
                const std::vector<std::uint64_t> key = wide_key(numbers_.back(), words_);
                keys_.insert(keys_.end(), key.begin(), key.end());
            }
        }
    }

    const std::size_t words_;
    const Meeting& meeting_;
    Random random_;
    FlatTable table_;
    std::unordered_map<std::uint64_t, std::uint64_t> model_;
    std::vector<std::uint64_t> keys_;
    std::vector<std::uint64_t> numbers_;
    std::vector<std::uint64_t> hashes_;
    std::vector<std::uint32_t> positions_;
};

TEST_CASE("flat_table: agrees with unordered_map whatever the hashes do") {
    const std::uint64_t seed = std::random_device{}();
    CAPTURE(seed);
    for (const Meeting& meeting : kMeetings) {
        CAPTURE(meeting.name);
        for (const std::size_t words : {1U, 2U, 5U}) {
            CAPTURE(words);
            FlatHarness harness(words, meeting, seed);
            harness.find_batch(10);
            harness.erase_some(10);
            for (int round = 0; round < 12; ++round) {
                harness.insert_batch(round % 2 == 0 ? 1024 : 7);
                harness.find_batch(300);
                harness.erase_some(round % 3 == 0 ? 700 : 20);
                if (round % 4 == 3) harness.walk();
                if (round == 7) harness.clear();
            }
            harness.walk();
        }
    }
}

TEST_CASE("flat_table: agrees with unordered_map past the cache, through several growths") {
    FlatHarness harness(1, kMeetings[0], 5);
    for (int round = 0; round < 200; ++round)
        harness.insert_batch(1024);
    harness.find_batch(1024);
    harness.walk();
    // Emptied and filled again, key by key: no tombstone may make it grow or slow down.
    const std::size_t memory_bytes = harness.table().memory_bytes();
    for (int round = 0; round < 20; ++round) {
        harness.erase_some(10'000);
        harness.insert_batch(1024);
    }
    harness.walk();
    CHECK_EQ(harness.table().memory_bytes(), memory_bytes);
}

TEST_CASE("flat_table: a key that comes twice in a batch is inserted once") {
    FlatTable table(8, 8);
    const std::array<std::uint64_t, 5> keys = {7, 8, 7, 7, 8};
    std::array<std::uint64_t, 5> hashes{};
    for (std::size_t i = 0; i < keys.size(); ++i)
        hashes[i] = hash_word(kSeed, keys[i]);
    std::array<std::uint32_t, 5> positions{};
    CHECK_EQ(table.find_or_insert(std::as_bytes(std::span(keys)), hashes, positions), 0);
    CHECK_EQ(table.size(), 2);
    CHECK(positions == std::array<std::uint32_t, 5>{0, 1, 0, 0, 1});
}

TEST_CASE("flat_table: memory is bounded, kept by clear, given back by release") {
    constexpr std::size_t kKeys = 200'000;
    FlatTable table(8, 16);
    CHECK_EQ(table.memory_bytes(), 0);
    std::vector<std::uint64_t> keys(kKeys);
    std::vector<std::uint64_t> hashes(kKeys);
    std::vector<std::uint32_t> positions(kKeys);
    for (std::size_t i = 0; i < kKeys; ++i) {
        keys[i] = i;
        hashes[i] = hash_word(kSeed, i);
    }
    table.find_or_insert(std::as_bytes(std::span(keys)), hashes, positions);
    // 24 an entry, 8 its hash, 6 to 12 its share of lines; each array rounded up to a huge page.
    const std::size_t memory_bytes = table.memory_bytes();
    CHECK(memory_bytes < kKeys * 45 + 3 * Pages::kHugePageBytes);

    table.clear();
    CHECK(table.empty());
    CHECK_EQ(table.memory_bytes(), memory_bytes);
    table.find(std::as_bytes(std::span(keys)), hashes, positions);
    for (const std::uint32_t position : positions)
        REQUIRE_EQ(position, FlatTable::kAbsent);

    // A life that used little of it shrinks it.
    table.find_or_insert(std::as_bytes(std::span(keys).first(10)),
                         std::span(hashes).first(10),
                         std::span(positions).first(10));
    table.clear();
    CHECK(table.memory_bytes() < 4096);

    table.release();
    CHECK_EQ(table.memory_bytes(), 0);
    table.reserve(1'000);
    const std::size_t reserved = table.memory_bytes();
    table.find_or_insert(std::as_bytes(std::span(keys).first(1'000)),
                         std::span(hashes).first(1'000),
                         std::span(positions).first(1'000));
    CHECK_EQ(table.memory_bytes(), reserved);
}

TEST_CASE("flat_table: moves with its entries") {
    FlatTable source(8, 8);
    const std::array<std::uint64_t, 1> key = {3};
    const std::array<std::uint64_t, 1> hash = {hash_word(kSeed, 3)};
    std::array<std::uint32_t, 1> position{};
    source.find_or_insert(std::as_bytes(std::span(key)), hash, position);
    FlatTable target = std::move(source);
    target.find(std::as_bytes(std::span(key)), hash, position);
    CHECK_EQ(position[0], 0);
}

// Texts of all the lengths that matter to a StringRef, distinct for distinct numbers.
std::string text_of(std::uint64_t number) {
    std::string text = std::to_string(number);
    if (number % 3 == 1) text.insert(0, "common-prefix-longer-than-twelve-");
    if (number % 31 == 2) text.append(std::string(200, 'x'));
    return number == 0 ? std::string() : text;
}

class ByteHarness {
  public:
    ByteHarness(const Meeting& meeting, std::uint64_t seed)
        : meeting_(meeting), random_(seed), table_(8) {}

    ByteTable& table() { return table_; }

    void insert_batch(std::size_t rows) {
        std::vector<std::string> texts;
        for (std::size_t row = 0; row < rows; ++row)
            texts.push_back(text_of(random_.below(meeting_.keys)));
        std::vector<StringRef> keys;
        std::vector<std::uint64_t> hashes;
        for (const std::string& text : texts) {
            keys.emplace_back(text);
            hashes.push_back(hash_of(text));
        }
        std::vector<std::uint32_t> positions(rows);
        const std::size_t before = table_.size();
        REQUIRE_EQ(table_.find_or_insert(keys, hashes, positions), before);
        for (std::size_t row = 0; row < rows; ++row) {
            std::byte* const payload = table_.payload(positions[row]);
            std::uint64_t& model = model_[texts[row]];
            REQUIRE_EQ(load(payload), model);
            store(payload, ++model);
        }
        REQUIRE_EQ(table_.size(), model_.size());
    }

    void erase_some(std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            const std::string text = text_of(random_.below(meeting_.keys));
            const bool erased = table_.erase(StringRef(text), hash_of(text));
            REQUIRE_EQ(erased, model_.erase(text) == 1);
        }
    }

    void check() {
        std::unordered_map<std::string, std::uint64_t> seen;
        table_.for_each([&](std::uint32_t position) {
            seen.emplace(table_.key(position).view(), load(table_.payload(position)));
        });
        REQUIRE(seen == model_);
        std::vector<std::string> texts;
        for (std::uint64_t i = 0; i < 500; ++i)
            texts.push_back(text_of(i));
        std::vector<StringRef> keys(texts.begin(), texts.end());
        std::vector<std::uint64_t> hashes;
        for (const std::string& text : texts)
            hashes.push_back(hash_of(text));
        std::vector<std::uint32_t> positions(texts.size());
        table_.find(keys, hashes, positions);
        for (std::size_t i = 0; i < texts.size(); ++i)
            REQUIRE_EQ(positions[i] != ByteTable::kAbsent, model_.contains(texts[i]));
    }

    void clear() {
        table_.clear();
        model_.clear();
    }

  private:
    std::uint64_t hash_of(const std::string& text) const {
        return hash_bytes(kSeed, text) & meeting_.mask;
    }

    const Meeting& meeting_;
    Random random_;
    ByteTable table_;
    std::unordered_map<std::string, std::uint64_t> model_;
};

TEST_CASE("byte_table: agrees with unordered_map whatever the hashes do") {
    const std::uint64_t seed = std::random_device{}();
    CAPTURE(seed);
    for (const Meeting& meeting : kMeetings) {
        CAPTURE(meeting.name);
        ByteHarness harness(meeting, seed);
        for (int round = 0; round < 12; ++round) {
            harness.insert_batch(round % 2 == 0 ? 1024 : 7);
            harness.erase_some(round % 3 == 0 ? 700 : 20);
            if (round == 7) harness.clear();
            harness.check();
        }
    }
}

TEST_CASE("byte_table: the text of erased keys is reclaimed") {
    ByteHarness harness(kMeetings[4], 9);
    for (int round = 0; round < 10; ++round) {
        harness.insert_batch(1024);
        harness.erase_some(2'000);
    }
    const std::size_t memory_bytes = harness.table().memory_bytes();
    for (int round = 0; round < 60; ++round) {
        harness.insert_batch(1024);
        harness.erase_some(2'000);
    }
    harness.check();
    CHECK(harness.table().memory_bytes() <= memory_bytes * 2);
    harness.table().release();
    CHECK_EQ(harness.table().memory_bytes(), 0);
}

}  // namespace
}  // namespace thalweg
