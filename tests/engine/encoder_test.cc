// Rows to bytes: every text form, framings, options, and what a format refuses.

#include "engine/sink/encoder.h"

#include "state/base/time.h"
#include "state/value.h"

#include <doctest/doctest.h>

#include <array>
#include <limits>
#include <string>
#include <vector>

namespace thalweg {
namespace {

using Row = Value::List;

Value number(std::int64_t value) {
    return {value};
}

Value text(std::string_view value) {
    return {std::string(value)};
}

SinkSpec spec_of(std::string_view format, std::vector<Field> fields) {
    SinkSpec spec;
    spec.format = format;
    spec.schema = make_schema(std::move(fields));
    return spec;
}

void fill(Batch& batch, const std::vector<Row>& rows) {
    for (std::size_t row = 0; row < rows.size(); ++row) {
        for (std::size_t i = 0; i < rows[row].size(); ++i)
            set_value(batch.column(i), row, rows[row][i], batch.arena());
    }
    batch.set_size(rows.size());
}

std::string encode(const SinkSpec& spec, const std::vector<Row>& rows) {
    Result<std::unique_ptr<Encoder>> encoder = make_encoder(spec, default_framing(spec.format));
    REQUIRE_MESSAGE(encoder.has_value(), encoder.error().message);
    Batch batch(spec.schema);
    fill(batch, rows);
    std::string out;
    const Result<void> done = (*encoder)->encode(batch.view(), out);
    REQUIRE_MESSAGE(done.has_value(), done.error().message);
    return out;
}

TEST_CASE("json encoder: one cell of every type") {
    struct Cell {
        Type type;
        Value value;
        std::string_view json;
    };

    const double infinity = std::numeric_limits<double>::infinity();
    const std::int64_t instant = 1602331201 * kNanosPerSecond + 5 * kNanosPerMilli;
    const std::vector<Cell> cells = {
        {Type::boolean(), {true}, "true"},
        {Type::of(TypeKind::kTinyint), number(-1), "-1"},
        {Type::integer(), number(7), "7"},
        {Type::bigint(), number(INT64_MIN), "-9223372036854775808"},
        {Type::real(), {0.5}, "0.5"},
        {Type::double_precision(), {1.0}, "1.0"},
        {Type::double_precision(), {-infinity}, "\"-Infinity\""},
        {Type::double_precision(), {std::numeric_limits<double>::quiet_NaN()}, "\"NaN\""},
        {Type::decimal(10, 2), {Int128{-1230}}, "-12.30"},
        {Type::string(), text("a\"b\n\xc3\xa9"), "\"a\\\"b\\n\xc3\xa9\""},
        {Type::bytes(), text(std::string_view("\0\1\2\3", 4)), "\"AAECAw==\""},
        {Type::of(TypeKind::kDate), number(1), "\"1970-01-02\""},
        {Type::of(TypeKind::kTime), number(2500), "\"00:00:02\""},
        {Type::timestamp(3), number(instant), "\"2020-10-10 12:00:01.005\""},
        {Type::timestamp(0), number(instant), "\"2020-10-10 12:00:01\""},
        {Type::timestamp_ltz(3), number(instant), "\"2020-10-10 12:00:01.005Z\""},
        {Type::array(Type::integer()), {Row{number(1), {}}}, "[1,null]"},
        {Type::map(Type::string(), Type::bigint()), {Row{text("k"), number(2)}}, "{\"k\":2}"},
        {Type::row({{"x", Type::integer()}, {"y", Type::string()}}),
         {Row{number(1), {}}},
         "{\"x\":1,\"y\":null}"},
    };
    for (const Cell& cell : cells) {
        CAPTURE(cell.json);
        std::string expected = "{\"v\":";
        expected.append(cell.json).append("}\n{\"v\":null}\n");
        CHECK_EQ(encode(spec_of("json", {{"v", cell.type}}), {{cell.value}, {{}}}), expected);
    }
}

TEST_CASE("json encoder: options") {
    SinkSpec spec = spec_of("json", {{"t", Type::timestamp_ltz(3)}, {"s", Type::string()}});
    spec.options["json.timestamp-format.standard"] = "iso-8601";
    spec.options["json.encode.ignore-null-fields"] = "true";
    spec.options["path"] = "not the encoder's";
    CHECK_EQ(encode(spec, {{number(0), {}}, {{}, text("x")}, {{}, {}}}),
             "{\"t\":\"1970-01-01T00:00:00.000Z\"}\n{\"s\":\"x\"}\n{}\n");
    spec.options["json.encode.ignore-null-field"] = "true";
    const auto encoder = make_encoder(spec, RecordFraming::kNewline);
    REQUIRE_FALSE(encoder.has_value());
    CHECK_EQ(encoder.error().message,
             "unknown option 'json.encode.ignore-null-field' (did you mean "
             "'json.encode.ignore-null-fields'?)");
}

TEST_CASE("changelog-json: the operation is a field of its own") {
    const SinkSpec spec = spec_of("changelog-json", {{"n", Type::integer()}});
    CHECK_EQ(encode(spec, {{number(1)}}), "{\"n\":1,\"__op\":\"+I\"}\n");
    Batch batch(spec.schema);
    fill(batch, {{number(1)}, {number(2)}, {number(3)}, {number(4)}});
    RowKind* const kinds = batch.make_kinds();
    kinds[1] = RowKind::kUpdateBefore;
    kinds[2] = RowKind::kUpdateAfter;
    kinds[3] = RowKind::kDelete;
    std::string out;
    const auto encoder = make_encoder(spec, RecordFraming::kNewline);
    const std::array<std::uint16_t, 3> rows = {1, 2, 3};
    REQUIRE((*encoder)->encode(batch.view().with(Selection::list(rows)), out));
    CHECK_EQ(out,
             "{\"n\":2,\"__op\":\"-U\"}\n{\"n\":3,\"__op\":\"+U\"}\n{\"n\":4,\"__op\":\"-D\"}\n");
}

TEST_CASE("encoder: framings") {
    const SinkSpec spec = spec_of("json", {{"n", Type::integer()}});
    Batch batch(spec.schema);
    fill(batch, {{number(1)}, {number(22)}});
    std::string out;
    REQUIRE((*make_encoder(spec, RecordFraming::kLengthPrefixed))->encode(batch.view(), out));
    CHECK_EQ(out, std::string("\7\0\0\0{\"n\":1}\10\0\0\0{\"n\":22}", 23));
    out.clear();
    REQUIRE((*make_encoder(spec, RecordFraming::kNone))->encode(batch.view(), out));
    CHECK_EQ(out, "{\"n\":1}{\"n\":22}");
}

TEST_CASE("csv encoder: quotes where they are needed, and only there") {
    SinkSpec spec = spec_of("csv", {{"n", Type::bigint()}, {"s", Type::string()}});
    CHECK_EQ(encode(spec, {{number(1), text("a b")}, {{}, text("a,b")}, {number(2), text("")}}),
             "1,a b\n,\"a,b\"\n2,\"\"\n");
    CHECK_EQ(encode(spec, {{number(1), text("say \"hi\"\n")}}), "1,\"say \"\"hi\"\"\n\"\n");
    spec.options = {{"csv.null-literal", "NULL"}, {"csv.field-delimiter", "|"}};
    CHECK_EQ(encode(spec, {{{}, text("NULL")}, {{}, {}}}), "NULL|\"NULL\"\nNULL|NULL\n");
    spec.options = {{"csv.disable-quote-character", "true"}};
    Batch batch(spec.schema);
    fill(batch, {{number(1), text("a,b")}});
    std::string out;
    CHECK_FALSE((*make_encoder(spec, RecordFraming::kNewline))->encode(batch.view(), out));
    CHECK_FALSE(make_encoder(spec_of("csv", {{"m", Type::map(Type::string(), Type::string())}}),
                             RecordFraming::kNewline));
}

TEST_CASE("raw-struct encoder: bytes, and what has no place in them") {
    Type name = Type::of(TypeKind::kChar);
    name.precision = 4;
    const SinkSpec spec =
        spec_of("raw-struct", {{"n", Type::of(TypeKind::kSmallint)}, {"c", name}});
    CHECK_EQ(encode(spec, {{number(-2), text("ab")}}),
             std::string("\xfe\xff"
                         "ab\0\0",
                         6));
    const std::vector<Row> bad_rows = {
        {{}, text("a")}, {number(1), text("abcde")}, {number(1), text(std::string_view("a\0", 2))}};
    for (const Row& row : bad_rows) {
        Batch batch(spec.schema);
        fill(batch, {row});
        std::string out;
        CHECK_FALSE((*make_encoder(spec, RecordFraming::kNone))->encode(batch.view(), out));
        CHECK(out.empty());
    }
    CHECK_FALSE(make_encoder(spec, RecordFraming::kNewline));
    CHECK_FALSE(make_encoder(spec_of("raw-struct", {{"s", Type::string()}}), RecordFraming::kNone));
}

TEST_CASE("encoder: a map with a NULL key follows the option") {
    SinkSpec spec = spec_of("json", {{"m", Type::map(Type::string(), Type::integer())}});
    const std::vector<Row> rows = {{{Row{{}, number(1), text("k"), number(2)}}}};
    spec.options["json.map-null-key.mode"] = "DROP";
    CHECK_EQ(encode(spec, rows), "{\"m\":{\"k\":2}}\n");
    spec.options["json.map-null-key.mode"] = "LITERAL";
    spec.options["json.map-null-key.literal"] = "none";
    CHECK_EQ(encode(spec, rows), "{\"m\":{\"none\":1,\"k\":2}}\n");
    spec.options.clear();
    Batch batch(spec.schema);
    fill(batch, rows);
    std::string out = "kept";
    const Result<void> done =
        (*make_encoder(spec, RecordFraming::kNewline))->encode(batch.view(), out);
    REQUIRE_FALSE(done.has_value());
    CHECK_EQ(out, "kept");
}

TEST_CASE("encoder: an unknown format is named, with the near miss") {
    const auto encoder = make_encoder(spec_of("jsom", {}), RecordFraming::kNewline);
    REQUIRE_FALSE(encoder.has_value());
    CHECK_EQ(encoder.error().message,
             "unknown format 'jsom' (did you mean 'json'?); a sink writes json, csv, raw-struct or "
             "changelog-json");
}

}  // namespace
}  // namespace thalweg
