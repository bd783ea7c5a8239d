// Joins, versions, Top-N, latest rows and OVER with a TTL, against lists of rows that forget by the
// clock.

#include "ops/latest_by_key.h"
#include "ops/over_aggregate.h"
#include "ops/stream_join.h"
#include "ops/temporal_join.h"
#include "ops/top_n.h"
#include "state/base/random.h"
#include "tests/support/changes.h"
#include "tests/support/seeds.h"
#include "tests/support/state_rows.h"
#include "tests/support/window_oracle.h"
#include "tests/support/window_stream.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

// The columns of all inputs.
constexpr std::size_t kId = 0;
constexpr std::size_t kNumber = 1;
constexpr std::size_t kLabel = 2;
constexpr std::size_t kWidth = 3;

SchemaPtr input_schema() {
    return make_schema(
        {{"id", Type::bigint()}, {"number", Type::bigint()}, {"label", Type::string()}});
}

Row draw_row(Random& random) {
    Row row(kWidth);
    if (!chance(random, 8)) row[kId] = {between(random, 1, 4)};
    row[kNumber] = {between(random, 1, 3)};
    row[kLabel] = {std::string(1 + random.below(2) * 20, 'x')};
    return row;
}

Batch batch_of(const std::vector<Change>& changes, const SchemaPtr& schema = input_schema()) {
    Batch batch(schema);
    RowKind* const kinds = batch.make_kinds();
    for (std::size_t i = 0; i < changes.size(); ++i) {
        for (std::size_t column = 0; column < schema->size(); ++column)
            set_value(batch.column(column), i, changes[i].row[column], batch.arena());
        kinds[i] = changes[i].kind;
    }
    batch.set_size(changes.size());
    return batch;
}

std::string text_of_change(const Row& row, bool is_gain) {
    return (is_gain ? "+" : "-") + text_of(row);
}

// The changes of a batch, gains and losses.
struct Changes final : Emitter {
    Texts texts;

    void emit(const BatchView& view) override {
        const std::vector<Row> cells = rows_of(view);
        for (std::size_t i = 0; i < cells.size(); ++i)
            texts.insert(text_of_change(cells[i], is_gain(view.kind(view.selection[i]))));
    }
};

// Some instances of an operator, the clock that they see, and their restarts.
class Instances {
  public:
    Instances(Random& random,
              std::vector<std::size_t> keys,
              std::function<std::unique_ptr<Op>()> make)
        : random_(random), keys_(std::move(keys)), make_(std::move(make)) {
        context.now_ns = 1'700'000'000 * kNanosPerSecond;
        start();
    }

    [[nodiscard]] std::int64_t now_ms() const { return context.now_ns / kMilli; }

    void process(std::size_t port,
                 const std::vector<Change>& changes,
                 bool has_kinds,
                 Emitter& out) {
        const Batch batch = batch_of(changes);
        BatchView view = batch.view();
        if (!has_kinds) view.kinds = nullptr;
        split_rows(view, keys_, ops_.size(), [&](std::size_t shard, const BatchView& rows) {
            ops_[shard]->process(port, rows, context, out);
        });
        REQUIRE_FALSE(context.failed());
    }

    void pass_time(std::int64_t most_ms) {
        if (chance(random_, 3)) return;
        context.now_ns += between(random_, 0, most_ms) * kMilli;
        if (chance(random_, 2)) tick();
    }

    void tick() {
        Changes out;
        for (const auto& op : ops_) {
            while (op->next_tick_ns() <= context.now_ns)
                REQUIRE(op->tick(context, out) == Progress::kDone);
        }
        REQUIRE(out.texts.empty());
    }

    // A barrier, what comes while the state is written, and the start of others from that state.
    template <class Meanwhile>
    void restart(const Meanwhile& meanwhile) {
        SavedInstances saved(ops_);
        saved.save(ops_, 5, random_, meanwhile);
        start();
        saved.load(ops_, Watermark::min(), context, random_);
        REQUIRE_FALSE(context.failed());
    }

    // After a time in which all has expired.
    [[nodiscard]] bool is_empty_after(std::int64_t ns) {
        context.now_ns += ns;
        tick();
        return std::all_of(ops_.begin(), ops_.end(), [](const auto& op) {
            return op->next_tick_ns() == Op::kNever;
        });
    }

