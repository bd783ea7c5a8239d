// The state of the windowed aggregation as rows: saved while work goes on, and taken over by any
// number of others, in one phase or two, which then do what the first would have done.

#include "ops/sliding_aggregate.h"
#include "ops/window_aggregate.h"
#include "state/base/random.h"
#include "tests/support/seeds.h"
#include "tests/support/state_rows.h"
#include "tests/support/window_oracle.h"
#include "tests/support/window_stream.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

// Some instances of an aggregation, and what is in front of them: an exchange by key, and perhaps
// a first phase.
class Cluster final : public Emitter {
  public:
    Cluster(WindowAggregateSpec spec, std::size_t instances, bool has_two_phases)
        : rows_by_(columns(spec, spec.keys)) {
        if (has_two_phases) {
            spec.phase = AggregatePhase::kPartial;
            first_ = make_window_aggregate(spec);
            CHECK(first_->state_tables().empty());
            spec.phase = AggregatePhase::kFinal;
        }
        groups_by_ = columns(spec, input_keys(spec));
        for (std::size_t i = 0; i < instances; ++i)
            ops_.push_back(make_window_aggregate(spec));
    }

    [[nodiscard]] std::vector<Op*> ops() const {
        std::vector<Op*> all;
        for (const auto& op : ops_)
            all.push_back(op.get());
        return all;
    }

    void feed(const std::vector<Row>& rows, std::size_t size) {
        struct Split final : Op {
            Cluster* cluster = nullptr;

            void process(std::size_t, const BatchView& view, OpContext&, Emitter&) override {
                cluster->emit_aside(view);
            }
        } split;

        split.cluster = this;
        thalweg::feed(first_ != nullptr ? *first_ : split, rows, size, context_, *this);
    }

    // Partial states, or rows where there is one phase.
    void emit(const BatchView& view) override { deliver(0, view, groups_by_); }

    void emit_aside(const BatchView& view) override {
        deliver(first_ == nullptr ? 0 : 1, view, rows_by_);
    }

    std::vector<Row> advance(Watermark watermark) {
        if (first_ != nullptr) {
            while (first_->advance(watermark, context_, *this) == Progress::kMore) {
            }
        }
        for (const auto& op : ops_) {
            while (op->advance(watermark, context_, out_) == Progress::kMore) {
            }
        }
        return std::exchange(out_.rows, {});
    }

    // Begins to save what the instances have.
    void freeze() {
        if (first_ != nullptr) first_->flush(context_, *this);
        for (const auto& op : ops_) {
            saved_.push_back(std::make_unique<StateRows>(*op));
            op->freeze(*saved_.back());
        }
    }

    // Goes on with it; whether all is written.
    bool save(std::size_t rows_max) {
        bool is_done = true;
        for (const auto& op : ops_)
            is_done = op->save(rows_max) == Progress::kDone && is_done;
        return is_done;
    }

    [[nodiscard]] std::vector<const StateRows*> saved() const {
        std::vector<const StateRows*> all;
        for (const auto& rows : saved_)
            all.push_back(rows.get());
        return all;
    }

    OpContext& context() { return context_; }

  private:
    static std::vector<std::size_t> columns(const WindowAggregateSpec& spec,
                                            const std::vector<std::size_t>& keys) {
        if (spec.partition.empty()) return keys;
        std::vector<std::size_t> some;
        for (const std::size_t place : spec.partition)
            some.push_back(keys[place]);
        return some;
    }

    void deliver(std::size_t port, const BatchView& view, const std::vector<std::size_t>& keys) {
        split_rows(view, keys, ops_.size(), [&](std::size_t shard, const BatchView& rows) {
            ops_[shard]->process(port, rows, context_, out_);
        });
    }

    std::vector<std::size_t> rows_by_;    // Columns that the exchange hashes: of rows,
    std::vector<std::size_t> groups_by_;  // and of partial states.
    std::unique_ptr<Op> first_;
    std::vector<std::unique_ptr<Op>> ops_;
    std::vector<std::unique_ptr<StateRows>> saved_;
    OpContext context_;
    RowCollector out_;
};

