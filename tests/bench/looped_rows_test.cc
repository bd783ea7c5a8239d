#include "bench/looped_rows.h"

#include "state/base/random.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

namespace thalweg::bench {

namespace {

struct Row {
    std::int64_t ts;
    std::int32_t index, padding;
};

std::shared_ptr<const Trace> make_trace(std::size_t count) {
    std::vector<Row> rows;
    for (std::size_t i = 0; i < count; ++i)
        rows.push_back({100 + static_cast<std::int64_t>(i / 3), static_cast<std::int32_t>(i), 7});
    return trace_of<Row>(rows);
}

// All rows that the input gives, taken `step` rows at a time at most, as a decoder does whose batch
// is full.
std::vector<Row> read(LoopedRows& input, std::size_t step) {
    std::vector<Row> rows;
    std::uint64_t position = 0;
    for (std::string_view piece = input.piece(0); !piece.empty(); piece = input.piece(position)) {
        const std::size_t taken = std::min(piece.size() / sizeof(Row), step);
        rows.resize(rows.size() + taken);
        std::memcpy(rows.data() + rows.size() - taken, piece.data(), taken * sizeof(Row));
        position += taken * sizeof(Row);
    }
    CHECK(position == input.bytes());
    return rows;
}

}  // namespace

TEST_CASE("looped rows: rounds follow each other in time, whatever is taken at once") {
    const std::uint64_t seed = 11;
    CAPTURE(seed);
    Random random(seed);
    for (int round = 0; round < 40; ++round) {
        const std::size_t count = 1 + random.below(3'000);
        const std::size_t records = random.below(4 * count + 2);
        const std::size_t step = 1 + random.below(1'500);
        CAPTURE(count);
        CAPTURE(records);
        CAPTURE(step);
        const auto trace = make_trace(count);
        LoopedRows input(trace);
        for (int run = 0; run < 2; ++run) {
            input.restart(records);
            const std::vector<Row> rows = read(input, step);
            REQUIRE(rows.size() == records);
            std::size_t wrong = 0;
            for (std::size_t i = 0; i < records; ++i) {
                const Row expected = trace->row<Row>(i);
                if (rows[i].ts != expected.ts || rows[i].index != expected.index) ++wrong;
                if (i > 0 && rows[i].ts < rows[i - 1].ts) ++wrong;
            }
            CHECK(wrong == 0);
        }
    }
}

TEST_CASE("looped rows: the next round begins a second after the last row") {
    const auto trace = make_trace(6);
    CHECK(trace->span == 2);
    CHECK(trace->row<Row>(5).ts == 101);
    CHECK(trace->row<Row>(6).ts == 102);
}

}  // namespace thalweg::bench