    OpContext context;

  private:
    void start() {
        ops_.clear();
        for (std::uint64_t count = 1 + random_.below(3); count > 0; --count)
            ops_.push_back(make_());
    }

    Random& random_;
    std::vector<std::size_t> keys_;
    std::function<std::unique_ptr<Op>()> make_;
    SavedInstances::Ops ops_;
};

// A join, row by row: both sides are lists.
class JoinOracle {
  public:
    explicit JoinOracle(const StreamJoinSpec& spec) : spec_(&spec) {}

    void take(std::size_t port, const Change& change, std::int64_t now_ms, Texts& out) {
        const bool is_gained = is_gain(change.kind);
        auto own = sides_[port].end();
        if (!is_gained) {
            own = find(port, change.row);
            if (own == sides_[port].end() || has_expired(port, *own, now_ms)) return;
        }
        std::int64_t found = 0;
        for (Kept& other : sides_[1 - port]) {
            if (!agree(change.row, other.row) || has_expired(1 - port, other, now_ms)) continue;
            found += other.copies;
            meet(port, change, other, now_ms, out);
        }
        const std::int64_t partners = is_gained ? found : own->matches;
        if (shows_lone(spec_->kind, port) && (partners > 0) == (spec_->kind == JoinKind::kSemi))
            show(port, change.row, is_gained, 1, out);
        if (is_gained) {
            if (!change.row[kId].is_null()) keep(port, change.row, found, now_ms);
        } else {
            own->written_ms = now_ms;
            if (--own->copies == 0) sides_[port].erase(own);
        }
    }

    // A row that may be deleted; nothing: none.
    [[nodiscard]] std::vector<Row> rows(std::size_t port) const {
        std::vector<Row> rows;
        for (const Kept& kept : sides_[port])
            rows.push_back(kept.row);
        return rows;
    }

  private:
    struct Kept {
        Row row;
        std::int64_t copies = 1;
        std::int64_t matches = 0;
        std::int64_t written_ms = 0;
    };

    using Side = std::vector<Kept>;

    static bool agree(const Row& a, const Row& b) { return !a[kId].is_null() && a[kId] == b[kId]; }

    [[nodiscard]] bool has_expired(std::size_t port, const Kept& kept, std::int64_t now_ms) const {
        const std::int64_t ttl_ms = spec_->ttls_ns[port] / kMilli;
        return ttl_ms != 0 && kept.written_ms + ttl_ms <= now_ms;
    }

    Side::iterator find(std::size_t port, const Row& row) {
        return std::find_if(sides_[port].begin(), sides_[port].end(), [&](const Kept& kept) {
            return kept.row == row;
        });
    }

    void keep(std::size_t port, const Row& row, std::int64_t found, std::int64_t now_ms) {
        const auto equal = find(port, row);
        if (spec_->loses_rows[port] && equal != sides_[port].end()) {
            if (!has_expired(port, *equal, now_ms)) {
                ++equal->copies;
                equal->written_ms = now_ms;
                return;
            }
            sides_[port].erase(equal);
        }
        sides_[port].push_back({row, 1, found, now_ms});
    }

    void meet(
        std::size_t port, const Change& change, Kept& other, std::int64_t now_ms, Texts& out) {
        const bool is_gained = is_gain(change.kind);
        const bool shows_other = shows_lone(spec_->kind, 1 - port);
        const bool is_semi = spec_->kind == JoinKind::kSemi;
        if (shows_other && is_gained && other.matches++ == 0)
            show(1 - port, other.row, is_semi, other.copies, out);
        if (!is_left_only()) {
            const Row& left = port == 0 ? change.row : other.row;
            const Row& right = port == 0 ? other.row : change.row;
            Row both = left;
            both.insert(both.end(), right.begin(), right.end());
            for (std::int64_t i = 0; i < other.copies; ++i)
                out.insert(text_of_change(both, is_gained));
        }
        if (!shows_other) return;
        if (!is_gained && --other.matches == 0)
            show(1 - port, other.row, !is_semi, other.copies, out);
        other.written_ms = now_ms;
    }