std::vector<std::string> texts_of(const std::vector<const StateRows*>& saved) {
    std::vector<std::string> all;
    for (const StateRows* const rows : saved) {
        const std::vector<std::string> texts = rows->texts();
        all.insert(all.end(), texts.begin(), texts.end());
    }
    return all;
}

// Where a run is interrupted: after the rows of an event, before its watermark or behind it.
struct Stop {
    std::size_t event = 0;
    bool is_behind = false;
};

// Feeds an event in pieces, with steps of saving in between.
void feed_and_save(Cluster& cluster, const Event& event, std::size_t size, Random& random) {
    const std::size_t piece = 1 + random.below(20);
    for (std::size_t at = 0; at < event.rows.size(); at += piece) {
        const auto first = event.rows.begin() + static_cast<std::ptrdiff_t>(at);
        const auto last = event.rows.begin() +
                          static_cast<std::ptrdiff_t>(std::min(at + piece, event.rows.size()));
        cluster.feed({first, last}, size);
        cluster.save(random.below(4));
    }
}

class Interrupted {
  public:
    Interrupted(const WindowAggregateSpec& spec, const std::vector<Event>& events, Random& random)
        : spec_(spec), events_(events), random_(random) {
        WindowOracle oracle(spec);
        OpContext context;
        for (const Event& event : events) {
            for (const Row& row : event.rows)
                oracle.add(row, context);
            expected_.push_back(sorted_text(oracle.advance(event.watermark)));
            late_.push_back(context.counters.late_rows);
        }
        stop_ = {random.below(events.size() - 1), chance(random, 2)};
        size_ = chance(random, 2) ? kBatchRows : 1 + random.below(9);
        // Splits are tried again: both phases, and from one to the other.
        const bool splits = can_split(spec.calls);
        old_two_ = splits && chance(random, 2);
        new_two_ = splits && chance(random, 2);
        old_instances_ = 1 + random.below(3);
    }

    void check() {
        Cluster old(spec_, old_instances_, old_two_);
        run_old(old);
        check_twin(old);
        Cluster resumed(spec_, 1 + random_.below(4), new_two_);
        const Watermark watermark = events_[stop_.event].watermark;
        const Watermark before =
            stop_.event == 0 ? Watermark() : events_[stop_.event - 1].watermark;
        load_state(old.saved(),
                   resumed.ops(),
                   stop_.is_behind ? watermark : before,
                   resumed.context(),
                   random_);
        CHECK_EQ(resumed.context().error, "");
        run_resumed(resumed);
    }

  private:
    // The whole stream, saving from the stop on.
    void run_old(Cluster& cluster) {
        for (std::size_t i = 0; i < events_.size(); ++i) {
            if (i <= stop_.event) {
                cluster.feed(events_[i].rows, size_);
            } else {
                feed_and_save(cluster, events_[i], size_, random_);
            }
            if (i == stop_.event && !stop_.is_behind) cluster.freeze();
            REQUIRE_EQ(sorted_text(cluster.advance(events_[i].watermark)), expected_[i]);
            if (i == stop_.event && stop_.is_behind) cluster.freeze();
        }
        while (!cluster.save(1 + random_.below(30))) {
        }
    }

    // One that stops there must save the same.
    void check_twin(const Cluster& old) {
        Cluster twin(spec_, old_instances_, old_two_);
        for (std::size_t i = 0; i <= stop_.event; ++i) {
            twin.feed(events_[i].rows, size_);
            if (i < stop_.event || stop_.is_behind) twin.advance(events_[i].watermark);
        }
        twin.freeze();
        REQUIRE(twin.save(SIZE_MAX));
        CHECK(texts_of(twin.saved()) == texts_of(old.saved()));
    }

    void run_resumed(Cluster& cluster) {
        const std::uint64_t late_before = late_[stop_.event];
        for (std::size_t i = stop_.event; i < events_.size(); ++i) {
            if (i == stop_.event && stop_.is_behind) continue;
            if (i > stop_.event) cluster.feed(events_[i].rows, size_);
            REQUIRE_EQ(sorted_text(cluster.advance(events_[i].watermark)), expected_[i]);
        }
        CHECK_EQ(cluster.context().counters.late_rows, late_.back() - late_before);
    }

