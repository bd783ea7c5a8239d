// What stands below and above LISTAGG in ARRAY_AGG and its like, against lists of values.

#include "ops/expr/functions.h"
#include "state/base/random.h"
#include "state/multiset.h"
#include "tests/ops/expr/calls.h"
#include "tests/support/seeds.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

using Texts = std::vector<std::optional<std::string>>;

Cell cell_of(const std::optional<std::string>& value) {
    return value.has_value() ? Cell{{*value}, Type::string()} : null_of(Type::string());
}

std::string bytes_of(std::string_view function, const std::vector<Cell>& cells) {
    std::vector<ExprPtr> arguments;
    for (const Cell& cell : cells)
        arguments.push_back(literal(cell));
    const ExprPtr made = make_call(function, std::move(arguments), {}).value();
    REQUIRE(made->kind == ExprKind::kLiteral);
    return made->literal.is_null() ? "" : std::get<std::string>(made->literal.data);
}

ExprPtr bytes(const std::string& list) {
    return make_literal({list}, Type::bytes());
}

// What a function that the planner gives its type makes of a list.
std::string made_of(std::string_view function, const ExprPtr& list, const Type& type) {
    const ExprPtr made =
        fold(make_bound_call(*find_functions(function)[0], {list}, type, {}).value());
    REQUIRE(made->kind == ExprKind::kLiteral);
    return show(made->literal, made->type);
}

std::string array_text(const Texts& values) {
    std::string text = "[";
    for (const auto& value : values)
        text += (text.size() == 1 ? "" : ", ") + value.value_or("NULL");
    return text + "]";
}

std::string some_text(Random& random) {
    return std::string(1 + random.below(3), static_cast<char>('a' + random.below(3))) +
           (random.below(3) == 0 ? " behind which there is more" : "");
}

Texts some_texts(Random& random) {
    Texts values(random.below(20));
    for (auto& value : values) {
        if (random.below(5) != 0) value = some_text(random);
    }
    return values;
}

TEST_CASE("gather functions: elements come back as an array, and as a multiset") {
    for (std::uint64_t seed = 1; seed <= test::seeds(200); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        const Texts values = some_texts(random);
        std::string all;
        std::string present;
        std::map<std::string, int> counts;
        for (const auto& value : values) {
            all += bytes_of("$ELEMENT", {cell_of(value)});
            present += bytes_of("$PRESENT_ELEMENT", {cell_of(value)});
            if (value.has_value()) ++counts[*value];
        }
        CHECK_EQ(made_of("$ARRAY_OF", bytes(all), Type::array(Type::string())), array_text(values));
        std::string multiset = "{";
        for (const auto& [value, count] : counts)
            multiset += (multiset.size() == 1 ? "" : ", ") + value + "=" + std::to_string(count);
        CHECK_EQ(made_of("$MULTISET_OF", bytes(present), multiset_of(Type::string().not_null())),
                 multiset + "}");
    }
}

TEST_CASE("gather functions: elements come back in their order") {
    for (std::uint64_t seed = 1; seed <= test::seeds(200); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        const Texts values = some_texts(random);
        const bool is_descending = random.below(2) != 0;
        const bool nulls_first = random.below(2) != 0;
        const bool is_distinct = random.below(2) != 0;
        std::vector<std::pair<std::optional<std::int64_t>, std::optional<std::string>>> rows;
        std::string list;
        for (const auto& value : values) {
            std::optional<std::int64_t> key;
            if (random.below(4) != 0) key = static_cast<std::int64_t>(random.below(4));
            rows.emplace_back(key, value);
            const Cell order = key ? Cell{{*key}, Type::bigint()} : null_of(Type::bigint());
            list += bytes_of("$ORDERED_ELEMENT", {cell_of(value), order});
        }
        std::stable_sort(rows.begin(), rows.end(), [&](const auto& a, const auto& b) {
            if (!a.first || !b.first)
                return a.first.has_value() != b.first.has_value() &&
                       a.first.has_value() != nulls_first;
            return is_descending ? *b.first < *a.first : *a.first < *b.first;
        });
        Texts expected;
        std::set<std::optional<std::string>> seen;
        for (const auto& [key, value] : rows) {
            if (!is_distinct || seen.insert(value).second) expected.push_back(value);
        }
        const char* const how = is_descending ? (nulls_first ? "D" : "d") : nulls_first ? "A" : "a";
        const ExprPtr ordered = make_call("$IN_ORDER",
                                          {bytes(list),
                                           literal(text(how)),
                                           literal(boolean(is_distinct)),
                                           make_literal({}, Type::bigint())},
                                          {})
                                    .value();
        CHECK_EQ(made_of("$ARRAY_OF", ordered, Type::array(Type::string())), array_text(expected));
    }
}

std::string percentile(const std::vector<std::pair<double, std::int64_t>>& values, double share) {
    std::string list;
    for (const auto& [value, count] : values)
        list += bytes_of("$PRESENT_ELEMENT", {number(value), big(count)});
    const ExprPtr made =
        make_call("$PERCENTILE_OF", {bytes(list), literal(number(share))}, {}).value();
    return made->kind == ExprKind::kLiteral ? show(made->literal, made->type) : "it fails";
}

TEST_CASE("gather functions: percentiles lie between two values") {
    CHECK_EQ(percentile({{0, 1}, {10, 1}, {10, 1}}, 0.3), "6.0");
    CHECK_EQ(percentile({{0, 1}, {10, 2}}, 0.3), "6.0");
    CHECK_EQ(percentile({{7, 1}}, 0.9), "7.0");
    CHECK_EQ(percentile({{7, 0}}, 0.9), "NULL");
    CHECK_EQ(percentile({}, 0.5), "NULL");
    CHECK_EQ(percentile({{3, 1}, {1, 1}, {2, 1}}, 0), "1.0");
    CHECK_EQ(percentile({{3, 1}, {1, 1}, {2, 1}}, 1), "3.0");
    CHECK_EQ(percentile({{3, 1}, {1, 1}, {2, 1}}, 0.5), "2.0");
    CHECK_EQ(percentile({{1, 4'000'000'000}, {2, 4'000'000'000}}, 0.75), "2.0");
    CHECK_EQ(percentile({{1, 1}}, 1.5), "it fails");
    CHECK_EQ(percentile({{1, 1}}, -0.5), "it fails");
    CHECK_EQ(percentile({{1, -1}}, 0.5), "it fails");
}

}  // namespace
}  // namespace thalweg
