// A join for all time against a product of all rows there are: what is left of its changes is that,
// whatever came and went in which pieces, also when its state has been saved while rows came, and
// taken over by others.

#include "ops/stream_join.h"

#include "ops/row_kinds.h"
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
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace thalweg {
namespace {

// Columns of both sides: a number, a text, a small number, a list of texts.
constexpr std::size_t kNumber = 0;
constexpr std::size_t kText = 1;
constexpr std::size_t kSmall = 2;
constexpr std::size_t kWidth = 4;

SchemaPtr side_schema() {
    return make_schema({{"number", Type::bigint()},
                        {"text", Type::string()},
                        {"small", Type::integer()},
                        {"list", Type::array(Type::string())}});
}

ExprPtr less(ExprPtr a, ExprPtr b) {
    auto call = make_call("<", {std::move(a), std::move(b)}, {});
    REQUIRE(call.has_value());
    return *std::move(call);
}

bool keys_agree(const StreamJoinSpec& spec, const Row& left, const Row& right) {
    return std::all_of(spec.keys.begin(), spec.keys.end(), [&](const JoinKey& key) {
        const Value& a = left[key.left];
        const Value& b = right[key.right];
        if (a.is_null() || b.is_null()) return key.null_is_equal && a.is_null() && b.is_null();
        return a == b;
    });
}

// Small of the left below small of the right, when there is a condition.
bool satisfies(const StreamJoinSpec& spec, const Row& left, const Row& right) {
    if (spec.residual == nullptr) return true;
    const Value& a = left[kSmall];
    const Value& b = right[kSmall];
    if (a.is_null() || b.is_null()) return false;
    return std::get<std::int64_t>(a.data) < std::get<std::int64_t>(b.data);
}

std::string both(const Row& left, const Row& right) {
    return text_of(left) + text_of(right);
}

Texts expected(const StreamJoinSpec& spec,
               const std::vector<Row>& left,
               const std::vector<Row>& right) {
    const JoinKind kind = spec.kind;
    const bool is_left_only = kind == JoinKind::kSemi || kind == JoinKind::kAnti;
    const Row nulls(kWidth);
    Texts rows;
    std::vector<bool> met(right.size(), false);
    for (const Row& a : left) {
        bool is_met = false;
        for (std::size_t i = 0; i < right.size(); ++i) {
            if (!keys_agree(spec, a, right[i]) || !satisfies(spec, a, right[i])) continue;
            is_met = true;
            met[i] = true;
            if (!is_left_only) rows.insert(both(a, right[i]));
        }
        if (is_left_only && is_met == (kind == JoinKind::kSemi)) rows.insert(text_of(a));
        if (!is_met && (kind == JoinKind::kLeft || kind == JoinKind::kFull))
            rows.insert(both(a, nulls));
    }
    for (std::size_t i = 0; i < right.size(); ++i) {
        if (!met[i] && (kind == JoinKind::kRight || kind == JoinKind::kFull))
            rows.insert(both(nulls, right[i]));
    }
    return rows;
}

// Some instances behind an exchange by key.
class Instances {
  public:
    Instances(const StreamJoinSpec& spec, std::size_t count) : spec_(spec) {
        if (spec.keys.empty()) count = 1;
        for (std::size_t i = 0; i < count; ++i)
            ops.push_back(make_stream_join(spec));
    }

    void process(std::size_t port, const BatchView& view, OpContext& context, Emitter& out) {
        std::vector<std::size_t> keys;
        for (const JoinKey& key : spec_.keys)
            keys.push_back(port == 0 ? key.left : key.right);
        split_rows(view, keys, ops.size(), [&](std::size_t shard, const BatchView& rows) {
            ops[shard]->process(port, rows, context, out);
        });
    }

    std::vector<std::unique_ptr<Op>> ops;

  private:
    const StreamJoinSpec& spec_;
};

class Model {
  public:
    explicit Model(std::uint64_t seed) : random_(seed) {
        constexpr JoinKind kKinds[] = {JoinKind::kInner,
                                       JoinKind::kLeft,
                                       JoinKind::kRight,
                                       JoinKind::kFull,
                                       JoinKind::kSemi,
                                       JoinKind::kAnti};
        spec_.kind = kKinds[random_.below(6)];
        spec_.left = side_schema();
        spec_.right = side_schema();
        for (const std::size_t column : {kNumber, kText, kSmall}) {
            if (chance(random_, 2)) spec_.keys.push_back({column, column, chance(random_, 2)});
        }
        if (chance(random_, 2)) {
            const Type small = Type::integer();
            spec_.residual = less(make_column(kSmall, small), make_column(kWidth + kSmall, small));
        }
        spec_.loses_rows = {chance(random_, 2), chance(random_, 2)};
        key_range_ = 1 + random_.below(6);
        instances_ = std::make_unique<Instances>(spec_, 1 + random_.below(3));
    }

    void run() {
        for (int round = 0; round < 10; ++round) {
            feed_some();
            check();
            if (chance(random_, 3)) restart();
        }
        const bool only_gains =
            keeps_gaining(spec_.kind) && !spec_.loses_rows[0] && !spec_.loses_rows[1];
        if (only_gains) CHECK_EQ(fold_.losses, 0);
        take_all_back();
        check();
    }

  private:
    Value maybe(Value value) { return chance(random_, 6) ? Value{} : std::move(value); }

    Row random_row() {
        const auto number = static_cast<std::int64_t>(random_.below(key_range_));
        const std::string text = "text " + std::string(8 * random_.below(3), 'x');
        Value::List list;
        for (std::uint64_t i = random_.below(3); i > 0; --i)
            list.push_back(maybe({"element " + std::string(8 * random_.below(2), 'y')}));
        return {maybe({number}),
                maybe({text}),
                maybe({static_cast<std::int64_t>(random_.below(3))}),
                maybe({list})};
    }

    // An insertion, or a deletion of a row that is there, or of one that is not.
    Change random_change(std::size_t port) {
        std::vector<Row>& rows = rows_[port];
        if (!spec_.loses_rows[port] || chance(random_, 2)) {
            const bool again = spec_.loses_rows[port] && !rows.empty() && chance(random_, 4);
            const Row row = again ? rows[random_.below(rows.size())] : random_row();
            rows.push_back(row);
            return {row, chance(random_, 4) ? RowKind::kUpdateAfter : RowKind::kInsert};
        }
        const RowKind kind = chance(random_, 4) ? RowKind::kUpdateBefore : RowKind::kDelete;
        if (rows.empty() || chance(random_, 10)) {
            Row row = random_row();
            row[kNumber] = {std::int64_t{99}};
            row[kText] = {"never there"};
            row[kSmall] = {std::int64_t{77}};
            return {row, kind};
        }
        const auto found = rows.begin() + static_cast<std::ptrdiff_t>(random_.below(rows.size()));
        Row row = *found;
        rows.erase(found);
        return {row, kind};
    }

    void feed(std::size_t port, const std::vector<Change>& changes) {
        Batch batch(side_schema());
        RowKind* const kinds = spec_.loses_rows[port] ? batch.make_kinds() : nullptr;
        for (std::size_t i = 0; i < changes.size(); ++i) {
            for (std::size_t c = 0; c < kWidth; ++c)
                set_value(batch.column(c), i, changes[i].row[c], batch.arena());
            if (kinds != nullptr) kinds[i] = changes[i].kind;
        }
        batch.set_size(changes.size());
        instances_->process(port, batch.view(), context_, fold_);
        REQUIRE_FALSE(context_.failed());
    }

    void feed_some() {
        for (std::uint64_t batches = random_.below(5); batches > 0; --batches) {
            const std::size_t port = random_.below(2);
            std::vector<Change> changes;
            for (std::uint64_t count = 1 + random_.below(20); count > 0; --count)
                changes.push_back(random_change(port));
            feed(port, changes);
        }
    }

    void take_all_back() {
        for (const std::size_t port : {std::size_t{1}, std::size_t{0}}) {
            if (!spec_.loses_rows[port]) continue;
            std::vector<Change> changes;
            for (const Row& row : rows_[port])
                changes.push_back({row, RowKind::kDelete});
            rows_[port].clear();
            if (changes.size() <= kBatchRows) feed(port, changes);
        }
    }

    void check() {
        CHECK_EQ(fold_.orphans, 0);
        REQUIRE(fold_.rows == expected(spec_, rows_[0], rows_[1]));
    }

    // A barrier; then rows that come while the state is written, and are forgotten by the crash.
    void restart() {
        SavedInstances saved(instances_->ops);
        const Fold fold_then = fold_;
        const auto rows_then = rows_;
        saved.save(instances_->ops, 10, random_, [this] {
            if (chance(random_, 2)) feed_some();
        });
        check();
        instances_ = std::make_unique<Instances>(spec_, 1 + random_.below(3));
        saved.load(instances_->ops, Watermark::min(), context_, random_);
        REQUIRE_FALSE(context_.failed());
        fold_ = fold_then;
        rows_ = rows_then;
    }

    Random random_;
    StreamJoinSpec spec_;
    std::uint64_t key_range_ = 1;
    std::unique_ptr<Instances> instances_;
    std::array<std::vector<Row>, 2> rows_;
    Fold fold_;
    OpContext context_;
};

TEST_CASE("stream_join: its changes come to the join of all rows, through restarts") {
    for (std::uint64_t seed = 1; seed <= test::seeds(60); ++seed) {
        CAPTURE(seed);
        Model(seed).run();
    }
}

// Texts of what comes out, with a sign.
struct Script final : Emitter {
    std::vector<std::string> lines;

    void emit(const BatchView& view) override {
        const std::vector<Row> cells = rows_of(view);
        for (std::size_t i = 0; i < cells.size(); ++i) {
            const RowKind kind = view.kind(view.selection[i]);
            const bool gains = is_gain(kind);
            lines.push_back((gains ? "+" : "-") + text_of(cells[i]));
        }
    }
};

StreamJoinSpec plain_spec(JoinKind kind) {
    StreamJoinSpec spec;
    spec.kind = kind;
    spec.left = make_schema({{"k", Type::bigint()}, {"v", Type::bigint()}});
    spec.right = spec.left;
    spec.keys = {{0, 0, false}};
    return spec;
}

void feed_row(Op& op, std::size_t port, std::int64_t key, std::int64_t value, Script& out) {
    Batch batch(make_schema({{"k", Type::bigint()}, {"v", Type::bigint()}}));
    set_value(batch.column(0), 0, {key}, batch.arena());
    set_value(batch.column(1), 0, {value}, batch.arena());
    batch.set_size(1);
    OpContext context;
    op.process(port, batch.view(), context, out);
}

TEST_CASE("stream_join: a row without a partner is taken back before its first pair") {
    const auto op = make_stream_join(plain_spec(JoinKind::kFull));
    Script out;
    feed_row(*op, 0, 1, 10, out);
    feed_row(*op, 1, 1, 20, out);
    feed_row(*op, 1, 1, 21, out);
    feed_row(*op, 1, 2, 22, out);
    CHECK(out.lines == std::vector<std::string>{"+1, 10, NULL, NULL, ",
                                                "-1, 10, NULL, NULL, ",
                                                "+1, 10, 1, 20, ",
                                                "+1, 10, 1, 21, ",
                                                "+NULL, NULL, 2, 22, "});
}

TEST_CASE("stream_join: more pairs than a batch holds") {
    const auto op = make_stream_join(plain_spec(JoinKind::kInner));
    Script out;
    constexpr std::int64_t kRows = 2500;
    for (std::int64_t i = 0; i < kRows; ++i)
        feed_row(*op, 0, 1, i, out);
    CHECK(out.lines.empty());
    feed_row(*op, 1, 1, -1, out);
    feed_row(*op, 1, 1, -2, out);
    CHECK_EQ(out.lines.size(), 2 * kRows);
    const std::set<std::string> different(out.lines.begin(), out.lines.end());
    CHECK_EQ(different.size(), 2 * kRows);
}

TEST_CASE("stream_join: memory of rows that were deleted is used again") {
    StreamJoinSpec spec = plain_spec(JoinKind::kInner);
    spec.loses_rows = {true, true};
    const auto op = make_stream_join(spec);
    Batch batch(spec.left);
    OpContext context;
    Script out;
    const auto feed_all = [&](std::int64_t first, RowKind kind) {
        batch.clear();
        RowKind* const kinds = batch.make_kinds();
        for (std::size_t i = 0; i < kBatchRows; ++i) {
            const auto value = first + static_cast<std::int64_t>(i);
            set_value(batch.column(0), i, {value}, batch.arena());
            set_value(batch.column(1), i, {value}, batch.arena());
            kinds[i] = kind;
        }
        batch.set_size(kBatchRows);
        op->process(0, batch.view(), context, out);
    };
    std::size_t after_one = 0;
    for (std::int64_t round = 0; round < 50; ++round) {
        feed_all(round * 1000, RowKind::kInsert);
        feed_all(round * 1000, RowKind::kDelete);
        if (round == 1) after_one = op->memory_bytes();
    }
    CHECK(out.lines.empty());
    CHECK_LE(op->memory_bytes(), after_one);
    CHECK_EQ(context.counters.filtered_rows, 0);
}

}  // namespace
}  // namespace thalweg
