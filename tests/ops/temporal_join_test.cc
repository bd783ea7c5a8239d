// A temporal join against a list of all versions: each left row comes out once, when the watermark
// reaches its time, with the version that was valid then, through saved and restored state.

#include "ops/temporal_join.h"

#include "state/base/random.h"
#include "tests/support/changes.h"
#include "tests/support/seeds.h"
#include "tests/support/state_rows.h"
#include "tests/support/timed_sides.h"
#include "tests/support/window_oracle.h"
#include "tests/support/window_stream.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

// Texts of what comes out, in order, with a sign.
struct Script final : Emitter {
    std::vector<std::string> lines;

    void emit(const BatchView& view) override {
        const std::vector<Row> cells = rows_of(view);
        for (std::size_t i = 0; i < cells.size(); ++i) {
            const RowKind kind = view.kind(view.selection[i]);
            lines.push_back(std::to_string(static_cast<int>(kind)) + " " + text_of(cells[i]));
        }
    }
};

std::int64_t time_of(const Change& change) {
    return std::get<std::int64_t>(change.row[kTs].data);
}

class Model {
  public:
    explicit Model(std::uint64_t seed) : random_(seed) {
        spec_.join.kind = chance(random_, 2) ? JoinKind::kLeft : JoinKind::kInner;
        spec_.join.left = spec_.join.right = side_schema();
        spec_.join.keys = {{kKeyColumn, kKeyColumn, false}};
        spec_.join.loses_rows = {chance(random_, 2), true};
        if (chance(random_, 2)) spec_.join.residual = left_value_is_less();
        start();
    }

    void run() {
        for (int round = 0; round < 15; ++round) {
            feed_some();
            move_on();
            check();
            if (chance(random_, 3)) restart();
        }
        now_ = Watermark::max().nanos;
        advance();
        check();
        CHECK(waiting_.empty());
    }

  private:
    void start() {
        ops_.clear();
        for (std::uint64_t count = 1 + random_.below(3); count > 0; --count)
            ops_.push_back(make_temporal_join(spec_));
    }

    // Left rows come in time; versions may come late.
    Change random_change(std::size_t port) {
        const auto ahead = static_cast<std::int64_t>(random_.below(40));
        const std::int64_t time = port == 0 ? now_ + 1 + ahead : now_ + ahead - 20;
        const std::string key = "a key of some length, number " + std::to_string(random_.below(3));
        Change change{{Value{time},
                       chance(random_, 12) ? Value{} : Value{key},
                       {static_cast<std::int64_t>(random_.below(10))}},
                      RowKind::kInsert};
        if (spec_.join.loses_rows[port]) change.kind = static_cast<RowKind>(random_.below(4));
        return change;
    }

    void take(std::size_t port, const Change& change) {
        const bool has_key = !change.row[kKeyColumn].is_null();
        if (port == 1) {
            if (has_key && change.kind != RowKind::kUpdateBefore) versions_.push_back(change);
        } else if (has_key) {
            waiting_.push_back(change);
        } else {
            expect(change, nullptr);
        }
    }

    void expect(const Change& change, const Change* version) {
        if (version == nullptr && spec_.join.kind == JoinKind::kInner) return;
        expected_.push_back(std::to_string(static_cast<int>(change.kind)) + " " +
                            text_of(change.row) +
                            text_of(version == nullptr ? Row(kWidth) : version->row));
    }

    void feed_some() {
        for (std::uint64_t batches = random_.below(4); batches > 0; --batches) {
            const std::size_t port = random_.below(2);
            Batch batch(side_schema());
            RowKind* const kinds = spec_.join.loses_rows[port] ? batch.make_kinds() : nullptr;
            const std::size_t count = 1 + random_.below(12);
            for (std::size_t i = 0; i < count; ++i) {
                const Change change = random_change(port);
                for (std::size_t c = 0; c < kWidth; ++c)
                    set_value(batch.column(c), i, change.row[c], batch.arena());
                if (kinds != nullptr) kinds[i] = change.kind;
                take(port, change);
            }
            batch.set_size(count);
            split_rows(
                batch.view(), {kKeyColumn}, ops_.size(), [&](std::size_t i, const BatchView& rows) {
                    ops_[i]->process(port, rows, context_, out_);
                });
        }
    }

