// Session windows, their rows and their aggregates, against their definition: rows of a key as
// intervals [t, t + gap) that are joined while they overlap or touch, closed by the watermark,
// through saved and restored state.

#include "ops/session_window.h"

#include "ops/session_aggregate.h"
#include "state/base/random.h"
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
#include <numeric>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

constexpr std::size_t kTs = 0;
constexpr std::size_t kKeyColumn = 1;
constexpr std::size_t kNumber = 2;
constexpr std::size_t kWidth = 4;

SchemaPtr row_schema() {
    return make_schema({{"ts", Type::timestamp(3)},
                        {"k", Type::string()},
                        {"n", Type::bigint()},
                        {"text", Type::string()}});
}

struct Lines final : Emitter {
    std::vector<std::string> lines;

    void emit(const BatchView& view) override {
        for (const Row& row : rows_of(view))
            lines.push_back(text_of(row));
    }
};

struct Session {
    std::int64_t start = 0;
    std::int64_t end = 0;
    std::vector<Row> rows;
};

class Model {
  public:
    Model(std::uint64_t seed, bool aggregates) : random_(seed), aggregates_(aggregates) {
        spec_.schema = row_schema();
        spec_.window.kind = WindowKind::kSession;
        spec_.window.size_ns = spec_.window.slide_ns = between(random_, 1, 12) * kMilli;
        spec_.window.start_column = kTs;
        spec_.window.is_event_time = !chance(random_, 4);
        if (!chance(random_, 5)) spec_.keys = {kKeyColumn};
        spec_.seed = HashSeed::from(random_());
        start();
    }

    void run() {
        move_on();
        for (int round = 0; round < 25; ++round) {
            feed_some();
            move_on();
            check();
            if (chance(random_, 3)) restart();
        }
        finish();
        check();
        CHECK(open_.empty());
        std::size_t late = 0;
        late = context_.counters.late_rows;
        CHECK_EQ(late, late_);
    }

  private:
    void start() {
        ops_.clear();
        const std::uint64_t count = spec_.keys.empty() ? 1 : 1 + random_.below(3);
        for (std::uint64_t i = 0; i < count; ++i)
            ops_.push_back(aggregates_ ? make_session_aggregate(aggregate_spec())
                                       : make_session_window(spec_));
    }

    [[nodiscard]] SessionAggregateSpec aggregate_spec() const {
        SessionAggregateSpec spec;
        spec.window = spec_.window;
        spec.keys = spec_.keys;
        if (!spec.keys.empty()) spec.key_types = {Type::string()};
        spec.seed = spec_.seed;
        const Type whole = Type::bigint();
        const auto add = [&](AggregateKind kind) {
            AggregateCall call;
            call.kind = kind;
            call.argument = kNumber;
            call.argument_type = whole;
            call.result_type = *aggregate_result_type(kind, whole);
            spec.calls.push_back(call);
        };
        for (const AggregateKind kind : {AggregateKind::kCount,
                                         AggregateKind::kSum,
                                         AggregateKind::kMin,
                                         AggregateKind::kLastValue})
            add(kind);
        return spec;
    }

    // The rows of a session that has ended, or what is made of them.
    void expect(const Session& session) {
        std::vector<Row> rows = session.rows;
        if (aggregates_) {
            std::vector<std::int64_t> numbers;
            for (const Row& row : rows)
                numbers.push_back(std::get<std::int64_t>(row[kNumber].data));
            Row result;
            if (!spec_.keys.empty()) result.push_back(rows[0][kKeyColumn]);
            result.push_back({static_cast<std::int64_t>(numbers.size())});
            result.push_back({std::accumulate(numbers.begin(), numbers.end(), std::int64_t{0})});
            result.push_back({*std::min_element(numbers.begin(), numbers.end())});
            result.push_back({*std::max_element(numbers.begin(), numbers.end())});
            rows = {result};
        }
        for (Row& row : rows) {
            row.push_back({session.start});
            row.push_back({session.end});
            row.push_back({session.end - kMilli});
            expected_.push_back(text_of(row));
        }
    }

