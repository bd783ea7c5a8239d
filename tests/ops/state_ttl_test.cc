// State with a TTL: against an oracle that forgets by the clock, through restarts and sweeps.

#include "ops/state_ttl.h"

#include "ops/group_aggregate.h"
#include "state/base/random.h"
#include "tests/support/changes.h"
#include "tests/support/seeds.h"
#include "tests/support/state_rows.h"
#include "tests/support/window_oracle.h"
#include "tests/support/window_stream.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace thalweg {
namespace {

// The changes of a batch, each with its kind.
struct Changes final : Emitter {
    Texts texts;

    void emit(const BatchView& view) override {
        const std::vector<Row> cells = rows_of(view);
        for (std::size_t i = 0; i < cells.size(); ++i)
            texts.insert(text_of_change(cells[i], view.kind(view.selection[i])));
    }

    static std::string text_of_change(const Row& row, RowKind kind) {
        constexpr const char* kNames[] = {"+I", "-U", "+U", "-D"};
        return std::string(kNames[static_cast<std::size_t>(kind)]) + text_of(row);
    }
};

AggregateCall call_of(AggregateKind kind, std::size_t column, bool is_distinct = false) {
    AggregateCall call{kind, is_distinct, column, {}, Type::bigint(), Type::bigint()};
    if (column == kName) call.argument_type = Type::string();
    call.result_type = kind == AggregateKind::kCountStar || kind == AggregateKind::kCount
                           ? Type::bigint().not_null()
                           : call.argument_type;
    return call;
}

// Of two numbers, or of two texts.
bool is_less(const Value& a, const Value& b) {
    const auto* const number = std::get_if<std::int64_t>(&a.data);
    if (number != nullptr) return *number < std::get<std::int64_t>(b.data);
    return std::get<std::string>(a.data) < std::get<std::string>(b.data);
}

// The groups as they are for who forgets nothing late.
class GroupOracle {
  public:
    explicit GroupOracle(const GroupAggregateSpec& spec) : spec_(&spec) {}

    Texts take(const std::vector<Change>& batch, std::int64_t now_ms) {
        std::map<std::string, Row> before;
        std::map<std::string, Row> keys;
        for (const Change& change : batch) {
            Row key;
            for (const std::size_t column : spec_->keys)
                key.push_back(change.row[column]);
            const std::string text = text_of(key);
            Group& group = groups_[text];
            if (keys.emplace(text, key).second) {
                if (group.written_ms + spec_->ttl_ns / kMilli <= now_ms) group = {};
                before[text] = result_of(key, group);
            }
            if (is_gain(change.kind)) {
                group.rows.push_back(change.row);
            } else {
                const auto found = std::find(group.rows.begin(), group.rows.end(), change.row);
                if (found == group.rows.end()) {
                    CHECK(group.rows.empty());
                    continue;
                }
                group.rows.erase(found);
            }
            group.had_rows = true;
            group.written_ms = now_ms;
        }
        Texts changes;
        for (const auto& [text, key] : keys)
            compare(before[text], result_of(key, groups_[text]), changes);
        return changes;
    }

    // Rows that may be deleted: those that are there, of groups that have not expired.
    [[nodiscard]] std::vector<Row> rows(std::int64_t now_ms) const {
        std::vector<Row> all;
        for (const auto& [text, group] : groups_) {
            if (group.written_ms + spec_->ttl_ns / kMilli > now_ms)
                all.insert(all.end(), group.rows.begin(), group.rows.end());
        }
        return all;
    }

  private:
    struct Group {
        std::vector<Row> rows;
        std::int64_t written_ms = 0;
        bool had_rows = false;
    };

    // Nothing where there is no result.
    Row result_of(const Row& key, const Group& group) const {
        if (group.rows.empty() && !(spec_->keys.empty() && group.had_rows)) return {};
        Row row = key;
        for (const AggregateCall& call : spec_->calls) {
            std::int64_t count = 0;
            std::uint64_t sum = 0;  // It wraps around.
            std::set<std::string> seen;
            Value most;
            for (const Row& each : group.rows) {
                const Value& value = each[call.argument];
                if (call.kind == AggregateKind::kCountStar) ++count;
                if (call.kind == AggregateKind::kCountStar || value.is_null()) continue;
                if (call.is_distinct && !seen.insert(text_of(value)).second) continue;
                ++count;
                if (call.argument == kBig)
                    sum += static_cast<std::uint64_t>(std::get<std::int64_t>(value.data));
                if (most.is_null() || is_less(most, value)) most = value;
            }
            const bool is_count =
                call.kind == AggregateKind::kCount || call.kind == AggregateKind::kCountStar;
            if (is_count) {
                row.push_back({count});
            } else if (call.kind == AggregateKind::kSum) {
                row.push_back(count == 0 ? Value{} : Value{static_cast<std::int64_t>(sum)});
            } else {
                row.push_back(most);
            }
        }
        return row;
    }

