// JSON records to rows: every type, what is wrong with a record, both ways of reading, any split.

#include "ingest/json_decoder.h"

#include "state/base/time.h"
#include "tests/support/decoding.h"

#include <doctest/doctest.h>

#include <array>
#include <string>

namespace thalweg {
namespace {

FormatSpec json_spec(std::vector<Field> declared) {
    FormatSpec spec;
    spec.format = "json";
    spec.declared = std::move(declared);
    spec.frame_bytes_max = 4096;
    want_all(spec);
    return spec;
}

std::unique_ptr<Decoder> decoder_for(const FormatSpec& spec, DecodePath path) {
    Result<std::unique_ptr<Decoder>> decoder = make_json_decoder(spec, path);
    REQUIRE_MESSAGE(decoder.has_value(), decoder.error().message);
    return *std::move(decoder);
}

// Both ways of reading, and several splits, agree; returns what they agree on.
Decoded decode(const FormatSpec& spec, std::string_view text) {
    const SchemaPtr schema = schema_of(spec);
    const Decoded whole = decode_whole(*decoder_for(spec, DecodePath::kFast), schema, text);
    CHECK(whole == decode_whole(*decoder_for(spec, DecodePath::kPlain), schema, text));
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
        CAPTURE(seed);
        CHECK(whole == decode_split(*decoder_for(spec, DecodePath::kFast), schema, text, seed));
    }
    return whole;
}

Value text(std::string_view value) {
    return {std::string(value)};
}

Value number(std::int64_t value) {
    return {value};
}

TEST_CASE("json: one cell of every type") {
    struct Row {
        Type type;
        std::string_view json;
        Value value;
    };

    const std::int64_t second = kNanosPerSecond;
    const std::int64_t noon = 1602331201 * second;  // 2020-10-10 12:00:01
    const std::vector<Row> rows = {
        {Type::boolean(), "true", {true}},
        {Type::boolean(), "\"FALSE\"", {false}},
        {Type::of(TypeKind::kTinyint), "-128", number(-128)},
        {Type::of(TypeKind::kSmallint), "32767", number(32767)},
        {Type::integer(), "-2147483648", number(INT32_MIN)},
        {Type::integer(), "\"12\"", number(12)},
        {Type::integer(), "1.9", number(1)},
        {Type::bigint(), "9223372036854775807", number(INT64_MAX)},
        {Type::bigint(), "-9223372036854775808", number(INT64_MIN)},
        {Type::bigint(), "1e3", number(1000)},
        {Type::bigint(), "\" 12 \"", number(12)},
        {Type::real(), "0.5", {0.5}},
        {Type::double_precision(), "-1.25e2", {-125.0}},
        {Type::double_precision(), "7", {7.0}},
        {Type::double_precision(), "\"1.5\"", {1.5}},
        {Type::decimal(10, 2), "1.005", {Int128{101}}},
        {Type::decimal(10, 2), "\"-12.3\"", {Int128{-1230}}},
        {Type::decimal(38, 0),
         "99999999999999999999",
         {Int128{9999999999} * 10000000000 + 9999999999}},
        {Type::string(), "\"x\"", text("x")},
        {Type::string(), "\"\"", text("")},
        {Type::string(), "\"a\\n\\u00e9\\\"\"", text("a\n\xc3\xa9\"")},
        {Type::string(),
         "\"a long string with \\t an escape\"",
         text("a long string with \t an escape")},
        {Type::string(),
         "\"gr\xc3\xbc\xc3\x9f"
         "e\"",
         text("gr\xc3\xbc\xc3\x9f"
              "e")},
        {Type::string(), "12.50", text("12.50")},
        {Type::string(), "true", text("true")},
        {Type::string(),
         "{ \"a\" : [1, 2] , \"b\": \"x y\" }",
         text("{\"a\":[1,2],\"b\":\"x y\"}")},
        {Type::string(), "[ ]", text("[]")},
        {Type::bytes(), "\"AAEC\"", text(std::string_view("\0\1\2", 3))},
        {Type::of(TypeKind::kDate), "\"1970-01-03\"", number(2)},
        {Type::of(TypeKind::kTime), "\"00:00:02.500\"", number(2000)},
        {Type::timestamp(3), "\"2020-10-10 12:00:01.123456\"", number(noon + 123 * 1000000)},
        {Type::timestamp(3), "\"2020-10-10T12:00:01\"", number(noon)},
        {Type::timestamp_ltz(3), "\"2020-10-10 12:00:01Z\"", number(noon)},
        {Type::timestamp_ltz(3), "\"2020-10-10T12:00:01.5Z\"", number(noon + second / 2)},
        {Type::timestamp_ltz(0), "\"2020-10-10 12:00:01\"", number(noon)},
        {Type::array(Type::integer()), "[1, null, 3]", {Value::List{number(1), {}, number(3)}}},
        {Type::array(Type::string()), "[]", {Value::List{}}},
        {Type::map(Type::string(), Type::integer()),
         "{\"k\": 1, \"a key of some length\": 2}",
         {Value::List{text("k"), number(1), text("a key of some length"), number(2)}}},
        {Type::row({{"x", Type::integer()}, {"y", Type::string()}}),
         "{\"y\": \"in a row, and long\", \"z\": [1]}",
         {Value::List{{}, text("in a row, and long")}}},
        {Type::array(Type::row({{"x", Type::array(Type::string())}})),
         "[{\"x\":[\"deep inside a list\"]},{\"x\":null},{}]",
         {Value::List{{Value::List{{Value::List{text("deep inside a list")}}}},
                      {Value::List{{}}},
                      {Value::List{{}}}}}},
    };
    for (const Row& row : rows) {
        CAPTURE(row.json);
        CAPTURE(row.type.to_string());
        const FormatSpec spec = json_spec({{"v", row.type}});
        std::string line = "{\"v\":";
        line.append(row.json).append("}\n{\"v\":null}\n{ \"u\": 1, \"v\" : ");
        line.append(row.json).append(" } \r\n{}");
        const Decoded decoded = decode(spec, line);
        CHECK_EQ(decoded.records, 4);
        REQUIRE_EQ(decoded.rows.size(), 4);
        CHECK(decoded.rows[0][0] == row.value);
        CHECK(decoded.rows[1][0].is_null());
        CHECK(decoded.rows[2][0] == row.value);
        CHECK(decoded.rows[3][0].is_null());
    }
}

TEST_CASE("json: a value that does not fit is rejected, and the stream goes on") {
    struct Row {
        Type type;
        std::string_view json;
        RejectReason reason;
    };

    const std::vector<Row> rows = {
        {Type::of(TypeKind::kTinyint), "128", RejectReason::kWrongType},
        {Type::of(TypeKind::kSmallint), "-32769", RejectReason::kWrongType},
        {Type::integer(), "2147483648", RejectReason::kWrongType},
        {Type::bigint(), "9223372036854775808", RejectReason::kWrongType},
        {Type::bigint(), "1e300", RejectReason::kWrongType},
        {Type::bigint(), "\"x\"", RejectReason::kWrongType},
        {Type::bigint(), "true", RejectReason::kWrongType},
        {Type::bigint(), "{}", RejectReason::kWrongType},
        {Type::bigint(), "012", RejectReason::kMalformed},
        {Type::bigint(), "-", RejectReason::kMalformed},
        {Type::bigint(), "1x", RejectReason::kMalformed},
        {Type::bigint(), "", RejectReason::kMalformed},
        {Type::double_precision(), ".5", RejectReason::kMalformed},
        {Type::double_precision(), "NaN", RejectReason::kMalformed},
        {Type::boolean(), "1", RejectReason::kWrongType},
        {Type::boolean(), "treu", RejectReason::kMalformed},
        {Type::boolean(), "nul", RejectReason::kMalformed},
        {Type::decimal(3, 1), "123.4", RejectReason::kWrongType},
        {Type::string(), "\"\xff\"", RejectReason::kMalformed},
        {Type::string(), "\"a\tb\"", RejectReason::kMalformed},
        {Type::string(), "\"\\x\"", RejectReason::kMalformed},
        {Type::string(), "\"open", RejectReason::kMalformed},
        {Type::bytes(), "\"A*==\"", RejectReason::kWrongType},
        {Type::timestamp(3), "\"yesterday\"", RejectReason::kWrongType},
        {Type::timestamp(3), "1602331201000", RejectReason::kWrongType},
        {Type::array(Type::integer()), "[1,\"a long wrong thing\"]", RejectReason::kWrongType},
        {Type::array(Type::integer()), "1", RejectReason::kWrongType},
        {Type::array(Type::integer()), "[1", RejectReason::kMalformed},
        {Type::row({{"x", Type::integer()}}), "[1]", RejectReason::kWrongType},
        {Type::row({{"x", Type::integer().not_null()}}), "{}", RejectReason::kMissingField},
        {Type::bigint().not_null(), "null", RejectReason::kMissingField},
    };
    for (const Row& row : rows) {
        CAPTURE(row.json);
        CAPTURE(row.type.to_string());
        const FormatSpec spec = json_spec({{"v", row.type}, {"n", Type::integer()}});
        std::string line = "{\"n\":1,\"v\":";
        line.append(row.json).append("}\n");
        const Decoded decoded = decode(spec, line + line);
        CHECK_EQ(decoded.rows.size(), 0);
        REQUIRE_EQ(decoded.rejects.size(), 2);
        CHECK_EQ(int(decoded.rejects[0].reason), int(row.reason));
        CHECK_EQ(decoded.rejects[1].offset, line.size());
        CHECK_EQ(decoded.rejects[1].bytes + "\n", line);
    }
}

TEST_CASE("json: records that are no objects are malformed") {
    const FormatSpec spec = json_spec({{"v", Type::integer()}});
    for (const std::string_view record : {"[]",
                                          "1",
                                          "null",
                                          "{",
                                          "}",
                                          "{\"v\":1",
                                          "{\"v\":1}}",
                                          "{\"v\":1} {\"v\":2}",
                                          "{\"v\":1},",
                                          "{\"v\" 1}",
                                          "{\"v\":1 \"w\":2}",
                                          "{v:1}",
                                          "{\"v\":1,}",
                                          "x",
                                          "{\"v\":1}x",
                                          "[{\"v\":1}]",
                                          "{\"a\\z\":1,\"v\":1}"}) {
        CAPTURE(record);
        std::string lines = "{\"v\":1}\n";
        lines.append(record).append("\n\n  \n{\"v\":2}\n");
        const Decoded decoded = decode(spec, lines);
        CHECK_EQ(decoded.records, 3);
        REQUIRE_EQ(decoded.rejects.size(), 1);
        CHECK_EQ(int(decoded.rejects[0].reason), int(RejectReason::kMalformed));
        CHECK_EQ(decoded.rejects[0].bytes, record);
        REQUIRE_EQ(decoded.rows.size(), 2);
        CHECK(decoded.rows[1][0] == number(2));
    }
}

TEST_CASE("json: of duplicate keys the last wins, nulls included") {
    const FormatSpec spec = json_spec({{"v", Type::integer()}, {"w", Type::string()}});
    const Decoded decoded = decode(spec,
                                   "{\"v\":1,\"v\":2}\n"
                                   "{\"v\":1,\"v\":null}\n"
                                   "{\"v\":null,\"v\":3}\n"
                                   "{\"w\":\"a\",\"\\u0077\":\"b\"}\n");
    REQUIRE_EQ(decoded.rows.size(), 4);
    CHECK(decoded.rows[0][0] == number(2));
    CHECK(decoded.rows[1][0].is_null());
    CHECK(decoded.rows[2][0] == number(3));
    CHECK(decoded.rows[3][1] == text("b"));
}

TEST_CASE("json: nested fields, whole rows and both at once") {
    FormatSpec spec;
    spec.format = "json";
    const Type inner = Type::row({{"x", Type::integer()}, {"y", Type::string()}});
    const Type outer = Type::row({{"in", inner}, {"z", Type::bigint()}});
    spec.declared = {{"a", outer}, {"b", inner}};
    spec.wanted = {{{"a", "in", "y"}, Type::string(), Metadata::kNone},
                   {{"a", "z"}, Type::bigint(), Metadata::kNone},
                   {{"b", "x"}, Type::integer(), Metadata::kNone},
                   {{"b"}, inner, Metadata::kNone},
                   {{"a", "in", "x"}, Type::integer(), Metadata::kNone}};
    const Decoded decoded = decode(spec,
                                   "{\"b\":{\"x\":5,\"y\":\"s\"},\"a\":{\"z\":7,\"in\":{\"y\":"
                                   "\"deep and long text\",\"x\":1}}}\n"
                                   "{\"a\":{\"in\":null,\"z\":1},\"b\":null}\n"
                                   "{\"a\":{\"in\":3}}\n"
                                   "{\"a\":{\"in\":{\"x\":1}},\"a\":null}\n");
    REQUIRE_EQ(decoded.rows.size(), 3);
    CHECK(decoded.rows[0] == Value::List{text("deep and long text"),
                                         number(7),
                                         number(5),
                                         {Value::List{number(5), text("s")}},
                                         number(1)});
    CHECK(decoded.rows[1] == Value::List{{}, number(1), {}, {}, {}});
    CHECK(decoded.rows[2] == Value::List{{}, {}, {}, {}, {}});
    REQUIRE_EQ(decoded.rejects.size(), 1);
    CHECK_EQ(int(decoded.rejects[0].reason), int(RejectReason::kWrongType));
}

TEST_CASE("json: fail-on-missing-field asks for every declared column") {
    FormatSpec spec = json_spec({{"v", Type::integer()}, {"unread", Type::integer()}});
    spec.wanted.pop_back();
    spec.options["fail-on-missing-field"] = "true";
    const Decoded decoded = decode(spec,
                                   "{\"v\":1,\"unread\":\"anything\"}\n"
                                   "{\"v\":1}\n"
                                   "{\"unread\":1}\n"
                                   "{\"v\":null,\"unread\":null}\n");
    CHECK_EQ(decoded.rows.size(), 2);
    REQUIRE_EQ(decoded.rejects.size(), 2);
    CHECK_EQ(int(decoded.rejects[0].reason), int(RejectReason::kMissingField));
}

TEST_CASE("json: a local time without Z is of the session's zone") {
    FormatSpec spec = json_spec({{"t", Type::timestamp_ltz(3)}, {"u", Type::timestamp(3)}});
    spec.zone = *TimeZone::find("+08:00");
    const Decoded decoded = decode(spec,
                                   "{\"t\":\"1970-01-01 08:00:00\",\"u\":\"1970-01-01 08:00:00\"}\n"
                                   "{\"t\":\"1970-01-01 08:00:00Z\"}\n");
    REQUIRE_EQ(decoded.rows.size(), 2);
    CHECK(decoded.rows[0][0] == number(0));
    CHECK(decoded.rows[0][1] == number(8 * kNanosPerHour));
    CHECK(decoded.rows[1][0] == number(8 * kNanosPerHour));
}

TEST_CASE("json: metadata columns count and copy") {
    FormatSpec spec = json_spec({{"v", Type::integer()}});
    spec.wanted.push_back({{}, Type::bigint(), Metadata::kSequence});
    spec.wanted.push_back({{}, Type::bytes(), Metadata::kRaw});
    spec.wanted.push_back({{}, Type::string(), Metadata::kPeerAddress});
    const Decoded decoded = decode(spec, "{\"v\":1}\nbad\n{\"v\":2, \"more\":1}\n");
    REQUIRE_EQ(decoded.rows.size(), 2);
    CHECK(decoded.rows[0] == Value::List{number(1), number(0), text("{\"v\":1}"), text("peer")});
    CHECK(decoded.rows[1] ==
          Value::List{number(2), number(2), text("{\"v\":2, \"more\":1}"), text("peer")});
}

TEST_CASE("json: a batch that is full keeps what follows for the next") {
    const FormatSpec spec = json_spec({{"v", Type::bigint()}});
    std::string lines;
    for (std::size_t i = 0; i < 3000; ++i)
        lines += "{\"v\":" + std::to_string(i) + "}\n";
    const Decoded decoded = decode(spec, lines);
    REQUIRE_EQ(decoded.rows.size(), 3000);
    CHECK(decoded.rows[2999][0] == number(2999));
}

TEST_CASE("json: rejected records do not make the batch grow") {
    const FormatSpec spec = json_spec(
        {{"s", Type::string()}, {"a", Type::array(Type::string())}, {"n", Type::integer()}});
    const std::string bad = "{\"s\":\"" + std::string(500, 'x') + "\",\"a\":[\"" +
                            std::string(500, 'y') + "\",\"z\"],\"n\":\"wrong\"}\n";
    std::string lines;
    for (std::size_t i = 0; i < 20; ++i)
        lines += bad;
    std::vector<Reject> rejects;
    RejectOutlet outlet(rejects);
    Batch batch(schema_of(spec));
    const std::unique_ptr<Decoder> decoder = decoder_for(spec, DecodePath::kFast);
    const std::size_t before = batch.memory_bytes();
    for (std::size_t i = 0; i < 50; ++i) {
        const PaddedBytes padded(lines);
        const DecodeResult result =
            decoder->decode({.bytes = padded.view(), .peer = {}}, batch, outlet);
        CHECK_EQ(result.rejected, 20);
    }
    CHECK(batch.memory_bytes() <= before + 4096);
    CHECK_EQ(batch.column(1).child_rows(), 0);
}

TEST_CASE("json: many records of one layout, and some that are not: both ways agree") {
    FormatSpec spec = json_spec({{"a", Type::bigint()},
                                 {"b", Type::double_precision()},
                                 {"c", Type::string()},
                                 {"d", Type::integer()},
                                 {"e", Type::string()}});
    spec.wanted.pop_back();
    constexpr std::array<std::string_view, 12> kOdd = {"null",
                                                       "-0",
                                                       "007",
                                                       "-",
                                                       "1e3",
                                                       "1.",
                                                       "\"5\"",
                                                       "true",
                                                       "12345678901234567890",
                                                       "1.5",
                                                       "0.1234567890123456",
                                                       "\"\\u00fc\""};
    const std::uint64_t first_seed = 1;
    for (std::uint64_t seed = first_seed; seed < first_seed + 30; ++seed) {
        CAPTURE(seed);
        Random random(seed);
        const std::uint64_t tidy = 10 + random.below(500);  // One value of so many is not.
        const auto value = [&](std::string_view name, std::string text) {
            if (random.below(tidy) == 0) text = kOdd[random.below(kOdd.size())];
            return "\"" + std::string(name) + "\":" + text;
        };
        std::string json;
        for (int line = 0; line < 300; ++line) {
            const std::string sign = random.below(2) == 0 ? "-" : "";
            json += "{" + value("a", sign + std::to_string(random() >> random.below(64)));
            json += "," + value("b",
                                sign + std::to_string(random.below(10'000)) + "." +
                                    std::to_string(random.below(10'000)));
            json += (random.below(tidy) == 0 ? ", " : ",") + value("c", "\"abc\"");
            json += "," + value("d", std::to_string(random.below(1'000'000)));
            if (random.below(tidy) != 0) json += "," + value("e", "\"left out\"");
            json += random.below(9) == 0 ? "}\r\n" : "}\n";
        }
        const Decoded decoded = decode(spec, json);
        CHECK_EQ(decoded.records, 300);
        CHECK(decoded.rows.size() > 100);
    }
}

TEST_CASE("json: options that are wrong say so") {
    struct Row {
        std::string_view name;
        std::string_view value;
        std::string_view message;
    };

    const std::array<Row, 4> rows = {{
        {"fail-on-mising-field", "true", "did you mean 'json.fail-on-missing-field'?"},
        {"ignore-parse-errors", "maybe", "must be 'true' or 'false', not 'maybe'"},
        {"timestamp-format.standard", "RFC", "must be one of 'SQL' 'ISO-8601', not 'RFC'"},
        {"colour", "red", "unknown option 'json.colour'"},
    }};
    for (const Row& row : rows) {
        FormatSpec spec = json_spec({{"v", Type::bigint()}});
        spec.options[std::string(row.name)] = row.value;
        const auto decoder = make_decoder(spec);
        REQUIRE_FALSE(decoder.has_value());
        CAPTURE(decoder.error().message);
        CHECK(decoder.error().message.find(row.message) != std::string::npos);
    }
    FormatSpec spec = json_spec({});
    spec.format = "jsn";
    CHECK(make_decoder(spec).error().message.find("did you mean 'json'?") != std::string::npos);
    CHECK_FALSE(make_decoder(json_spec({{"m", Type::map(Type::bigint(), Type::bigint())}})));
}

TEST_CASE("json: a row kind may be missing where no field may") {
    FormatSpec spec = json_spec({{"a", Type::bigint()}});
    spec.format = "changelog-json";
    spec.options["fail-on-missing-field"] = "true";
    spec.wanted.push_back(row_kind_column(spec.format));
    const Decoded decoded = decode(spec,
                                   "{\"a\": 1}\n"
                                   "{\"__op\": \"-D\"}\n"
                                   "{\"__op\": \"-D\", \"a\": 1}\n");
    CHECK_EQ(decoded.records, 3);
    CHECK_EQ(decoded.rows.size(), 2);
}

TEST_CASE("json: row kinds of changelog-json") {
    FormatSpec spec = json_spec({{"a", Type::bigint()}});
    spec.format = "changelog-json";
    spec.wanted.push_back(row_kind_column(spec.format));
    const Decoded decoded = decode(spec,
                                   "{\"__op\": \"+I\", \"a\": 1}\n"
                                   "{\"__op\": \"-U\", \"a\": 1}\n"
                                   "{\"__op\": \"+U\", \"a\": 2}\n"
                                   "{\"__op\": \"-D\", \"a\": 2}\n"
                                   "{\"__op\": \"\\u002bU\", \"a\": 3}\n"
                                   "{\"a\": 4}\n"
                                   "{\"__op\": \"I\", \"a\": 5}\n"
                                   "{\"__op\": 1, \"a\": 6}\n"
                                   "{\"__op\": \"-D\", \"a\": \"x\"}\n");
    std::vector<std::pair<std::int64_t, RowKind>> kinds;
    for (const Value::List& row : decoded.rows) {
        REQUIRE_EQ(row.size(), 3);
        kinds.emplace_back(std::get<std::int64_t>(row[0].data),
                           static_cast<RowKind>(std::get<std::int64_t>(row[2].data)));
    }
    using K = RowKind;
    const std::vector<std::pair<std::int64_t, RowKind>> wanted = {{1, K::kInsert},
                                                                  {1, K::kUpdateBefore},
                                                                  {2, K::kUpdateAfter},
                                                                  {2, K::kDelete},
                                                                  {3, K::kUpdateAfter},
                                                                  {4, K::kInsert}};
    CHECK(kinds == wanted);
    REQUIRE_EQ(decoded.rejects.size(), 3);
    CHECK_EQ(decoded.rejects[0].reason, RejectReason::kWrongType);
}

}  // namespace
}  // namespace thalweg
