// Top-N, by window as well, and ORDER BY against what they mean.

#include "ops/top_n.h"

#include "ops/sort.h"
#include "ops/window_top_n.h"
#include "tests/support/rank_model.h"
#include "tests/support/seeds.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

Texts ranked(const RankSpec& spec, const Table& table) {
    Texts texts;
    for (const auto& [key, rows] : table.partitions) {
        std::uint64_t rank = 0;
        std::uint64_t dense = 0;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const bool is_peer = i != 0 && table.are_peers(rows[i - 1], rows[i]);
            if (!is_peer) rank = i + 1;
            if (!is_peer) ++dense;
            const std::uint64_t number = spec.kind == RankKind::kRowNumber ? i + 1
                                         : spec.kind == RankKind::kRank    ? rank
                                                                           : dense;
            if (number < spec.first || number > spec.last) continue;
            Row row = rows[i].row;
            if (spec.has_number) row.push_back({static_cast<std::int64_t>(number)});
            texts.insert(text_of(row));
        }
    }
    return texts;
}

TEST_CASE("top_n: what is left of its changes are the rows that rank so") {
    for (std::uint64_t seed = 1; seed <= test::seeds(200); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        RankSpec spec;
        spec.schema = stream_schema();
        spec.partition = random_keys(random);
        spec.order = random_order(random, 0);
        spec.kind = static_cast<RankKind>(random.below(3));
        spec.first = 1 + (chance(random, 3) ? random.below(3) : 0);
        spec.last = chance(random, 8) ? RankSpec::kNoLimit : spec.first + random.below(4) - 1;
        spec.has_number = chance(random, 2);
        spec.is_changing = chance(random, 2);
        spec.newest_first = chance(random, 4);
        spec.seed = HashSeed::from(random());
        ChangesModel(seed, spec.is_changing, spec.newest_first)
            .run([&] { return make_top_n(spec); },
                 spec.partition,
                 spec.order,
                 [&](const Table& table) { return ranked(spec, table); });
    }
}

TEST_CASE("sort: with the watermark, and at the end over what is left") {
    for (std::uint64_t seed = 1; seed <= test::seeds(60); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        SortSpec spec{stream_schema(), random_order(random, 1), false};
        const std::unique_ptr<Op> op = make_sort(spec);
        OpContext context;
        Fold fold;
        Table table({}, spec.order);
        std::vector<Row> held;
        std::int64_t place = 0;
        for (int batch = 0; batch < 5; ++batch) {
            std::vector<Change> changes;
            for (std::uint64_t count = 1 + random.below(300); count > 0; --count) {
                if (!held.empty() && chance(random, 4)) {
                    const std::size_t at = random.below(held.size());
                    changes.push_back({held[at], RowKind::kDelete});
                    table.erase(held[at]);
                    held.erase(held.begin() + static_cast<std::ptrdiff_t>(at));
                } else {
                    changes.push_back({random_row(random, 0), RowKind::kInsert});
                    held.push_back(changes.back().row);
                    table.insert(held.back(), ++place);
                }
            }
            feed_changes(*op, changes, context, fold);
        }
        CHECK(fold.order.empty());
        while (op->advance(Watermark::max(), context, fold) == Progress::kMore) {
        }
        std::vector<std::string> wanted;
        for (const Held& row : table.partitions[""])
            wanted.push_back(text_of(row.row));
        REQUIRE(fold.order == wanted);
    }
}

// --- By window ---

TEST_CASE("window_top_n: the rows that rank so in each window, once it fires") {
    for (std::uint64_t seed = 1; seed <= test::seeds(200); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        WindowTopNSpec spec;
        spec.rank.schema = stream_schema();
        spec.rank.partition = random_keys(random);
        spec.rank.order = random_order(random, 0);
        spec.rank.kind = static_cast<RankKind>(random.below(3));
        spec.rank.last = 1 + random.below(3);
        spec.rank.has_number = chance(random, 2);
        spec.rank.seed = HashSeed::from(random());
        spec.start_column = kStart;
        spec.end_column = kEnd;
        Instances instances(
            [&] { return make_window_top_n(spec); }, spec.rank.partition, 1 + random.below(3));
        std::map<std::pair<std::int64_t, std::int64_t>, Table> windows;
        Watermark watermark{0};
        Texts wanted;
        OpContext context;
        Fold fold;
        std::int64_t place = 0;
        instances.advance(watermark, context, fold);
        for (int round = 0; round < 10; ++round) {
            std::vector<Change> changes;
            for (std::uint64_t count = 1 + random.below(40); count > 0; --count) {
                Row row = random_row(random, watermark.nanos + between(random, -10, 20) * kMilli);
                if (row[kStart].is_null() || row[kEnd].is_null()) continue;
                const auto start = std::get<std::int64_t>(row[kStart].data);
                const auto end = std::get<std::int64_t>(row[kEnd].data);
                changes.push_back({row, RowKind::kInsert});
                if (watermark.passes(end)) continue;
                const auto found =
                    windows.try_emplace({end, start}, Table(spec.rank.partition, spec.rank.order));
                found.first->second.insert(row, ++place);
            }
            if (!changes.empty()) instances.feed(changes, context, fold);
            watermark.nanos += between(random, 0, 15) * kMilli;
            while (!windows.empty() && watermark.passes(windows.begin()->first.first)) {
                wanted.merge(ranked(spec.rank, windows.begin()->second));
                windows.erase(windows.begin());
            }
            instances.advance(watermark, context, fold);
            REQUIRE_EQ(difference(fold.rows, wanted), "");
            if (chance(random, 3)) instances.restart(random, watermark, context, [] {});
        }
    }
}

}  // namespace
}  // namespace thalweg
