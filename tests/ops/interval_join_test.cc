// An interval join against a list of all rows: what has come out is, at any watermark, every pair
// whose second row came while the first could still have one, and every row of an outer side that
// can have none any more; also when its state has been saved while rows came, and taken over.

#include "ops/interval_join.h"

#include "state/base/random.h"
#include "tests/support/changes.h"
#include "tests/support/seeds.h"
#include "tests/support/state_rows.h"
#include "tests/support/timed_sides.h"
#include "tests/support/window_oracle.h"
#include "tests/support/window_stream.h"

#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace thalweg {
namespace {

// The rows that have come, and what follows from them.
class Oracle {
  public:
    explicit Oracle(const IntervalJoinSpec& spec) : spec_(spec) {}

    void add(std::size_t port, const Row& row) {
        Seen mine{row, {}, false};
        if (!row[kTs].is_null()) {
            const std::int64_t time = std::get<std::int64_t>(row[kTs].data);
            mine.last = port == 0 ? time - spec_.lower_ns : time + spec_.upper_ns;
        }
        for (Seen& theirs : seen_[1 - port]) {
            const Row& left = port == 0 ? row : theirs.row;
            const Row& right = port == 0 ? theirs.row : row;
            if (!theirs.last || watermark.nanos >= *theirs.last || !agree(left, right)) continue;
            mine.is_met = theirs.is_met = true;
            pairs_.insert(text_of(left) + text_of(right));
        }
        seen_[port].push_back(std::move(mine));
    }

    [[nodiscard]] Texts expected() const {
        Texts rows = pairs_;
        const JoinKind kind = spec_.join.kind;
        const std::string nulls = text_of(Row(kWidth));
        for (const std::size_t port : {std::size_t{0}, std::size_t{1}}) {
            const JoinKind one_sided = port == 0 ? JoinKind::kLeft : JoinKind::kRight;
            if (kind != one_sided && kind != JoinKind::kFull) continue;
            for (const Seen& seen : seen_[port]) {
                const bool is_over =
                    !seen.last || !can_match(seen.row) || watermark.nanos >= *seen.last;
                if (seen.is_met || !is_over) continue;
                const std::string text = text_of(seen.row);
                rows.insert(port == 0 ? text + nulls : nulls + text);
            }
        }
        return rows;
    }

    Watermark watermark;

  private:
    struct Seen {
        Row row;
        std::optional<std::int64_t> last;  // At which a partner may come.
        bool is_met = false;
    };

    [[nodiscard]] bool can_match(const Row& row) const {
        return spec_.join.keys.empty() || !row[kKeyColumn].is_null();
    }

    [[nodiscard]] bool agree(const Row& left, const Row& right) const {
        if (left[kTs].is_null() || right[kTs].is_null()) return false;
        if (!spec_.join.keys.empty() &&
            (left[kKeyColumn].is_null() || !(left[kKeyColumn] == right[kKeyColumn])))
            return false;
        const std::int64_t distance =
            std::get<std::int64_t>(left[kTs].data) - std::get<std::int64_t>(right[kTs].data);
        if (distance < spec_.lower_ns || distance > spec_.upper_ns) return false;
        if (spec_.join.residual == nullptr) return true;
        return std::get<std::int64_t>(left[kValue].data) <
               std::get<std::int64_t>(right[kValue].data);
    }

    IntervalJoinSpec spec_;
    std::array<std::vector<Seen>, 2> seen_;
    Texts pairs_;
};

class Model {
  public:
    explicit Model(std::uint64_t seed) : random_(seed), spec_(random_spec()), oracle_(spec_) {
        start();
    }

    void run() {
        for (int round = 0; round < 12; ++round) {
            feed_some();
            move_on();
            check();
            if (chance(random_, 3)) restart();
        }
        oracle_.watermark = Watermark::max();
        advance();
        check();
    }

  private:
    IntervalJoinSpec random_spec() {
        constexpr JoinKind kKinds[] = {
            JoinKind::kInner, JoinKind::kLeft, JoinKind::kRight, JoinKind::kFull};
        IntervalJoinSpec spec;
        spec.join.kind = kKinds[random_.below(4)];
        spec.join.left = spec.join.right = side_schema();
        if (!chance(random_, 4)) spec.join.keys = {{kKeyColumn, kKeyColumn, false}};
        if (chance(random_, 2)) spec.join.residual = left_value_is_less();
        const auto width = static_cast<std::int64_t>(random_.below(2000)) * kNanosPerMilli;
        spec.lower_ns = (static_cast<std::int64_t>(random_.below(3000)) - 2000) * kNanosPerMilli;
        spec.upper_ns = spec.lower_ns + width;
        return spec;
    }

