// The lookup join against two loops over rows, for keys of every form, unique and not; and that
// nothing of the stream is copied where it need not be.

#include "ops/lookup_join.h"

#include "state/base/random.h"
#include "state/batch.h"
#include "tests/support/window_oracle.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

// What a key column holds: values from a small set, so that some meet.
enum class KeyForm {
    kNear,      // BIGINT, close together
    kFar,       // BIGINT, all over
    kInt,       // INT, negative too
    kShort,     // STRING of at most twelve bytes
    kSixteen,   // BINARY of at most sixteen, zeros among them
    kLong,      // STRING of any length
    kDecimal,   // DECIMAL(38, 2)
    kTimestamp  // TIMESTAMP(3)
};

Type type_of(KeyForm form) {
    switch (form) {
        case KeyForm::kNear:
        case KeyForm::kFar: return Type::bigint();
        case KeyForm::kInt: return Type::integer();
        case KeyForm::kShort:
        case KeyForm::kLong: return Type::string();
        case KeyForm::kSixteen: return {TypeKind::kBinary, true, 16, 0, nullptr};
        case KeyForm::kDecimal: return Type::decimal(38, 2);
        case KeyForm::kTimestamp: break;
    }
    return Type::timestamp(3);
}

// Key `number` of the form.
Value value_of(KeyForm form, std::uint64_t number) {
    const auto signed_number = static_cast<std::int64_t>(number);
    switch (form) {
        case KeyForm::kNear: return {signed_number - 3};
        case KeyForm::kFar: {
            const std::uint64_t spread = number * 0x9e3779b97f4a7c15ULL;
            return {static_cast<std::int64_t>(number == 1 ? 1ULL << 63U : spread)};
        }
        case KeyForm::kInt: return {(signed_number - 20) * 10'000'000};
        case KeyForm::kShort: return {std::string(number % 13, 'k') + std::to_string(number % 7)};
        case KeyForm::kSixteen: {
            std::string text(1 + number % 16, static_cast<char>(number % 3));
            text.front() = static_cast<char>(number);
            return {std::move(text)};
        }
        case KeyForm::kLong: return {std::string(number % 40, 'x') + std::to_string(number)};
        case KeyForm::kDecimal: return {static_cast<Int128>(number) << 70U};
        case KeyForm::kTimestamp: break;
    }
    return {signed_number * 1'000'000};
}

struct Case {
    std::vector<KeyForm> keys;
    std::size_t table_rows = 0;
    std::uint64_t values = 0;  // How many there are of each key.
    bool is_unique = false;
    bool is_left = false;
    bool has_residual = false;
    bool has_kinds = false;
};

constexpr std::size_t kWeight = 0;  // Behind the keys of both sides: a BIGINT that residuals read.

// A row of keys, then a weight, then a text, then a list; each NULL now and then.
Row random_row(const Case& each, Random& random, std::uint64_t unique_number) {
    Row row;
    for (const KeyForm form : each.keys) {
        const std::uint64_t number = each.is_unique ? unique_number : random.below(each.values);
        row.push_back(random.below(12) == 0 ? Value{} : value_of(form, number));
    }
    row.push_back(random.below(9) == 0 ? Value{}
                                       : Value{static_cast<std::int64_t>(random.below(100))});
    row.push_back(random.below(9) == 0 ? Value{} : Value{std::string(random.below(30), 't')});
    row.push_back(random.below(9) == 0
                      ? Value{}
                      : Value{Value::List(random.below(4), Value{std::int64_t{7}})});
    return row;
}

SchemaPtr schema_of(const Case& each) {
    std::vector<Field> fields;
    for (std::size_t i = 0; i < each.keys.size(); ++i)
        fields.push_back({"k" + std::to_string(i), type_of(each.keys[i])});
    fields.push_back({"weight", Type::bigint()});
    fields.push_back({"text", Type::string()});
    fields.push_back({"list", Type::array(Type::bigint())});
    return make_schema(std::move(fields));
}

std::unique_ptr<Batch> batch_of(const SchemaPtr& schema, const std::vector<Row>& rows) {
    auto batch = std::make_unique<Batch>(schema);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        for (std::size_t c = 0; c < rows[i].size(); ++c)
            set_value(batch->column(c), i, rows[i][c], batch->arena());
    }
    batch->set_size(rows.size());
    return batch;
}

bool meet(const Case& each, const Row& left, const Row& right) {
    for (std::size_t i = 0; i < each.keys.size(); ++i) {
        if (left[i].is_null() || left[i] != right[i]) return false;
    }
    if (!each.has_residual) return true;
    const Value& a = left[each.keys.size() + kWeight];
    const Value& b = right[each.keys.size() + kWeight];
    return !a.is_null() && !b.is_null() &&
           std::get<std::int64_t>(a.data) > std::get<std::int64_t>(b.data);
}

struct Expected {
    std::vector<std::string> rows;
    std::uint64_t filtered = 0;
};

