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

// Rows of an instant, a byte, and one column of each type that may wait.
FormatSpec late_spec() {
    Type id = Type::of(TypeKind::kBinary);
    id.precision = 16;
    Type tag = Type::of(TypeKind::kBinary);
    tag.precision = 3;
    Type name = Type::of(TypeKind::kChar);
    name.precision = 14;
    FormatSpec spec = raw_spec({{"t0", Type::timestamp(0)},
                                {"i4", Type::integer()},
                                {"id", id},
                                {"i8", Type::bigint()},
                                {"f", Type::real()},
                                {"d", Type::double_precision()},
                                {"t9", Type::timestamp(9)},
                                {"tag", tag},
                                {"c", name},
                                {"b", Type::boolean()}});
    for (WantedColumn& column : spec.wanted)
        column.may_wait = true;
    return spec;
}

std::string late_rows(std::size_t count, Random& random) {
    std::string bytes;
    for (std::size_t row = 0; row < count; ++row) {
        put<std::int64_t>(bytes, static_cast<std::int64_t>(random.below(1000)));
        put<std::uint32_t>(bytes, static_cast<std::uint32_t>(random()));
        put<std::uint64_t>(bytes, random());
        put<std::uint64_t>(bytes, random.below(3) == 0 ? 7 : random());  // Ends in zeros.
        put<std::uint64_t>(bytes, random());
        put<float>(bytes, static_cast<float>(random.below(100)));
        put<double>(bytes, static_cast<double>(random.below(100)));
        put<std::uint64_t>(bytes, random());
        bytes.append(random.below(2) == 0 ? "ab" : "xyz", 3);
        bytes.append("fourteen chars", 14);
        put<std::uint8_t>(bytes, 1);
    }
    return bytes;
}

TEST_CASE("raw-struct: columns that may wait are filled for the rows that are asked for") {
    const FormatSpec spec = late_spec();
    FormatSpec prompt = spec;
    for (WantedColumn& column : prompt.wanted)
        column.may_wait = false;
    const SchemaPtr schema = schema_of(spec);
    std::vector<Reject> rejects;
    RejectOutlet outlet(rejects);
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        CAPTURE(seed);
        Random random(seed);
        const std::size_t count = 1 + random.below(kBatchRows);
        const std::string bytes = late_rows(count, random) + std::string(kDecodePadding, '\0');
        Piece piece;
        piece.bytes = std::string_view(bytes).substr(0, bytes.size() - kDecodePadding);
        piece.stays = true;
        Batch late(schema);
        Batch whole(schema);
        auto decoder = *make_raw_struct_decoder(spec);
        CHECK_EQ(decoder->decode(piece, late, outlet).records, count);
        CHECK_EQ((*make_raw_struct_decoder(prompt))->decode(piece, whole, outlet).records, count);
        CHECK_EQ(whole.view().owed, nullptr);
        REQUIRE_NE(late.view().owed, nullptr);
        std::vector<std::uint16_t> rows;
        const std::uint64_t one_of = 1 + random.below(6);
        for (std::size_t row = 0; row < count; ++row) {
            if (random.below(one_of) == 0) rows.push_back(static_cast<std::uint16_t>(row));
        }
        late.view().owed->fill(Selection::list(rows));
        for (const std::uint16_t row : rows) {
            for (std::size_t column = 0; column < schema->size(); ++column) {
                CAPTURE(column);
                CHECK(value_at(late.column(column), row) == value_at(whole.column(column), row));
            }
        }
        late.clear();
        piece.stays = false;  // Nothing may wait for bytes that go.
        CHECK_EQ(decoder->decode(piece, late, outlet).records, count);
        CHECK_EQ(late.view().owed, nullptr);
        CHECK(value_at(late.column(2), count - 1) == value_at(whole.column(2), count - 1));
    }
}

TEST_CASE("raw-struct: a bad value beside columns that may wait is rejected alone") {
    const FormatSpec spec = late_spec();
    Random random(3);
    std::string bytes = late_rows(5, random);
    bytes[3 * (bytes.size() / 5) - 1] = 9;  // Row 2: no boolean.
    bytes.append(kDecodePadding, '\0');
    Piece piece;
    piece.bytes = std::string_view(bytes).substr(0, bytes.size() - kDecodePadding);
    piece.stays = true;
    Batch batch(schema_of(spec));
    std::vector<Reject> rejects;
    RejectOutlet outlet(rejects);
    const DecodeResult result = (*make_raw_struct_decoder(spec))->decode(piece, batch, outlet);
    CHECK_EQ(result.rejected, 1);
    CHECK_EQ(batch.size(), 4);
    CHECK_EQ(batch.view().owed, nullptr);
    CHECK_EQ(rejects.size(), 1);
    std::int64_t expected = 0;
    std::memcpy(&expected, bytes.data() + 4 * ((bytes.size() - kDecodePadding) / 5) + 28, 8);
    CHECK(value_at(batch.column(3), 3) == number(expected));
}

}  // namespace
}  // namespace thalweg
