// GROUP BY without a window against an oracle: what is left of its changes is the result over all
// rows so far, also when its state has been saved while rows came, and taken over by others.

#include "ops/group_aggregate.h"

#include "state/base/random.h"
#include "tests/support/changes.h"
#include "tests/support/seeds.h"
#include "tests/support/state_rows.h"
#include "tests/support/window_oracle.h"
#include "tests/support/window_stream.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

// The same aggregation over one window that has all rows.
Texts expected(const GroupAggregateSpec& spec, const std::vector<Row>& rows) {
    WindowAggregateSpec windowed;
    windowed.window.kind = WindowKind::kTumble;
    windowed.window.start_column = kTime;
    windowed.window.size_ns = windowed.window.slide_ns = kNanosPerSecond;
    windowed.keys = spec.keys;
    windowed.key_types = spec.key_types;
    windowed.calls = spec.calls;
    WindowOracle oracle(windowed);
    OpContext context;
    for (Row row : rows) {
        row[kTime] = {std::int64_t{0}};
        oracle.add(row, context);
    }
    Texts texts;
    for (Row& row : oracle.advance(Watermark::max())) {
        row.resize(row.size() - 3);  // Of the window.
        texts.insert(text_of(row));
    }
    return texts;
}

// Some instances behind an exchange by key.
class Instances final : public Op {
  public:
    Instances(const GroupAggregateSpec& spec, std::size_t count) : keys_(spec.keys) {
        for (std::size_t i = 0; i < count; ++i)
            ops.push_back(make_group_aggregate(spec));
    }

    void process(std::size_t, const BatchView& view, OpContext& context, Emitter& out) override {
        split_rows(view, keys_, ops.size(), [&](std::size_t shard, const BatchView& rows) {
            ops[shard]->process(0, rows, context, out);
        });
    }

    std::vector<std::unique_ptr<Op>> ops;

  private:
    std::vector<std::size_t> keys_;
};

// Feeds changes as batches: an update's two halves are no different from a deletion and an
// insertion.
void feed(Op& op,
          const std::vector<Change>& changes,
          std::size_t size,
          Random& random,
          OpContext& context,
          Emitter& out) {
    for (std::size_t first = 0; first < changes.size(); first += size) {
        const std::size_t count = std::min(size, changes.size() - first);
        Batch batch(stream_schema());
        RowKind* const kinds = batch.make_kinds();
        for (std::size_t i = 0; i < count; ++i) {
            const Change& change = changes[first + i];
            for (std::size_t column = 0; column < kColumns; ++column)
                set_value(batch.column(column), i, change.row[column], batch.arena());
            const bool is_update = chance(random, 2);
            kinds[i] = is_gain(change.kind)
                           ? (is_update ? RowKind::kUpdateAfter : RowKind::kInsert)
                           : (is_update ? RowKind::kUpdateBefore : RowKind::kDelete);
        }
        batch.set_size(count);
        op.process(0, batch.view(), context, out);
    }
}

enum class Rows : std::uint8_t {
    kGained,
    kChanging,
    kEqualOrDifferent,  // Changing; rows of a key that are equal in one column are in all.
};

class Model {
  public:
    Model(std::uint64_t seed, Rows kind) : random_(seed), kind_(kind) {
        const WindowAggregateSpec drawn = random_spec(random_, false);
        spec_ = {drawn.keys, drawn.key_types, {}, drawn.calls, drawn.seed};
        spec_.takes_changes = kind != Rows::kGained;
        if (kind == Rows::kChanging) erase_inexact();
        if (kind == Rows::kEqualOrDifferent) take_lists();
        instances_ = std::make_unique<Instances>(spec_, 1 + random_.below(3));
    }

    void run() {
        for (int round = 0; round < 12; ++round) {
            feed_some();
            check();
            if (chance(random_, 3)) restart();
        }
        if (spec_.calls.empty() && kind_ == Rows::kGained) CHECK_EQ(fold_.losses, 0);
    }

  private:
    // Which of some equal values goes is said for lists of values only; and variances forget
    // nothing without an error.
    void erase_inexact() {
        std::erase_if(spec_.calls, [](const AggregateCall& call) {
            return call.kind >= AggregateKind::kVarPop;
        });
    }