    const WindowAggregateSpec& spec_;
    const std::vector<Event>& events_;
    Random& random_;
    std::vector<std::string> expected_;  // Results of each event.
    std::vector<std::uint64_t> late_;    // Rows until then.
    Stop stop_;
    std::size_t size_ = 0;
    bool old_two_ = false;
    bool new_two_ = false;
    std::size_t old_instances_ = 1;
};

AggregateCall least_text() {
    AggregateCall call;
    call.kind = AggregateKind::kMin;
    call.argument = kText;
    call.argument_type = call.result_type = Type::string();
    return call;
}

void check_interrupted(std::uint64_t seed, bool can_be_split) {
    CAPTURE(seed);
    Random random(seed);
    WindowAggregateSpec spec = random_spec(random, can_be_split);
    if (spec.keys.size() > 1 && chance(random, 2)) spec.partition = {spec.keys.size() - 1};
    spec.local_groups_max = 1 + random.below(40);
    spec.passes_rows = !spec.keys.empty() && chance(random, 2);
    // Windows that overlap are made by one of two operators.
    if (can_slide(spec) && chance(random, 2)) spec.calls.push_back(least_text());
    CAPTURE(name_of(spec));
    const std::vector<Event> events = random_events(random, spec.window);
    Interrupted(spec, events, random).check();
}

TEST_CASE("window state: whoever takes it over gives the same results") {
    for (std::uint64_t seed = 1; seed <= test::seeds(200); ++seed)
        check_interrupted(seed, false);
}

TEST_CASE("window state: one phase may go on as two, and two as one") {
    for (std::uint64_t seed = 2001; seed <= 2000 + test::seeds(100); ++seed)
        check_interrupted(seed, true);
}

// COUNT(DISTINCT big_not_null), LAST_VALUE(text) by key over windows of 10 ms.
WindowAggregateSpec small_spec() {
    WindowAggregateSpec spec;
    spec.window.kind = WindowKind::kTumble;
    spec.window.start_column = kTime;
    spec.window.size_ns = spec.window.slide_ns = 10 * kMilli;
    spec.keys = {kKey};
    spec.key_types = {Type::bigint()};
    AggregateCall count;
    count.kind = AggregateKind::kCount;
    count.is_distinct = true;
    count.argument = kBigNotNull;
    count.argument_type = Type::bigint().not_null();
    count.result_type = Type::bigint().not_null();
    AggregateCall last;
    last.kind = AggregateKind::kLastValue;
    last.argument = kText;
    last.argument_type = last.result_type = Type::string();
    spec.calls = {count, last};
    return spec;
}

Row small_row(std::int64_t time, Value key, std::int64_t big, std::string text) {
    Row row(kColumns);
    row[kTime] = {time * kMilli};
    row[kKey] = std::move(key);
    row[kBigNotNull] = {big};
    row[kText] = {std::move(text)};
    return row;
}

std::vector<std::string> save_all(Op& op) {
    StateRows saved(op);
    op.freeze(saved);
    CHECK_EQ(op.save(SIZE_MAX), Progress::kDone);
    return saved.texts();
}