    void compare(const Row& before, const Row& after, Texts& changes) const {
        // With a TTL an update is told again.
        if (before == after && (before.empty() || spec_->calls.empty())) return;
        if (!before.empty()) {
            const RowKind kind = after.empty() ? RowKind::kDelete : RowKind::kUpdateBefore;
            changes.insert(Changes::text_of_change(before, kind));
        }
        if (!after.empty()) {
            const RowKind kind = before.empty() ? RowKind::kInsert : RowKind::kUpdateAfter;
            changes.insert(Changes::text_of_change(after, kind));
        }
    }

    const GroupAggregateSpec* spec_;
    std::map<std::string, Group> groups_;
};

Batch batch_of(const std::vector<Change>& changes) {
    Batch batch(stream_schema());
    RowKind* const kinds = batch.make_kinds();
    for (std::size_t i = 0; i < changes.size(); ++i) {
        for (std::size_t column = 0; column < kColumns; ++column)
            set_value(batch.column(column), i, changes[i].row[column], batch.arena());
        kinds[i] = changes[i].kind;
    }
    batch.set_size(changes.size());
    return batch;
}

class GroupModel {
  public:
    explicit GroupModel(std::uint64_t seed) : random_(seed), oracle_(spec_) {
        using K = AggregateKind;
        for (const std::size_t column : {kKey, kText}) {
            if (chance(random_, 2)) continue;
            spec_.keys.push_back(column);
            spec_.key_types.push_back((*stream_schema())[column].type);
        }
        spec_.calls = {call_of(K::kCountStar, kBig), call_of(K::kSum, kBig)};
        if (chance(random_, 2)) spec_.calls.push_back(call_of(K::kMax, kBig));
        if (chance(random_, 4)) spec_.calls.push_back(call_of(K::kCount, kBig, true));
        if (chance(random_, 4)) spec_.calls.push_back(call_of(K::kMax, kName));
        if (chance(random_, 6) && !spec_.keys.empty()) spec_.calls.clear();
        spec_.takes_changes = chance(random_, 2);
        context_.now_ns = 1'700'000'000 * kNanosPerSecond;
        spec_.ttl_ns = (1 + between(random_, 0, 19)) * kMilli;
        start(1 + random_.below(3));
    }

    void run() {
        for (int round = 0; round < 40; ++round) {
            pass_time();
            feed_some();
            if (chance(random_, 6)) restart();
        }
        context_.now_ns += 2 * spec_.ttl_ns;
        tick();
        CHECK_EQ(next_tick_ns(), Op::kNever);  // Nothing is left.
    }

  private:
    void start(std::size_t count) {
        ops_.clear();
        for (std::size_t i = 0; i < count; ++i)
            ops_.push_back(make_group_aggregate(spec_));
    }

    [[nodiscard]] std::int64_t now_ms() const { return context_.now_ns / kMilli; }

    void pass_time() {
        if (chance(random_, 3)) return;
        context_.now_ns += between(random_, 0, spec_.ttl_ns / kMilli + 2) * kMilli;
        if (chance(random_, 2)) tick();
    }

    [[nodiscard]] std::int64_t next_tick_ns() const {
        std::int64_t next = Op::kNever;
        for (const auto& op : ops_)
            next = std::min(next, op->next_tick_ns());
        return next;
    }

    void tick() {
        for (const auto& op : ops_) {
            while (op->next_tick_ns() <= context_.now_ns)
                REQUIRE(op->tick(context_, emitted_) == Progress::kDone);
        }
        REQUIRE(emitted_.texts.empty());
    }

    void feed_some() {
        std::vector<Change> changes;
        std::vector<Row> there = oracle_.rows(now_ms());
        for (std::uint64_t count = 1 + random_.below(8); count > 0; --count) {
            if (spec_.takes_changes && !there.empty() && chance(random_, 3)) {
                const std::size_t i = random_.below(there.size());
                changes.push_back(
                    {there[i], chance(random_, 2) ? RowKind::kDelete : RowKind::kUpdateBefore});
                there.erase(there.begin() + static_cast<std::ptrdiff_t>(i));
                continue;
            }
            changes.push_back({random_row(random_, 0), RowKind::kInsert});
        }
        const Batch batch = batch_of(changes);
        const Texts expected = oracle_.take(changes, now_ms());
        BatchView view = batch.view();
        if (!spec_.takes_changes) view.kinds = nullptr;
        split_rows(view, spec_.keys, ops_.size(), [&](std::size_t shard, const BatchView& rows) {
            ops_[shard]->process(0, rows, context_, emitted_);
        });
        REQUIRE(std::exchange(emitted_.texts, {}) == expected);
    }