// The text and the list of the table's row behind the stream's.
void expect_row(const Case& each, const Row& left, const std::vector<Row>& table, Expected& out) {
    bool is_alone = true;
    const auto add = [&](const Value& text, const Value& list) {
        Row row = left;
        row.push_back(text);
        row.push_back(list);
        out.rows.push_back(text_of(row));
    };
    const std::size_t text = each.keys.size() + 1;
    for (const Row& right : table) {
        if (!meet(each, left, right)) continue;
        add(right[text], right[text + 1]);
        is_alone = false;
    }
    if (is_alone && each.is_left) add({}, {});
    if (is_alone && !each.is_left) ++out.filtered;
}

LookupJoinSpec spec_of(const Case& each, const SchemaPtr& schema) {
    LookupJoinSpec spec;
    spec.kind = each.is_left ? JoinKind::kLeft : JoinKind::kInner;
    spec.input = schema;
    for (std::size_t i = 0; i < each.keys.size(); ++i)
        spec.keys.push_back(i);
    const std::size_t width = schema->size();
    spec.columns = {each.keys.size() + 1, each.keys.size() + 2};
    spec.shown_count = 2;
    if (!each.has_residual) return spec;
    spec.columns.push_back(each.keys.size() + kWeight);
    spec.residual = make_call(">",
                              {make_column(each.keys.size() + kWeight, Type::bigint()),
                               make_column(width + 2, Type::bigint())},
                              {})
                        .value();
    return spec;
}

// A random part of a batch: a range, or a list.
Selection random_selection(std::size_t size, Random& random, std::vector<std::uint16_t>& list) {
    if (random.below(2) == 0) {
        const std::size_t first = random.below(size);
        return Selection::range(first, 1 + random.below(size - first));
    }
    list.clear();
    for (std::size_t row = 0; row < size; ++row) {
        if (random.below(3) != 0) list.push_back(static_cast<std::uint16_t>(row));
    }
    return Selection::list(list);
}

void check(const Case& each, std::uint64_t seed) {
    Random random(seed);
    const SchemaPtr schema = schema_of(each);
    LookupTableSpec table_spec{schema, {}, HashSeed::from(seed)};
    for (std::size_t i = 0; i < each.keys.size(); ++i)
        table_spec.keys.push_back(i);
    const auto table = std::make_shared<LookupTable>(table_spec);
    std::vector<Row> all;
    for (std::size_t left = each.table_rows; left != 0;) {
        const std::size_t count = std::min(left, 1 + random.below(kBatchRows));
        std::vector<Row> rows;
        for (std::size_t i = 0; i < count; ++i)
            rows.push_back(random_row(each, random, all.size() + i));
        table->add(batch_of(schema, rows)->view());  // The batch goes: the table keeps no part.
        all.insert(all.end(), rows.begin(), rows.end());
        left -= count;
    }
    table->finish();
    if (each.is_unique && each.keys.size() == 1) CHECK(table->is_unique());

    const auto op = make_lookup_join(spec_of(each, schema), table);
    OpContext context;
    for (int round = 0; round < 4; ++round) {
        std::vector<Row> rows;
        const std::size_t size = 1 + random.below(kBatchRows);
        for (std::size_t i = 0; i < size; ++i)
            rows.push_back(random_row(each, random, random.below(each.values)));
        const auto batch = batch_of(schema, rows);
        if (each.has_kinds) batch->make_kinds()[0] = RowKind::kDelete;
        std::vector<std::uint16_t> list;
        const Selection selection = random_selection(size, random, list);
        if (selection.empty()) continue;
        Expected expected;
        selection.for_each([&](std::size_t row) { expect_row(each, rows[row], all, expected); });
        RowCollector out;
        const std::uint64_t filtered = context.counters.filtered_rows;
        op->process(0, batch->view().with(selection), context, out);
        REQUIRE_EQ(context.error, "");
        std::vector<std::string> found;
        for (const Row& row : out.rows)
            found.push_back(text_of(row));
        std::sort(found.begin(), found.end());
        std::sort(expected.rows.begin(), expected.rows.end());
        REQUIRE_EQ(found, expected.rows);
        REQUIRE_EQ(context.counters.filtered_rows - filtered, expected.filtered);
        context.scratch.reset();
    }
}

