// What the encoders write, the decoders read: random rows of every type, out and in again, for each
// format and framing.

#include "engine/sink/encoder.h"
#include "ingest/decoder.h"
#include "state/base/time.h"
#include "tests/support/decoding.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace thalweg {
namespace {

Type char_of(std::int32_t length) {
    Type type = Type::of(TypeKind::kChar);
    type.precision = length;
    return type;
}

const std::vector<Field> kScalars = {{"flag", Type::boolean()},
                                     {"tiny", Type::of(TypeKind::kTinyint)},
                                     {"small", Type::of(TypeKind::kSmallint)},
                                     {"int", Type::integer()},
                                     {"big", Type::bigint()},
                                     {"float", Type::real()},
                                     {"double", Type::double_precision()},
                                     {"money", Type::decimal(12, 3)},
                                     {"wide", Type::decimal(38, 10)},
                                     {"date", Type::of(TypeKind::kDate)},
                                     {"t0", Type::timestamp(0)},
                                     {"t3", Type::timestamp(3)},
                                     {"t9", Type::timestamp(9)},
                                     {"ltz", Type::timestamp_ltz(3)}};

class RowSource {
  public:
    explicit RowSource(std::uint64_t seed) : random_(seed) {}

    Value value_of(const Type& type, bool has_nulls) {
        if (has_nulls && type.nullable && random_.below(8) == 0) return {};
        switch (type.kind) {
            case TypeKind::kBoolean: return {random_.below(2) == 1};
            case TypeKind::kTinyint: return {integer(INT8_MAX)};
            case TypeKind::kSmallint: return {integer(INT16_MAX)};
            case TypeKind::kInt: return {integer(INT32_MAX)};
            case TypeKind::kDate: return {integer(50'000)};
            case TypeKind::kBigint: return {static_cast<std::int64_t>(random_())};
            case TypeKind::kFloat:
                return {static_cast<double>(static_cast<float>((random_.unit() - 0.5) * 1e6))};
            case TypeKind::kDouble: return {(random_.unit() - 0.5) * 1e12};
            case TypeKind::kDecimal: return {Int128{integer(999'999'999'999)}};
            case TypeKind::kTimestamp:
            case TypeKind::kTimestampLtz: return {instant(type.precision)};
            case TypeKind::kArray:
            case TypeKind::kMap:
            case TypeKind::kRow: return {nested(type, has_nulls)};
            default: return {text(type.is_binary(), type.kind == TypeKind::kChar ? 4 : 30)};
        }
    }

  private:
    std::int64_t integer(std::int64_t max) {
        return static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(max) * 2)) - max;
    }

    std::int64_t instant(std::int32_t precision) {
        std::int64_t unit = 1;
        for (std::int32_t i = precision; i < 9; ++i)
            unit *= 10;
        return floor_div(integer(4'000'000'000'000'000'000), unit) * unit;
    }

    std::string text(bool is_binary, std::uint64_t size_max) {
        static const std::vector<std::string> kPieces = {"a",
                                                         "B",
                                                         "7",
                                                         " ",
                                                         ",",
                                                         "\"",
                                                         "\\",
                                                         "\n",
                                                         "'",
                                                         "#",
                                                         "\xc3\xa9",
                                                         "\xe2\x82\xac",
                                                         "null"};
        std::string out;
        const std::uint64_t size = random_.below(size_max);
        for (std::uint64_t i = 0; i < size; ++i) {
            if (is_binary) {
                out += static_cast<char>(random_());
            } else {
                out += kPieces[random_.below(size_max < 8 ? 4 : kPieces.size())];
            }
        }
        return out;
    }

    Value::List nested(const Type& type, bool has_nulls) {
        Value::List out;
        const std::uint64_t count = type.kind == TypeKind::kRow ? 1 : random_.below(4);
        for (std::uint64_t i = 0; i < count; ++i) {
            for (std::size_t k = 0; k < type.fields->size(); ++k) {
                const bool is_key = type.kind == TypeKind::kMap && k == 0;
                out.push_back(value_of((*type.fields)[k].type, has_nulls && !is_key));
            }
        }
        return out;
    }

    Random random_;
};

struct Trip {
    std::string format;
    std::vector<Field> fields;
    RecordFraming out = RecordFraming::kNewline;
    Framing in = Framing::kNewline;
    bool has_nulls = true;
    std::map<std::string, std::string> options = {};  // Without the format's name.
};

void travel(const Trip& trip, std::uint64_t seed) {
    CAPTURE(trip.format);
    CAPTURE(seed);
    SinkSpec sink;
    sink.format = trip.format;
    sink.schema = make_schema(trip.fields);
    for (const auto& [name, value] : trip.options)
        sink.options[trip.format + "." + name] = value;
    RowSource source(seed);
    Batch batch(sink.schema);
    constexpr std::size_t kRows = 100;
    Decoded expected;
    for (std::size_t row = 0; row < kRows; ++row) {
        for (std::size_t i = 0; i < trip.fields.size(); ++i) {
            const Value value = source.value_of(trip.fields[i].type, trip.has_nulls);
            set_value(batch.column(i), row, value, batch.arena());
        }
    }
    batch.set_size(kRows);
    const auto encoder = make_encoder(sink, trip.out);
    REQUIRE_MESSAGE(encoder.has_value(), encoder.error().message);
    std::string bytes;
    REQUIRE((*encoder)->encode(batch.view(), bytes));

    take_rows(batch, expected);
    expected.records = kRows;
    FormatSpec spec;
    spec.format = trip.format;
    spec.options = trip.options;
    spec.declared = trip.fields;
    spec.framing = trip.in;
    want_all(spec);
    const auto decoder = make_decoder(spec);
    REQUIRE_MESSAGE(decoder.has_value(), decoder.error().message);
    const Decoded actual = decode_split(**decoder, sink.schema, bytes, seed);
    REQUIRE_EQ(actual.rows.size(), expected.rows.size());
    for (std::size_t row = 0; row < kRows; ++row) {
        for (std::size_t i = 0; i < trip.fields.size(); ++i) {
            CAPTURE(row);
            CAPTURE(trip.fields[i].name);
            CHECK(actual.rows[row][i] == expected.rows[row][i]);
        }
    }
    CHECK(actual == expected);
}

std::vector<Field> with(std::vector<Field> fields, std::vector<Field> more) {
    fields.insert(fields.end(), more.begin(), more.end());
    return fields;
}

TEST_CASE("round trip: json") {
    const Type row = Type::row({{"x", Type::integer()}, {"y", Type::string()}});
    const std::vector<Field> all =
        with(kScalars,
             {{"text", Type::string()},
              {"bytes", Type::bytes()},
              {"list", Type::array(Type::string())},
              {"map", Type::map(Type::string(), Type::bigint())},
              {"row", row},
              {"deep", Type::array(Type::row({{"a", Type::array(Type::integer())}, {"r", row}}))}});
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        travel({.format = "json", .fields = all}, seed);
        travel({.format = "json", .fields = with(kScalars, {{"text", Type::string()}})}, seed);
        travel({.format = "json",
                .fields = all,
                .out = RecordFraming::kLengthPrefixed,
                .in = Framing::kLengthPrefixed},
               seed);
    }
}

TEST_CASE("round trip: csv") {
    const std::vector<Field> all = with(kScalars,
                                        {{"text", Type::string()},
                                         {"bytes", Type::bytes()},
                                         {"list", Type::array(Type::integer().not_null())}});
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        travel({.format = "csv", .fields = all, .options = {{"null-literal", "null"}}}, seed);
        travel({.format = "csv",
                .fields = all,
                .options = {{"null-literal", "-"},
                            {"field-delimiter", "\\t"},
                            {"quote-character", "'"},
                            {"escape-character", "\\"},
                            {"allow-comments", "true"}}},
               seed);
        travel({.format = "csv",
                .fields = all,
                .out = RecordFraming::kLengthPrefixed,
                .in = Framing::kLengthPrefixed,
                .options = {{"null-literal", "null"}}},
               seed);
    }
}

TEST_CASE("round trip: raw-struct") {
    const std::vector<Field> all = with(kScalars, {{"char", char_of(12)}});
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        travel({.format = "raw-struct",
                .fields = all,
                .out = RecordFraming::kNone,
                .in = Framing::kFixed,
                .has_nulls = false},
               seed);
        travel({.format = "raw-struct",
                .fields = all,
                .out = RecordFraming::kLengthPrefixed,
                .in = Framing::kLengthPrefixed,
                .has_nulls = false},
               seed);
    }
}

}  // namespace
}  // namespace thalweg