    // A barrier; then rows that come while the state is written, and are forgotten by the crash.
    void restart() {
        SavedInstances saved(ops_);
        const GroupOracle then = oracle_;
        saved.save(ops_, 5, random_, [this] {
            pass_time();
            feed_some();
        });
        start(1 + random_.below(3));
        saved.load(ops_, Watermark::min(), context_, random_);
        REQUIRE_FALSE(context_.failed());
        oracle_ = then;
    }

    Random random_;
    GroupAggregateSpec spec_;
    GroupOracle oracle_;
    SavedInstances::Ops ops_;
    OpContext context_;
    Changes emitted_;
};

TEST_CASE("state_ttl: a GROUP BY forgets by the clock, through restarts") {
    for (std::uint64_t seed = 1; seed <= test::seeds(600); ++seed) {
        CAPTURE(seed);
        GroupModel(seed).run();
    }
}

GroupAggregateSpec counting(std::int64_t ttl_ns) {
    GroupAggregateSpec spec;
    spec.keys = {kKey};
    spec.key_types = {Type::bigint()};
    spec.calls = {call_of(AggregateKind::kCountStar, kBig)};
    spec.ttl_ns = ttl_ns;
    return spec;
}

TEST_CASE("state_ttl: what was written at t is gone from t + TTL on, and a write begins anew") {
    constexpr std::int64_t kStart = 1'000'000 * kMilli;
    const std::unique_ptr<Op> op = make_group_aggregate(counting(10 * kMilli));
    OpContext context;
    const auto feed_at = [&](std::int64_t ns) {
        Row row(kColumns);
        row[kKey] = {std::int64_t{7}};
        context.now_ns = kStart + ns;
        Changes out;
        Batch batch = batch_of({{row, RowKind::kInsert}});
        op->process(0, {batch.view().columns, batch.view().selection}, context, out);
        return out.texts;
    };
    const auto inserted = feed_at(0);
    CHECK_EQ(inserted.size(), 1);
    CHECK_EQ(feed_at(10 * kMilli - 1).size(), 2);  // An update: not yet.
    CHECK_EQ(feed_at(18 * kMilli).size(), 2);      // Since then 9 ms have passed.
    CHECK_EQ(feed_at(28 * kMilli - 1).size(), 2);  // And again less than 10.
    CHECK_EQ(feed_at(37 * kMilli), inserted);      // As if it had never been.
    CHECK_EQ(feed_at(36 * kMilli).size(), 2);      // The clock does not go back.
}

TEST_CASE("state_ttl: what has expired is given back in bounded steps") {
    constexpr std::size_t kGroups = 3 * StateTtl::kSweepEntries;
    const std::unique_ptr<Op> op = make_group_aggregate(counting(kNanosPerSecond));
    OpContext context;
    Fold out;
    CHECK_EQ(op->next_tick_ns(), Op::kNever);
    std::vector<Change> changes;
    for (std::size_t i = 0; i < kGroups; ++i) {
        Row row(kColumns);
        row[kKey] = {static_cast<std::int64_t>(i * 1'000'003)};
        changes.push_back({row, RowKind::kInsert});
        if (changes.size() < kBatchRows) continue;
        const Batch batch = batch_of(std::exchange(changes, {}));
        op->process(0, {batch.view().columns, batch.view().selection}, context, out);
    }
    const auto steps_of_pass = [&] {
        std::size_t steps = 0;
        context.now_ns = std::max(context.now_ns, op->next_tick_ns());
        do {
            REQUIRE(op->tick(context, out) == Progress::kDone);
            context.now_ns += kMilli;
            ++steps;
        } while (op->next_tick_ns() <= context.now_ns);
        return steps;
    };
    const auto saved_rows = [&] {
        StateRows rows(*op);
        op->freeze(rows);
        while (op->save(1000) == Progress::kMore) {
        }
        return rows.size();
    };
    CHECK_EQ(steps_of_pass(), 3);
    CHECK_EQ(saved_rows(), kGroups + 1);
    context.now_ns = kNanosPerSecond;
    CHECK_EQ(steps_of_pass(), 3);
    CHECK_EQ(saved_rows(), 1);  // That of progress.
    CHECK_EQ(op->next_tick_ns(), Op::kNever);
}

TEST_CASE("state_ttl: without one there is nothing to tick for, and the state is as it was") {
    const std::unique_ptr<Op> op = make_group_aggregate(counting(0));
    const std::unique_ptr<Op> kept = make_group_aggregate(counting(kMilli));
    OpContext context;
    Fold out;
    const Batch batch = batch_of({{Row(kColumns), RowKind::kInsert}});
    op->process(0, {batch.view().columns, batch.view().selection}, context, out);
    CHECK_EQ(op->next_tick_ns(), Op::kNever);
    CHECK_EQ(op->state_tables()[0].schema->size() + 1, kept->state_tables()[0].schema->size());
}

}  // namespace
}  // namespace thalweg
