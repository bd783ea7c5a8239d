// GROUP BY without a window against an oracle: what is left of its changes is the result over all
// rows so far, also when its state has been saved while rows came, and taken over by others.

#include "ops/group_aggregate.h"

#include "state/base/random.h"
#include "tests/support/state_rows.h"
#include "tests/support/window_oracle.h"
#include "tests/support/window_stream.h"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace thalweg {
namespace {

// What is left of changes: a change of a row that is not there is noticed.
struct Fold final : Emitter {
    std::multiset<std::string> rows;
    std::size_t orphans = 0;
    std::size_t updates = 0;

    void emit(const BatchView& view) override {
        const std::vector<Row> cells = rows_of(view);
        for (std::size_t i = 0; i < cells.size(); ++i) {
            const RowKind kind =
                view.kinds == nullptr ? RowKind::kInsert : view.kinds[view.selection[i]];
            const std::string text = text_of(cells[i]);
            if (kind == RowKind::kInsert || kind == RowKind::kUpdateAfter) {
                rows.insert(text);
                continue;
            }
            ++updates;
            const auto found = rows.find(text);
            found == rows.end() ? static_cast<void>(++orphans)
                                : static_cast<void>(rows.erase(found));
        }
    }
};

// The same aggregation over one window that has all rows.
std::multiset<std::string> expected(const GroupAggregateSpec& spec, const std::vector<Row>& rows) {
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
    std::multiset<std::string> texts;
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

class Model {
  public:
    explicit Model(std::uint64_t seed) : random_(seed) {
        const WindowAggregateSpec drawn = random_spec(random_, false);
        spec_ = {drawn.keys, drawn.key_types, {}, drawn.calls, drawn.seed};
        instances_ = std::make_unique<Instances>(spec_, 1 + random_.below(3));
    }

    void run() {
        for (int round = 0; round < 12; ++round) {
            feed_some();
            check();
            if (chance(random_, 3)) restart();
        }
        if (spec_.calls.empty()) CHECK_EQ(fold_.updates, 0);
    }

  private:
    void feed_some() {
        std::vector<Row> rows;
        for (std::uint64_t count = random_.below(60); count > 0; --count)
            rows.push_back(random_row(random_, 0));
        feed(*instances_, rows, 1 + random_.below(40), context_, fold_);
        rows_.insert(rows_.end(), rows.begin(), rows.end());
    }

    void check() {
        CHECK_EQ(fold_.orphans, 0);
        REQUIRE(fold_.rows == expected(spec_, rows_));
    }

    // A barrier; then rows that come while the state is written, and are forgotten by the crash.
    void restart() {
        std::vector<std::unique_ptr<StateRows>> saved;
        std::vector<const StateRows*> all;
        for (const auto& op : instances_->ops) {
            saved.push_back(std::make_unique<StateRows>(*op));
            all.push_back(saved.back().get());
            op->freeze(*saved.back());
        }
        const Fold fold_then = fold_;
        const std::vector<Row> rows_then = rows_;
        for (const auto& op : instances_->ops) {
            while (op->save(1 + random_.below(30)) == Progress::kMore) {
                if (chance(random_, 2)) feed_some();
            }
        }
        check();
        instances_ = std::make_unique<Instances>(spec_, 1 + random_.below(3));
        std::vector<Op*> ops;
        for (const auto& op : instances_->ops)
            ops.push_back(op.get());
        load_state(all, ops, Watermark::min(), context_, random_);
        REQUIRE_FALSE(context_.failed());
        fold_ = fold_then;
        rows_ = rows_then;
    }

    Random random_;
    GroupAggregateSpec spec_;
    std::unique_ptr<Instances> instances_;
    std::vector<Row> rows_;
    Fold fold_;
    OpContext context_;
};

TEST_CASE("group_aggregate: its changes come to the result over all rows, through restarts") {
    for (std::uint64_t seed = 1; seed <= 300; ++seed) {
        CAPTURE(seed);
        Model(seed).run();
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

}  // namespace
}  // namespace thalweg