    Row random_row() {
        const std::int64_t time = now_ + between(random_, -15, 25) * kMilli;
        const std::string key = "a key of some length, number " + std::to_string(random_.below(4));
        Row row{Value{time},
                chance(random_, 10) ? Value{} : Value{key},
                Value{number_++},
                Value{random_text(random_)}};
        if (chance(random_, 30)) row[kTs] = {};
        return row;
    }

    void take(const Row& row) {
        if (spec_.window.is_event_time && row[kTs].is_null()) return;
        Session session;
        session.start = spec_.window.is_event_time ? std::get<std::int64_t>(row[kTs].data) : now_;
        session.end = session.start + spec_.window.size_ns;
        session.rows = {row};
        std::vector<Session>& others = open_[spec_.keys.empty() ? "" : text_of(row[kKeyColumn])];
        std::vector<Session> apart;
        const std::int64_t touch = spec_.window.is_event_time ? 0 : 1;
        const std::int64_t start = session.start;
        const std::int64_t end = session.end;
        for (Session& other : others) {
            if (start + touch > other.end || other.start + touch > end) {
                apart.push_back(std::move(other));
                continue;
            }
            session.start = std::min(session.start, other.start);
            session.end = std::max(session.end, other.end);
            session.rows.insert(session.rows.end(), other.rows.begin(), other.rows.end());
        }
        const bool is_late = spec_.window.is_event_time && Watermark{now_}.passes(session.end);
        if (is_late) {
            ++late_;
        } else {
            apart.push_back(std::move(session));
        }
        others = std::move(apart);
    }

    void close(std::int64_t until) {
        for (auto& [key, sessions] : open_) {
            std::vector<Session> rest;
            for (Session& session : sessions) {
                const bool is_over = spec_.window.is_event_time
                                         ? Watermark{until}.passes(session.end)
                                         : until >= session.end;
                if (!is_over) {
                    rest.push_back(std::move(session));
                    continue;
                }
                expect(session);
            }
            sessions = std::move(rest);
        }
        std::erase_if(open_, [](const auto& entry) { return entry.second.empty(); });
    }

    void feed_some() {
        for (std::uint64_t batches = random_.below(4); batches > 0; --batches) {
            Batch batch(row_schema());
            const std::size_t count = 1 + random_.below(12);
            for (std::size_t i = 0; i < count; ++i) {
                const Row row = random_row();
                for (std::size_t c = 0; c < kWidth; ++c)
                    set_value(batch.column(c), i, row[c], batch.arena());
                take(row);
            }
            batch.set_size(count);
            context_.now_ns = now_;
            split_rows(
                batch.view(), spec_.keys, ops_.size(), [&](std::size_t i, const BatchView& rows) {
                    ops_[i]->process(0, rows, context_, out_);
                });
        }
    }

    void move_on() {
        now_ += between(random_, 0, 15) * kMilli;
        const bool is_set_back = !spec_.window.is_event_time && chance(random_, 5);
        if (is_set_back) now_ -= between(random_, 0, 40) * kMilli;
        context_.now_ns = now_;
        close(now_);
        for (const auto& op : ops_) {
            if (spec_.window.is_event_time) {
                while (op->advance({now_}, context_, out_) == Progress::kMore)
                    continue;
            } else if (op->next_tick_ns() <= now_) {
                while (op->tick(context_, out_) == Progress::kMore)
                    continue;
            }
        }
    }

    void finish() {
        close(Watermark::max().nanos);
        for (const auto& op : ops_) {
            while (op->advance(Watermark::max(), context_, out_) == Progress::kMore)
                continue;
        }
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
        std::vector<std::unique_ptr<StateRows>> saved;
        std::vector<const StateRows*> all;
        for (const auto& op : ops_) {
            saved.push_back(std::make_unique<StateRows>(*op));
            all.push_back(saved.back().get());
            op->freeze(*saved.back());
        }
        const auto then = std::make_tuple(out_.lines, expected_, open_, now_, late_);
        const std::uint64_t late_rows = context_.counters.late_rows;
        for (const auto& op : ops_) {
            while (op->save(1 + random_.below(10)) == Progress::kMore) {
                if (chance(random_, 2)) feed_some();
                if (chance(random_, 3)) move_on();
            }
        }
        check();
        start();
        std::tie(out_.lines, expected_, open_, now_, late_) = then;
        context_.counters.late_rows = late_rows;
        std::vector<Op*> ops;
        for (const auto& op : ops_)
            ops.push_back(op.get());
        load_state(all, ops, {now_}, context_, random_);
    }

