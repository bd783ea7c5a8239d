// What EXPLAIN says of lookup joins, and what a script with one leaves in its topology.

#include "engine/plan/plan_lookup.h"

#include "engine/plan/planner.h"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

namespace thalweg::plan {
namespace {

constexpr std::string_view kTables = R"(
    CREATE TABLE s (ts TIMESTAMP(3), ad BIGINT, kind INT, page STRING, at AS PROCTIME(),
                    WATERMARK FOR ts AS ts)
    WITH ('connector' = 'tcp', 'address' = '127.0.0.1:4711', 'format' = 'json');
    CREATE TABLE ads (ad INT, campaign STRING, price DECIMAL(5, 2), unused STRING)
    WITH ('connector' = 'filesystem', 'path' = '/nowhere/ads.csv', 'format' = 'csv');
)";

std::string explain(const std::string& query) {
    auto planned = plan_script(std::string(kTables) + "EXPLAIN " + query + ";", {});
    REQUIRE_MESSAGE(planned.has_value(), planned.error().message());
    return "\n" + planned->explained.substr(0, planned->explained.find("after a crash"));
}

TEST_CASE("plan lookup: the join stands beside the source, and reads what is asked for") {
    CHECK_EQ(explain(R"(SELECT campaign, COUNT(*), MAX(ts) FROM TABLE(TUMBLE(TABLE (
            SELECT campaign, ts FROM s JOIN ads FOR SYSTEM_TIME AS OF s.at AS a ON s.ad = a.ad
            WHERE kind = 0 AND price > 1), DESCRIPTOR(ts), INTERVAL '10' SECOND))
        GROUP BY window_start, window_end, campaign)"),
             R"(
source s (tcp, json)
    decodes ts, ad, kind (of 5 columns)
    watermark for ts as ts
    -> stage 0
lookup table ads (filesystem, csv) of '/nowhere/ads.csv'
    decodes ad, campaign, price (of 4 columns)
    filter (price > 1)
    project campaign, CAST(ad AS BIGINT)
    read whole before the first row; what changes later is not seen
stage 0, on every ingest agent
    pushed into the source: filter (kind = 0)
    project ts, ad
    lookup join ads on ad = CAST(ad AS BIGINT)
    project campaign, ts, ts
    aggregate locally TUMBLE(size 10 s), keys campaign: COUNT(*), MAX(ts)
    -> by hash of campaign to stage 1
    -> rows that hardly share keys, by hash of campaign to stage 1 port 1
stage 1, on every shard
    merge aggregates TUMBLE(size 10 s), keys campaign: COUNT(*), MAX(ts)
        state: about 40 bytes per key and slice (key 16 and long texts, states 24)
    project campaign, COUNT(*), MAX(ts)
    -> gathered in order of windows by stage 2
stage 2, merge
    write result (table)
)");
}

TEST_CASE("plan lookup: what a left join must not lose stays above it") {
    CHECK_EQ(explain(R"(SELECT page, price FROM s LEFT JOIN ads FOR SYSTEM_TIME AS OF s.at AS a
        ON s.ad = a.ad AND a.campaign = 'x' AND s.kind < a.price WHERE kind > 0 AND price > 1)"),
             R"(
source s (tcp, json)
    decodes ts, ad, kind, page (of 5 columns)
    watermark for ts as ts
    -> stage 0
lookup table ads (filesystem, csv) of '/nowhere/ads.csv'
    decodes ad, campaign, price (of 4 columns)
    filter (campaign = 'x')
    project price, CAST(ad AS BIGINT)
    read whole before the first row; what changes later is not seen
stage 0, on every ingest agent
    pushed into the source: filter (kind > 0)
    left lookup join ads on ad = CAST(ad AS BIGINT) if (CAST(kind AS DECIMAL(10, 0)) < ads.price)
    filter (price > 1)
    project page, price
    -> gathered by stage 1
stage 1, merge
    write result (table)
)");
}

TEST_CASE("plan lookup: each join has a table of its own") {
    auto planned = plan_script(std::string(kTables) +
                                   "SELECT a.campaign, b.price FROM s "
                                   "JOIN ads FOR SYSTEM_TIME AS OF s.at AS a ON s.ad = a.ad "
                                   "JOIN ads FOR SYSTEM_TIME AS OF s.at AS b ON s.kind = b.ad;",
                               {});
    REQUIRE(planned.has_value());
    const Topology& topology = *planned->topology;
    CHECK_EQ(topology.sources.size(), 1);
    REQUIRE_EQ(topology.lookups.size(), 2);
    CHECK_EQ(topology.lookups[0].source.name, "ads");
    CHECK_EQ(topology.lookups[0].table.schema->size(), 2);
    CHECK_EQ(topology.lookups[1].source.format.wanted.size(), 2);
}

TEST_CASE("plan lookup: a table with the old names of options") {
    auto planned = plan_script(R"(
        CREATE TABLE s (ad BIGINT, at AS PROCTIME())
        WITH ('connector' = 'tcp', 'address' = '127.0.0.1:4711', 'format' = 'json');
        CREATE TABLE ads (ad BIGINT, campaign STRING)
        WITH ('connector.type' = 'filesystem', 'connector.path' = '/nowhere/ads.csv',
              'format.type' = 'csv');
        EXPLAIN SELECT campaign FROM s JOIN ads FOR SYSTEM_TIME AS OF s.at AS a ON s.ad = a.ad;)",
                               {});
    REQUIRE_MESSAGE(planned.has_value(), planned.error().message());
    CHECK_NE(planned->explained.find("lookup table ads (filesystem, csv) of '/nowhere/ads.csv'"),
             std::string::npos);
}

TEST_CASE("plan lookup: a file that is looked up in is not written by the same script") {
    auto planned = plan_script(std::string(kTables) +
                                   "INSERT INTO ads SELECT kind, page, 1, page FROM s "
                                   "JOIN ads FOR SYSTEM_TIME AS OF s.at AS a ON s.ad = a.ad;",
                               {});
    REQUIRE_FALSE(planned.has_value());
    CHECK_NE(planned.error().message().find("is read by 'ads'"), std::string::npos);
}

}  // namespace
}  // namespace thalweg::plan
