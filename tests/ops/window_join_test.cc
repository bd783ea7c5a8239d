// The window join against two nested loops, on random streams: all kinds, with and without a
// condition, NULL keys that are equal and that are not, late rows, many pairs.

#include "ops/window_join.h"

#include "state/base/random.h"
#include "tests/support/seeds.h"
#include "tests/support/state_rows.h"
#include "tests/support/window_oracle.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace thalweg {
namespace {

constexpr std::int64_t kMilli = kNanosPerMilli;

// The columns of both sides.
enum : std::size_t { kStart, kEnd, kKey, kText, kValue, kColumns };

SchemaPtr side_schema() {
    return make_schema({{"window_start", Type::timestamp(3)},
                        {"window_end", Type::timestamp(3)},
                        {"key", Type::bigint()},
                        {"text", Type::string()},
                        {"value", Type::bigint()}});
}

bool chance(Random& random, std::uint64_t one_in) {
    return random.below(one_in) == 0;
}

std::int64_t number(Random& random, std::uint64_t below) {
    return static_cast<std::int64_t>(random.below(below));
}

Row random_row(Random& random, std::int64_t now) {
    const std::int64_t start = (now + number(random, 3)) * 10 * kMilli;
    Row row(kColumns);
    row[kStart] = {start};
    if (!chance(random, 50)) row[kEnd] = {start + (chance(random, 4) ? 5 : 10) * kMilli};
    if (!chance(random, 5)) row[kKey] = {number(random, 4)};
    if (!chance(random, 5))
        row[kText] = {
            std::string(chance(random, 2) ? 1 : 20, static_cast<char>('a' + number(random, 2)))};
    if (!chance(random, 5)) row[kValue] = {number(random, 10)};
    return row;
}

// Two nested loops over all rows of a window.
class JoinOracle {
  public:
    explicit JoinOracle(const WindowJoinSpec& spec) : spec_(spec) {}

    std::vector<Row> join(const std::vector<Row>& lefts, const std::vector<Row>& rights) const {
        std::vector<Row> out;
        std::vector<bool> right_matched(rights.size(), false);
        for (const Row& left : lefts) {
            bool matched = false;
            for (std::size_t i = 0; i < rights.size(); ++i) {
                if (!meet(left, rights[i])) continue;
                matched = true;
                right_matched[i] = true;
                if (!is_left_only()) out.push_back(glue(left, rights[i]));
            }
            if (is_left_only()) {
                if (matched == (spec_.kind == JoinKind::kSemi)) out.push_back(left);
            } else if (!matched &&
                       (spec_.kind == JoinKind::kLeft || spec_.kind == JoinKind::kFull)) {
                out.push_back(glue(left, Row(kColumns)));
            }
        }
        if (spec_.kind != JoinKind::kRight && spec_.kind != JoinKind::kFull) return out;
        for (std::size_t i = 0; i < rights.size(); ++i) {
            if (!right_matched[i]) out.push_back(glue(Row(kColumns), rights[i]));
        }
        return out;
    }

  private:
    [[nodiscard]] bool is_left_only() const {
        return spec_.kind == JoinKind::kSemi || spec_.kind == JoinKind::kAnti;
    }

    static Row glue(Row left, const Row& right) {
        left.insert(left.end(), right.begin(), right.end());
        return left;
    }

    [[nodiscard]] bool meet(const Row& left, const Row& right) const {
        for (const JoinKey& key : spec_.keys) {
            const Value& a = left[key.left];
            const Value& b = right[key.right];
            if ((a.is_null() || b.is_null()) && !key.null_is_equal) return false;
            if (a != b) return false;
        }
        if (spec_.residual == nullptr) return true;
        const Value& a = left[kValue];
        const Value& b = right[kValue];
        if (a.is_null() || b.is_null()) return false;
        return std::get<std::int64_t>(a.data) < std::get<std::int64_t>(b.data);
    }

