// Rows of random layouts against reading each field of each row by itself.

#include "ingest/row_transposer.h"

#include "ingest/decoder.h"
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

// 16 bytes have a loop of their own; up to 12 need no memory but their reference's.
std::int32_t some_width(Random& random) {
    return random.below(2) == 0 ? 16 : 1 + static_cast<std::int32_t>(random.below(40));
}

Type fixed(TypeKind kind, std::int32_t width) {
    return {kind, true, width, 0, nullptr};
}

Type some_type(Random& random) {
    switch (random.below(11)) {
        case 0: return Type::of(TypeKind::kTinyint);
        case 1: return Type::of(TypeKind::kSmallint);
        case 2: return Type::integer();
        case 3: return Type::real();
        case 4: return Type::double_precision();
        case 5: return Type::timestamp(3);
        case 6: return Type::timestamp(9);
        case 7: return Type::of(TypeKind::kDate);
        case 8: return fixed(TypeKind::kChar, some_width(random));
        case 9: return fixed(TypeKind::kBinary, some_width(random));
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

// Two of three fill their field, others end in zeros; characters are ASCII.
void put_text(char* to, const RawField& field, Random& random) {
    const std::size_t width = field.layout.bytes;
    for (std::size_t i = 0; i < width && field.type.is_character(); ++i)
        to[i] = static_cast<char>(random.below(128));
    if (to[width - 1] == '\0') to[width - 1] = 'z';
    const std::size_t zeros = random.below(3) == 0 ? random.below(width + 1) : 0;
    std::memset(to + width - zeros, 0, zeros);
}

std::string_view text_at(const char* from, std::size_t width) {
    const std::string_view field(from, width);
    const std::size_t last = field.find_last_not_of('\0');
    return last == std::string_view::npos ? std::string_view() : field.substr(0, last + 1);
}

// Small numbers of any of the types, so that every timestamp is within range; NaNs compare by bits.
std::vector<char> some_rows(const Layout& layout, std::size_t count, Random& random) {
    std::vector<char> bytes(layout.row_bytes * count + kDecodePadding);
    for (char& byte : bytes)
        byte = static_cast<char>(random.below(256));
    for (const RawField& field : layout.fields) {
        for (std::size_t row = 0; row < count && field.type.is_timestamp(); ++row) {
            const std::int64_t value =
                static_cast<std::int64_t>(random.below(2'000'000)) - 1'000'000;
            std::memcpy(bytes.data() + row * layout.row_bytes + field.offset, &value, 8);
        }
        if (field.type.physical() != Physical::kString) continue;
        for (std::size_t row = 0; row < count; ++row)
            put_text(bytes.data() + row * layout.row_bytes + field.offset, field, random);
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
        case TypeKind::kChar:
        case TypeKind::kBinary:
            CHECK(column.data<StringRef>()[row].view() == text_at(from, field.layout.bytes));
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
        {
            // Gone after the call: what the batch holds must be its own.
            std::vector<char> lent = bytes;
            REQUIRE(transposer.write(lent.data(), count, batch, first));
            std::fill(lent.begin(), lent.end(), '!');
        }
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

TEST_CASE("row transposer: texts that are refused leave nothing behind") {
    const Type text = fixed(TypeKind::kChar, 20);
    const Type bytes_type = fixed(TypeKind::kBinary, 16);
    const SchemaPtr schema = make_schema({{"t", text}, {"b", bytes_type}});
    const RowTransposer transposer(
        {{0, 0, text, raw_layout_of(text)}, {1, 20, bytes_type, raw_layout_of(bytes_type)}}, 36);
    constexpr std::size_t kRows = 100;
    for (std::size_t bad = 0; bad < kRows; ++bad) {
        CAPTURE(bad);
        std::vector<char> bytes(kRows * 36 + kDecodePadding, 'a');
        Batch batch(schema);
        REQUIRE(transposer.write(bytes.data(), kRows, batch, 0));
        bytes[bad * 36 + bad % 20] = static_cast<char>(0xFF);
        CHECK_FALSE(transposer.write(bytes.data(), kRows, batch, kRows));
        const std::size_t held_bytes = batch.arena().memory_bytes();
        for (int i = 0; i < 50; ++i)
            REQUIRE_FALSE(transposer.write(bytes.data(), kRows, batch, kRows));
        CHECK(batch.arena().memory_bytes() == held_bytes);
        bytes[bad * 36 + bad % 20] = 'b';
        REQUIRE(transposer.write(bytes.data(), kRows, batch, kRows));
        const auto* const texts = std::as_const(batch).column(0).data<StringRef>();
        CHECK(texts[kRows - 1].view() == std::string(20, 'a'));
        CHECK(texts[kRows + bad].view() == std::string_view(bytes.data() + bad * 36, 20));
    }
}

}  // namespace
}  // namespace thalweg
