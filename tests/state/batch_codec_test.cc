// Rows as bytes and back: every type, nulls anywhere, parts of batches; and bytes that nobody
// wrote.

#include "state/batch_codec.h"

#include "state/base/random.h"
#include "state/value.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

using Bytes = std::vector<std::byte>;
using Row = std::vector<Value>;

struct MemorySink final : StateSink {
    Bytes bytes;

    Result<void> append(std::span<const std::byte> piece) override {
        bytes.insert(bytes.end(), piece.begin(), piece.end());
        return {};
    }
};

Bytes encoded(const BatchView& view) {
    MemorySink sink;
    StateWriter writer(sink);
    write_rows(writer, view);
    REQUIRE(writer.finish().has_value());
    return std::move(sink.bytes);
}

Bytes encoded(const Schema& schema) {
    MemorySink sink;
    StateWriter writer(sink);
    write_schema(writer, schema);
    REQUIRE(writer.finish().has_value());
    return std::move(sink.bytes);
}

std::vector<Row> rows_of(const BatchView& view) {
    std::vector<Row> rows;
    view.selection.for_each([&](std::size_t row) {
        Row& cells = rows.emplace_back();
        for (const Column* const column : view.columns)
            cells.push_back(value_at(*column, row));
    });
    return rows;
}

Type inner_row() {
    return Type::row({{"a", Type::string()}, {"b", Type::array(Type::bigint())}});
}

// Every physical form, and collections of collections.
SchemaPtr wide_schema() {
    return make_schema({{"truth", Type::boolean()},
                        {"tiny", Type::of(TypeKind::kTinyint)},
                        {"whole", Type::bigint().not_null()},
                        {"real", Type::real()},
                        {"double", Type::double_precision()},
                        {"money", Type::decimal(38, 4)},
                        {"text", Type::string()},
                        {"bytes", Type::bytes()},
                        {"time", Type::timestamp_ltz(3)},
                        {"list", Type::array(Type::array(Type::string()))},
                        {"map", Type::map(Type::string().not_null(), inner_row())},
                        {"row", Type::row({{"x", inner_row()}, {"y", Type::boolean()}})},
                        {"empty", Type::row({})}});
}

Value random_value(const Type& type, Random& random) {
    if (type.nullable && random.below(4) == 0) return {};
    switch (type.physical()) {
        case Physical::kBool: return {random.below(2) == 0};
        case Physical::kInt32: return {static_cast<std::int64_t>(random.below(200)) - 100};
        case Physical::kInt64: return {static_cast<std::int64_t>(random())};
        case Physical::kFloat:
        case Physical::kDouble: return {static_cast<double>(random.below(1000)) / 4 - 100};
        case Physical::kDecimal: return {Int128{static_cast<std::int64_t>(random())} * 7};
        case Physical::kString: return {std::string(random.below(30), 'x')};
        case Physical::kList:
        case Physical::kRow: break;
    }
    Value::List values;
    const bool is_row = type.physical() == Physical::kRow;
    const std::uint64_t length = is_row ? 1 : random.below(4);
    for (std::uint64_t i = 0; i < length; ++i) {
        for (const Field& field : *type.fields)
            values.push_back(random_value(field.type, random));
    }
    return {std::move(values)};
}

void fill(Batch& batch, std::size_t rows, Random& random) {
    batch.clear();
    for (std::size_t i = 0; i < rows; ++i) {
        for (std::size_t c = 0; c < batch.column_count(); ++c) {
            set_value(
                batch.column(c), i, random_value(batch.column(c).type(), random), batch.arena());
        }
    }
    batch.set_size(rows);
}

Selection random_selection(std::size_t rows,
                           std::array<std::uint16_t, kBatchRows>& list,
                           Random& random) {
    const std::size_t first = random.below(rows + 1);
    if (random.below(2) == 0) return Selection::range(first, random.below(rows - first + 1));
    std::size_t count = 0;
    for (std::size_t row = 0; row < rows; ++row) {
        if (random.below(3) != 0) list[count++] = static_cast<std::uint16_t>(row);
    }
    return Selection::list({list.data(), count});
}

