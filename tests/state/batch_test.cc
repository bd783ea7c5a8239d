// Batch and Column: deep copies, nulls that come and go, lists, and reuse.

#include "state/batch.h"

#include <doctest/doctest.h>

#include <array>
#include <string>

namespace thalweg {
namespace {

TEST_CASE("batch: append copies values, nulls and long strings") {
    const SchemaPtr schema = make_schema({{"id", Type::bigint()}, {"text", Type::string()}});
    Batch copy(schema);
    {
        Batch source(schema);
        for (std::size_t i = 0; i < 100; ++i) {
            source.column(0).data<std::int64_t>()[i] = static_cast<std::int64_t>(i);
            const std::string text(i, 'x');
            source.column(1).data<StringRef>()[i] = StringRef(source.arena().copy(text));
            if (i % 3 == 0) source.column(1).set_null(i);
        }
        source.set_size(100);
        const std::array<std::uint16_t, 3> rows = {5, 42, 99};
        copy.append(source.view(), Selection::list(rows));
        copy.append(source.view(), Selection::range(20, 2));
    }
    REQUIRE_EQ(copy.size(), 5);
    const std::array<std::int64_t, 5> ids = {5, 42, 99, 20, 21};
    for (std::size_t i = 0; i < 5; ++i) {
        CHECK_EQ(copy.column(0).data<std::int64_t>()[i], ids[i]);
        const bool is_null = ids[i] % 3 == 0;
        CHECK_EQ(copy.column(1).is_null(i), is_null);
        if (is_null) continue;
        CHECK_EQ(copy.column(1).data<StringRef>()[i].view(),
                 std::string(static_cast<std::size_t>(ids[i]), 'x'));
    }
}

TEST_CASE("batch: a cleared batch has no nulls, no kinds and no rows") {
    Batch batch(make_schema({{"a", Type::integer()}}));
    batch.column(0).set_null(3);
    batch.make_kinds()[0] = RowKind::kDelete;
    batch.set_size(4);
    batch.clear();
    CHECK(batch.empty());
    CHECK_FALSE(batch.column(0).has_nulls());
    CHECK_EQ(batch.kinds(), nullptr);
}

TEST_CASE("column: lists are copied behind the elements that are there") {
    const Type type = Type::array(Type::string());
    Column source(type);
    Column target(type);
    Arena arena;
    source.child(0).data<StringRef>()[0] = StringRef("a");
    source.child(0).data<StringRef>()[1] = StringRef("a long string, longer than twelve");
    source.set_child_rows(2);
    source.data<ListRef>()[7] = {0, 2};
    source.set_null(8);
    target.copy_row(0, source, 7, arena);
    target.copy_row(1, source, 8, arena);
    target.copy_row(2, source, 7, arena);
    CHECK_EQ(target.child_rows(), 4);
    CHECK(target.is_null(1));
    const ListRef list = target.data<ListRef>()[2];
    REQUIRE_EQ(list.length, 2);
    CHECK_EQ(target.child(0).data<StringRef>()[list.offset + 1].view(),
             "a long string, longer than twelve");
}

TEST_CASE("string: order and equality are those of the bytes, inline or not") {
    const std::array<std::string, 6> texts = {
        "", "a", "abcd", "abcdefghijkl", "abcdefghijklm", "abcdefghijkln"};
    for (const std::string& a : texts) {
        for (const std::string& b : texts) {
            CHECK_EQ(StringRef(a) == StringRef(b), a == b);
            CHECK_EQ((StringRef(a) < StringRef(b)), a < b);
        }
    }
}

TEST_CASE("pool: a batch given back comes out empty") {
    BatchPool pool(make_schema({{"a", Type::bigint()}}), 1);
    auto batch = pool.take();
    batch->set_size(10);
    const Batch* const address = batch.get();
    pool.give_back(std::move(batch));
    auto again = pool.take();
    CHECK_EQ(again.get(), address);
    CHECK(again->empty());
}

}  // namespace
}  // namespace thalweg
