// CSV records to rows: the grammar, NULLs, options, limits; both ways of reading; any split.

#include "ingest/csv_decoder.h"

#include "tests/support/decoding.h"

#include <doctest/doctest.h>

#include <array>
#include <string>

namespace thalweg {
namespace {

FormatSpec csv_spec(std::vector<Field> declared) {
    FormatSpec spec;
    spec.format = "csv";
    spec.declared = std::move(declared);
    spec.frame_bytes_max = 100;
    want_all(spec);
    return spec;
}

std::unique_ptr<Decoder> decoder_for(const FormatSpec& spec, DecodePath path) {
    Result<std::unique_ptr<Decoder>> decoder = make_csv_decoder(spec, path);
    REQUIRE_MESSAGE(decoder.has_value(), decoder.error().message);
    return *std::move(decoder);
}

Decoded decode(const FormatSpec& spec, std::string_view text) {
    const SchemaPtr schema = schema_of(spec);
    const Decoded whole = decode_whole(*decoder_for(spec, DecodePath::kFast), schema, text);
    CHECK(whole == decode_whole(*decoder_for(spec, DecodePath::kPlain), schema, text));
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        CAPTURE(seed);
        CHECK(whole == decode_split(*decoder_for(spec, DecodePath::kFast), schema, text, seed));
        CHECK(whole == decode_split(*decoder_for(spec, DecodePath::kPlain), schema, text, seed));
    }
    return whole;
}

Value text(std::string_view value) {
    return {std::string(value)};
}

Value number(std::int64_t value) {
    return {value};
}

const std::vector<Field> kTwoColumns = {{"n", Type::bigint()}, {"s", Type::string()}};

TEST_CASE("csv: records and what they become") {
    struct Case {
        std::string_view csv;
        std::vector<Value::List> rows;
    };

    const std::vector<Case> cases = {
        {"1,a\n2,b\n", {{number(1), text("a")}, {number(2), text("b")}}},
        {"1,a\r\n2,b", {{number(1), text("a")}, {number(2), text("b")}}},
        {"\n1,a\n\r\n\n2,b\n", {{number(1), text("a")}, {number(2), text("b")}}},
        {"1,\"a,b\"\n", {{number(1), text("a,b")}}},
        {"1,\"a\nb\"\r\n2,\"\"\n", {{number(1), text("a\nb")}, {number(2), text("")}}},
        {"1,\"say \"\"hi\"\"\"\n", {{number(1), text("say \"hi\"")}}},
        {"\"1\",\"a\"  \n", {{number(1), text("a")}}},
        {"1,a\"b\"c\n", {{number(1), text("a\"b\"c")}}},
        {",\n", {{{}, text("")}}},
        {" 12 , x \n", {{number(12), text(" x ")}}},
        {"+7,x\n-8,y\n", {{number(7), text("x")}, {number(-8), text("y")}}},
        {"1\n", {{number(1), {}}}},
        {"1,a,\n", {{number(1), text("a")}}},
        {"9223372036854775807,a long text, in part\n", {}},
        {"-9223372036854775808,gr\xc3\xbc\xc3\x9f\n",
         {{number(INT64_MIN), text("gr\xc3\xbc\xc3\x9f")}}},
    };
    for (const Case& item : cases) {
        CAPTURE(item.csv);
        const Decoded decoded = decode(csv_spec(kTwoColumns), item.csv);
        CHECK(decoded.rows == item.rows);
        CHECK_EQ(decoded.records, decoded.rows.size() + decoded.rejects.size());
        CHECK_EQ(decoded.rejects.size(), item.rows.empty() ? 1 : 0);
    }
}

TEST_CASE("csv: bad records are rejected and the stream goes on") {
    struct Case {
        std::string_view record;
        RejectReason reason;
    };

    const std::string long_line = "1," + std::string(200, 'x');
    const std::string long_quote = "1,\"" + std::string(200, 'x');
    const std::vector<Case> cases = {
        {"x,a", RejectReason::kWrongType},
        {"9223372036854775808,a", RejectReason::kWrongType},
        {"1,a,b", RejectReason::kMalformed},
        {"1,\"a\"b", RejectReason::kMalformed},
        {"1,\xff", RejectReason::kMalformed},
        {long_line, RejectReason::kTooLong},
        {long_quote, RejectReason::kTooLong},
    };
    for (const Case& item : cases) {
        CAPTURE(item.record);
        std::string csv = "1,a\n";
        csv.append(item.record).append("\n2,b\n");
        const Decoded decoded = decode(csv_spec(kTwoColumns), csv);
        REQUIRE_EQ(decoded.rejects.size(), 1);
        CHECK_EQ(int(decoded.rejects[0].reason), int(item.reason));
        CHECK_EQ(decoded.rejects[0].offset, 4);
        REQUIRE_EQ(decoded.rows.size(), 2);
        CHECK(decoded.rows[1][0] == number(2));
    }
    const Decoded open = decode(csv_spec(kTwoColumns), "1,a\n2,\"b\n");
    REQUIRE_EQ(open.rejects.size(), 1);
    CHECK_EQ(int(open.rejects[0].reason), int(RejectReason::kTruncated));
}

TEST_CASE("csv: a record at the limit is taken, one byte more is not") {
    const FormatSpec spec = csv_spec({{"s", Type::string()}});
    const Decoded decoded = decode(
        spec, std::string(100, 'a') + "\n" + std::string(101, 'b') + "\n" + std::string(99, 'c'));
    REQUIRE_EQ(decoded.rows.size(), 2);
    CHECK(decoded.rows[1][0] == text(std::string(99, 'c')));
    REQUIRE_EQ(decoded.rejects.size(), 1);
}

TEST_CASE("csv: options") {
    FormatSpec spec = csv_spec(kTwoColumns);
    spec.options = {{"field-delimiter", "\\t"},
                    {"quote-character", "'"},
                    {"escape-character", "\\"},
                    {"null-literal", "NIL"},
                    {"allow-comments", "true"}};
    const Decoded decoded =
        decode(spec, "# 1\ta\n1\t'it\\'s'\n2\tNIL\n3\t'NIL'\nNIL\ta\\\tb\n#last");
    CHECK(decoded.rows == std::vector<Value::List>{{number(1), text("it's")},
                                                   {number(2), {}},
                                                   {number(3), text("NIL")},
                                                   {{}, text("a\tb")}});
    spec = csv_spec(kTwoColumns);
    spec.options = {{"disable-quote-character", "true"}};
    CHECK(decode(spec, "1,\"a\n").rows == std::vector<Value::List>{{number(1), text("\"a")}});
    spec.ignore_parse_errors = false;
    const Decoded strict = decode(spec, "1\n2,b\n");
    REQUIRE_EQ(strict.rejects.size(), 1);
    CHECK_EQ(int(strict.rejects[0].reason), int(RejectReason::kMissingField));
}

TEST_CASE("csv: NOT NULL, arrays, rows and their fields") {
    FormatSpec spec = csv_spec({{"n", Type::integer().not_null()},
                                {"a", Type::array(Type::integer())},
                                {"r", Type::row({{"x", Type::integer()}, {"y", Type::string()}})}});
    spec.wanted.push_back({{"r", "y"}, Type::string(), Metadata::kNone});
    const Decoded decoded = decode(spec, "1,1;;3,7;seven\n,1,2\n2,,\n");
    REQUIRE_EQ(decoded.rows.size(), 2);
    CHECK(decoded.rows[0] == Value::List{number(1),
                                         {Value::List{number(1), {}, number(3)}},
                                         {Value::List{number(7), text("seven")}},
                                         text("seven")});
    CHECK(decoded.rows[1] == Value::List{number(2), {Value::List{}}, {Value::List{{}, {}}}, {}});
    REQUIRE_EQ(decoded.rejects.size(), 1);
    CHECK_EQ(int(decoded.rejects[0].reason), int(RejectReason::kMissingField));
}

TEST_CASE("csv: random texts: both ways and any split agree") {
    const std::uint64_t first_seed = 1;
    for (std::uint64_t seed = first_seed; seed < first_seed + 200; ++seed) {
        CAPTURE(seed);
        Random random(seed);
        std::string csv;
        while (csv.size() < 600)
            csv += "1,a\n\"\"\r; \xc3\xbc#7"[random.below(13)];
        FormatSpec spec = csv_spec(kTwoColumns);
        spec.frame_bytes_max = 20 + random.below(100);
        if (random.below(4) == 0) spec.options["allow-comments"] = "true";
        const Decoded decoded = decode(spec, csv);
        CHECK_EQ(decoded.records, decoded.rows.size() + decoded.rejects.size());
    }
}

// Numbers as they come, of any length and sign, and now and then something else.
std::string random_number(Random& random) {
    if (random.below(60) == 0) return std::string(1, "x\"+. "[random.below(5)]);
    std::string number = random.below(3) == 0 ? "-" : "";
    const std::size_t digits = random.below(50) == 0 ? 0 : 1 + random.below(20);
    for (std::size_t i = 0; i < digits; ++i)
        number += static_cast<char>('0' + random.below(10));
    return number;
}

TEST_CASE("csv: many lines of numbers: both ways and any split agree") {
    FormatSpec spec = csv_spec({{"a", Type::bigint()},
                                {"b", Type::integer()},
                                {"c", Type::double_precision()},
                                {"d", Type::string()},
                                {"e", Type::bigint().not_null()}});
    spec.frame_bytes_max = 90;
    const std::uint64_t first_seed = 1;
    for (std::uint64_t seed = first_seed; seed < first_seed + 30; ++seed) {
        CAPTURE(seed);
        Random random(seed);
        const std::uint64_t tidy = 10 + random.below(1'000);  // One line of so many is not.
        std::string csv;
        for (int line = 0; line < 700; ++line) {
            const bool is_tidy = random.below(tidy) != 0;
            if (is_tidy) {
                csv += std::to_string(random.below(1ULL << random.below(63))) + "," +
                       std::to_string(random.below(100'000)) + "," +
                       std::to_string(random.below(1'000)) + "." +
                       std::to_string(random.below(1'000)) + ",s" +
                       std::to_string(random.below(1'000)) + "," + std::to_string(line);
            } else {
                for (std::size_t field = random.below(8); field > 0; --field)
                    csv += random_number(random) + (random.below(20) == 0 ? "\xc3\xbc," : ",");
                csv += random_number(random);
            }
            csv += random.below(9) == 0 ? "\r\n" : "\n";
        }
        const Decoded decoded = decode(spec, csv);
        CHECK(decoded.rows.size() > 100);
    }
}

TEST_CASE("csv: options that are wrong say so") {
    FormatSpec spec = csv_spec(kTwoColumns);
    spec.options["field-delimitr"] = ";";
    CHECK(make_csv_decoder(spec).error().message.find("did you mean 'csv.field-delimiter'?") !=
          std::string::npos);
    spec.options = {{"field-delimiter", ";;"}};
    CHECK(make_csv_decoder(spec).error().message ==
          "option 'csv.field-delimiter' must be one character, not ';;'");
    CHECK_FALSE(make_csv_decoder(csv_spec({{"m", Type::map(Type::string(), Type::string())}})));
}

}  // namespace
}  // namespace thalweg