TEST_CASE("rows: any selection of any rows comes back") {
    Batch batch(wide_schema());  // Reused: what lies under a null is of some row before.
    Batch back(wide_schema());
    std::array<std::uint16_t, kBatchRows> list;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        CAPTURE(seed);
        Random random(seed);
        const std::size_t rows = seed == 1 ? 0 : random.below(seed % 10 == 0 ? 1025 : 40);
        fill(batch, rows, random);
        if (random.below(3) == 0) {
            for (std::size_t i = 0; i < rows; ++i)
                batch.make_kinds()[i] = static_cast<RowKind>(random.below(4));
        }
        const BatchView view = batch.view().with(random_selection(rows, list, random));
        const Bytes bytes = encoded(view);
        StateReader reader(bytes);
        back.clear();
        read_rows(reader, back);
        REQUIRE(reader.finish().has_value());
        CHECK(reader.at_end());
        REQUIRE_EQ(back.size(), view.size());
        CHECK(rows_of(back.view()) == rows_of(view));
        REQUIRE_EQ(back.kinds() == nullptr, batch.kinds() == nullptr);
        for (std::size_t i = 0; i < view.size() && view.kinds != nullptr; ++i)
            CHECK(back.kinds()[i] == view.kinds[view.selection[i]]);
        CHECK_EQ(encoded(back.view()).size(), bytes.size());
    }
}

TEST_CASE("rows: floating-point numbers keep their bits") {
    Batch batch(make_schema({{"d", Type::double_precision().not_null()}}));
    const std::array values = {-0.0, std::numeric_limits<double>::quiet_NaN(), 1e-310};
    std::copy(values.begin(), values.end(), batch.column(0).data<double>());
    batch.set_size(values.size());
    const Bytes bytes = encoded(batch.view());
    Batch back(batch.schema());
    StateReader reader(bytes);
    read_rows(reader, back);
    REQUIRE_EQ(back.size(), values.size());
    CHECK(std::equal(
        batch.column(0).bytes(), batch.column(0).bytes() + sizeof values, back.column(0).bytes()));
}

TEST_CASE("rows: the bytes of two rows") {
    const SchemaPtr schema = make_schema(
        {{"n", Type::integer()}, {"t", Type::string()}, {"l", Type::array(Type::integer())}});
    Batch batch(schema);
    const std::vector<Row> rows = {
        {{std::int64_t{258}}, {std::string("ab")}, {Value::List{{std::int64_t{1}}, {}}}},
        {{}, {std::string()}, {Value::List{}}}};
    for (std::size_t i = 0; i < 2; ++i) {
        for (std::size_t c = 0; c < 3; ++c)
            set_value(batch.column(c), i, rows[i][c], batch.arena());
    }
    batch.column(0).data<std::int32_t>()[1] = 7;  // Whatever lies under a null: zeros are written.
    batch.column(2).child(0).data<std::int32_t>()[1] = 7;
    batch.set_size(2);
    const std::vector<unsigned> expected = {
        2, 0,                              // Two rows, all inserted.
        1, 1, 2,   1,   0, 0, 0, 0, 0, 0,  // n: the second is null; 258, 0.
        0, 2, 'a', 'b', 0,                 // t: no nulls; two texts.
        0, 2, 0,   1,   1, 1, 0, 0, 0, 0,
        0,  // l: no nulls; two and no elements; theirs: one is null.
        0, 0};
    std::vector<unsigned> actual;
    for (const std::byte byte : encoded(batch.view()))
        actual.push_back(static_cast<unsigned>(byte));
    CHECK(actual == expected);
}