    void start() {
        ops_.clear();
        const std::uint64_t count = spec_.join.keys.empty() ? 1 : 1 + random_.below(3);
        for (std::uint64_t i = 0; i < count; ++i)
            ops_.push_back(make_interval_join(spec_));
    }

    // Within some seconds of the watermark, mostly ahead of it.
    Row random_row() {
        const std::int64_t near = static_cast<std::int64_t>(random_.below(2500)) - 500;
        const std::string key = "a key of some length, number " + std::to_string(random_.below(3));
        return {chance(random_, 20) ? Value{} : Value{now_ + near * kNanosPerMilli},
                chance(random_, 10) ? Value{} : Value{key},
                {static_cast<std::int64_t>(random_.below(10))}};
    }

    void feed_some() {
        for (std::uint64_t batches = random_.below(4); batches > 0; --batches) {
            const std::size_t port = random_.below(2);
            Batch batch(side_schema());
            const std::size_t count = 1 + random_.below(20);
            for (std::size_t i = 0; i < count; ++i) {
                const Row row = random_row();
                for (std::size_t c = 0; c < kWidth; ++c)
                    set_value(batch.column(c), i, row[c], batch.arena());
                oracle_.add(port, row);
            }
            batch.set_size(count);
            const std::vector<std::size_t> keys = spec_.join.keys.empty()
                                                      ? std::vector<std::size_t>{}
                                                      : std::vector<std::size_t>{kKeyColumn};
            split_rows(batch.view(), keys, ops_.size(), [&](std::size_t i, const BatchView& rows) {
                ops_[i]->process(port, rows, context_, result_);
            });
        }
    }

    void move_on() {
        now_ += static_cast<std::int64_t>(random_.below(1500)) * kNanosPerMilli;
        oracle_.watermark = {now_};
        advance();
    }

    void advance() {
        for (const auto& op : ops_) {
            while (op->advance(oracle_.watermark, context_, result_) == Progress::kMore)
                continue;
        }
    }

    void check() {
        REQUIRE_FALSE(context_.failed());
        REQUIRE_EQ(result_.losses, 0);
        REQUIRE(result_.rows == oracle_.expected());
    }

    // A barrier; then rows and time while the state is written, forgotten by the crash.
    void restart() {
        SavedInstances saved(ops_);
        const auto then = std::make_tuple(result_, oracle_, now_);
        saved.save(ops_, 10, random_, [this] {
            if (chance(random_, 2)) feed_some();
            if (chance(random_, 3)) move_on();
        });
        check();
        start();
        std::tie(result_, oracle_, now_) = then;
        saved.load(ops_, oracle_.watermark, context_, random_);
    }

    Random random_;
    IntervalJoinSpec spec_;
    Oracle oracle_;
    std::vector<std::unique_ptr<Op>> ops_;
    Fold result_;
    OpContext context_;
    std::int64_t now_ = 0;
};

TEST_CASE("interval_join: pairs and lone rows at every watermark, through restarts") {
    for (std::uint64_t seed = 1; seed <= test::seeds(100); ++seed) {
        CAPTURE(seed);
        Model(seed).run();
    }
}

TEST_CASE("interval_join: rows that can have no partner any more are forgotten") {
    IntervalJoinSpec spec;
    spec.join.left = spec.join.right = side_schema();
    spec.join.keys = {{kKeyColumn, kKeyColumn, false}};
    spec.lower_ns = -kNanosPerSecond;
    spec.upper_ns = kNanosPerSecond;
    const auto op = make_interval_join(spec);
    OpContext context;
    Fold result;
    std::size_t after_few = 0;
    for (std::int64_t second = 0; second < 400; ++second) {
        Batch batch(side_schema());
        for (std::size_t i = 0; i < 500; ++i) {
            set_value(batch.column(kTs), i, {second * kNanosPerSecond}, batch.arena());
            const std::string key =
                "key number " + std::to_string(second) + "/" + std::to_string(i);
            set_value(batch.column(kKeyColumn), i, {key}, batch.arena());
        }
        batch.set_size(500);
        op->process(0, batch.view(), context, result);
        op->advance({second * kNanosPerSecond}, context, result);
        if (second == 10) after_few = op->memory_bytes();
    }
    CHECK(result.rows.empty());
    CHECK_LE(op->memory_bytes(), 2 * after_few);
}

}  // namespace
}  // namespace thalweg
