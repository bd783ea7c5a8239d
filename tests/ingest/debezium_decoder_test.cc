// Debezium's events to rows: each op, what is wrong with an event, any split of the stream.

#include "ingest/debezium_decoder.h"

#include "tests/support/decoding.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

struct Event {
    std::int64_t id;
    std::string name;
    RowKind kind;

    friend bool operator==(const Event&, const Event&) = default;
};

FormatSpec spec_of_events() {
    FormatSpec spec;
    spec.format = "debezium-json";
    spec.declared = {{"id", Type::bigint().not_null()}, {"name", Type::string()}};
    want_all(spec);
    spec.wanted.push_back(row_kind_column(spec.format));
    return spec;
}

Decoded decode(const FormatSpec& spec, std::string_view text) {
    const SchemaPtr schema = schema_of(spec);
    const Decoded whole = decode_whole(**make_debezium_decoder(spec), schema, text);
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
        CAPTURE(seed);
        CHECK(whole == decode_split(**make_debezium_decoder(spec), schema, text, seed));
    }
    return whole;
}

std::vector<Event> events_of(const Decoded& decoded) {
    std::vector<Event> events;
    for (const Value::List& row : decoded.rows) {
        REQUIRE_EQ(row.size(), 4);
        const auto* const name = std::get_if<std::string>(&row[1].data);
        events.push_back({std::get<std::int64_t>(row[0].data),
                          name == nullptr ? "NULL" : *name,
                          static_cast<RowKind>(std::get<std::int64_t>(row[3].data))});
    }
    return events;
}

TEST_CASE("debezium: every op, with fields in any order") {
    const Decoded decoded = decode(spec_of_events(),
                                   R"({"before":null,"after":{"id":1,"name":"a"},"op":"c"}
{"op":"r","after":{"name":"a name of some length","id":2},"ts_ms":1}

{"after":{"id":1,"name":"b"},"op":"u","before":{"id":1,"name":"a"}}
{"before":{"id":2},"after":null,"op":"d"})");
    using K = RowKind;
    CHECK(events_of(decoded) == std::vector<Event>{{1, "a", K::kInsert},
                                                   {2, "a name of some length", K::kInsert},
                                                   {1, "a", K::kUpdateBefore},
                                                   {1, "b", K::kUpdateAfter},
                                                   {2, "NULL", K::kDelete}});
    CHECK_EQ(decoded.records, 5);
    CHECK(decoded.rejects.empty());
}

TEST_CASE("debezium: an event that lacks what its op asks for is no row at all") {
    for (const std::string_view record : {R"({"op":"u","after":{"id":1}})",
                                          R"({"op":"u","before":null,"after":{"id":1}})",
                                          R"({"op":"u","before":{"id":1},"after":null})",
                                          R"({"op":"u","before":{"id":1},"after":{"id":"x"}})",
                                          R"({"op":"u","before":{},"after":{"id":1}})",
                                          R"({"op":"c","before":{"id":1}})",
                                          R"({"op":"d","after":{"id":1}})",
                                          R"({"op":"t","after":{"id":1}})",
                                          R"({"op":null,"after":{"id":1}})",
                                          R"({"after":{"id":1}})",
                                          R"({"op":"c","after":[1]})",
                                          R"({"op":"c","after":{"id":1}} x)",
                                          R"([])"}) {
        CAPTURE(record);
        const Decoded decoded = decode(spec_of_events(), record);
        CHECK(decoded.rows.empty());
        CHECK_EQ(decoded.rejects.size(), 1);
    }
}

TEST_CASE("debezium: batches end between records, not inside of one") {
    std::string text = "{\"op\":\"c\",\"after\":{\"id\":0}}\n";
    std::vector<Event> wanted = {{0, "NULL", RowKind::kInsert}};
    for (std::int64_t id = 1; id < 1500; ++id) {
        text += "{\"op\":\"u\",\"before\":{\"id\":" + std::to_string(id) +
                "},\"after\":{\"id\":" + std::to_string(-id) + "}}\n";
        wanted.push_back({id, "NULL", RowKind::kUpdateBefore});
        wanted.push_back({-id, "NULL", RowKind::kUpdateAfter});
    }
    CHECK(events_of(decode(spec_of_events(), text)) == wanted);
}

TEST_CASE("debezium: the event is in the payload where the schema is there, too") {
    FormatSpec spec = spec_of_events();
    spec.options["schema-include"] = "true";
    const Decoded decoded = decode(spec,
                                   R"({"schema":{},"payload":{"op":"c","after":{"id":1}}}
{"op":"c","after":{"id":2}})");
    CHECK(events_of(decoded) == std::vector<Event>{{1, "NULL", RowKind::kInsert}});
    CHECK_EQ(decoded.rejects.size(), 1);
}

}  // namespace
}  // namespace thalweg
