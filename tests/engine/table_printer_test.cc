// What people see: aligned tables, and the lines of the connector print.

#include "engine/sink/table_printer.h"

#include "engine/sink/print_encoder.h"
#include "state/base/time.h"
#include "state/value.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace thalweg {
namespace {

using Row = Value::List;

Value number(std::int64_t value) {
    return {value};
}

Value text(std::string_view value) {
    return {std::string(value)};
}

void fill(Batch& batch, const std::vector<Row>& rows) {
    batch.clear();
    for (std::size_t row = 0; row < rows.size(); ++row) {
        for (std::size_t i = 0; i < rows[row].size(); ++i)
            set_value(batch.column(i), row, rows[row][i], batch.arena());
    }
    batch.set_size(rows.size());
}

TEST_CASE("table printer: one heading, columns that grow") {
    const SchemaPtr schema =
        make_schema({{"id", Type::bigint()}, {"name", Type::string()}, {"at", Type::timestamp(3)}});
    TablePrinter printer(schema, false);
    Batch batch(schema);
    std::string out;
    printer.print(batch.view(), out);
    CHECK(out.empty());
    fill(batch,
         {{number(1),
           text("gr\xc3\xbc\xc3\x9f"
                "e"),
           number(0)},
          {{}, {}, {}}});
    printer.print(batch.view(), out);
    CHECK_EQ(out,
             "   id | name  | at\n"
             "------+-------+-------------------------\n"
             "    1 | gr\xc3\xbc\xc3\x9f"
             "e | 1970-01-01 00:00:00.000\n"
             " NULL | NULL  | NULL\n");
    out.clear();
    fill(batch, {{number(123456), text("a\nb"), {}}});
    printer.print(batch.view(), out);
    CHECK_EQ(out, " 123456 | a\\nb  | NULL\n");
}

TEST_CASE("table printer: changes have a column of their own") {
    const SchemaPtr schema = make_schema({{"n", Type::integer()}});
    TablePrinter printer(schema, true);
    Batch batch(schema);
    fill(batch, {{number(1)}, {number(2)}});
    batch.make_kinds()[1] = RowKind::kDelete;
    std::string out;
    printer.print(batch.view(), out);
    CHECK_EQ(out, " op | n\n----+---\n +I | 1\n -D | 2\n");
}

TEST_CASE("print encoder: Flink's lines") {
    struct Case {
        Type type;
        Value value;
        std::string_view printed;
    };

    const std::int64_t day = kNanosPerDay;
    const std::vector<Case> cases = {
        {Type::boolean(), {true}, "true"},
        {Type::bigint(), number(-7), "-7"},
        {Type::double_precision(), {1.0}, "1.0"},
        {Type::decimal(10, 2), {Int128{150}}, "1.50"},
        {Type::string(), text("a b\x1b[0m"), "a b\\x1b[0m"},
        {Type::bytes(), text("a\xff"), "[97, -1]"},
        {Type::of(TypeKind::kDate), number(1), "1970-01-02"},
        {Type::of(TypeKind::kTime), number(60000), "00:01"},
        {Type::of(TypeKind::kTime), number(1500), "00:00:01.500"},
        {Type::timestamp(3), number(day), "1970-01-02T00:00"},
        {Type::timestamp(3), number(day + kNanosPerSecond), "1970-01-02T00:00:01"},
        {Type::timestamp(3), number(day + 5 * kNanosPerMilli), "1970-01-02T00:00:00.005"},
        {Type::timestamp(9), number(day + 1), "1970-01-02T00:00:00.000000001"},
        {Type::timestamp_ltz(3), number(day), "1970-01-02T00:00:00Z"},
        {Type::array(Type::integer()), {Row{number(1), {}}}, "[1, null]"},
        {Type::map(Type::string(), Type::integer()), {Row{text("k"), number(1)}}, "{k=1}"},
        {Type::row({{"x", Type::integer()}}), {Row{number(1)}}, "+I[1]"},
    };
    for (const Case& item : cases) {
        CAPTURE(item.printed);
        SinkSpec spec;
        spec.schema = make_schema({{"n", Type::integer()}, {"v", item.type}});
        spec.options["print-identifier"] = "out";
        Batch batch(spec.schema);
        fill(batch, {{number(1), item.value}, {number(2), {}}});
        batch.make_kinds()[1] = RowKind::kUpdateAfter;
        std::string out;
        REQUIRE(make_print_encoder(spec)->encode(batch.view(), out));
        std::string expected = "out> +I[1, ";
        expected.append(item.printed).append("]\nout> +U[2, null]\n");
        CHECK_EQ(out, expected);
    }
}

}  // namespace
}  // namespace thalweg
