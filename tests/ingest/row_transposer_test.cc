// Rows of random layouts against reading each field of each row by itself.

#include "ingest/row_transposer.h"

#include "state/base/random.h"
#include "state/base/time.h"

#include <doctest/doctest.h>

#include <cstring>
#include <vector>

namespace thalweg {
namespace {

struct Layout {
    std::vector<RawField> fields;
    SchemaPtr schema;
    std::size_t row_bytes = 0;
};

Type some_type(Random& random) {
    switch (random.below(9)) {
        case 0: return Type::of(TypeKind::kTinyint);
        case 1: return Type::of(TypeKind::kSmallint);
        case 2: return Type::integer();
        case 3: return Type::real();
        case 4: return Type::double_precision();
        case 5: return Type::timestamp(3);
        case 6: return Type::timestamp(9);
        case 7: return Type::of(TypeKind::kDate);
        default: return Type::bigint();
    }
}

Layout some_layout(Random& random) {
    Layout layout;
    std::vector<Field> columns;
    const std::size_t declared = 1 + random.below(20);
    for (std::size_t i = 0; i < declared; ++i) {
        const Type type = some_type(random);
        const RawLayout raw = raw_layout_of(type);
        if (i == 0 || random.below(3) != 0) {
            layout.fields.push_back({columns.size(), layout.row_bytes, type, raw});
            columns.push_back({"c" + std::to_string(i), type});
        }
        layout.row_bytes += raw.bytes;
    }
    layout.schema = make_schema(std::move(columns));
    return layout;
}

// Small numbers of any of the types, so that every timestamp is within range; NaNs compare by bits.
std::vector<char> some_rows(const Layout& layout, std::size_t count, Random& random) {
    std::vector<char> bytes(layout.row_bytes * count);
    for (char& byte : bytes)
        byte = static_cast<char>(random.below(256));
    for (const RawField& field : layout.fields) {
        for (std::size_t row = 0; row < count && field.type.is_timestamp(); ++row) {
            const std::int64_t value =
                static_cast<std::int64_t>(random.below(2'000'000)) - 1'000'000;
            std::memcpy(bytes.data() + row * layout.row_bytes + field.offset, &value, 8);
        }
    }
    return bytes;
}

template <class Raw>
std::int64_t integer_at(const char* from) {
    Raw value;
    std::memcpy(&value, from, sizeof value);
    return std::int64_t{value};
}

void check_value(const RawField& field, const char* from, const Column& column, std::size_t row) {
    switch (field.type.kind) {
        case TypeKind::kTinyint:
            CHECK(column.data<std::int32_t>()[row] == integer_at<std::int8_t>(from));
            return;
        case TypeKind::kSmallint:
            CHECK(column.data<std::int32_t>()[row] == integer_at<std::int16_t>(from));
            return;
        case TypeKind::kTimestamp:
            CHECK(column.data<std::int64_t>()[row] ==
                  integer_at<std::int64_t>(from) * field.layout.nanos_per_unit);
            return;
        case TypeKind::kFloat: CHECK(std::memcmp(column.data<float>() + row, from, 4) == 0); return;
        case TypeKind::kDouble:
            CHECK(std::memcmp(column.data<double>() + row, from, 8) == 0);
            return;
        case TypeKind::kBigint:
            CHECK(column.data<std::int64_t>()[row] == integer_at<std::int64_t>(from));
            return;
        default: CHECK(column.data<std::int32_t>()[row] == integer_at<std::int32_t>(from));
    }
}

TEST_CASE("row transposer: random layouts") {
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
        CAPTURE(seed);
        Random random(seed);
        const Layout layout = some_layout(random);
        const RowTransposer transposer(layout.fields, layout.row_bytes);
        Batch batch(layout.schema);
        const std::size_t first = random.below(3) == 0 ? random.below(500) : 0;
        const std::size_t count = 1 + random.below(seed % 3 == 0 ? kBatchRows - first : 130);
        const std::vector<char> bytes = some_rows(layout, count, random);
        REQUIRE(transposer.write(bytes.data(), count, batch, first));
        for (const RawField& field : layout.fields) {
            const Column& column = std::as_const(batch).column(field.column);
            for (std::size_t row = 0; row < count; ++row) {
                const char* const from = bytes.data() + row * layout.row_bytes + field.offset;
                check_value(field, from, column, first + row);
            }
            const bool is_scaled = field.type.is_timestamp() && field.layout.nanos_per_unit != 1;
            REQUIRE((column.known_range() != nullptr) == (is_scaled && first == 0));
            if (is_scaled && first == 0)
                CHECK(*column.known_range() == range_of({column.data<std::int64_t>(), count}));
        }
    }
}

TEST_CASE("row transposer: a value that cannot be, in any row") {
    const Type time = Type::of(TypeKind::kTime);
    const SchemaPtr schema = make_schema({{"ts", Type::timestamp(0)}, {"t", time}});
    const std::vector<RawField> fields = {
        {0, 0, Type::timestamp(0), raw_layout_of(Type::timestamp(0))},
        {1, 8, time, raw_layout_of(time)}};
    const RowTransposer transposer(fields, 12);
    constexpr std::size_t kRows = 130;
    constexpr std::int64_t kSecondsMax = std::numeric_limits<std::int64_t>::max() / kNanosPerSecond;
    constexpr std::int32_t kDayMs = 86'400'000;
    for (std::size_t bad = 0; bad < kRows; ++bad) {
        CAPTURE(bad);
        std::vector<char> bytes(kRows * 12);
        Batch batch(schema);
        const auto put = [&](std::size_t offset, auto value) {
            std::memcpy(bytes.data() + bad * 12 + offset, &value, sizeof value);
        };
        put(0, kSecondsMax);
        put(8, kDayMs - 1);
        CHECK(transposer.write(bytes.data(), kRows, batch, 0));
        put(0, kSecondsMax + 1);
        CHECK_FALSE(transposer.write(bytes.data(), kRows, batch, 0));
        put(0, -kSecondsMax - 1);
        CHECK_FALSE(transposer.write(bytes.data(), kRows, batch, 0));
        put(0, std::int64_t{0});
        put(8, kDayMs);
        CHECK_FALSE(transposer.write(bytes.data(), kRows, batch, 0));
        put(8, std::int32_t{-1});
        CHECK_FALSE(transposer.write(bytes.data(), kRows, batch, 0));
    }
}

}  // namespace
}  // namespace thalweg