TEST_CASE("lookup join: as two loops, for keys of every form") {
    const std::vector<std::vector<KeyForm>> keys = {{KeyForm::kNear},
                                                    {KeyForm::kFar},
                                                    {KeyForm::kInt},
                                                    {KeyForm::kShort},
                                                    {KeyForm::kSixteen},
                                                    {KeyForm::kLong},
                                                    {KeyForm::kDecimal},
                                                    {KeyForm::kTimestamp},
                                                    {KeyForm::kNear, KeyForm::kInt},
                                                    {KeyForm::kLong, KeyForm::kNear},
                                                    {}};
    std::uint64_t seed = 1;
    for (const auto& each : keys) {
        for (std::size_t bits = 0; bits < 16; ++bits) {
            Case one;
            one.keys = each;
            one.is_unique = (bits & 1U) != 0;
            one.is_left = (bits & 2U) != 0;
            one.has_residual = (bits & 4U) != 0;
            one.has_kinds = (bits & 8U) != 0;
            Random random(seed);
            one.table_rows = random.below(4) == 0 ? random.below(3) : random.below(120);
            if (each.empty()) one.table_rows = random.below(4);
            one.values = one.is_unique ? 60 + random.below(100) : 5 + random.below(40);
            // Texts of one digit repeat: they are no unique keys.
            const bool repeats =
                !each.empty() && (each[0] == KeyForm::kShort || each[0] == KeyForm::kSixteen);
            if (repeats) one.is_unique = false;
            CAPTURE(seed);
            check(one, seed++);
        }
    }
}

// Keeps the last view.
struct ViewKeeper final : Emitter {
    std::vector<const Column*> columns;
    std::vector<std::size_t> rows;
    std::vector<RowKind> kinds;

    void emit(const BatchView& view) override {
        columns.assign(view.columns.begin(), view.columns.end());
        rows.clear();
        kinds.clear();
        view.selection.for_each([&](std::size_t row) {
            rows.push_back(row);
            if (view.kinds != nullptr) kinds.push_back(view.kinds[row]);
        });
    }
};

TEST_CASE("lookup join: of unique keys the stream's columns pass through, and kinds stay") {
    const Case each{.keys = {KeyForm::kNear}};
    const SchemaPtr schema = schema_of(each);
    const auto table =
        std::make_shared<LookupTable>(LookupTableSpec{schema, {0}, HashSeed::from(1)});
    table->add(batch_of(schema, {{{std::int64_t{5}}, {}, {std::string("five")}, {}}})->view());
    table->finish();
    const auto op = make_lookup_join(spec_of(each, schema), table);
    const auto batch = batch_of(schema,
                                {{{std::int64_t{4}}, {}, {}, {}},
                                 {{std::int64_t{5}}, {}, {}, {}},
                                 {{}, {}, {}, {}},
                                 {{std::int64_t{5}}, {}, {}, {}}});
    batch->make_kinds()[3] = RowKind::kDelete;
    OpContext context;
    ViewKeeper out;
    op->process(0, batch->view(), context, out);
    CHECK_EQ(out.rows, std::vector<std::size_t>{1, 3});
    CHECK_EQ(out.columns[0], &batch->column(0));
    CHECK_EQ(out.columns[3], &batch->column(3));
    CHECK(value_at(*out.columns[4], 3) == Value{std::string("five")});
    CHECK_EQ(out.kinds, std::vector{RowKind::kInsert, RowKind::kDelete});
    CHECK_EQ(context.counters.filtered_rows, 2);
}

TEST_CASE("lookup join: pairs of more than a batch, of one row") {
    const Case each{.keys = {KeyForm::kNear}};
    const SchemaPtr schema = schema_of(each);
    const auto table =
        std::make_shared<LookupTable>(LookupTableSpec{schema, {0}, HashSeed::from(1)});
    const std::vector<Row> rows(1000, {{std::int64_t{5}}, {}, {std::string("five")}, {}});
    for (int i = 0; i < 3; ++i)
        table->add(batch_of(schema, rows)->view());
    table->finish();
    CHECK_EQ(table->key_count(), 1);
    const auto op = make_lookup_join(spec_of(each, schema), table);
    OpContext context;
    RowCollector out;
    op->process(0, batch_of(schema, {rows[0], rows[1]})->view(), context, out);
    CHECK_EQ(out.rows.size(), 6000);
    CHECK_EQ(out.batches, 6);
}

TEST_CASE("lookup join: a residual condition that fails ends the query") {
    const Case each{.keys = {KeyForm::kNear}};
    const SchemaPtr schema = schema_of(each);
    const ExprPtr weight = make_column(1, Type::bigint());
    const ExprPtr one = make_literal({std::int64_t{1}}, Type::bigint());
    for (const std::size_t copies : {1UL, 2UL}) {
        const auto table =
            std::make_shared<LookupTable>(LookupTableSpec{schema, {0}, HashSeed::from(1)});
        const Row row = {{std::int64_t{5}}, {std::int64_t{0}}, {}, {}};
        table->add(batch_of(schema, std::vector<Row>(copies, row))->view());
        table->finish();
        LookupJoinSpec spec = spec_of(each, schema);
        spec.residual =
            make_call("=", {make_call("/", {one, weight}, {}).value(), one}, {}).value();
        OpContext context;
        RowCollector out;
        make_lookup_join(spec, table)->process(0, batch_of(schema, {row})->view(), context, out);
        CHECK_EQ(context.error, "division by zero");
        CHECK(out.rows.empty());
    }
}

}  // namespace
}  // namespace thalweg
