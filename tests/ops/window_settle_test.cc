// What is left of rows that change when their window fires, against multisets, through saved and
// restored state.

#include "ops/window_settle.h"

#include "ops/row_kinds.h"
#include "state/base/random.h"
#include "tests/support/rank_model.h"
#include "tests/support/seeds.h"
#include "tests/support/state_rows.h"
#include "tests/support/window_stream.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

// Rows of each window and key, in the order in which they came.
using Places = std::map<std::string, std::vector<std::string>>;

std::vector<std::string>& place_of(Places& places, const Row& row) {
    return places[text_of({row[kEnd], row[kStart], row[kKey]})];
}

struct Lines final : Emitter {
    Places places;
    std::size_t count = 0;

    void emit(const BatchView& view) override {
        CHECK(view.kinds == nullptr);
        for (const Row& row : rows_of(view)) {
            place_of(places, row).push_back(text_of(row));
            ++count;
        }
    }
};

using Window = std::pair<std::int64_t, std::int64_t>;  // End, start.

class Model {
  public:
    Model(std::uint64_t seed, bool keeps_order) : random_(seed) {
        spec_.keeps_order = keeps_order;
        spec_.schema = stream_schema();
        spec_.start_column = kStart;
        spec_.end_column = kEnd;
        spec_.partition = {kKey};
        spec_.seed = HashSeed::from(random_());
        instances_ = std::make_unique<Instances>(
            [this] { return make_window_settle(spec_); }, spec_.partition, 1 + random_.below(3));
    }

    void run() {
        move_on(0);
        for (int round = 0; round < 15; ++round) {
            feed_some();
            move_on(between(random_, 0, 10) * kMilli);
            check();
            if (chance(random_, 3)) restart();
        }
        move_on(kNanosPerDay);
        check();
        CHECK(open_.empty());
        CHECK_EQ(context_.counters.late_rows, late_);
        CHECK_EQ(context_.counters.filtered_rows, orphans_);
    }

  private:
    void check() {
        Places found = out_.places;
        Places expected = expected_;
        std::erase_if(expected, [](const auto& place) { return place.second.empty(); });
        if (!spec_.keeps_order) {
            for (Places* const places : {&found, &expected}) {
                for (auto& [place, rows] : *places)
                    std::sort(rows.begin(), rows.end());
            }
        }
        REQUIRE(found == expected);
    }

    // Few different rows, so that many are equal.
    Row some_row() {
        Row row(kColumns);
        const std::int64_t end = (watermark_.nanos / kMilli + between(random_, -3, 12)) * kMilli;
        row[kKey] = {between(random_, 0, 2)};
        row[kText] = {chance(random_, 2) ? std::string(20, 'x') : std::string("y")};
        row[kBigNotNull] = {between(random_, 0, 1)};
        row[kStart] = {end - between(random_, 1, 2) * kMilli};
        row[kEnd] = {end};
        return row;
    }

    Change some_change() {
        if (held_.empty() || !chance(random_, 3)) {
            const bool is_orphan = chance(random_, 10);
            return {some_row(), is_orphan ? RowKind::kDelete : RowKind::kInsert};
        }
        const Row row = held_[random_.below(held_.size())];
        return {row, static_cast<RowKind>(random_.below(4))};
    }

    void take(const Change& change) {
        const Window window{std::get<std::int64_t>(change.row[kEnd].data),
                            std::get<std::int64_t>(change.row[kStart].data)};
        if (watermark_.passes(window.first)) {
            ++late_;
            return;
        }
        std::vector<std::string>& rows = place_of(open_[window], change.row);
        const std::string text = text_of(change.row);
        if (is_gain(change.kind)) {
            rows.push_back(text);
            held_.push_back(change.row);
        } else if (const auto found = std::find(rows.begin(), rows.end(), text);
                   found != rows.end()) {
            rows.erase(found);
        } else {
            ++orphans_;
        }
    }

    void feed_some() {
        for (std::uint64_t batches = random_.below(4); batches > 0; --batches) {
            std::vector<Change> changes;
            for (std::uint64_t count = 1 + random_.below(15); count > 0; --count) {
                changes.push_back(some_change());
                take(changes.back());
            }
            instances_->feed(changes, context_, out_);
        }
    }

    void move_on(std::int64_t by_ns) {
        watermark_.nanos += by_ns;
        while (!open_.empty() && watermark_.passes(open_.begin()->first.first)) {
            for (const auto& [place, rows] : open_.begin()->second)
                expected_[place].insert(expected_[place].end(), rows.begin(), rows.end());
            open_.erase(open_.begin());
        }
        instances_->advance(watermark_, context_, out_);
    }

    // What happens while the state is written is forgotten by the crash.
    void restart() {
        const auto then = std::make_tuple(out_.places, expected_, open_, held_, watermark_);
        const auto counts = std::make_tuple(
            late_, orphans_, context_.counters.late_rows, context_.counters.filtered_rows);
        const Watermark watermark = watermark_;
        instances_->restart(random_, watermark, context_, [this] {
            feed_some();
            move_on(between(random_, 0, 5) * kMilli);
        });
        std::tie(out_.places, expected_, open_, held_, watermark_) = then;
        std::tie(late_, orphans_, context_.counters.late_rows, context_.counters.filtered_rows) =
            counts;
    }

    Random random_;
    WindowSettleSpec spec_;
    std::unique_ptr<Instances> instances_;
    Lines out_;
    Places expected_;
    std::map<Window, Places> open_;
    std::vector<Row> held_;  // Rows that came, to be taken back.
    OpContext context_;
    Watermark watermark_{1'000 * kMilli};
    std::uint64_t late_ = 0;
    std::uint64_t orphans_ = 0;
};

TEST_CASE("window_settle: rows that are there when their window fires, through restarts") {
    for (std::uint64_t seed = 1; seed <= test::seeds(300); ++seed) {
        CAPTURE(seed);
        Model(seed, seed % 2 == 0).run();
    }
}

TEST_CASE("window_settle: a row that came very often comes out in steps") {
    WindowSettleSpec spec;
    spec.schema = stream_schema();
    spec.start_column = kStart;
    spec.end_column = kEnd;
    spec.keeps_order = true;
    const std::unique_ptr<Op> op = make_window_settle(spec);
    OpContext context;
    Lines out;
    Row row(kColumns);
    row[kBigNotNull] = {std::int64_t{1}};
    row[kStart] = {std::int64_t{0}};
    row[kEnd] = {10 * kMilli};
    Batch batch(stream_schema());
    for (std::size_t i = 0; i < kBatchRows; ++i) {
        for (std::size_t column = 0; column < kColumns; ++column)
            set_value(batch.column(column), i, row[column], batch.arena());
    }
    batch.set_size(kBatchRows);
    for (int i = 0; i < 40; ++i)
        op->process(0, batch.view(), context, out);
    CHECK_LT(op->memory_bytes(), 10 * batch.memory_bytes());
    int steps = 1;
    while (op->advance({10 * kMilli}, context, out) == Progress::kMore)
        ++steps;
    CHECK_EQ(steps, 3);
    CHECK_EQ(out.count, 40 * kBatchRows);
}

}  // namespace
}  // namespace thalweg
