// The latest row of each key against a map: what is left of the changes that come out is the map,
// however little was told of what changed, and through restarts.

#include "ops/latest_by_key.h"

#include "state/base/random.h"
#include "tests/support/changes.h"
#include "tests/support/seeds.h"
#include "tests/support/state_rows.h"
#include "tests/support/window_oracle.h"
#include "tests/support/window_stream.h"

#include <doctest/doctest.h>

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace thalweg {
namespace {

SchemaPtr schema() {
    return make_schema({{"v", Type::bigint()}, {"k", Type::string()}});
}

class Model {
  public:
    explicit Model(std::uint64_t seed) : random_(seed) { start(); }

    void run() {
        for (int round = 0; round < 15; ++round) {
            feed_some();
            check();
            if (chance(random_, 3)) restart();
        }
    }

  private:
    void start() {
        ops_.clear();
        for (std::uint64_t count = 1 + random_.below(3); count > 0; --count)
            ops_.push_back(make_latest_by_key({schema(), {1}, HashSeed::from(3)}));
    }

    void feed_some() {
        Batch batch(schema());
        RowKind* const kinds = batch.make_kinds();
        const std::size_t count = 1 + random_.below(30);
        for (std::size_t i = 0; i < count; ++i) {
            const Value value{static_cast<std::int64_t>(random_.below(4))};
            const std::string name = "a key of some length " + std::to_string(random_.below(6));
            const Value key = chance(random_, 8) ? Value{} : Value{name};
            kinds[i] = static_cast<RowKind>(random_.below(4));
            set_value(batch.column(0), i, value, batch.arena());
            set_value(batch.column(1), i, key, batch.arena());
            if (is_gain(kinds[i])) {
                latest_[text_of(key)] = text_of(Row{value, key});
            } else {
                latest_.erase(text_of(key));
            }
        }
        batch.set_size(count);
        split_rows(batch.view(), {1}, ops_.size(), [&](std::size_t i, const BatchView& rows) {
            ops_[i]->process(0, rows, context_, fold_);
        });
    }

    void check() {
        Texts wanted;
        for (const auto& [key, row] : latest_)
            wanted.insert(row);
        CHECK_EQ(fold_.orphans, 0);
        REQUIRE(fold_.rows == wanted);
    }

    void restart() {
        SavedInstances saved(ops_);
        const Fold fold_then = fold_;
        const auto latest_then = latest_;
        saved.save(ops_, 3, random_, [this] { feed_some(); });
        check();
        start();
        fold_ = fold_then;
        latest_ = latest_then;
        saved.load(ops_, Watermark::min(), context_, random_);
        REQUIRE_FALSE(context_.failed());
    }

    Random random_;
    std::vector<std::unique_ptr<Op>> ops_;
    std::map<std::string, std::string> latest_;
    Fold fold_;
    OpContext context_;
};

TEST_CASE("latest_by_key: what is left is the latest row of each key, through restarts") {
    for (std::uint64_t seed = 1; seed <= test::seeds(200); ++seed) {
        CAPTURE(seed);
        Model(seed).run();
    }
}

}  // namespace
}  // namespace thalweg
