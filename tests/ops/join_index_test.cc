// Rows by key against a map of lists, on random rows: keys of one word, of several, with a string,
// NULLs that are equal and that are not, few keys and many, windows that grow and shrink.

#include "ops/join_index.h"

#include "state/base/random.h"
#include "state/value.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace thalweg {
namespace {

using RowKey = std::vector<std::string>;  // NULL, or the text of a value.

SchemaPtr rows_schema() {
    return make_schema(
        {{"number", Type::bigint()}, {"small", Type::integer()}, {"text", Type::string()}});
}

std::unique_ptr<Batch> random_batch(Random& random, std::size_t rows, std::uint64_t keys) {
    auto batch = std::make_unique<Batch>(rows_schema());
    for (std::size_t i = 0; i < rows; ++i) {
        const auto number = [&] { return static_cast<std::int64_t>(random.below(keys)); };
        const auto put = [&](std::size_t column, const Value& value) {
            set_value(
                batch->column(column), i, random.below(10) == 0 ? Value() : value, batch->arena());
        };
        put(0, {number()});
        put(1, {number() % 3});
        put(2, {std::string(random.below(2) * 20, 'x') + std::to_string(number())});
    }
    batch->set_size(rows);
    return batch;
}

struct KeyCase {
    const char* name;
    std::vector<std::size_t> columns;
    std::vector<bool> null_is_equal;
};

const KeyCase kKeyCases[] = {
    {"no key", {}, {}},
    {"one word", {0}, {false}},
    {"one word and NULL", {0}, {true}},
    {"two words", {0, 1}, {false, false}},
    {"two words and one NULL", {0, 1}, {true, false}},
    {"a string", {2}, {false}},
    {"a string, a word and NULLs", {2, 0}, {true, true}},
};

// The key of a row, or nothing that equals anything.
bool key_of(const KeyCase& keys, const Batch& batch, std::size_t row, RowKey& key) {
    key.clear();
    for (std::size_t i = 0; i < keys.columns.size(); ++i) {
        const Value value = value_at(batch.column(keys.columns[i]), row);
        if (value.is_null() && !keys.null_is_equal[i]) return false;
        if (value.is_null()) {
            key.push_back("null");
        } else if (const auto* text = std::get_if<std::string>(&value.data)) {
            key.push_back("text " + *text);
        } else {
            key.push_back("number " + std::to_string(std::get<std::int64_t>(value.data)));
        }
    }
    return true;
}

void check_round(const KeyCase& keys, JoinIndex& index, Random& random, BatchPool& pool) {
    const std::uint64_t key_count = random.below(2) == 0 ? 5 : 100'000;
    const std::size_t batches = key_count == 5 ? 1 : random.below(6);
    JoinRows rows;
    std::map<RowKey, std::vector<std::uint32_t>> expected;
    RowKey key;
    for (std::size_t i = 0; i < batches; ++i) {
        const auto batch = random_batch(random, 1 + random.below(kBatchRows), key_count);
        for (std::size_t row = 0; row < batch->size(); ++row) {
            if (key_of(keys, *batch, row, key))
                expected[key].push_back(static_cast<std::uint32_t>(rows.size() + row));
        }
        rows.append(batch->view(), Selection::all(batch->size()), std::vector{0UL, 1UL, 2UL}, pool);
    }
    rows.close();
    index.build(rows);
    const auto asking = random_batch(random, kBatchRows, key_count);
    std::vector<std::uint32_t> last;
    index.find(*asking, last);
    REQUIRE(last.size() == asking->size());
    for (std::size_t row = 0; row < asking->size(); ++row) {
        std::vector<std::uint32_t> wanted;
        if (key_of(keys, *asking, row, key) && expected.contains(key)) wanted = expected[key];
        std::uint32_t at = last[row];
        for (; !wanted.empty() && at == wanted.back(); wanted.pop_back())
            at = index.next(at);
        REQUIRE(wanted.empty());
        REQUIRE(at == JoinIndex::kNone);
    }
    rows.give_back(pool);
}

TEST_CASE("rows are found by their key, from the last to the first") {
    const SchemaPtr schema = rows_schema();
    for (const KeyCase& keys : kKeyCases) {
        const std::uint64_t seed = 20'261'121;
        CAPTURE(keys.name);
        CAPTURE(seed);
        Random random(seed);
        std::vector<JoinIndex::Key> index_keys;
        std::vector<Type> types;
        for (std::size_t i = 0; i < keys.columns.size(); ++i) {
            const std::size_t column = keys.columns[i];
            index_keys.push_back({column, column, keys.null_is_equal[i]});
            types.push_back((*schema)[column].type.with_nullable(keys.null_is_equal[i]));
        }
        JoinIndex index(index_keys, types, HashSeed::from(seed));
        BatchPool pool(schema, 1);
        for (int round = 0; round < 10; ++round)
            check_round(keys, index, random, pool);
    }
}

TEST_CASE("columns are gathered from rows in any order") {
    Random random(7);
    BatchPool pool(rows_schema(), 1);
    JoinRows rows;
    std::vector<std::unique_ptr<Batch>> batches;
    for (int i = 0; i < 4; ++i) {
        batches.push_back(random_batch(random, kBatchRows, 1000));
        if (i == 0) batches.back()->column(0).clear_nulls();
        rows.append(
            batches.back()->view(), Selection::all(kBatchRows), std::vector{0UL, 1UL, 2UL}, pool);
    }
    rows.close();
    CHECK(rows.memory_bytes() > rows.size() * 28);
    std::vector<std::uint32_t> chosen;
    for (std::size_t i = 0; i < kBatchRows; ++i)
        chosen.push_back(static_cast<std::uint32_t>(random.below(rows.size())));
    Batch out(rows_schema());
    for (std::size_t column = 0; column < 3; ++column)
        rows.gather(chosen, column, out.column(column), out.arena());
    for (std::size_t i = 0; i < chosen.size(); ++i) {
        const Batch& from = *batches[chosen[i] / kBatchRows];
        for (std::size_t column = 0; column < 3; ++column) {
            REQUIRE(value_at(out.column(column), i) ==
                    value_at(from.column(column), chosen[i] % kBatchRows));
        }
    }
}

}  // namespace
}  // namespace thalweg