    // A row without partners.
    void show(
        std::size_t port, const Row& row, bool is_gained, std::int64_t copies, Texts& out) const {
        Row shown = row;
        if (!is_left_only()) shown.insert(port == 0 ? shown.end() : shown.begin(), kWidth, Value{});
        for (std::int64_t i = 0; i < copies; ++i)
            out.insert(text_of_change(shown, is_gained));
    }

    [[nodiscard]] bool is_left_only() const {
        return spec_->kind == JoinKind::kSemi || spec_->kind == JoinKind::kAnti;
    }

    static bool shows_lone(JoinKind kind, std::size_t port) {
        switch (kind) {
            case JoinKind::kInner: return false;
            case JoinKind::kRight: return port == 1;
            case JoinKind::kFull: return true;
            case JoinKind::kLeft:
            case JoinKind::kSemi:
            case JoinKind::kAnti: break;
        }
        return port == 0;
    }

    const StreamJoinSpec* spec_;
    std::array<Side, 2> sides_;
};

TEST_CASE("kept_rows_ttl: each side of a join forgets by its own clock, through restarts") {
    for (std::uint64_t seed = 1; seed <= test::seeds(600); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        StreamJoinSpec spec;
        spec.kind = static_cast<JoinKind>(random.below(6));
        spec.left = spec.right = input_schema();
        spec.keys = {{kId, kId, false}};
        spec.loses_rows = {chance(random, 2), chance(random, 2)};
        spec.ttls_ns[0] = between(random, 1, 20) * kMilli;
        spec.ttls_ns[1] = between(random, 0, 20) * kMilli;  // 0: for ever.
        Instances instances(random, {kId}, [&] { return make_stream_join(spec); });
        JoinOracle oracle(spec);
        const auto feed_some = [&] {
            const std::size_t port = random.below(2);
            std::vector<Change> changes;
            const std::vector<Row> there = oracle.rows(port);
            for (std::uint64_t count = 1 + random.below(6); count > 0; --count) {
                const bool is_loss = spec.loses_rows[port] && !there.empty() && chance(random, 3);
                changes.push_back(is_loss
                                      ? Change{there[random.below(there.size())], RowKind::kDelete}
                                      : Change{draw_row(random), RowKind::kInsert});
            }
            Texts expected;
            for (const Change& change : changes)
                oracle.take(port, change, instances.now_ms(), expected);
            Changes out;
            instances.process(port, changes, spec.loses_rows[port], out);
            REQUIRE(out.texts == expected);
        };
        for (int round = 0; round < 40; ++round) {
            instances.pass_time(12);
            feed_some();
            if (!chance(random, 6)) continue;
            const JoinOracle then = oracle;
            instances.restart([&] {
                instances.pass_time(12);
                feed_some();
            });
            oracle = then;
        }
        if (spec.ttls_ns[1] != 0) CHECK(instances.is_empty_after(kNanosPerSecond));
    }
}

// The partitions of an operator that gives rows of each of them: what has expired stays with who
// was given it.
struct Partition {
    std::vector<Row> rows;
    std::int64_t written_ms = 0;
};

struct KeyedRows {
    std::int64_t ttl_ms = 0;
    std::function<std::vector<Row>(const Partition&)> shown;
    // Whether it was written: what of the change is not kept counts as not written.
    std::function<bool(Partition&, const Change&)> apply;
    std::map<std::string, Partition> partitions;
    Texts stale;

    void take(const std::vector<Change>& changes, std::int64_t now_ms) {
        for (const Change& change : changes) {
            Partition& partition = partitions[text_of(change.row[kId])];
            if (partition.written_ms + ttl_ms <= now_ms) {
                for (const Row& row : shown(partition))
                    stale.insert(text_of(row));
                partition = {};
            }
            if (apply(partition, change)) partition.written_ms = now_ms;
        }
    }

    [[nodiscard]] Texts given() const {
        Texts texts = stale;
        for (const auto& [key, partition] : partitions) {
            for (const Row& row : shown(partition))
                texts.insert(text_of(row));
        }
        return texts;
    }

