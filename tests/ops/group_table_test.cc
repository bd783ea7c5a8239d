// A group table that is saved while rows, partial states and whole tables are taken in: what is
// written is what it was. Keys of every form, more groups than a batch, indexes that change.

#include "ops/group_table.h"

#include "state/base/random.h"
#include "tests/support/seeds.h"
#include "tests/support/window_oracle.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <vector>

namespace thalweg {
namespace {

enum : std::size_t { kNumber, kText, kValue, kName, kColumns };

SchemaPtr row_schema() {
    return make_schema({{"number", Type::bigint()},
                        {"text", Type::string()},
                        {"value", Type::bigint()},
                        {"name", Type::string()}});
}

AggregateCall call_of(AggregateKind kind, std::size_t argument, bool is_distinct) {
    AggregateCall call;
    call.kind = kind;
    call.argument = argument;
    call.argument_type = (*row_schema())[argument].type;
    call.result_type = *aggregate_result_type(kind, call.argument_type);
    call.is_distinct = is_distinct;
    return call;
}

// COUNT, SUM(DISTINCT value), COUNT(DISTINCT name), LAST_VALUE(name), MIN(name), MAX(value).
std::vector<AggregateCall> all_calls() {
    using K = AggregateKind;
    return {call_of(K::kCount, kValue, false),
            call_of(K::kSum, kValue, true),
            call_of(K::kCount, kName, true),
            call_of(K::kLastValue, kName, false),
            call_of(K::kMin, kName, false),
            call_of(K::kMax, kValue, false)};
}

void fill(Batch& batch, std::size_t rows, std::uint64_t keys, bool is_spread, Random& random) {
    batch.clear();
    for (std::size_t row = 0; row < rows; ++row) {
        const auto key = static_cast<std::int64_t>(random.below(keys));
        const auto set = [&](std::size_t column, const Value& value) {
            const bool is_null = random.below(20) == 0;
            set_value(batch.column(column), row, is_null ? Value{} : value, batch.arena());
        };
        set(kNumber, {is_spread ? key * 1'000'000'007 : key});
        set(kText,
            {"key " + std::string(static_cast<std::size_t>(key % 20), 'k') + std::to_string(key)});
        set(kValue, {static_cast<std::int64_t>(random.below(5))});
        set(kName, {std::string(random.below(30), static_cast<char>('a' + random.below(3)))});
    }
    batch.set_size(rows);
}

// The tables of a group table, with two columns behind that say which it is.
class Saved final : public StateOut {
  public:
    explicit Saved(const GroupPlan& plan) {
        add(plan.group_fields());
        for (const std::size_t call : plan.distinct_calls())
            add(plan.value_fields(call));
    }

    Batch& open(std::size_t table, std::size_t rows) override {
        if (tables_[table].empty() || tables_[table].back()->room() < rows)
            tables_[table].push_back(std::make_unique<Batch>(schemas_[table]));
        return *tables_[table].back();
    }

    [[nodiscard]] std::vector<std::string> texts() const {
        std::vector<std::string> all;
        for (std::size_t table = 0; table < tables_.size(); ++table) {
            for (const auto& batch : tables_[table]) {
                for (const Row& row : rows_of(batch->view()))
                    all.push_back(std::to_string(table) + ": " + text_of(row));
            }
        }
        std::sort(all.begin(), all.end());
        return all;
    }

    void load_into(GroupTable& table, const GroupPlan& plan) const {
        for (std::size_t i = tables_.size(); i > 0; --i) {  // Values before their groups.
            for (const auto& batch : tables_[i - 1]) {
                if (i == 1) {
                    table.load(batch->view(), batch->view().selection);
                } else {
                    table.load_values(
                        plan.distinct_calls()[i - 2], batch->view(), batch->view().selection);
                }
            }
        }
    }

  private:
    void add(std::vector<Field> fields) {
        fields.push_back({"tail0", Type::timestamp(3).not_null()});
        fields.push_back({"tail1", Type::timestamp(3).not_null()});
        schemas_.push_back(make_schema(std::move(fields)));
        tables_.emplace_back();
    }

    std::vector<SchemaPtr> schemas_;
    std::vector<std::vector<std::unique_ptr<Batch>>> tables_;
};

std::vector<std::string> results(const GroupTable& table, const GroupPlan& plan) {
    std::vector<Field> fields;
    for (const Type& type : plan.key.types())
        fields.push_back({"key", type});
    for (const BoundAggregate& bound : plan.layout.calls())
        fields.push_back({"value", bound.call.result_type});
    Batch batch(make_schema(std::move(fields)));
    std::vector<Row> rows;
    for (std::size_t at = 0; at < table.size(); at += kBatchRows) {
        const std::size_t count = std::min(kBatchRows, table.size() - at);
        batch.clear();
        table.write(at, count, batch, false);
        batch.set_size(count);
        const std::vector<Row> some = rows_of(batch.view());
        rows.insert(rows.end(), some.begin(), some.end());
    }
    return sorted_texts(rows);
}

void check(std::vector<std::size_t> keys, std::uint64_t seed) {
    CAPTURE(seed);
    CAPTURE(keys.size());
    Random random(seed);
    std::vector<Type> types;
    for (const std::size_t key : keys)
        types.push_back((*row_schema())[key].type);
    GroupPlan plan(keys, types, all_calls(), HashSeed::from(seed));
    GroupTable table(plan);
    GroupTable other(plan);
    Batch batch(row_schema());
    const std::uint64_t range = seed % 2 == 0 ? 5000 : 300;
    std::uint64_t position = 1;
    const auto add_to = [&](GroupTable& target, bool is_spread) {
        fill(batch, random.below(kBatchRows + 1), range, is_spread, random);
        target.add(batch.view(), batch.view().selection, position);
        position += kBatchRows;
    };
    for (std::uint64_t count = random.below(12); count > 0; --count)
        add_to(table, false);
    for (std::uint64_t count = random.below(4); count > 0; --count)
        add_to(other, true);
    const GroupTarget tail{.out = nullptr, .tail = {11, 22}, .tail_columns = 2};
    Saved at_once(plan);
    Saved in_steps(plan);
    GroupTarget target = tail;
    target.out = &at_once;
    table.freeze(target);
    table.save(SIZE_MAX);
    REQUIRE_FALSE(table.is_frozen());
    const std::vector<std::string> before = results(table, plan);
    target.out = &in_steps;
    table.freeze(target);
    // New keys far from those before drop a direct index on the way.
    for (std::uint64_t step = 0; table.is_frozen(); ++step) {
        if (step == 3) table.merge(other);
        if (step < 10) add_to(table, seed % 3 == 0);
        const std::size_t most = random.below(700);
        CHECK_LE(table.save(most), most);
    }
    CHECK(in_steps.texts() == at_once.texts());
    GroupPlan second(keys, types, all_calls(), HashSeed::from(seed + 1));
    GroupTable loaded(second);
    in_steps.load_into(loaded, second);
    CHECK(results(loaded, second) == before);
    Saved again(second);
    target.out = &again;
    loaded.freeze(target);
    loaded.save(SIZE_MAX);
    CHECK(again.texts() == at_once.texts());
}

TEST_CASE("group table: what is written is what was frozen, whatever has come since") {
    for (std::uint64_t seed = 1; seed <= test::seeds(24); ++seed) {
        check({kNumber}, seed);
        check({kText}, seed);
        check({kNumber, kText}, seed);
        check({}, seed);
    }
}

}  // namespace
}  // namespace thalweg
