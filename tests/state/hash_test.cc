// Hash: what tables, shards and checkpoints rely on. Seeds are fixed, so that a failure repeats;
// the bounds are far beyond what chance does to a good hash.

#include "state/base/hash.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <bit>
#include <string>
#include <unordered_set>
#include <vector>

namespace thalweg {
namespace {

const HashSeed kSeed = HashSeed::from(42);

// Checks that `hashes` look random where it matters: as 64 bits, as key groups, as buckets, as
// tags.
void check_spread(const std::vector<std::uint64_t>& hashes) {
    const std::unordered_set<std::uint64_t> distinct(hashes.begin(), hashes.end());
    CHECK_EQ(distinct.size(), hashes.size());
    for (const unsigned shift : {0U, 44U, kKeyGroupShift}) {
        CAPTURE(shift);
        std::vector<std::size_t> counts(kKeyGroups, 0);
        for (const std::uint64_t hash : hashes)
            ++counts[(hash >> shift) % kKeyGroups];
        // Chi squared of 1,024 cells: mean 1,023, deviation 45; seven deviations either way.
        const double expected = static_cast<double>(hashes.size()) / kKeyGroups;
        double chi_squared = 0;
        for (const std::size_t count : counts) {
            const double difference = static_cast<double>(count) - expected;
            chi_squared += difference * difference / expected;
        }
        CHECK(chi_squared > 700);
        CHECK(chi_squared < 1'340);
    }
}

TEST_CASE("hash: words that differ little spread over groups, buckets and tags") {
    constexpr std::size_t kCount = 100'000;
    for (const unsigned shift : {0U, 8U, 20U, 40U}) {
        CAPTURE(shift);
        std::vector<std::uint64_t> hashes;
        for (std::uint64_t i = 0; i < kCount; ++i)
            hashes.push_back(hash_word(kSeed, i << shift));
        check_spread(hashes);
    }
}

TEST_CASE("hash: pairs and combinations spread") {
    std::vector<std::uint64_t> pairs;
    std::vector<std::uint64_t> combined;
    for (std::uint64_t a = 0; a < 300; ++a) {
        for (std::uint64_t b = 0; b < 300; ++b) {
            pairs.push_back(hash_words(kSeed, a, b));
            combined.push_back(hash_combine(kSeed, hash_word(kSeed, a), b));
        }
    }
    check_spread(pairs);
    check_spread(combined);
}

TEST_CASE("hash: bytes spread, and length counts") {
    std::vector<std::uint64_t> hashes;
    for (int i = 0; i < 100'000; ++i)
        hashes.push_back(hash_bytes(kSeed, "key-" + std::to_string(i)));
    check_spread(hashes);

    std::vector<std::uint64_t> zeros;
    const std::string text(300, '\0');
    for (std::size_t size = 0; size <= text.size(); ++size)
        zeros.push_back(hash_bytes(kSeed, std::string_view(text).substr(0, size)));
    std::ranges::sort(zeros);
    CHECK(std::ranges::adjacent_find(zeros) == zeros.end());
}

TEST_CASE("hash: every byte of every length matters, half of the bits change") {
    Random random(7);
    for (std::size_t size = 1; size <= 200; ++size) {
        CAPTURE(size);
        std::string text(size, 0);
        for (char& c : text)
            c = static_cast<char>(random());
        const std::uint64_t before = hash_bytes(kSeed, text);
        CHECK_EQ(hash_bytes(kSeed, std::string(text)), before);
        for (std::size_t i = 0; i < size; ++i) {
            text[i] = static_cast<char>(text[i] ^ 1);
            const int changed = std::popcount(before ^ hash_bytes(kSeed, text));
            text[i] = static_cast<char>(text[i] ^ 1);
            REQUIRE(changed > 8);
            REQUIRE(changed < 56);
        }
    }
}

TEST_CASE("hash: another seed is another function") {
    // Keys that share a bucket under one seed are strangers under the next.
    std::vector<std::uint64_t> colliding;
    for (std::uint64_t key = 0; colliding.size() < 1'000; ++key)
        if (hash_word(kSeed, key) % 64 == 0) colliding.push_back(key);
    for (std::uint64_t other = 100; other < 110; ++other) {
        const HashSeed seed = HashSeed::from(other);
        const auto again = std::ranges::count_if(
            colliding, [&](std::uint64_t key) { return hash_word(seed, key) % 64 == 0; });
        CHECK(again < 60);  // 16 expected.
    }
}

TEST_CASE("hash: columns give what rows give") {
    Random random(3);
    std::vector<std::int64_t> first(1'000);
    std::vector<std::int64_t> second(1'000);
    std::vector<std::uint64_t> hashes(1'000);
    for (std::size_t i = 0; i < first.size(); ++i) {
        first[i] = static_cast<std::int64_t>(random());
        second[i] = static_cast<std::int64_t>(random());
    }
    hash_column(kSeed, first, hashes);
    combine_column(kSeed, second, hashes);
    for (std::size_t i = 0; i < first.size(); ++i) {
        const std::uint64_t hash = hash_word(kSeed, static_cast<std::uint64_t>(first[i]));
        REQUIRE_EQ(hashes[i], hash_combine(kSeed, hash, static_cast<std::uint64_t>(second[i])));
    }
}

TEST_CASE("hash: shards own ranges of key groups of nearly one length") {
    CHECK_EQ(key_group(~std::uint64_t{0}), kKeyGroups - 1);
    for (std::uint32_t shards = 1; shards <= 64; ++shards) {
        std::vector<std::uint32_t> groups(shards, 0);
        std::uint32_t last = 0;
        for (std::uint32_t group = 0; group < kKeyGroups; ++group) {
            const std::uint32_t shard = shard_of_group(group, shards);
            REQUIRE(shard < shards);
            REQUIRE(shard >= last);
            last = shard;
            ++groups[shard];
        }
        const auto [least, most] = std::ranges::minmax(groups);
        CHECK(most - least <= 1);
    }
}

TEST_CASE("hash: a seed survives being written and read") {
    CHECK(HashSeed(kSeed.words()) == kSeed);
    CHECK_FALSE(HashSeed::from(1) == HashSeed::from(2));
}

}  // namespace
}  // namespace thalweg