    Random random_;
    bool aggregates_;
    SessionWindowSpec spec_;
    std::vector<std::unique_ptr<Op>> ops_;
    Lines out_;
    std::vector<std::string> expected_;
    std::map<std::string, std::vector<Session>> open_;
    OpContext context_;
    std::int64_t now_ = 1'000 * kMilli;
    std::int64_t number_ = 0;
    std::size_t late_ = 0;
};

TEST_CASE("session_window: rows come out with their session, through restarts") {
    for (std::uint64_t seed = 1; seed <= test::seeds(300); ++seed) {
        CAPTURE(seed);
        Model(seed, false).run();
    }
}

// Numbers rise with the arrival, so that the last value is the greatest.
TEST_CASE("session_aggregate: a session is the sum of its rows, through restarts") {
    for (std::uint64_t seed = 1; seed <= test::seeds(300); ++seed) {
        CAPTURE(seed);
        Model(seed, true).run();
    }
}

// Rows (time in ms, key) of a batch.
void feed(Op& op,
          const std::vector<std::pair<std::int64_t, std::string>>& rows,
          OpContext& context,
          Emitter& out) {
    Batch batch(row_schema());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        set_value(batch.column(kTs), i, {rows[i].first * kMilli}, batch.arena());
        set_value(batch.column(kKeyColumn), i, {rows[i].second}, batch.arena());
        set_value(batch.column(kNumber), i, {static_cast<std::int64_t>(i)}, batch.arena());
        set_value(batch.column(kNumber + 1), i, {std::string(40, 'x')}, batch.arena());
    }
    batch.set_size(rows.size());
    op.process(0, batch.view(), context, out);
}

SessionWindowSpec spec_of(std::int64_t gap_ms) {
    SessionWindowSpec spec;
    spec.schema = row_schema();
    spec.window.kind = WindowKind::kSession;
    spec.window.size_ns = spec.window.slide_ns = gap_ms * kMilli;
    spec.keys = {kKeyColumn};
    return spec;
}

TEST_CASE("session_window: a session of very many rows comes out in steps, in order") {
    const auto op = make_session_window(spec_of(10));
    OpContext context;
    Lines out;
    constexpr std::size_t kBatches = 40;
    for (std::size_t batch = 0; batch < kBatches; ++batch)
        feed(*op,
             std::vector(kBatchRows, std::pair<std::int64_t, std::string>(5, "k")),
             context,
             out);
    int steps = 1;
    while (op->advance({20 * kMilli}, context, out) == Progress::kMore) {
        ++steps;
        CHECK_LE(out.lines.size(), static_cast<std::size_t>(steps) * Op::kEmitRowsMax);
    }
    CHECK_EQ(steps, 3);
    CHECK_EQ(out.lines.size(), kBatches * kBatchRows);
}

TEST_CASE("session_window: keys and rows of sessions that ended are forgotten") {
    const auto op = make_session_window(spec_of(10));
    OpContext context;
    Lines out;
    std::size_t after_few = 0;
    for (std::int64_t round = 0; round < 300; ++round) {
        std::vector<std::pair<std::int64_t, std::string>> rows;
        for (int i = 0; i < 200; ++i)
            rows.emplace_back(round * 5,
                              "round " + std::to_string(round) + " key " + std::to_string(i));
        feed(*op, rows, context, out);
        static_cast<void>(op->advance({round * 5 * kMilli}, context, out));
        out.lines.clear();
        if (round == 20) after_few = op->memory_bytes();
    }
    CHECK_LE(op->memory_bytes(), 2 * after_few);
}

}  // namespace
}  // namespace thalweg