    void take_lists() {
        spec_.keys = {kKey};
        spec_.key_types = {Type::bigint()};
        spec_.calls.clear();
        using K = AggregateKind;
        for (const K kind : {K::kFirstValue, K::kLastValue, K::kListAgg}) {
            for (const std::size_t argument : {kName, kBig, kMoney}) {
                if (kind == K::kListAgg && argument != kName) continue;
                const Type type = (*stream_schema())[argument].type;
                const Type result = *aggregate_result_type(kind, type);
                spec_.calls.push_back({kind, false, argument, {}, type, result, "; "});
                if (kind == K::kListAgg)
                    spec_.calls.push_back({kind, true, argument, {}, type, result, "+"});
            }
        }
    }

    Row draw_row() {
        Row row = random_row(random_, 0);
        if (kind_ != Rows::kEqualOrDifferent) return row;
        const auto number = static_cast<std::int64_t>(random_.below(6));
        Row equal(kColumns);
        equal[kKey] = row[kKey];
        if (number == 0) return equal;
        equal[kBig] = {number};
        equal[kMoney] = {Int128{number}};
        equal[kName] = {std::string(static_cast<std::size_t>(5 * number), 'x')};
        return equal;
    }

    void feed_some() {
        std::vector<Change> changes;
        const std::uint64_t of_deletes = kind_ == Rows::kGained ? 0 : 20 + random_.below(50);
        for (std::uint64_t count = random_.below(60); count > 0; --count) {
            if (random_.below(100) >= of_deletes || rows_.empty()) {
                rows_.push_back(draw_row());
                changes.push_back({rows_.back(), RowKind::kInsert});
                continue;
            }
            const Row row = rows_[random_.below(rows_.size())];
            changes.push_back({row, RowKind::kDelete});
            rows_.erase(std::find(rows_.begin(), rows_.end(), row));
        }
        const std::size_t size = 1 + random_.below(40);
        if (kind_ != Rows::kGained) {
            feed(*instances_, changes, size, random_, context_, fold_);
        } else {
            std::vector<Row> rows;
            for (const Change& change : changes)
                rows.push_back(change.row);
            feed(*instances_, rows, size, context_, fold_);
        }
        had_rows_ = had_rows_ || !changes.empty();
    }

    void check() {
        CHECK_EQ(fold_.orphans, 0);
        if (spec_.keys.empty() && had_rows_ && rows_.empty()) {
            REQUIRE(fold_.rows == Texts{text_of_nothing()});
        } else {
            REQUIRE(fold_.rows == expected(spec_, rows_));
        }
    }

    // The one row of an aggregate without keys over no rows.
    std::string text_of_nothing() const {
        Row row;
        for (const AggregateCall& call : spec_.calls) {
            const bool is_count =
                call.kind == AggregateKind::kCount || call.kind == AggregateKind::kCountStar;
            row.push_back(is_count ? Value{std::int64_t{0}} : Value{});
        }
        return text_of(row);
    }

    // A barrier; then rows that come while the state is written, and are forgotten by the crash.
    void restart() {
        SavedInstances saved(instances_->ops);
        const Fold fold_then = fold_;
        const std::vector<Row> rows_then = rows_;
        const bool had_rows_then = had_rows_;
        saved.save(instances_->ops, 30, random_, [this] {
            if (chance(random_, 2)) feed_some();
        });
        check();
        instances_ = std::make_unique<Instances>(spec_, 1 + random_.below(3));
        saved.load(instances_->ops, Watermark::min(), context_, random_);
        REQUIRE_FALSE(context_.failed());
        fold_ = fold_then;
        rows_ = rows_then;
        had_rows_ = had_rows_then;
    }

    Random random_;
    Rows kind_;
    GroupAggregateSpec spec_;
    std::unique_ptr<Instances> instances_;
    std::vector<Row> rows_;
    bool had_rows_ = false;
    Fold fold_;
    OpContext context_;
};

TEST_CASE("group_aggregate: its changes come to the result over all rows, through restarts") {
    for (std::uint64_t seed = 1; seed <= test::seeds(300); ++seed) {
        CAPTURE(seed);
        Model(seed, Rows::kGained).run();
    }
}