// Reads bytes that may be anything; whatever is accepted must be what could have been written.
void read_hostile(const Bytes& bytes, const SchemaPtr& schema) {
    Batch batch(schema);
    StateReader reader(bytes);
    read_rows(reader, batch);
    if (!reader.ok()) {
        CHECK(batch.empty());
        CHECK_LT(batch.memory_bytes(), 2'000'000 + 64 * bytes.size());
        return;
    }
    const Bytes again = encoded(batch.view());
    StateReader second(again);
    Batch back(schema);
    read_rows(second, back);
    CHECK(second.ok());
    CHECK_EQ(back.size(), batch.size());
}

TEST_CASE("rows: bytes that are cut or changed are refused, or are other rows") {
    const SchemaPtr schema = wide_schema();
    Random random(5);
    Batch batch(schema);
    fill(batch, 12, random);
    const Bytes bytes = encoded(batch.view());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        StateReader reader(std::span<const std::byte>(bytes).first(size));
        Batch back(schema);
        read_rows(reader, back);
        CHECK_FALSE(reader.ok());
        CHECK(back.empty());
    }
    for (int i = 0; i < 1500; ++i) {
        Bytes changed = bytes;
        for (std::uint64_t flips = random.below(3) + 1; flips > 0; --flips)
            changed[random.below(changed.size())] ^= static_cast<std::byte>(1U << random.below(8));
        read_hostile(changed, schema);
    }
}

TEST_CASE("rows: claims are not believed") {
    const auto refused = [](const Type& type, const std::vector<unsigned>& numbers) {
        CAPTURE(type.to_string());
        Bytes bytes;
        for (const unsigned number : numbers)
            bytes.push_back(static_cast<std::byte>(number));
        Batch batch(make_schema({{"c", type}}));
        const std::size_t before = batch.memory_bytes();
        StateReader reader(bytes);
        read_rows(reader, batch);
        CHECK_FALSE(reader.ok());
        CHECK(batch.empty());
        CHECK_LT(batch.memory_bytes(), before + 1'000'000);
    };
    const Type list = Type::array(Type::bigint());
    refused(list, {0x81, 0x08, 0});                             // 1,025 rows.
    refused(list, {1, 2});                                      // Kinds: neither no nor yes.
    refused(list, {1, 1, 4});                                   // No such kind.
    refused(list, {1, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0});  // 2^32 - 1 elements.
    refused(list, {2, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1});  // 2^32 of them.
    refused(list, {1, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1});  // As many nulls.
    refused(list, {1, 0, 1, 0, 1, 0, 9, 0, 0, 0, 0, 0, 0, 0});  // A null with an element.
    refused(Type::string(), {1, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 'a'});
    refused(Type::boolean(), {1, 0, 0, 2});
    refused(Type::boolean(), {1, 0, 2, 1});
    refused(Type::array(Type::array(Type::string())), {1, 0, 0, 0xFF, 0xFF, 0x7F, 0, 0});
}

TEST_CASE("rows: schemas come back, and others are refused") {
    const Schema schema = *wide_schema();
    const Bytes bytes = encoded(schema);
    StateReader reader(bytes);
    CHECK(read_schema(reader) == schema);
    CHECK(reader.at_end());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        StateReader cut(std::span<const std::byte>(bytes).first(size));
        CHECK_EQ(read_schema(cut).size(), 0);
        CHECK_FALSE(cut.ok());
    }
    Random random(9);
    for (int i = 0; i < 3000; ++i) {
        Bytes changed = bytes;
        changed[random.below(changed.size())] ^= static_cast<std::byte>(1U << random.below(8));
        StateReader other(changed);
        const Schema read = read_schema(other);
        if (!other.ok()) continue;
        CHECK_FALSE(read == schema);
    }
    Bytes deep(1, std::byte{1});  // A list of lists of lists ...
    for (int i = 0; i < 100; ++i)
        for (const int byte : {0, int{static_cast<int>(TypeKind::kArray)}, 1, 0, 0, 1})
            deep.push_back(static_cast<std::byte>(byte));
    StateReader nested(deep);
    CHECK_EQ(read_schema(nested).size(), 0);
    CHECK_FALSE(nested.ok());
}

}  // namespace
}  // namespace thalweg
