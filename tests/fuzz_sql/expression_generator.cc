#include "tests/fuzz_sql/expression_generator.h"

#include <string>

namespace thalweg::fuzz {

namespace {

constexpr std::int64_t kFirstMs = 36'000'000;  // 10:00

}  // namespace

Value ExpressionGenerator::random_value(Kind kind) {
    switch (kind) {
        case Kind::kBool: return random_.below(2) == 0;
        case Kind::kInt:
            if (chance(random_, 5)) return static_cast<std::int64_t>(random_.below(30'000));
            return static_cast<std::int64_t>(random_.below(9)) - 3;
        case Kind::kText:
            return pick(random_,
                        std::vector<std::string>{
                            "", "a", "b", "ab", "aB", "ba", "abab", "aba, longer than a handle"});
        case Kind::kTime: return kFirstMs + static_cast<std::int64_t>(random_.below(60)) * 1000;
    }
    return {};
}

Expr ExpressionGenerator::leaf(Kind kind) {
    std::vector<std::size_t> columns;
    for (std::size_t i = 0; i < scope_.size(); ++i) {
        if (scope_[i] == kind) columns.push_back(i);
    }
    if (!columns.empty() && chance(random_, kind == Kind::kBool ? 95 : 85))
        return column_of(pick(random_, columns), kind);
    if (chance(random_, 10)) return literal_of({}, kind);
    return literal_of(random_value(kind), kind);
}

Expr ExpressionGenerator::call(ExprOp op, Kind kind, std::vector<Expr> args) {
    return {op, kind, 0, {}, std::move(args)};
}

Kind ExpressionGenerator::any_kind() {
    return scope_.empty() ? Kind::kInt : pick(random_, scope_);
}

Expr ExpressionGenerator::any(Kind kind, std::size_t depth) {
    if (depth == 0 || chance(random_, 25)) return leaf(kind);
    if (chance(random_, 20)) return choice(kind, depth - 1);
    switch (kind) {
        case Kind::kBool: return truth(depth - 1);
        case Kind::kInt: return integer(depth - 1);
        case Kind::kText: return text(depth - 1);
        case Kind::kTime:
            return chance(random_, 70)
                       ? leaf(kind)
                       : call(ExprOp::kFloorToMinute, Kind::kTime, {any(kind, depth - 1)});
    }
    return leaf(kind);
}

Expr ExpressionGenerator::with_column(Kind kind, std::size_t depth) {
    for (int i = 0; i < 20; ++i) {
        Expr expr = any(kind, depth);
        if (has_column(expr)) return expr;
    }
    return column_of(0, scope_[0]);
}

Expr ExpressionGenerator::integer(std::size_t depth) {
    const auto a = [&] { return any(Kind::kInt, depth); };
    const auto small = [&] {
        return literal_of(static_cast<std::int64_t>(1 + random_.below(3)), Kind::kInt);
    };
    const std::uint64_t form = random_.below(10);
    if (form == 8) return call(ExprOp::kSecondOf, Kind::kInt, {any(Kind::kTime, depth)});
    if (form == 9) {
        Expr from = any(Kind::kTime, depth);
        return call(ExprOp::kSecondsBetween, Kind::kInt, {from, any(Kind::kTime, depth)});
    }
    Expr first = form == 7 ? any(Kind::kText, depth) : a();
    switch (form) {
        case 0: return call(ExprOp::kAdd, Kind::kInt, {first, a()});
        case 1: return call(ExprOp::kSubtract, Kind::kInt, {first, a()});
        case 2: return call(ExprOp::kMultiply, Kind::kInt, {first, small()});
        case 3: return call(ExprOp::kDivide, Kind::kInt, {first, small()});
        case 4: return call(ExprOp::kModulo, Kind::kInt, {first, small()});
        case 5: return call(ExprOp::kNegate, Kind::kInt, {first});
        case 6: return call(ExprOp::kAbs, Kind::kInt, {first});
        default: return call(ExprOp::kLength, Kind::kInt, {first});
    }
}

Expr ExpressionGenerator::text(std::size_t depth) {
    const std::uint64_t form = random_.below(6);
    Expr first = any(form == 5 ? Kind::kInt : Kind::kText, depth);
    switch (form) {
        case 0: return call(ExprOp::kUpper, Kind::kText, {first});
        case 1: return call(ExprOp::kLower, Kind::kText, {first});
        case 2: return call(ExprOp::kConcat, Kind::kText, {first, any(Kind::kText, depth)});
        case 3: {
            const auto from = static_cast<std::int64_t>(1 + random_.below(3));
            const auto length = static_cast<std::int64_t>(random_.below(3));
            return call(ExprOp::kSubstring,
                        Kind::kText,
                        {first, literal_of(from, Kind::kInt), literal_of(length, Kind::kInt)});
        }
        case 4: return call(ExprOp::kReverse, Kind::kText, {first});
        default: return call(ExprOp::kIntAsText, Kind::kText, {first});
    }
}

Expr ExpressionGenerator::comparison(std::size_t depth) {
    const std::vector<ExprOp> ops = {ExprOp::kEqual,
                                     ExprOp::kNotEqual,
                                     ExprOp::kLess,
                                     ExprOp::kLessOrEqual,
                                     ExprOp::kGreater,
                                     ExprOp::kGreaterOrEqual,
                                     ExprOp::kIsDistinct,
                                     ExprOp::kIsNotDistinct,
                                     ExprOp::kBetween,
                                     ExprOp::kIn};
    Kind kind = any_kind();
    if (kind == Kind::kBool) kind = Kind::kInt;  // Booleans have tests of their own.
    ExprOp op = pick(random_, ops);
    std::vector<Expr> args = {any(kind, depth), any(kind, depth)};
    if (op == ExprOp::kBetween) args.push_back(any(kind, depth));
    if (op == ExprOp::kIn) {
        args[1] = literal_of(random_value(kind), kind);
        args.push_back(literal_of(random_value(kind), kind));
        args.push_back(literal_of(chance(random_, 15) ? Value() : random_value(kind), kind));
    }
    return call(op, Kind::kBool, std::move(args));
}

Expr ExpressionGenerator::truth(std::size_t depth) {
    const std::vector<ExprOp> tests = {
        ExprOp::kNot, ExprOp::kIsTrue, ExprOp::kIsNotTrue, ExprOp::kIsFalse, ExprOp::kIsUnknown};
    const std::uint64_t form = random_.below(10);
    if (form < 4) return comparison(depth);
    if (form == 4) {
        Expr value = any(any_kind(), depth);
        return call(chance(random_, 50) ? ExprOp::kIsNull : ExprOp::kIsNotNull,
                    Kind::kBool,
                    {std::move(value)});
    }
    if (form == 5) {
        const std::vector<std::string> patterns = {"a%", "%b", "_b", "%a%", "ab"};
        Expr value = any(Kind::kText, depth);
        return call(ExprOp::kLike,
                    Kind::kBool,
                    {std::move(value), literal_of(pick(random_, patterns), Kind::kText)});
    }
    Expr first = any(Kind::kBool, depth);
    if (form == 6) return call(pick(random_, tests), Kind::kBool, {std::move(first)});
    Expr second = any(Kind::kBool, depth);
    return call(
        form < 9 ? ExprOp::kAnd : ExprOp::kOr, Kind::kBool, {std::move(first), std::move(second)});
}

Expr ExpressionGenerator::choice(Kind kind, std::size_t depth) {
    const std::uint64_t form = random_.below(kind == Kind::kBool ? 2 : 5);
    if (form == 0) {
        Expr condition = any(Kind::kBool, depth);
        Expr one = any(kind, depth);
        Expr other = any(kind, depth);
        return call(ExprOp::kCase, kind, {std::move(condition), std::move(one), std::move(other)});
    }
    Expr first = any(kind, depth);
    Expr second = any(kind, depth);
    const ExprOp ops[] = {ExprOp::kCoalesce, ExprOp::kNullIf, ExprOp::kGreatest, ExprOp::kLeast};
    return call(ops[form - 1], kind, {std::move(first), std::move(second)});
}

}  // namespace thalweg::fuzz