TEST_CASE("group_aggregate: over rows that change, to the result over those that are there") {
    for (std::uint64_t seed = 1; seed <= test::seeds(600); ++seed) {
        CAPTURE(seed);
        Model(seed, Rows::kChanging).run();
    }
}

TEST_CASE("group_aggregate: the first of equal values goes, the order of the others stays") {
    for (std::uint64_t seed = 1; seed <= test::seeds(100); ++seed) {
        CAPTURE(seed);
        Model(seed, Rows::kEqualOrDifferent).run();
    }
}

TEST_CASE("group_aggregate: a result that stays as it is is not told again") {
    const Type type = Type::bigint();
    const GroupAggregateSpec spec{{kKey},
                                  {type},
                                  {},
                                  {{AggregateKind::kMax, false, kBig, {}, type, type}},
                                  HashSeed::from(1)};
    const std::unique_ptr<Op> op = make_group_aggregate(spec);
    OpContext context;
    RowCollector out;
    const auto feed_value = [&](std::int64_t value) {
        Row row(kColumns);
        row[kKey] = {std::int64_t{1}};
        row[kBig] = {value};
        feed(*op, {row}, 1, context, out);
        return std::exchange(out.rows, {}).size();
    };
    CHECK_EQ(feed_value(5), 1);
    CHECK_EQ(feed_value(4), 0);
    CHECK_EQ(feed_value(6), 2);
    CHECK_EQ(feed_value(6), 0);
}

// One group of doubles, some of which go again: what is left of its results.
double left_of(AggregateKind kind, const std::vector<std::pair<double, bool>>& changes) {
    const Type type = Type::double_precision();
    GroupAggregateSpec spec{
        {kKey}, {Type::bigint()}, {}, {{kind, false, kReal, {}, type, type}}, HashSeed::from(1)};
    spec.takes_changes = true;
    const std::unique_ptr<Op> op = make_group_aggregate(spec);
    OpContext context;
    RowCollector out;
    Random random(1);
    for (const auto& [value, is_delete] : changes) {
        Row row(kColumns);
        row[kKey] = {std::int64_t{1}};
        row[kReal] = {value};
        feed(
            *op, {{row, is_delete ? RowKind::kDelete : RowKind::kInsert}}, 1, random, context, out);
    }
    return std::get<double>(out.rows.back()[1].data);
}

TEST_CASE("group_aggregate: NaN and the infinities go as they came") {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
    using K = AggregateKind;
    CHECK(std::isnan(left_of(K::kSum, {{1, false}, {kNaN, false}})));
    CHECK_EQ(left_of(K::kSum, {{1, false}, {kNaN, false}, {kNaN, true}}), 1);
    CHECK_EQ(left_of(K::kSum, {{1, false}, {kInfinity, false}, {2, false}}), kInfinity);
    CHECK_EQ(left_of(K::kAvg, {{1, false}, {-kInfinity, false}, {2, false}}), -kInfinity);
    CHECK(std::isnan(left_of(K::kSum, {{kInfinity, false}, {-kInfinity, false}})));
    CHECK_EQ(left_of(K::kSum, {{kInfinity, false}, {-kInfinity, false}, {kInfinity, true}}),
             -kInfinity);
    CHECK_EQ(left_of(K::kSum, {{0.1, false}, {0.2, false}, {0.1, true}, {0.2, true}, {5, false}}),
             5);
    CHECK_EQ(left_of(K::kVarPop, {{1, false}, {kNaN, false}, {3, false}, {kNaN, true}}), 1);
}

TEST_CASE("group_aggregate: a variance takes values back") {
    using K = AggregateKind;
    Random random(3);
    std::vector<std::pair<double, bool>> changes;
    for (int i = 0; i < 500; ++i)
        changes.emplace_back(static_cast<double>(random.below(1000)) / 4, false);
    for (std::size_t i = 0; i < 490; ++i)
        changes.emplace_back(changes[i].first, true);
    std::vector<std::pair<double, bool>> rest(changes.begin() + 490, changes.begin() + 500);
    for (const K kind : {K::kVarPop, K::kVarSamp, K::kStddevPop, K::kStddevSamp})
        CHECK_EQ(left_of(kind, changes), doctest::Approx(left_of(kind, rest)));
}

}  // namespace
}  // namespace thalweg