    const WindowJoinSpec& spec_;
};

WindowJoinSpec random_spec(Random& random) {
    WindowJoinSpec spec;
    spec.kind = static_cast<JoinKind>(random.below(6));
    spec.left = side_schema();
    spec.right = side_schema();
    spec.left_start = spec.right_start = kStart;
    spec.left_end = spec.right_end = kEnd;
    for (const std::size_t column : {kKey, kText}) {
        if (chance(random, 2)) spec.keys.push_back({column, column, chance(random, 2)});
    }
    if (chance(random, 2)) {
        const auto less = make_call(
            "<",
            {make_column(kValue, Type::bigint()), make_column(kColumns + kValue, Type::bigint())},
            {});
        REQUIRE(less.has_value());
        spec.residual = *less;
    }
    spec.seed = HashSeed::from(random());
    return spec;
}

void feed(
    Op& op, std::size_t port, const std::vector<Row>& rows, std::size_t size, OpContext& context) {
    RowCollector none;
    for (std::size_t first = 0; first < rows.size(); first += size) {
        Batch batch(side_schema());
        const std::size_t count = std::min(size, rows.size() - first);
        for (std::size_t i = 0; i < count; ++i) {
            for (std::size_t column = 0; column < kColumns; ++column)
                set_value(batch.column(column), i, rows[first + i][column], batch.arena());
        }
        batch.set_size(count);
        op.process(port, batch.view(), context, none);
    }
    CHECK(none.rows.empty());
}

std::string advance(Op& op, Watermark watermark, OpContext& context) {
    RowCollector out;
    while (op.advance(watermark, context, out) == Progress::kMore) {
    }
    CHECK_FALSE(context.failed());
    std::vector<std::string> texts;
    for (const Row& row : out.rows)
        texts.push_back(text_of(row));
    std::sort(texts.begin(), texts.end());
    std::string all;
    for (const std::string& text : texts)
        all += text + "\n";
    return all;
}

struct Sides {
    std::vector<Row> rows[2];
};

using Windows = std::map<std::pair<std::int64_t, std::int64_t>, Sides>;

// What fires at `watermark`, sorted as advance() does.
std::string expected_text(const JoinOracle& oracle, Windows& windows, Watermark watermark) {
    std::vector<std::string> texts;
    while (!windows.empty() && watermark.passes(windows.begin()->first.first)) {
        const Sides& sides = windows.begin()->second;
        for (const Row& row : oracle.join(sides.rows[0], sides.rows[1]))
            texts.push_back(text_of(row));
        windows.erase(windows.begin());
    }
    std::sort(texts.begin(), texts.end());
    std::string all;
    for (const std::string& text : texts)
        all += text + "\n";
    return all;
}

void check(const WindowJoinSpec& spec, Random& random, std::size_t batch_size) {
    const auto op = make_window_join(spec);
    const JoinOracle oracle(spec);
    Windows windows;
    OpContext context;
    Watermark watermark;
    std::uint64_t late = 0;
    std::uint64_t without_window = 0;
    for (std::int64_t step = 0; step < 12; ++step) {
        for (const std::size_t port : {std::size_t{0}, std::size_t{1}}) {
            std::vector<Row> rows;
            for (std::uint64_t count = random.below(20); count > 0; --count)
                rows.push_back(random_row(random, step));
            feed(*op, port, rows, batch_size, context);
            for (const Row& row : rows) {
                if (row[kEnd].is_null()) {
                    ++without_window;
                    continue;
                }
                const auto end = std::get<std::int64_t>(row[kEnd].data);
                if (watermark.passes(end)) {
                    ++late;
                    continue;
                }
                const auto start = std::get<std::int64_t>(row[kStart].data);
                windows[{end, start}].rows[port].push_back(row);
            }
        }
        watermark = step == 11 ? Watermark::max() : Watermark{(step * 10 + 3) * kMilli};
        REQUIRE_EQ(advance(*op, watermark, context), expected_text(oracle, windows, watermark));
    }
    CHECK_EQ(context.counters.late_rows, late);
    CHECK_EQ(context.counters.null_time_rows, without_window);
}

TEST_CASE("window_join: agrees with nested loops") {
    for (std::uint64_t seed = 1; seed <= test::seeds(200); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        const WindowJoinSpec spec = random_spec(random);
        CAPTURE(int(spec.kind));
        CAPTURE(spec.keys.size());
        CAPTURE((spec.residual != nullptr));
        check(spec, random, seed % 2 == 0 ? 3 : kBatchRows);
    }
}

TEST_CASE("window_join: more pairs than one step may emit come in several") {
    for (const JoinKind kind : {JoinKind::kInner, JoinKind::kSemi, JoinKind::kFull}) {
        WindowJoinSpec spec;
        spec.kind = kind;
        spec.left = side_schema();
        spec.right = side_schema();
        spec.left_end = spec.right_end = kEnd;
        const auto op = make_window_join(spec);
        OpContext context;
        Row row(kColumns);
        row[kStart] = {std::int64_t{0}};
        row[kEnd] = {10 * kMilli};
        row[kText] = {std::string("a text that is copied, not borrowed")};
        feed(*op, 0, std::vector<Row>(1500, row), kBatchRows, context);
        feed(*op, 1, std::vector<Row>(40, row), kBatchRows, context);
        RowCollector out;
        std::size_t steps = 1;
        std::size_t before = 0;
        for (; op->advance(Watermark::max(), context, out) == Progress::kMore; ++steps) {
            CHECK_LE(out.rows.size() - before, Op::kEmitRowsMax + kBatchRows);
            before = out.rows.size();
        }
        const bool is_semi = kind == JoinKind::kSemi;
        CHECK_EQ(out.rows.size(), is_semi ? 1500 : 1500 * 40);
        CHECK_EQ(steps > 1, !is_semi);
    }
}

// Rows of both sides, then a watermark.
struct Step {
    Sides sides;
    Watermark watermark;
};

std::vector<Step> random_steps(Random& random) {
    std::vector<Step> steps(8);
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const auto now = static_cast<std::int64_t>(i);
        for (std::vector<Row>& rows : steps[i].sides.rows) {
            for (std::uint64_t count = random.below(chance(random, 8) ? 1500 : 20); count > 0;
                 --count)
                rows.push_back(random_row(random, now));
        }
        steps[i].watermark = {(now * 10 + 3) * kMilli};
    }
    steps.back().watermark = Watermark::max();
    return steps;
}