    [[nodiscard]] std::vector<Row> live(std::int64_t now_ms) const {
        std::vector<Row> rows;
        for (const auto& [key, partition] : partitions) {
            if (partition.written_ms + ttl_ms > now_ms)
                rows.insert(rows.end(), partition.rows.begin(), partition.rows.end());
        }
        return rows;
    }
};

void run_keyed(Random& random,
               KeyedRows oracle,
               bool has_changes,
               const std::function<std::unique_ptr<Op>()>& make) {
    Instances instances(random, {kId}, make);
    Fold fold;
    const auto feed_some = [&] {
        std::vector<Change> changes;
        std::vector<Row> there = oracle.live(instances.now_ms());
        for (std::uint64_t count = 1 + random.below(6); count > 0; --count) {
            if (has_changes && !there.empty() && chance(random, 3)) {
                const auto at =
                    there.begin() + static_cast<std::ptrdiff_t>(random.below(there.size()));
                changes.push_back({*at, RowKind::kDelete});
                there.erase(at);
            } else {
                changes.push_back({draw_row(random), RowKind::kInsert});
            }
        }
        oracle.take(changes, instances.now_ms());
        instances.process(0, changes, has_changes, fold);
        REQUIRE(fold.rows == oracle.given());
        CHECK_EQ(fold.orphans, 0);
    };
    for (int round = 0; round < 40; ++round) {
        instances.pass_time(12);
        feed_some();
        if (!chance(random, 6)) continue;
        const KeyedRows then = oracle;
        const Fold fold_then = fold;
        instances.restart([&] {
            instances.pass_time(12);
            feed_some();
        });
        oracle = then;
        fold = fold_then;
    }
    CHECK(instances.is_empty_after(kNanosPerSecond));
}

std::int64_t number_in(const Row& row) {
    return std::get<std::int64_t>(row[kNumber].data);
}

bool erase_row(std::vector<Row>& rows, const Row& row) {
    const auto found = std::find(rows.begin(), rows.end(), row);
    if (found == rows.end()) return false;
    rows.erase(found);
    return true;
}

TEST_CASE("kept_rows_ttl: a Top-N forgets a partition of which no row came or went") {
    for (std::uint64_t seed = 1; seed <= test::seeds(300); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        RankSpec spec;
        spec.schema = input_schema();
        spec.partition = {kId};
        spec.order = {{kNumber, false, true}};
        spec.last = 1 + random.below(3);
        spec.has_number = chance(random, 2);
        spec.is_changing = chance(random, 2);
        spec.ttl_ns = between(random, 1, 20) * kMilli;
        KeyedRows oracle;
        oracle.ttl_ms = spec.ttl_ns / kMilli;
        oracle.shown = [&](const Partition& partition) {
            std::vector<Row> rows;
            for (const Row& row : partition.rows) {
                if (rows.size() == spec.last) break;
                rows.push_back(row);
                if (spec.has_number)
                    rows.back().push_back({static_cast<std::int64_t>(rows.size())});
            }
            return rows;
        };
        oracle.apply = [&](Partition& partition, const Change& change) {
            std::vector<Row>& rows = partition.rows;
            if (!is_gain(change.kind)) return erase_row(rows, change.row);
            const auto place = std::upper_bound(
                rows.begin(), rows.end(), change.row, [](const Row& a, const Row& b) {
                    return number_in(a) < number_in(b);
                });
            const bool is_kept =
                spec.is_changing || static_cast<std::uint64_t>(place - rows.begin()) < spec.last;
            if (is_kept) rows.insert(place, change.row);
            if (!spec.is_changing && rows.size() > spec.last) rows.pop_back();
            return is_kept;
        };
        run_keyed(random, oracle, spec.is_changing, [&] { return make_top_n(spec); });
    }
}

TEST_CASE("kept_rows_ttl: the latest row of a key is one that somebody has told of lately") {
    for (std::uint64_t seed = 1; seed <= test::seeds(300); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        LatestByKeySpec spec;
        spec.schema = input_schema();
        spec.keys = {kId};
        spec.ttl_ns = between(random, 1, 20) * kMilli;
        KeyedRows oracle;
        oracle.ttl_ms = spec.ttl_ns / kMilli;
        oracle.shown = [](const Partition& partition) { return partition.rows; };
        oracle.apply = [](Partition& partition, const Change& change) {
            partition.rows.clear();
            if (is_gain(change.kind)) partition.rows.push_back(change.row);
            return true;
        };
        run_keyed(random, oracle, true, [&] { return make_latest_by_key(spec); });
    }
}

