// A program against an evaluation of the same tree, one row and one node at a time.

#include "ops/expr/program.h"

#include "ops/expr/functions.h"
#include "state/base/random.h"
#include "state/batch.h"
#include "tests/support/seeds.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

namespace thalweg {
namespace {

// --- The oracle ---------------------------------------------------------------------------------

struct Failed {};  // Thrown where a row ends the query.

std::optional<bool> truth(const Value& value) {
    if (value.is_null()) return std::nullopt;
    return std::get<bool>(value.data);
}

Value evaluate(const Expr& expr, const std::vector<Value>& row);

Value logic(const Expr& expr, const std::vector<Value>& row) {
    const bool decides = expr.kind == ExprKind::kOr;
    Value result = {!decides};
    for (const ExprPtr& argument : expr.arguments) {
        const std::optional<bool> value = truth(evaluate(*argument, row));
        if (value == decides) return {decides};
        if (!value.has_value()) result = {};
    }
    return result;
}

std::optional<Value> of_integers(std::string_view name, std::int64_t a, std::int64_t b) {
    const auto left = static_cast<std::uint64_t>(a);
    const auto right = static_cast<std::uint64_t>(b);
    if (name == "+") return Value{static_cast<std::int64_t>(left + right)};
    if (name == "-") return Value{static_cast<std::int64_t>(left - right)};
    if (name == "*") return Value{static_cast<std::int64_t>(left * right)};
    if (name == "/" && b == 0) throw Failed{};
    if (name == "/" && b != -1) return Value{a / b};
    if (name == "<") return Value{a < b};
    if (name == "<=") return Value{a <= b};
    if (name == ">") return Value{a > b};
    if (name == ">=") return Value{a >= b};
    if (name == "=") return Value{a == b};
    if (name == "<>") return Value{a != b};
    return std::nullopt;
}

// The kernel of the call, on a batch of one row.
Value of_kernel(const Expr& expr, const std::vector<Value>& arguments) {
    Expr copy = expr;
    for (std::size_t i = 0; i < arguments.size(); ++i)
        copy.arguments[i] = make_literal(arguments[i], expr.arguments[i]->type);
    Program program({std::make_shared<const Expr>(std::move(copy))}, 1);
    OpContext context;
    const auto columns = program.run({.columns = {}, .selection = Selection::all(1)}, context);
    if (context.failed()) throw Failed{};
    return value_at(*columns[0], 0);
}

Value call(const Expr& expr, const std::vector<Value>& row) {
    std::vector<Value> arguments;
    bool any_null = false;
    for (const ExprPtr& argument : expr.arguments) {
        arguments.push_back(evaluate(*argument, row));
        any_null = any_null || arguments.back().is_null();
    }
    const std::string_view name = expr.function->name;
    if (name == "IS NULL") return {arguments[0].is_null()};
    if (expr.function->nulls != NullRule::kOwn && any_null) return {};
    if (name == "NOT") return {!std::get<bool>(arguments[0].data)};
    if (arguments.size() == 2 && std::holds_alternative<std::int64_t>(arguments[0].data) &&
        std::holds_alternative<std::int64_t>(arguments[1].data)) {
        const auto value = of_integers(name,
                                       std::get<std::int64_t>(arguments[0].data),
                                       std::get<std::int64_t>(arguments[1].data));
        if (value.has_value()) return *value;
    }
    return of_kernel(expr, arguments);
}

Value evaluate(const Expr& expr, const std::vector<Value>& row) {
    switch (expr.kind) {
        case ExprKind::kColumn: return row[expr.column];
        case ExprKind::kLiteral: return expr.literal;
        case ExprKind::kCall: return call(expr, row);
        case ExprKind::kAnd:
        case ExprKind::kOr: return logic(expr, row);
        case ExprKind::kCase: break;
    }
    for (std::size_t i = 0; i + 1 < expr.arguments.size(); i += 2) {
        if (truth(evaluate(*expr.arguments[i], row)) == true)
            return evaluate(*expr.arguments[i + 1], row);
    }
    return evaluate(*expr.arguments.back(), row);
}

bool same(const Value& a, const Value& b) {
    const auto* const x = std::get_if<double>(&a.data);
    const auto* const y = std::get_if<double>(&b.data);
    if (x != nullptr && y != nullptr && *x != *x && *y != *y) return true;
    return a == b;
}

// --- Random expressions and batches -------------------------------------------------------------

const std::vector<Type> kTypes = {Type::bigint(),
                                  Type::bigint(),
                                  Type::double_precision(),
                                  Type::string(),
                                  Type::boolean(),
                                  Type::bigint().not_null()};

class Generator {
  public:
    explicit Generator(std::uint64_t seed) : random_(seed) {}

