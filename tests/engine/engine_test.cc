// Engine: the counts of shards that options, machine and script come to.

#include "engine/engine.h"

#include <doctest/doctest.h>

#include <string>

namespace thalweg {
namespace {

const std::string kQuery =
    "CREATE TABLE s (a INT) WITH ('connector' = 'datagen', 'number-of-rows' = '10');\n"
    "CREATE TABLE t (a INT) WITH ('connector' = 'blackhole');\n"
    "INSERT INTO t SELECT a FROM s;\n";

std::size_t shards_of(const EngineOptions& options, const std::string& script) {
    const auto prepared = Engine(options).prepare("test.sql", script);
    REQUIRE_MESSAGE(prepared.has_value(), (prepared ? "" : prepared.error()));
    return prepared->shards;
}

TEST_CASE("engine: parallelism.default counts the shards where the command line does not") {
    const std::string script = "SET 'parallelism.default' = '3';\n" + kQuery;
    CHECK_EQ(shards_of({}, script), 3);
    EngineOptions two;
    two.shards = 2;
    CHECK_EQ(shards_of(two, script), 2);
    CHECK_EQ(shards_of(two, kQuery), 2);
}

TEST_CASE("engine: a prepared script runs to its end") {
    EngineOptions options;
    options.shards = 2;
    Engine engine(options);
    engine.log().set_level(LogLevel::kError);
    const auto prepared = engine.prepare("test.sql", kQuery);
    REQUIRE(prepared.has_value());
    auto query = engine.start(*prepared);
    REQUIRE_MESSAGE(query.has_value(), (query ? "" : query.error().message));
    const Summary summary = (*query)->wait();
    CHECK_EQ(summary.error, "");
    CHECK_EQ(summary.totals.rows_in, 10);
    CHECK_EQ(summary.totals.rows_out, 10);
}

TEST_CASE("engine: an error comes as the terminal shows it") {
    const auto prepared = Engine({}).prepare("test.sql", "SELECT a FORM t;");
    REQUIRE_FALSE(prepared.has_value());
    CHECK(prepared.error().starts_with("test.sql:1:"));
    CHECK_NE(prepared.error().find("^"), std::string::npos);
}

TEST_CASE("engine: rebalancing is asked for by its option, and needs a state directory") {
    const std::string option = "SET 'execution.rebalancing.enabled' = ";
    const auto wrong = Engine({}).prepare("test.sql", option + "'often';\n" + kQuery);
    REQUIRE_FALSE(wrong.has_value());
    CHECK(wrong.error().find("true or false") != std::string::npos);
    const auto plain = Engine({}).prepare("test.sql", kQuery);
    REQUIRE(plain.has_value());
    CHECK(!plain->rebalances);
    CHECK(plain->warnings.empty());
    const auto nowhere = Engine({}).prepare("test.sql", option + "'true';\n" + kQuery);
    REQUIRE(nowhere.has_value());
    CHECK(nowhere->rebalances);
    REQUIRE(nowhere->warnings.size() == 1);
    CHECK(nowhere->warnings[0].find("state directory") != std::string::npos);
    EngineOptions options;
    options.state_directory = "somewhere";
    const auto somewhere = Engine(options).prepare("test.sql", option + "'TRUE';\n" + kQuery);
    REQUIRE(somewhere.has_value());
    CHECK(somewhere->rebalances);
    CHECK(somewhere->warnings.empty());
}

}  // namespace
}  // namespace thalweg
