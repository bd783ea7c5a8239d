#pragma once

#include "ops/sort_key.h"
#include "state/base/hash.h"
#include "state/schema.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace thalweg {

enum class RankKind : std::uint8_t {
    kRowNumber,
    kRank,       // Equal keys have one rank, the next key that of its row number.
    kDenseRank,  // The same without gaps.
};

// ROW_NUMBER() OVER (PARTITION BY .. ORDER BY ..) AS n .. WHERE n BETWEEN first AND last, and what
// is one: deduplication, LIMIT.
//
// Rows of equal keys are in the order of their arrival; without ORDER BY that is all there is.
struct RankSpec {
    static constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

    SchemaPtr schema;  // Of the input.
    std::vector<std::size_t> partition;
    // Which of these, by their place among them, the exchange in front hashes; empty: all.
    std::vector<std::size_t> route;
    std::vector<SortItem> order;
    RankKind kind = RankKind::kRowNumber;
    std::uint64_t first = 1;
    std::uint64_t last = kNoLimit;
    bool has_number = false;    // A BIGINT NOT NULL behind the columns of the input.
    bool is_changing = false;   // Rows of the input may be taken back.
    bool newest_first = false;  // Rows of equal keys are in the reverse order of their arrival.
    HashSeed seed = HashSeed::from(0);
    std::int64_t ttl_ns = 0;  // Of a partition, for make_top_n; 0: none.
};

// Whether a row that takes the place of another is told as its update.
[[nodiscard]] inline bool has_updates(const RankSpec& spec) noexcept {
    return spec.has_number || spec.first == spec.last;
}

// What comes out: the columns of the input, then the number, if it is asked for.
[[nodiscard]] SchemaPtr ranked_schema(const RankSpec& spec);

}  // namespace thalweg