    ExprPtr make(TypeKind kind, int depth) {
        if (depth == 0 || random_.below(6) == 0) return leaf(kind);
        if (!made_.empty() && random_.below(4) == 0) {
            const ExprPtr again = made_[random_.below(made_.size())];
            if (again->type.kind == kind) return again;
        }
        ExprPtr expr = node(kind, depth - 1);
        made_.push_back(expr);
        return expr;
    }

    Value value(TypeKind kind) {
        switch (kind) {
            case TypeKind::kBigint: return {static_cast<std::int64_t>(random_.below(9)) - 4};
            case TypeKind::kDouble: return {static_cast<double>(random_.below(9)) / 2 - 2};
            case TypeKind::kBoolean: return {random_.below(2) == 0};
            default: break;
        }
        return {std::string(random_.below(20), static_cast<char>('a' + random_.below(3)))};
    }

    std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }

  private:
    Random random_;
    std::vector<ExprPtr> made_;

    ExprPtr leaf(TypeKind kind) {
        if (random_.below(4) == 0) {
            const bool is_null = random_.below(5) == 0;
            return make_literal(is_null ? Value{} : value(kind),
                                Type{kind, true, length(kind), 0, {}});
        }
        std::size_t column = random_.below(kTypes.size());
        while (kTypes[column].kind != kind)
            column = (column + 1) % kTypes.size();
        return make_column(column, kTypes[column]);
    }

    static std::int32_t length(TypeKind kind) {
        return kind == TypeKind::kVarchar ? Type::kLengthMax : 0;
    }

    ExprPtr called(std::string_view name, std::vector<ExprPtr> arguments) {
        return make_call(name, std::move(arguments), {}).value();
    }

    std::string_view one_of(std::initializer_list<std::string_view> names) {
        return names.begin()[random_.below(names.size())];
    }

    TypeKind any_kind() {
        constexpr TypeKind kKinds[] = {
            TypeKind::kBigint, TypeKind::kDouble, TypeKind::kVarchar, TypeKind::kBoolean};
        return kKinds[random_.below(4)];
    }

    // What there is for every type.
    ExprPtr node(TypeKind kind, int depth) {
        switch (random_.below(8)) {
            case 0:
                return called("CASE",
                              {make(TypeKind::kBoolean, depth),
                               make(kind, depth),
                               make(TypeKind::kBoolean, depth),
                               make(kind, depth),
                               make(kind, depth)});
            case 1: return called("COALESCE", {make(kind, depth), make(kind, depth)});
            case 2: return called("NULLIF", {make(kind, depth), make(kind, depth)});
            default: break;
        }
        switch (kind) {
            case TypeKind::kBigint: return of_bigint(depth);
            case TypeKind::kDouble: return of_double(depth);
            case TypeKind::kBoolean: return of_boolean(depth);
            default: break;
        }
        return make_cast(make(TypeKind::kBigint, depth), Type::string(), CastMode::kCast, {})
            .value();
    }

    ExprPtr of_bigint(int depth) {
        const ExprPtr a = make(TypeKind::kBigint, depth);
        if (random_.below(6) == 0) return called("ABS", {a});
        return called(one_of({"+", "-", "*", "+", "-", "*", "/", "GREATEST"}),
                      {a, make(TypeKind::kBigint, depth)});
    }

    ExprPtr of_double(int depth) {
        const ExprPtr a = make(TypeKind::kDouble, depth);
        switch (random_.below(4)) {
            case 0:
                return make_cast(make(TypeKind::kBigint, depth),
                                 Type::double_precision(),
                                 CastMode::kCast,
                                 {})
                    .value();
            case 1: return called("SQRT", {a});
            default: break;
        }
        return called(one_of({"+", "-", "*", "/"}), {a, make(TypeKind::kDouble, depth)});
    }