// Joins that share the keys, as shards do.
class Cluster {
  public:
    Cluster(const WindowJoinSpec& spec, std::size_t instances) {
        for (std::size_t i = 0; i < instances; ++i)
            ops_.push_back(make_window_join(spec));
        for (const JoinKey& key : spec.keys) {
            keys_[0].push_back(key.left);
            keys_[1].push_back(key.right);
        }
    }

    void feed(std::size_t port, const std::vector<Row>& rows) {
        std::vector<std::vector<Row>> parts(ops_.size());
        for (const Row& row : rows) {
            std::string key;
            for (const std::size_t column : keys_[port])
                key += text_of(row[column]) + "|";
            const bool has_keys = !keys_[port].empty();
            parts[has_keys ? std::hash<std::string>()(key) % ops_.size() : 0].push_back(row);
        }
        for (std::size_t i = 0; i < ops_.size(); ++i)
            thalweg::feed(*ops_[i], port, parts[i], 100, context_);
    }

    std::vector<std::string> advance(Watermark watermark) {
        RowCollector out;
        for (const auto& op : ops_) {
            while (op->advance(watermark, context_, out) == Progress::kMore) {
            }
        }
        return sorted_texts(out.rows);
    }

    void freeze() {
        for (const auto& op : ops_) {
            saved_.push_back(std::make_unique<StateRows>(*op));
            op->freeze(*saved_.back());
        }
    }

    bool save(std::size_t rows_max) {
        bool is_done = true;
        for (const auto& op : ops_)
            is_done = op->save(rows_max) == Progress::kDone && is_done;
        return is_done;
    }

    void load(const Cluster& other, Watermark watermark, Random& random) {
        std::vector<const StateRows*> saved;
        for (const auto& rows : other.saved_)
            saved.push_back(rows.get());
        std::vector<Op*> ops;
        for (const auto& op : ops_)
            ops.push_back(op.get());
        load_state(saved, ops, watermark, context_, random);
        CHECK_EQ(context_.error, "");
    }

