// Fixed-width rows against a reading of them value by value, and what is refused.

#include "ingest/raw_struct_decoder.h"

#include "state/base/time.h"
#include "tests/support/decoding.h"

#include <doctest/doctest.h>

#include <array>
#include <cstring>
#include <string>

namespace thalweg {
namespace {

FormatSpec raw_spec(std::vector<Field> declared, Framing framing = Framing::kFixed) {
    FormatSpec spec;
    spec.format = "raw-struct";
    spec.declared = std::move(declared);
    spec.framing = framing;
    want_all(spec);
    return spec;
}

Decoded decode(const FormatSpec& spec, std::string_view bytes) {
    const SchemaPtr schema = schema_of(spec);
    const Decoded whole = decode_whole(**make_raw_struct_decoder(spec), schema, bytes);
    for (std::uint64_t seed = 0; seed < 10 && spec.framing != Framing::kDatagram; ++seed) {
        CAPTURE(seed);
        CHECK(whole == decode_split(**make_raw_struct_decoder(spec), schema, bytes, seed));
    }
    return whole;
}

template <class T>
void put(std::string& out, T value) {
    char bytes[sizeof(T)];
    std::memcpy(bytes, &value, sizeof value);
    out.append(bytes, sizeof bytes);
}

Value number(std::int64_t value) {
    return {value};
}

Value text(std::string_view value) {
    return {std::string(value)};
}

TEST_CASE("raw-struct: every type, wanted in another order") {
    Type name = Type::of(TypeKind::kChar);
    name.precision = 14;
    FormatSpec spec = raw_spec({{"b", Type::boolean()},
                                {"i1", Type::of(TypeKind::kTinyint)},
                                {"i2", Type::of(TypeKind::kSmallint)},
                                {"i4", Type::integer()},
                                {"i8", Type::bigint()},
                                {"f", Type::real()},
                                {"d", Type::double_precision()},
                                {"t0", Type::timestamp(0)},
                                {"t3", Type::timestamp_ltz(3)},
                                {"t9", Type::timestamp(9)},
                                {"m", Type::decimal(10, 2)},
                                {"w", Type::decimal(38, 2)},
                                {"c", name}});
    spec.wanted.erase(spec.wanted.begin(), spec.wanted.begin() + 2);
    spec.wanted.push_back({{"i1"}, Type::of(TypeKind::kTinyint), Metadata::kNone});
    spec.wanted.push_back({{"b"}, Type::boolean(), Metadata::kNone});
    std::string row;
    put<std::uint8_t>(row, 1);
    put<std::int8_t>(row, -5);
    put<std::int16_t>(row, -300);
    put<std::int32_t>(row, 70000);
    put<std::int64_t>(row, -1);
    put<float>(row, 0.5F);
    put<double>(row, -2.25);
    put<std::int64_t>(row, 10);
    put<std::int64_t>(row, -10);
    put<std::int64_t>(row, 7);
    put<std::int64_t>(row, 1234);
    put<Int128>(row, Int128{1} << 100);
    row.append("thirteen chrs\0", 14);
    std::string many;
    for (std::size_t i = 0; i < 2500; ++i)
        many += row;
    const Decoded decoded = decode(spec, many);
    REQUIRE_EQ(decoded.rows.size(), 2500);
    const Value::List expected = {number(-300),
                                  number(70000),
                                  number(-1),
                                  {0.5},
                                  {-2.25},
                                  number(10 * kNanosPerSecond),
                                  number(-10 * kNanosPerMilli),
                                  number(7),
                                  {Int128{1234}},
                                  {Int128{1} << 100},
                                  text("thirteen chrs"),
                                  number(-5),
                                  {true}};
    CHECK(decoded.rows.front() == expected);
    CHECK(decoded.rows.back() == expected);
}

TEST_CASE("raw-struct: values that cannot be are rejected alone") {
    const FormatSpec spec = raw_spec({{"b", Type::boolean()},
                                      {"t", Type::of(TypeKind::kTime)},
                                      {"s", Type::timestamp(0)},
                                      {"m", Type::decimal(2, 0)}});

    struct Row {
        std::uint8_t boolean;
        std::int32_t time;
        std::int64_t seconds;
        std::int64_t decimal;
        bool fits;
    };

    const std::array<Row, 9> rows = {{
        {0, 0, 0, 0, true},
        {2, 0, 0, 0, false},
        {1, 86'399'999, 9'223'372'036, 99, true},
        {1, 86'400'000, 0, 0, false},
        {1, -1, 0, 0, false},
        {1, 0, 9'223'372'037, 0, false},
        {1, 0, INT64_MIN, 0, false},
        {1, 0, 0, 100, false},
        {1, 0, -9'223'372'036, -99, true},
    }};
    std::string bytes;
    std::size_t bad_count = 0;
    for (const Row& row : rows) {
        put(bytes, row.boolean);
        put(bytes, row.time);
        put(bytes, row.seconds);
        put(bytes, row.decimal);
        bad_count += row.fits ? 0 : 1;
    }
    const Decoded decoded = decode(spec, bytes + "tail");
    CHECK_EQ(decoded.rows.size(), rows.size() - bad_count);
    REQUIRE_EQ(decoded.rejects.size(), bad_count + 1);
    CHECK_EQ(decoded.rejects[0].offset, 21);
    CHECK_EQ(int(decoded.rejects[0].reason), int(RejectReason::kWrongType));
    CHECK_EQ(int(decoded.rejects.back().reason), int(RejectReason::kTruncated));
    CHECK_EQ(decoded.rejects.back().bytes, "tail");
}

TEST_CASE("raw-struct: datagrams of several rows, frames of one") {
    std::string rows;
    for (std::int64_t i = 0; i < 3; ++i)
        put(rows, i);
    const Decoded datagram =
        decode(raw_spec({{"n", Type::bigint()}}, Framing::kDatagram), rows + "x");
    CHECK_EQ(datagram.rows.size(), 3);
    CHECK_EQ(int(datagram.rejects.at(0).reason), int(RejectReason::kTruncated));
    std::string frames;
    put<std::uint32_t>(frames, 8);
    frames += rows.substr(8, 8);
    put<std::uint32_t>(frames, 16);
    frames += rows.substr(0, 16);
    const Decoded framed =
        decode(raw_spec({{"n", Type::bigint()}}, Framing::kLengthPrefixed), frames);
    CHECK(framed.rows == std::vector<Value::List>{{number(1)}});
    CHECK_EQ(int(framed.rejects.at(0).reason), int(RejectReason::kMalformed));
}

TEST_CASE("raw-struct: sequence and raw metadata") {
    FormatSpec spec = raw_spec({{"n", Type::bigint()}});
    spec.wanted.push_back({{}, Type::bigint(), Metadata::kSequence});
    spec.wanted.push_back({{}, Type::bytes(), Metadata::kRaw});
    std::string rows;
    put<std::int64_t>(rows, 65);
    put<std::int64_t>(rows, 66);
    const Decoded decoded = decode(spec, rows);
    REQUIRE_EQ(decoded.rows.size(), 2);
    CHECK(decoded.rows[1] == Value::List{number(66), number(1), text(rows.substr(8))});
}

TEST_CASE("raw-struct: types without a width, and framings without sense") {
    const auto string = make_raw_struct_decoder(raw_spec({{"s", Type::string()}}));
    REQUIRE_FALSE(string.has_value());
    CHECK(string.error().message.starts_with("column 's' is STRING, which format 'raw-struct'"));
    CHECK_FALSE(make_raw_struct_decoder(raw_spec({{"t", Type::timestamp(4)}})));
    CHECK_FALSE(make_raw_struct_decoder(raw_spec({{"n", Type::bigint()}}, Framing::kNewline)));
    CHECK_FALSE(make_raw_struct_decoder(raw_spec({})));
}

}  // namespace
}  // namespace thalweg