    ExprPtr of_boolean(int depth) {
        const TypeKind kind = any_kind();
        const ExprPtr a = make(kind, depth);
        const ExprPtr b = make(TypeKind::kBoolean, depth);
        switch (random_.below(10)) {
            case 0: return called("NOT", {b});
            case 1: return called("IS NULL", {a});
            case 2: return called("IS NOT TRUE", {b});
            case 3: return called("IS DISTINCT FROM", {a, make(kind, depth)});
            case 4:
                return called("IN",
                              {make(TypeKind::kBigint, depth),
                               make_literal({std::int64_t{1}}, Type::bigint()),
                               make_literal({std::int64_t{3}}, Type::bigint())});
            case 5: return called("AND", {b, make(TypeKind::kBoolean, depth)});
            case 6:
                return called(
                    one_of({"AND", "OR"}),
                    {b, make(TypeKind::kBoolean, depth), make(TypeKind::kBoolean, depth)});
            case 7:
                return called("BETWEEN",
                              {make(TypeKind::kBigint, depth),
                               make(TypeKind::kBigint, depth),
                               make(TypeKind::kBigint, depth)});
            default: break;
        }
        return called(one_of({"=", "<>", "<", "<=", ">", ">="}), {a, make(kind, depth)});
    }
};

struct Input {
    Batch batch;
    std::vector<std::uint16_t> rows;
    Selection selection;
};

void fill(Batch& batch, std::size_t count, Generator& generator) {
    for (std::size_t column = 0; column < kTypes.size(); ++column) {
        constexpr std::uint64_t kNullsOfTen[] = {0, 1, 9};
        const std::uint64_t nulls = kTypes[column].nullable ? kNullsOfTen[generator.below(3)] : 0;
        for (std::size_t row = 0; row < count; ++row) {
            const bool is_null = generator.below(10) < nulls;
            const Value value = is_null ? Value{} : generator.value(kTypes[column].kind);
            set_value(batch.column(column), row, value, batch.arena());
        }
    }
    batch.set_size(count);
}

Input make_input(Generator& generator) {
    std::vector<Field> fields;
    for (std::size_t i = 0; i < kTypes.size(); ++i)
        fields.push_back({"c" + std::to_string(i), kTypes[i]});
    Input input{Batch(make_schema(std::move(fields))), {}, {}};
    const std::size_t count = 1 + generator.below(generator.below(8) == 0 ? kBatchRows : 70);
    fill(input.batch, count, generator);
    const std::uint64_t kept = 1 + generator.below(10);  // Of ten rows.
    for (std::size_t row = 0; row < count; ++row) {
        if (generator.below(10) < kept) input.rows.push_back(static_cast<std::uint16_t>(row));
    }
    switch (generator.below(3)) {
        case 0: input.selection = Selection::all(count); break;
        case 1: input.selection = Selection::range(count / 3, count - count / 3); break;
        default: input.selection = Selection::list(input.rows); break;
    }
    return input;
}

std::vector<Value> row_of(const Batch& batch, std::size_t row) {
    std::vector<Value> values;
    for (std::size_t column = 0; column < batch.column_count(); ++column)
        values.push_back(value_at(batch.column(column), row));
    return values;
}

const std::vector<std::string> kNames = {"c0", "c1", "c2", "c3", "c4", "c5"};

// Whether the oracle fails on some selected row; else the values are compared.
void compare(const std::vector<ExprPtr>& exprs, Program& program, const Input& input) {
    OpContext context;
    BatchView view = input.batch.view();
    view.selection = input.selection;
    const auto columns = program.run(view, context);
    bool failed = false;
    input.selection.for_each([&](std::size_t row) {
        const std::vector<Value> values = row_of(input.batch, row);
        for (std::size_t i = 0; i < exprs.size() && !failed; ++i) {
            try {
                const Value expected = evaluate(*exprs[i], values);
                if (context.failed()) continue;
                INFO("row ", row, " of ", to_string(*exprs[i], kNames));
                CHECK(same(value_at(*columns[i], row), expected));
            } catch (const Failed&) {
                failed = true;
            }
        }
    });
    INFO("error: ", context.error);
    CHECK_EQ(context.failed(), failed);
}

TEST_CASE("program: random expressions, nulls and selections, batch after batch") {
    for (std::uint64_t seed = 1; seed <= test::seeds(120); ++seed) {
        INFO("seed ", seed);
        Generator generator(seed);
        constexpr TypeKind kKinds[] = {
            TypeKind::kBigint, TypeKind::kDouble, TypeKind::kVarchar, TypeKind::kBoolean};
        std::vector<ExprPtr> exprs;
        for (const TypeKind kind : kKinds)
            exprs.push_back(generator.make(kind, 4));
        Program program(exprs);
        for (int batch = 0; batch < 3; ++batch) {
            const Input input = make_input(generator);
            compare(exprs, program, input);
        }
    }
}

TEST_CASE("program: select keeps the rows where the oracle says TRUE") {
    for (std::uint64_t seed = 1; seed <= test::seeds(150); ++seed) {
        INFO("seed ", seed);
        Generator generator(seed);
        const ExprPtr condition = generator.make(TypeKind::kBoolean, 4);
        INFO(to_string(*condition, kNames));
        Program program({condition});
        for (int batch = 0; batch < 3; ++batch) {
            const Input input = make_input(generator);
            std::vector<std::size_t> expected;
            bool failed = false;
            input.selection.for_each([&](std::size_t row) {
                try {
                    if (truth(evaluate(*condition, row_of(input.batch, row))) == true)
                        expected.push_back(row);
                } catch (const Failed&) {
                    failed = true;
                }
            });
            OpContext context;
            BatchView view = input.batch.view();
            view.selection = input.selection;
            const Selection kept = program.select(view, context);
            // A filter is done with a row as soon as one of its conditions is NULL; the oracle goes
            // on, and may fail there.
            if (context.failed()) CHECK(failed);
            if (failed) continue;
            std::vector<std::size_t> rows;
            kept.for_each([&](std::size_t row) { rows.push_back(row); });
            CHECK_EQ(rows, expected);
        }
    }
}

TEST_CASE("program: a branch runs on its rows only") {
    const ExprPtr a = make_column(0, Type::bigint());
    const ExprPtr zero = make_literal({std::int64_t{0}}, Type::bigint());
    const ExprPtr ten = make_literal({std::int64_t{10}}, Type::bigint());
    const ExprPtr quotient = make_call("/", {ten, a}, {}).value();
    const ExprPtr guarded =
        make_call("CASE", {make_call("<>", {a, zero}, {}).value(), quotient, zero}, {}).value();
    Batch batch(make_schema({{"a", Type::bigint()}}));
    for (std::size_t row = 0; row < 100; ++row)
        batch.column(0).data<std::int64_t>()[row] = static_cast<std::int64_t>(row % 3);
    batch.set_size(100);
    OpContext context;
    Program program({guarded});
    const Column& result = *program.run(batch.view(), context)[0];
    REQUIRE_EQ(context.error, "");
    for (std::size_t row = 0; row < 100; ++row)
        CHECK_EQ(result.data<std::int64_t>()[row], row % 3 == 0 ? 0 : 10 / std::int64_t(row % 3));
    Program bare({quotient});
    static_cast<void>(bare.run(batch.view(), context));
    CHECK_EQ(context.error, "division by zero");
}

TEST_CASE("expr: substitute, mark_columns and to_string see through calls") {
    const ExprPtr a = make_column(0, Type::bigint());
    const ExprPtr one = make_literal({std::int64_t{1}}, Type::bigint());
    const ExprPtr sum = make_call("+", {a, one}, {}).value();
    const ExprPtr test = make_call("<", {sum, make_column(2, Type::bigint())}, {}).value();
    std::vector<bool> used(4);
    mark_columns(*test, used);
    CHECK_EQ(used, std::vector<bool>{true, false, true, false});
    const std::vector<std::string> names = {"a", "b", "c", "d"};
    CHECK_EQ(to_string(*test, names), "((a + 1) < c)");
    const ExprPtr moved =
        substitute(test, {make_column(3, Type::bigint()), nullptr, make_column(1, Type::bigint())});
    CHECK_EQ(to_string(*moved, names), "((d + 1) < b)");
    CHECK_FALSE(equal(*test, *moved));
    CHECK(equal(*sum, *make_call("+", {a, one}, {}).value()));
}

}  // namespace
}  // namespace thalweg