TEST_CASE("window state: groups, values of DISTINCT and progress are rows with their keys") {
    const auto op = make_window_aggregate(small_spec());
    OpContext context;
    const auto columns = [](const StateTable& table) {
        std::string names = table.name + ":";
        for (const Field& field : table.schema->fields)
            names += " " + field.name;
        return names;
    };
    const std::vector<StateTable> tables = op->state_tables();
    REQUIRE_EQ(tables.size(), 3);
    CHECK_EQ(columns(tables[0]), "groups: key0 flags state0_0 state1_0 state1 slice_end");
    CHECK_EQ(columns(tables[1]), "distinct0: key0 value slice_end");
    CHECK_EQ(columns(tables[2]), "progress: position passed");
    CHECK(tables[0].keys == std::vector<std::size_t>{0});
    CHECK(tables[0].route == StateRoute::kByKey);
    CHECK(tables[2].route == StateRoute::kAll);
    const std::string lowest = std::to_string(Watermark::min().nanos);
    CHECK(save_all(*op) == std::vector<std::string>{"progress: 1, " + lowest + ", "});
    feed(*op,
         {small_row(1, {std::int64_t{7}}, 5, "first"),
          small_row(2, {std::int64_t{7}}, 5, "a text that is not short"),
          small_row(3, {}, 6, "null"),
          small_row(13, {std::int64_t{7}}, 5, "later")},
         kBatchRows,
         context,
         *std::make_unique<RowCollector>());
    CHECK(save_all(*op) ==
          std::vector<std::string>{"distinct0: 7, 5, 10000000, ",
                                   "distinct0: 7, 5, 20000000, ",
                                   "distinct0: NULL, 6, 10000000, ",
                                   "groups: 7, 2, 1, 2, 'a text that is not short', 10000000, ",
                                   "groups: 7, 2, 1, 4, 'later', 20000000, ",
                                   "groups: NULL, 2, 1, 3, 'null', 10000000, ",
                                   "progress: 1025, " + lowest + ", "});
}

TEST_CASE("window state: the exchange's keys, and the first shard where there are none") {
    WindowAggregateSpec spec = small_spec();
    spec.keys = {kKey, kBigNotNull};
    spec.key_types = {Type::bigint(), Type::bigint().not_null()};
    CHECK(make_window_aggregate(spec)->state_tables()[0].keys == std::vector<std::size_t>{0, 1});
    spec.partition = {1};
    CHECK(make_window_aggregate(spec)->state_tables()[1].keys == std::vector<std::size_t>{1});
    spec.partition.clear();
    spec.keys.clear();
    spec.key_types.clear();
    CHECK(make_window_aggregate(spec)->state_tables()[0].keys.empty());
    CHECK(make_window_aggregate(spec)->state_tables()[0].route == StateRoute::kByKey);
}

TEST_CASE("window state: a slice that ends where none can is refused") {
    const WindowAggregateSpec spec = small_spec();
    const auto op = make_window_aggregate(spec);
    OpContext context;
    Batch batch(op->state_tables()[1].schema);
    set_value(batch.column(0), 0, {std::int64_t{1}}, batch.arena());
    set_value(batch.column(1), 0, {std::int64_t{1}}, batch.arena());
    set_value(batch.column(2), 0, {15 * kMilli}, batch.arena());
    batch.set_size(1);
    op->load(1, batch.view(), Watermark(), context);
    CHECK(context.failed());
}

// HOP with a DISTINCT, by the clock: what has fired does not fire again, and the rest does.
TEST_CASE("window state: windows of processing time fire once") {
    WindowAggregateSpec spec = small_spec();
    spec.window.kind = WindowKind::kHop;
    spec.window.slide_ns = 5 * kMilli;
    spec.window.is_event_time = false;
    const auto run = [&](bool is_interrupted) {
        auto op = make_window_aggregate(spec);
        OpContext context;
        RowCollector out;
        for (const std::int64_t now : {7, 12, 14, 18, 30}) {
            context.now_ns = now * kMilli;
            while (op->next_tick_ns() <= context.now_ns)
                REQUIRE_EQ(op->tick(context, out), Progress::kDone);
            if (now < 30)
                feed(*op,
                     {small_row(0, {std::int64_t{1}}, now / 10, "x")},
                     kBatchRows,
                     context,
                     out);
            if (!is_interrupted || now != 12) continue;
            StateRows saved(*op);
            op->freeze(saved);
            REQUIRE_EQ(op->save(SIZE_MAX), Progress::kDone);
            op = make_window_aggregate(spec);
            Random random(1);
            load_state({&saved}, {op.get()}, Watermark(), context, random);
        }
        return sorted_texts(out.rows);
    };
    const std::vector<std::string> expected = run(false);
    CHECK_EQ(expected.size(), 4);
    CHECK(run(true) == expected);
}

}  // namespace
}  // namespace thalweg
