// MATCH_RECOGNIZE: what one call does, and what is kept, has a bound.

#include "ops/match_recognize.h"
#include "tests/support/rank_model.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

constexpr std::int64_t kA = 1;  // The values that are A and B.
constexpr std::int64_t kB = 2;

ExprPtr call(std::string_view name, std::vector<ExprPtr> arguments) {
    auto result = make_call(name, std::move(arguments), {});
    REQUIRE(result.has_value());
    return *std::move(result);
}

ExprPtr is_value(std::int64_t value) {
    return call(
        "=",
        {make_column(kInt, Type::integer()), make_literal({value}, Type::integer().not_null())});
}

// PATTERN (A B), SKIP TO NEXT ROW, MEASURES B.v.
MatchSpec pair_spec() {
    MatchSpec spec;
    spec.schema = stream_schema();
    spec.partition = {kKey};
    spec.order = {{kTime, false, true}};
    spec.variables = {"A", "B"};
    spec.pattern.kind = MatchPattern::Kind::kSequence;
    spec.pattern.children.resize(2);
    spec.pattern.children[1].variable = 1;
    spec.skip = MatchSkip::kToNextRow;
    spec.defines.references.resize(1);
    spec.defines.expressions = {is_value(kA), is_value(kB)};
    spec.is_early = {true, true};
    spec.measures.references = {{1, false, 0, 0}};
    spec.measures.expressions = {make_column(kInt, Type::integer())};
    return spec;
}

// The same of (A+ B).
MatchSpec run_spec() {
    MatchSpec spec = pair_spec();
    spec.pattern.children[0].maximum = std::nullopt;
    return spec;
}

class Fed {
  public:
    explicit Fed(const MatchSpec& spec) : op_(make_match_recognize(spec)) {}

    void feed(std::int64_t time, std::size_t count, std::int64_t value) {
        std::vector<Change> changes;
        for (std::size_t i = 0; i < count; ++i) {
            Row row = random_row(random_, time);
            row[kTime] = {time};
            row[kKey] = {std::int64_t{7}};
            row[kInt] = {value};
            changes.push_back({std::move(row), RowKind::kInsert});
        }
        feed_changes(*op_, changes, context_, fold_);
        REQUIRE_EQ(context_.error, "");
    }

    // How many calls it takes.
    std::size_t advance(Watermark watermark) {
        std::size_t calls = 1;
        while (op_->advance(watermark, context_, fold_) == Progress::kMore)
            ++calls;
        REQUIRE_EQ(context_.error, "");
        return calls;
    }

    std::size_t tick(std::int64_t now) {
        std::size_t calls = 0;
        context_.now_ns = now;
        for (; op_->next_tick_ns() <= now; ++calls)
            static_cast<void>(op_->tick(context_, fold_));
        REQUIRE_EQ(context_.error, "");
        return calls;
    }

    [[nodiscard]] std::size_t given() const { return fold_.rows.size(); }

    [[nodiscard]] std::size_t memory_bytes() const { return op_->memory_bytes(); }

  private:
    Random random_{1};
    OpContext context_;
    Fold fold_;
    std::unique_ptr<Op> op_;
};

TEST_CASE("match_recognize: a call of advance() is over after so many rows aggregated") {
    constexpr std::size_t kCount = 150;
    MatchSpec spec = run_spec();
    spec.is_event_time = true;
    spec.is_early = {false, true};
    AggregateCall sum;
    sum.kind = AggregateKind::kSum;
    sum.argument = kInt;
    sum.argument_type = sum.result_type = Type::integer();
    spec.defines.aggregates = {{0, sum, "SUM(A.v)"}};
    const ExprPtr column =
        make_column(spec.defines.aggregate_column(0, spec.schema->size()), Type::integer());
    spec.defines.expressions[0] =
        call(">", {column, make_literal({std::int64_t{0}}, Type::integer().not_null())});
    Fed fed(spec);
    fed.feed(kNanosPerMilli, kCount, kA);
    constexpr std::size_t kAggregated = kCount * kCount * kCount / 6;
    CHECK_GE(fed.advance({2 * kNanosPerMilli}), kAggregated / Op::kEmitRowsMax / 2);
    CHECK_EQ(fed.given(), 0);
    fed.feed(3 * kNanosPerMilli, 1, -kB);
    fed.advance(Watermark::max());
    CHECK_EQ(fed.given(), 0);
}

TEST_CASE("match_recognize: by arrival, what is too much for process() is done by ticks") {
    constexpr std::size_t kCount = 1000;
    Fed fed(run_spec());
    fed.feed(kNanosPerMilli, kCount, kA);
    fed.feed(2 * kNanosPerMilli, 1, kB);
    CHECK_EQ(fed.given(), 0);
    constexpr std::size_t kAsked = kCount * kCount / 2;
    CHECK_GE(fed.tick(2 * kNanosPerMilli), kAsked / Op::kEmitRowsMax / 2);
    CHECK_EQ(fed.given(), kCount);
    // And it goes on at once when there is nothing left.
    fed.feed(3 * kNanosPerMilli, 1, kA);
    fed.feed(3 * kNanosPerMilli, 1, kB);
    CHECK_EQ(fed.given(), kCount + 1);
}

TEST_CASE("match_recognize: a key that comes and goes leaves nothing behind") {
    MatchSpec spec = pair_spec();
    spec.within_ns = kNanosPerHour;
    Fed fed(spec);
    std::size_t before = 0;
    for (std::int64_t i = 0; i < 8000; ++i) {
        if (i == 4000) before = fed.memory_bytes();
        fed.feed(i, 1, i % 2 == 0 ? kA : kB);
    }
    CHECK_EQ(fed.given(), 4000);
    CHECK_EQ(fed.memory_bytes(), before);
}

TEST_CASE("match_recognize: WITHIN gives memory back") {
    MatchSpec spec = run_spec();
    spec.is_event_time = true;
    spec.within_ns = 5 * kNanosPerMilli;
    Fed fed(spec);
    std::size_t before = 0;
    for (std::int64_t i = 1; i <= 400; ++i) {
        fed.feed(i * kNanosPerMilli, 3, kA);
        fed.advance({i * kNanosPerMilli});
        if (i == 200) before = fed.memory_bytes();
    }
    CHECK_EQ(fed.given(), 0);
    CHECK_EQ(fed.memory_bytes(), before);
}

}  // namespace
}  // namespace thalweg
