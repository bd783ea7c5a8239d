// Engine: key groups that move while threads run change no result.

#include "engine/engine.h"
#include "state/base/random.h"

#include <doctest/doctest.h>

#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace thalweg {
namespace {

namespace fs = std::filesystem;

// A folder of its own, which goes with it.
struct Folder {
    fs::path path;

    Folder() {
        std::string pattern = (fs::temp_directory_path() / "thalweg-moving-XXXXXX").string();
        path = ::mkdtemp(pattern.data());
    }

    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    ~Folder() { fs::remove_all(path); }
};

constexpr std::size_t kRows = 120'000;

// Windows of all kinds of state, two after each other, and a join of sums with rows.
std::string script(const Folder& folder, std::string_view phases) {
    const auto sink = [&](const std::string& name, const std::string& columns) {
        return "CREATE TABLE " + name + " (" + columns +
               ") WITH ('connector' = 'filesystem', 'format' = 'csv', 'path' = '" +
               (folder.path / name).string() + "');\n";
    };
    const std::string tumble =
        "TABLE(TUMBLE(TABLE s, DESCRIPTOR(ts), INTERVAL '1' SECOND)) GROUP BY window_start, "
        "window_end, window_time, k";
    return "SET 'table.optimizer.agg-phase-strategy' = '" + std::string(phases) +
           "';\n"
           "SET 'execution.checkpointing.interval' = '5 ms';\n"
           "CREATE TABLE s (n BIGINT, k BIGINT, v BIGINT, ts AS TO_TIMESTAMP_LTZ(n, 3), WATERMARK "
           "FOR ts AS ts - INTERVAL '20' SECOND) WITH ('connector' = 'datagen', 'rows-per-second' "
           "= '300000', 'fields.n.kind' = 'sequence', 'fields.n.start' = '0', 'fields.n.end' = '" +
           std::to_string(kRows - 1) +
           "', 'fields.k.min' = '0', 'fields.k.max' = '299', 'fields.v.min' = '0', 'fields.v.max' "
           "= '9');\n" +
           sink("sums", "we TIMESTAMP_LTZ(3), k BIGINT, n BIGINT, d BIGINT") +
           sink("slides", "we TIMESTAMP_LTZ(3), k BIGINT, v BIGINT, lo BIGINT") +
           sink("cascade", "we TIMESTAMP_LTZ(3), n BIGINT, c BIGINT") +
           sink("joined", "we TIMESTAMP_LTZ(3), k BIGINT, n BIGINT, c BIGINT") +
           "CREATE VIEW counts AS SELECT window_start, window_end, window_time, k, COUNT(*) AS n, "
           "COUNT(DISTINCT v) AS d FROM " +
           tumble +
           ";\n"
           "CREATE VIEW flat AS SELECT window_time AS wt, n FROM counts;\n"
           "INSERT INTO sums SELECT window_end, k, n, d FROM counts;\n"
           "INSERT INTO slides SELECT window_end, k, SUM(v), MIN(v) FROM TABLE(HOP(TABLE s, "
           "DESCRIPTOR(ts), INTERVAL '1' SECOND, INTERVAL '10' SECOND)) GROUP BY window_start, "
           "window_end, k;\n"
           "INSERT INTO cascade SELECT window_end, n, COUNT(*) FROM TABLE(TUMBLE(TABLE flat, "
           "DESCRIPTOR(wt), INTERVAL '5' SECOND)) GROUP BY window_start, window_end, n;\n"
           "INSERT INTO joined SELECT a.window_end, a.k, a.n, b.c FROM counts a JOIN (SELECT "
           "window_start, window_end, k, SUM(v) AS c FROM " +
           tumble +
           ") b ON a.k = b.k AND a.window_start = b.window_start AND a.window_end = "
           "b.window_end;\n";
}

std::vector<std::string> lines_of(const Folder& folder) {
    std::vector<std::string> lines;
    for (const std::string name : {"sums", "slides", "cascade", "joined"}) {
        std::ifstream file(folder.path / name);
        for (std::string line; std::getline(file, line);)
            lines.push_back(name + ": " + line);
    }
    std::sort(lines.begin(), lines.end());
    return lines;
}

GroupMoves random_moves(Random& random, std::size_t shards) {
    GroupMoves moves(1 + random.below(400));
    for (GroupMove& move : moves)
        move = {static_cast<std::uint32_t>(random.below(kKeyGroups)),
                static_cast<std::uint32_t>(random.below(shards))};
    return moves;
}

// All results, sorted; with moves all the time where there is more than one shard.
std::vector<std::string> run(std::size_t shards, std::string_view phases) {
    const Folder folder;
    EngineOptions options;
    options.shards = shards;
    options.ingest_threads = 2;
    options.state_directory = (folder.path / "state").string();
    options.accepts_file_system = true;
    Engine engine(options);
    engine.log().set_level(LogLevel::kError);
    const auto prepared = engine.prepare("test.sql", script(folder, phases));
    REQUIRE_MESSAGE(prepared.has_value(), (prepared ? "" : prepared.error()));
    auto query = engine.start(*prepared);
    REQUIRE_MESSAGE(query.has_value(), (query ? "" : query.error().message));
    Random random(shards);
    while (!(*query)->wait_for(3 * kNanosPerMilli)) {
        if (shards > 1) static_cast<void>((*query)->request_moves(random_moves(random, shards)));
    }
    const Summary summary = (*query)->wait();
    CHECK(summary.error == "");
    CHECK(summary.totals.rows_in == kRows);
    CHECK(summary.totals.late == 0);
    CHECK((summary.totals.moved_groups > 1000) == (shards > 1));
    if (shards > 1) MESSAGE(summary.totals.moved_groups, " key groups have moved");
    return lines_of(folder);
}

TEST_CASE("moving_groups: no result is another one, whatever moves while threads run") {
    for (const std::string_view phases : {"ONE_PHASE", "TWO_PHASE"}) {
        const std::vector<std::string> expected = run(1, phases);
        CHECK(expected.size() > 50'000);
        CHECK(run(3, phases) == expected);
    }
}

}  // namespace
}  // namespace thalweg