TEST_CASE("kept_rows_ttl: OVER forgets a partition with all its results") {
    for (std::uint64_t seed = 1; seed <= test::seeds(200); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        OverSpec spec;
        spec.schema = input_schema();
        spec.partition = {kId};
        spec.order = {{kNumber, false, true}};
        OverCall count;
        count.kind = OverKind::kAggregate;
        count.aggregate.result_type = Type::bigint().not_null();
        count.frame.end = OverFrame::Bound::kUnboundedFollowing;
        count.result_type = count.aggregate.result_type;
        spec.calls = {count};
        spec.ttl_ns = between(random, 1, 20) * kMilli;
        KeyedRows oracle;
        oracle.ttl_ms = spec.ttl_ns / kMilli;
        oracle.shown = [](const Partition& partition) {
            std::vector<Row> rows = partition.rows;
            for (Row& row : rows)
                row.push_back({static_cast<std::int64_t>(rows.size())});
            return rows;
        };
        oracle.apply = [](Partition& partition, const Change& change) {
            if (!is_gain(change.kind)) return erase_row(partition.rows, change.row);
            partition.rows.push_back(change.row);
            return true;
        };
        run_keyed(random, oracle, true, [&] { return make_over_changes(spec); });
    }
}

TEST_CASE("kept_rows_ttl: versions that nobody asks for are forgotten") {
    TemporalJoinSpec spec;
    spec.join.kind = JoinKind::kLeft;
    spec.join.left = spec.join.right =
        make_schema({{"id", Type::bigint()}, {"time", Type::timestamp(3)}});
    spec.join.keys = {{kId, kId, false}};
    spec.join.ttls_ns[1] = 10 * kMilli;
    spec.left_time = spec.right_time = 1;
    std::unique_ptr<Op> op = make_temporal_join(spec);
    OpContext context;
    context.now_ns = 1'700'000'000 * kNanosPerSecond;
    const auto feed = [&](std::size_t port, std::int64_t time) {
        const Row row{{std::int64_t{1}}, {time * kMilli}};
        const Batch batch = batch_of({{row, RowKind::kInsert}}, spec.join.left);
        Changes out;
        op->process(port, {batch.view().columns, batch.view().selection}, context, out);
        REQUIRE(op->advance({time * kMilli}, context, out) == Progress::kDone);
        return out.texts;
    };
    const auto joined = [](std::int64_t time, Value version) {
        const Row row{{std::int64_t{1}},
                      {time * kMilli},
                      version.is_null() ? Value{} : Value{std::int64_t{1}},
                      version};
        return Texts{text_of_change(row, true)};
    };
    CHECK(feed(1, 5).empty());
    CHECK(feed(0, 6) == joined(6, {5 * kMilli}));
    context.now_ns += 9 * kMilli;
    CHECK(feed(0, 7) == joined(7, {5 * kMilli}));  // Asked for: it stays.
    context.now_ns += 9 * kMilli;
    SUBCASE("at once") {}
    SUBCASE("after a restart") {
        StateRows rows(*op);
        op->freeze(rows);
        while (op->save(1) == Progress::kMore) {
        }
        op = make_temporal_join(spec);
        Random random(1);
        load_state({&rows}, {op.get()}, {7 * kMilli}, context, random);
        REQUIRE_FALSE(context.failed());
    }
    CHECK(feed(0, 8) == joined(8, {5 * kMilli}));
    context.now_ns += 10 * kMilli;
    CHECK(feed(0, 9) == joined(9, {}));
    CHECK(op->next_tick_ns() <= context.now_ns);
    Changes out;
    REQUIRE(op->tick(context, out) == Progress::kDone);
    CHECK_EQ(op->next_tick_ns(), Op::kNever);
    CHECK(feed(1, 10).empty());
    CHECK(feed(0, 11) == joined(11, {10 * kMilli}));
}

}  // namespace
}  // namespace thalweg
