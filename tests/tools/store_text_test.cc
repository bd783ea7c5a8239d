// What `thalweg store` shows of a state directory, intact and damaged, and what it copies.

#include "tools/store/store_text.h"

#include "engine/run/epoch/manifest.h"
#include "engine/run/epoch/source_state.h"
#include "state/batch_codec.h"
#include "state/store/file_name.h"
#include "state/store/journal_segment.h"
#include "state/store/store_report.h"
#include "state/value.h"
#include "state/value_text.h"
#include "tests/store/sim_disk.h"
#include "tests/store/small_store.h"
#include "tools/store/store_copy.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace thalweg::test {
namespace {

SchemaPtr table_schema() {
    return make_schema({{"key", Type::string()},
                        {"sum", Type::decimal(10, 2)},
                        {"last", Type::timestamp(3)},
                        {"values", Type::array(Type::bigint())}});
}

void fill(Batch& rows, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        const auto number = static_cast<std::int64_t>(i);
        set_value(rows.column(0), i, {std::string("k") + std::to_string(i)}, rows.arena());
        set_value(rows.column(1), i, {Int128{number * 100 + 5}}, rows.arena());
        set_value(rows.column(2), i, {number * 1'000'000'000}, rows.arena());
        const Value list{Value::List{{number}, {std::monostate{}}}};
        set_value(rows.column(3), i, i == 1 ? Value{} : list, rows.arena());
    }
    rows.set_size(count);
}

// An operator's table of three rows in two batches, and a section of another kind.
Generation commit_tables(Store& store) {
    SnapshotWriter& snapshot = *store.begin().value();
    REQUIRE(snapshot.begin_section({.kind = "operator", .owner = "window 1 groups"}).has_value());
    StateWriter writer(snapshot);
    writer.i64(1'500'000'000);
    write_schema(writer, *table_schema());
    for (const std::size_t count : {std::size_t{2}, std::size_t{1}}) {
        Batch rows(table_schema());
        fill(rows, count);
        write_rows(writer, rows.view());
    }
    REQUIRE(writer.finish().has_value());
    REQUIRE(snapshot.end_section().has_value());
    REQUIRE(snapshot.begin_section({.kind = "outbox", .owner = "results"}).has_value());
    writer.u64(2);
    writer.i64(2'000'000'000);
    const std::string_view text = "thirty-two bytes to a line, and then the rest\n";
    writer.raw(std::as_bytes(std::span(text)));
    REQUIRE(writer.finish().has_value());
    REQUIRE(snapshot.end_section().has_value());
    REQUIRE(snapshot.begin_section({.kind = "positions", .owner = "bids", .part = 1}).has_value());
    const SourceState state{Watermark::min(), true, {{"data/a\n", 0, 4096}, {"client", 3, 17}}};
    write_source_state(writer, state);
    REQUIRE(writer.finish().has_value());
    REQUIRE(snapshot.end_section().has_value());
    REQUIRE(snapshot.begin_section({.kind = "epoch", .owner = ""}).has_value());
    write_manifest(writer,
                   {.written_ns = 3'000'000'000,
                    .has_ended = true,
                    .shards = 4,
                    .ingest_agents = 2,
                    .operators = {"window 1/groups"},
                    .sources = {"bids"},
                    .outboxes = {"results"}});
    REQUIRE(writer.finish().has_value());
    REQUIRE(snapshot.end_section().has_value());
    return store.commit().value();
}

void make_store(SimDisk& disk) {
    auto store = Store::open(disk, store_options());
    REQUIRE(store.has_value());
    commit_tables(*store);
}

std::string dumped(const Disk& disk, const DumpOptions& options) {
    std::string text;
    const Result<void> done =
        dump_store(disk, options, [&](std::string_view piece) { text.append(piece); });
    return done ? text : text + "error: " + done.error().message;
}

const std::string kDumpedTable =
    "--- operator 'window 1 groups' part 0, 195 bytes\n"
    "watermark 1970-01-01 00:00:01.500000000\n"
    "{\"key\":\"k0\",\"sum\":0.05,\"last\":\"1970-01-01 00:00:00.000000000\",\"values\":[0,null]}\n"
    "{\"key\":\"k1\",\"sum\":1.05,\"last\":\"1970-01-01 00:00:01.000000000\",\"values\":null}\n"
    "{\"key\":\"k0\",\"sum\":0.05,\"last\":\"1970-01-01 "
    "00:00:00.000000000\",\"values\":[0,null]}\n";

TEST_CASE("store list: generations, and what the newest is made of") {
    SimDisk disk(1);
    make_store(disk);
    const auto text = list_store(disk, [](const std::string& name) { return "time of " + name; });
    REQUIRE(text.has_value());
    CHECK_EQ(*text,
             "sim: store 01010101010101010101010101010101, created by test 1\n"
             "generation 2, time of snapshot-00000000000000000002, 721 bytes, 4 sections, created "
             "by test 1\n"
             "  epoch                      49 bytes in 1 piece\n"
             "  operator                  195 bytes in 1 piece  window 1 groups\n"
             "  outbox                     62 bytes in 1 piece  results\n"
             "  positions                  57 bytes in 1 piece  bids\n"
             "generation 1, time of snapshot-00000000000000000001, 92 bytes, 0 sections, created "
             "by test 1\n");
}

TEST_CASE("store verify: every flipped bit is found, and named by file and byte") {
    SimDisk disk(1);
    make_store(disk);
    REQUIRE(verify_store(disk)->is_intact);
    CHECK(verify_store(disk)->text.find("generation 2: intact, 721 bytes, 4 sections\n") !=
          std::string::npos);
    const std::uint64_t bits = disk.content(kOlderFile).size() * 8;
    for (std::uint64_t bit = 0; bit < bits; bit += 3) {
        disk.flip_bit(kOlderFile, bit);
        const auto verified = verify_store(disk);
        REQUIRE(verified.has_value());
        REQUIRE_FALSE(verified->is_intact);
        REQUIRE(verified->text.find("sim/snapshot-00000000000000000002: ") != std::string::npos);
        REQUIRE(verified->text.find("generation 1: intact") != std::string::npos);
        disk.flip_bit(kOlderFile, bit);
    }
    disk.flip_bit("STORE", 100);
    CHECK(verify_store(disk).error().message.starts_with("sim/STORE: "));
    CHECK_FALSE(verify_store(SimDisk(1)).has_value());
}

TEST_CASE("store dump: rows of operators, and the bytes of others") {
    SimDisk disk(1);
    make_store(disk);
    const std::string heading = "generation 2, created by test 1\n";
    const std::string bytes =
        "--- outbox 'results' part 0, 62 bytes\n"
        "of generation 2, sealed 1970-01-01 00:00:02.000000000\n"
        "         0  7468697274792d74776f20627974657320746f2061206c696e652c20616e6420  "
        "thirty-two bytes to a line, and \n"
        "        32  7468656e2074686520726573740a                                      "
        "then the rest.\n";
    const std::string others =
        "--- positions 'bids' part 1, 57 bytes\nwatermark none\n\"data/a\\n\" epoch 0 position "
        "4096\n\"client\" epoch 3 position 17\n--- epoch '' part 0, 49 bytes\nwritten 1970-01-01 "
        "00:00:03.000000000, 4 shards, 2 ingest agents, the query has come to its end\noperator "
        "window 1/groups\nsource bids\noutbox results\n";
    CHECK_EQ(dumped(disk, {}), heading + kDumpedTable + bytes + others);
    CHECK_EQ(dumped(disk, {.generation = std::nullopt, .section = "window 1"}),
             heading + kDumpedTable);
    CHECK_EQ(dumped(disk, {.generation = 1, .section = ""}), "generation 1, created by test 1\n");
    CHECK(dumped(disk, {.generation = 7, .section = ""}).starts_with("error: "));
}

TEST_CASE("store dump: an operator's section that is no table is an error behind what was read") {
    SimDisk disk(1);
    make_small_store(disk);
    const std::string text = dumped(disk, {});
    CHECK(text.starts_with("generation 3, created by test 1\n--- operator 'w' part 0, 7 bytes\n"));
    CHECK(text.find("error: sim/" + std::string(kNewestFile)) != std::string::npos);
}

TEST_CASE("store save and restore: a copy is a store of its own, and comes back as the newest") {
    SimDisk disk(1);
    make_store(disk);
    SimDisk saved(2);
    StoreOptions options = store_options(9);
    options.created_by = "test 2";
    CHECK_EQ(copy_newest(disk, saved, options).value(), 2);
    CHECK_EQ(dumped(saved, {}).substr(32), dumped(disk, {}).substr(32));
    CHECK(list_store(saved, [](const std::string&) {
              return "now";
          })->starts_with("sim: store 09090909"));
    {
        auto store = Store::open(disk, store_options());
        REQUIRE(commit_text(*store, "later").has_value());
    }
    CHECK_EQ(copy_newest(saved, disk, options).value(), 4);
    CHECK_EQ(dumped(disk, {}), "generation 4, created by test 2\n" + dumped(saved, {}).substr(32));

    disk.flip_bit("snapshot-00000000000000000004", 8 * 200);
    SimDisk other(3);
    CHECK_FALSE(copy_newest(disk, other, options).has_value());
    CHECK_EQ(Store::open(other, options)->current(), 1);
}

TEST_CASE("store list and verify: segments of journals") {
    SimDisk disk(1);
    make_store(disk);
    FileHeader header = inspect_store(disk, Examine::kNone)->header;
    header.generation = 12;
    const std::string name = segment_name(12);
    SegmentWriter writer(disk.create(name).value(), header, {.source = "t", .instance = 1});
    const std::string text = "received";
    for (int i = 0; i < 2; ++i)
        REQUIRE(writer.append(std::as_bytes(std::span(text))).has_value());
    const auto listed = list_store(disk, [](const std::string&) { return "now"; });
    CHECK(listed->ends_with(name + ", now, 8,228 bytes, of table 't', ingest thread 1\n"));
    CHECK(verify_store(disk)->is_intact);
    const std::string intact =
        name + ": intact, 8,228 bytes, of table 't', ingest thread 1, 2 groups\n";
    CHECK(verify_store(disk)->text.ends_with(intact));
    disk.flip_bit(name, 8 * 8200);  // In the last group, which may never have been durable.
    CHECK(verify_store(disk)->is_intact);
    CHECK(verify_store(disk)->text.ends_with("1 group, and 36 bytes that were not finished\n"));
    disk.flip_bit(name, 8 * 8200);
    disk.flip_bit(name, 8 * 4130);
    CHECK_FALSE(verify_store(disk)->is_intact);
    CHECK(verify_store(disk)->text.find(name + ": sim/" + name + ": damaged at byte 4096") !=
          std::string::npos);
}

TEST_CASE("store dump: values of all kinds are written as SQL has them") {
    struct Case {
        Type type;
        Value value;
        const char* expected;
    };

    const std::vector<Case> cases = {
        {Type::bigint(), {}, "null"},
        {Type::boolean(), {true}, "true"},
        {Type::integer(), {std::int64_t{-7}}, "-7"},
        {Type::of(TypeKind::kDate), {std::int64_t{1}}, "\"1970-01-02\""},
        {Type::of(TypeKind::kTime), {std::int64_t{3'723'004}}, "\"01:02:03.004\""},
        {Type::timestamp_ltz(3), {std::int64_t{1'000'000}}, "\"1970-01-01 00:00:00.001000000\""},
        {Type::real(), {static_cast<double>(0.1F)}, "0.1"},
        {Type::double_precision(), {0.1}, "0.1"},
        {Type::double_precision(), {1.0 / 0.0}, "\"Infinity\""},
        {Type::decimal(5, 2), {Int128{-123}}, "-1.23"},
        {Type::string(), {std::string("a\"b\n")}, "\"a\\\"b\\n\""},
        {Type::bytes(), {std::string("\x00\xff", 2)}, "\"00ff\""},
        {Type::map(Type::string(), Type::bigint()),
         {Value::List{{std::string("a")}, {std::int64_t{1}}}},
         "[\"a\",1]"},
        {Type::row({{"x", Type::bigint()}, {"y", Type::string()}}),
         {Value::List{{std::int64_t{1}}, {}}},
         "{\"x\":1,\"y\":null}"},
    };
    for (const Case& one : cases) {
        std::string text;
        append_value_text(text, one.type, one.value);
        CHECK_EQ(text, one.expected);
    }
}

}  // namespace
}  // namespace thalweg::test
