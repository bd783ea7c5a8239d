#pragma once

#include "state/base/int128.h"
#include "state/base/random.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

// The one hash of the project: 64 bits, keyed by a secret, computed once per key and row.
//
// Shape of a hash
//     63        54 53      46 45                              0
//     +-----------+----------+--------------------------------+
//     | key group |   tag    |             bucket        <--  |
//     +-----------+----------+--------------------------------+
//   The high ten bits name one of 1,024 key groups, and a key group names its shard by range, so
//   that rescaling moves groups and never hashes a key again. Tables take their bucket from the low
//   end and their tag from the bits below the group, which all keys of a shard do not share.
//
// Construction
//   A multiplication of 64 by 64 to 128 bits whose halves are added without carry ("folded",
//   Abseil's and wyhash's building block; the code is our own), twice, with secret words between
//   key and product. Whoever knows this file and not the seed sees neither factor, so that sets of
//   keys made to collide elsewhere collide here no more often than any others. Not a MAC: hashes
//   must not be shown to those who choose the keys.
//
// Cost. 0.7 ns for an int64 of a column, 0.9 ns for up to 16 bytes, 24 GB/s for long texts (Zen 5;
// bench/README.md).

namespace thalweg {

// The secret. One per process, made at start from the operating system's randomness, handed down to
// whoever hashes; a checkpoint stores it, since key groups depend on it. Immutable.
class HashSeed {
  public:
    static constexpr std::size_t kWords = 4;

    // For the process: all words from a source of secrets.
    explicit constexpr HashSeed(const std::array<std::uint64_t, kWords>& secret) noexcept
        : words_(secret) {
        // An odd multiplier loses nothing of what it multiplies.
        words_[1] |= 1U;
        words_[3] |= 1U;
    }

    // For tests and the simulator: the same seed, the same hashes, on every machine.
    [[nodiscard]] static HashSeed from(std::uint64_t seed) noexcept {
        Random random(seed);
        return HashSeed({random(), random(), random(), random()});
    }

    [[nodiscard]] constexpr std::uint64_t operator[](std::size_t index) const noexcept {
        return words_[index];
    }

    // What a checkpoint keeps: HashSeed(seed.words()) == seed.
    [[nodiscard]] constexpr const std::array<std::uint64_t, kWords>& words() const noexcept {
        return words_;
    }

    friend bool operator==(const HashSeed&, const HashSeed&) = default;

  private:
    std::array<std::uint64_t, kWords> words_;
};

inline constexpr std::uint32_t kKeyGroups = 1024;
inline constexpr unsigned kKeyGroupShift = 54;

[[nodiscard]] constexpr std::uint32_t key_group(std::uint64_t hash) noexcept {
    return static_cast<std::uint32_t>(hash >> kKeyGroupShift);
}

// Which of `shards` owns a key group: ranges of groups that differ in length by at most one.
[[nodiscard]] constexpr std::uint32_t shard_of_group(std::uint32_t group,
                                                     std::uint32_t shards) noexcept {
    return group * shards / kKeyGroups;
}

// Both halves of the product, added without carry.
[[nodiscard]] constexpr std::uint64_t fold_multiply(std::uint64_t a, std::uint64_t b) noexcept {
    const UInt128 product = static_cast<UInt128>(a) * b;
    return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

[[nodiscard]] constexpr std::uint64_t hash_word(const HashSeed& seed, std::uint64_t key) noexcept {
    return fold_multiply(fold_multiply(key ^ seed[0], seed[1]) ^ seed[2], seed[3]);
}

[[nodiscard]] constexpr std::uint64_t hash_words(const HashSeed& seed,
                                                 std::uint64_t first,
                                                 std::uint64_t second) noexcept {
    const std::uint64_t inner = fold_multiply(first ^ seed[0], seed[1]);
    return fold_multiply(fold_multiply(inner ^ second ^ seed[2], seed[3]) ^ seed[0], seed[1]);
}

// Takes one more word of a key into its hash. Not commutative: (a, b) and (b, a) part ways.
[[nodiscard]] constexpr std::uint64_t hash_combine(const HashSeed& seed,
                                                   std::uint64_t hash,
                                                   std::uint64_t word) noexcept {
    return fold_multiply(fold_multiply(hash ^ word ^ seed[2], seed[1]) ^ seed[0], seed[3]);
}

namespace hash_detail {

[[nodiscard]] inline std::uint64_t load_8(const char* bytes) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    return word;
}

[[nodiscard]] inline std::uint64_t load_4(const char* bytes) noexcept {
    std::uint32_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    return word;
}

// Sixteen bytes that hold all of a text of at most sixteen: two loads that may overlap. Different
// texts of one length give different pairs.
struct Pair {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
};

[[nodiscard]] inline Pair load_short(const char* bytes, std::size_t size) noexcept {
    if (size >= 8) return {load_8(bytes), load_8(bytes + size - 8)};
    if (size >= 4) return {load_4(bytes), load_4(bytes + size - 4)};
    if (size == 0) return {};
    const auto at = [bytes](std::size_t index) {
        return std::uint64_t{static_cast<unsigned char>(bytes[index])};
    };
    return {at(0) | at(size / 2) << 8U, at(size - 1)};
}

}  // namespace hash_detail

// Hashes `text`, its length included. Past 16 bytes each step folds two words that both met a
// secret or the state; past 64 two independent states run side by side, because a fold waits four
// cycles for its product and the multiplier could start one each cycle.
[[nodiscard]] inline std::uint64_t hash_bytes(const HashSeed& seed,
                                              std::string_view text) noexcept {
    using hash_detail::load_8;
    const char* at = text.data();
    std::size_t left = text.size();
    std::uint64_t state = fold_multiply(seed[0] ^ left, seed[1]);
    if (left > 64) {
        std::uint64_t other = state ^ seed[3];
        for (; left > 32; at += 32, left -= 32) {
            state = fold_multiply(load_8(at) ^ seed[2], load_8(at + 8) ^ state);
            other = fold_multiply(load_8(at + 16) ^ seed[0], load_8(at + 24) ^ other);
        }
        state = fold_multiply(state ^ seed[1], other ^ seed[3]);
    }
    for (; left > 16; at += 16, left -= 16)
        state = fold_multiply(load_8(at) ^ seed[2], load_8(at + 8) ^ state);
    const hash_detail::Pair last = hash_detail::load_short(at, left);
    state = fold_multiply(last.low ^ seed[2], last.high ^ state);
    return fold_multiply(state ^ seed[0], seed[3]);
}

// Column by column. `hash_column` starts a key, `combine_column` takes one more column into it; the
// results equal hash_word and hash_combine row by row. The spans have one length.
inline void hash_column(const HashSeed& seed,
                        std::span<const std::int64_t> values,
                        std::span<std::uint64_t> hashes) noexcept {
    const HashSeed local = seed;  // A copy the stores cannot alias: it stays in registers.
    for (std::size_t i = 0; i < values.size(); ++i)
        hashes[i] = hash_word(local, static_cast<std::uint64_t>(values[i]));
}

inline void combine_column(const HashSeed& seed,
                           std::span<const std::int64_t> values,
                           std::span<std::uint64_t> hashes) noexcept {
    const HashSeed local = seed;
    for (std::size_t i = 0; i < values.size(); ++i)
        hashes[i] = hash_combine(local, hashes[i], static_cast<std::uint64_t>(values[i]));
}

}  // namespace thalweg