    [[nodiscard]] std::vector<std::string> saved_texts() const {
        std::vector<std::string> all;
        for (const auto& rows : saved_) {
            const std::vector<std::string> texts = rows->texts();
            all.insert(all.end(), texts.begin(), texts.end());
        }
        return all;
    }

    [[nodiscard]] std::uint64_t late_rows() const { return context_.counters.late_rows; }

  private:
    std::vector<std::unique_ptr<Op>> ops_;
    std::vector<std::size_t> keys_[2];
    std::vector<std::unique_ptr<StateRows>> saved_;
    OpContext context_;
};

void check_restart(const WindowJoinSpec& spec, Random& random) {
    const std::vector<Step> steps = random_steps(random);
    const std::size_t stop = random.below(steps.size());  // In its middle: between the sides.
    const std::size_t instances = 1 + random.below(3);
    Cluster reference(spec, 1);
    Cluster old(spec, instances);
    Cluster twin(spec, instances);
    Cluster resumed(spec, 1 + random.below(4));
    std::vector<std::vector<std::string>> expected;
    std::uint64_t late_before = 0;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const auto& [sides, watermark] = steps[i];
        for (std::size_t port = 0; port < 2; ++port) {
            reference.feed(port, sides.rows[port]);
            old.feed(port, sides.rows[port]);
            if (i < stop || (i == stop && port == 0)) twin.feed(port, sides.rows[port]);
            if (i > stop) old.save(random.below(30));
            if (i != stop || port != 0) continue;
            late_before = reference.late_rows();
            old.freeze();
            twin.freeze();
            REQUIRE(twin.save(SIZE_MAX));
        }
        expected.push_back(reference.advance(watermark));
        REQUIRE(old.advance(watermark) == expected.back());
        if (i < stop) REQUIRE(twin.advance(watermark) == expected.back());
    }
    while (!old.save(1 + random.below(100))) {
    }
    CHECK(old.saved_texts() == twin.saved_texts());
    resumed.load(old, stop == 0 ? Watermark() : steps[stop - 1].watermark, random);
    for (std::size_t i = stop; i < steps.size(); ++i) {
        if (i > stop) resumed.feed(0, steps[i].sides.rows[0]);
        resumed.feed(1, steps[i].sides.rows[1]);
        REQUIRE(resumed.advance(steps[i].watermark) == expected[i]);
    }
    CHECK_EQ(resumed.late_rows(), reference.late_rows() - late_before);
}

TEST_CASE("window_join: whoever takes its rows over gives the same results") {
    for (std::uint64_t seed = 1; seed <= test::seeds(60); ++seed) {
        CAPTURE(seed);
        Random random(seed);
        const WindowJoinSpec spec = random_spec(random);
        check_restart(spec, random);
    }
}

TEST_CASE("window_join: what is saved is both sides as they came in") {
    WindowJoinSpec spec;
    spec.left = spec.right = side_schema();
    spec.left_end = spec.right_end = kEnd;
    spec.keys = {{kText, kText, false}};
    const auto op = make_window_join(spec);
    const std::vector<StateTable> tables = op->state_tables();
    REQUIRE_EQ(tables.size(), 3);
    CHECK(tables[0].keys == std::vector<std::size_t>{kText});
    CHECK(tables[1].keys == std::vector<std::size_t>{kText});
    CHECK(tables[2].route == StateRoute::kAll);
    OpContext context;
    const Row row = {{std::int64_t{0}}, {10 * kMilli}, {}, {std::string(20, 'x')}, {}};
    feed(*op, 0, {row}, 1, context);
    feed(*op, 1, {row, row}, 2, context);
    StateRows saved(*op);
    op->freeze(saved);
    feed(*op, 1, {row}, 1, context);  // Later than that.
    while (op->save(1) == Progress::kMore) {
    }
    const std::string text = text_of(row);
    const std::string lowest = std::to_string(Watermark::min().nanos);
    CHECK(saved.texts() ==
          std::vector<std::string>{
              "left: " + text, "progress: " + lowest + ", ", "right: " + text, "right: " + text});
}

}  // namespace
}  // namespace thalweg