    void move_on() {
        now_ += static_cast<std::int64_t>(random_.below(30));
        advance();
    }

    void advance() {
        std::vector<Change> rest;
        for (const Change& change : waiting_) {
            if (time_of(change) > now_) {
                rest.push_back(change);
            } else {
                expect(change, version_of(change));
            }
        }
        waiting_ = rest;
        for (const auto& op : ops_) {
            while (op->advance({now_}, context_, out_) == Progress::kMore)
                continue;
        }
    }

    // Of equal times the one that came last.
    [[nodiscard]] const Change* version_of(const Change& row) const {
        const Change* best = nullptr;
        for (const Change& version : versions_) {
            if (!(version.row[kKeyColumn] == row.row[kKeyColumn])) continue;
            if (time_of(version) > time_of(row)) continue;
            if (best == nullptr || time_of(version) >= time_of(*best)) best = &version;
        }
        if (best == nullptr || best->kind == RowKind::kDelete) return nullptr;
        const bool holds = std::get<std::int64_t>(row.row[kValue].data) <
                           std::get<std::int64_t>(best->row[kValue].data);
        return spec_.join.residual == nullptr || holds ? best : nullptr;
    }

    void check() {
        REQUIRE_FALSE(context_.failed());
        std::vector<std::string> found = out_.lines;
        std::vector<std::string> wanted = expected_;
        std::sort(found.begin(), found.end());
        std::sort(wanted.begin(), wanted.end());
        REQUIRE(found == wanted);
    }

    // A barrier; then rows and time while the state is written, forgotten by the crash.
    void restart() {
        SavedInstances saved(ops_);
        const auto then = std::make_tuple(out_.lines, expected_, waiting_, versions_, now_);
        saved.save(ops_, 10, random_, [this] {
            if (chance(random_, 2)) feed_some();
            if (chance(random_, 3)) move_on();
        });
        check();
        start();
        std::tie(out_.lines, expected_, waiting_, versions_, now_) = then;
        saved.load(ops_, {now_}, context_, random_);
    }

    Random random_;
    TemporalJoinSpec spec_;
    std::vector<std::unique_ptr<Op>> ops_;
    Script out_;
    std::vector<std::string> expected_;
    std::vector<Change> waiting_;   // Left rows that have not come out.
    std::vector<Change> versions_;  // As they came.
    OpContext context_;
    std::int64_t now_ = 0;
};

TEST_CASE("temporal_join: each row with the version of its time, through restarts") {
    for (std::uint64_t seed = 1; seed <= test::seeds(200); ++seed) {
        CAPTURE(seed);
        Model(seed).run();
    }
}

TEST_CASE("temporal_join: versions that nobody can ask for are forgotten") {
    TemporalJoinSpec spec;
    spec.join.left = spec.join.right = side_schema();
    spec.join.keys = {{kKeyColumn, kKeyColumn, false}};
    spec.join.loses_rows = {false, true};
    const auto op = make_temporal_join(spec);
    OpContext context;
    Script out;
    std::size_t after_few = 0;
    for (std::int64_t second = 0; second < 500; ++second) {
        Batch batch(side_schema());
        for (std::size_t i = 0; i < 100; ++i) {
            set_value(batch.column(kTs), i, {second * kNanosPerSecond}, batch.arena());
            set_value(batch.column(kKeyColumn), i, {"key " + std::to_string(i)}, batch.arena());
        }
        batch.set_size(100);
        op->process(1, batch.view(), context, out);
        op->advance({second * kNanosPerSecond}, context, out);
        if (second == 10) after_few = op->memory_bytes();
    }
    CHECK_LE(op->memory_bytes(), 2 * after_few);
}

}  // namespace
}  // namespace thalweg
