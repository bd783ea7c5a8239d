#include "ops/temporal_join.h"

#include "ops/join_output.h"
#include "ops/join_state.h"
#include "ops/progress_table.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <tuple>
#include <utility>

namespace thalweg {

namespace {

constexpr std::size_t kLeft = 0;
constexpr std::size_t kRight = 1;

// The kind of a row is kept as its matches.
std::uint32_t number_of(RowKind kind) {
    return static_cast<std::uint32_t>(kind);
}

class TemporalJoin final : public Op {
  public:
    explicit TemporalJoin(const TemporalJoinSpec& spec)
        : spec_(spec),
          state_(spec.join, {false, false}),
          output_(spec.join, spec.join.loses_rows[kLeft]) {
        if (spec.join.residual != nullptr) condition_.emplace(spec.join);
    }

    void process(std::size_t port,
                 const BatchView& view,
                 OpContext& context,
                 Emitter& out) override {
        ASSERT(port < 2);
        state_.side(kRight).ttl().begin(context.now_ns);
        const Selection usable = with_time(port, view, context);
        if (port == kLeft && usable.size() < view.size()) emit_unmatchable(view, usable, out);
        state_.keys().look_up(view, usable, port);
        state_.side(port).pack(view, usable, packed_);
        for (std::size_t i = 0; i < packed_.size(); ++i) {
            const RowKind kind = view.kind(usable[i]);
            if (port == kLeft) {
                wait(i, number_of(kind));
            } else {
                static_cast<void>(enter_version(i, kind));
            }
            renew_versions(i);
        }
        state_.keys().erase_empty();
    }

    Progress advance(Watermark watermark, OpContext& context, Emitter& out) override {
        state_.side(kRight).ttl().begin(context.now_ns);
        const Watermark limit = std::max(watermark, watermark_);
        std::size_t emitted = 0;
        while (is_due(limit)) {
            if (emitted >= kEmitRowsMax) return Progress::kMore;
            collect_due(limit);
            join_due(context, out);
            if (context.failed()) return Progress::kDone;
            emitted += due_.size();
        }
        watermark_ = limit;
        return Progress::kDone;
    }

    Progress tick(OpContext& context, Emitter&) override {
        state_.sweep(context.now_ns);
        return Progress::kDone;
    }

    [[nodiscard]] std::int64_t next_tick_ns() const override { return state_.next_tick_ns(); }

    [[nodiscard]] std::vector<StateTable> state_tables() const override {
        std::vector<StateTable> tables = state_.tables();
        tables.push_back(progress_table({"passed"}));
        return tables;
    }

    void freeze(StateOut& out) override {
        state_.freeze(out);
        write_progress(out, kProgressTable, {watermark_.nanos});
    }

    Progress save(std::size_t rows_max) override { return state_.save(rows_max); }

    void load(std::size_t table,
              const BatchView& rows,
              Watermark watermark,
              OpContext& context) override {
        watermark_ = std::max(watermark_, watermark);
        if (table == kProgressTable) return;
        const std::size_t width = state_.side(table).layout().size();
        state_.keys().look_up(rows, rows.selection, table);
        state_.side(table).pack(rows, rows.selection, packed_);
        for (std::size_t i = 0; i < packed_.size(); ++i) {
            const std::int64_t kind = rows[width].data<std::int64_t>()[rows.selection[i]];
            if (kind < 0 || kind > number_of(RowKind::kDelete)) {
                context.fail("a temporal join was given a row of an unknown kind");
                return;
            }
            if (table == kLeft) {
                wait(i, static_cast<std::uint32_t>(kind));
                continue;
            }
            const std::uint32_t entry = enter_version(i, static_cast<RowKind>(kind));
            if (state_.side(kRight).ttl().is_on()) {
                const Column& written = rows[width + 2];
                state_.side(kRight).set_written(entry,
                                                written.data<std::int64_t>()[rows.selection[i]]);
            }
        }
    }

    [[nodiscard]] std::size_t memory_bytes() const override {
        return state_.memory_bytes() + output_.memory_bytes() +
               waiting_.capacity() * sizeof(Waiting);
    }

  private:
    static constexpr std::size_t kProgressTable = 2;

    // A left row; the earliest one, and of one time the first to arrive, is the front of a heap.
    struct Waiting {
        std::int64_t time = 0;
        std::uint64_t arrival = 0;
        std::uint32_t entry = 0;
    };

    static bool is_later(const Waiting& left, const Waiting& right) {
        return std::tie(left.time, left.arrival) > std::tie(right.time, right.arrival);
    }

    [[nodiscard]] std::int64_t time_of(std::size_t port, const std::byte* row) const {
        const std::size_t column = port == kLeft ? spec_.left_time : spec_.right_time;
        return state_.side(port).layout().int64_at(row, column);
    }

    // Rows with a time and a key; of the right side without the old values of updates.
    Selection with_time(std::size_t port, const BatchView& view, OpContext& context) {
        const Column& time = view[port == kLeft ? spec_.left_time : spec_.right_time];
        usable_.clear();
        state_.keys().can_match(view, port).for_each([&](std::size_t row) {
            const bool is_old = port == kRight && view.kinds != nullptr &&
                                view.kinds[row] == RowKind::kUpdateBefore;
            if (is_old) return;
            if (time.is_null(row)) {
                ++context.counters.null_time_rows;
            } else {
                usable_.push_back(static_cast<std::uint16_t>(row));
            }
        });
        return Selection::list(usable_);
    }

    void emit_unmatchable(const BatchView& view, Selection usable, Emitter& out) {
        if (spec_.join.kind != JoinKind::kLeft) return;
        output_.begin(&view, kLeft, state_.side(kRight).layout(), out);
        output_.add_others(usable);
        output_.flush();
    }

    void wait(std::size_t i, std::uint32_t kind) {
        const std::int64_t time = time_of(kLeft, packed_[i]);
        const std::uint32_t entry = state_.add(kLeft, i, packed_[i], {kind, 1});
        waiting_.push_back({time, next_arrival_++, entry});
        std::push_heap(waiting_.begin(), waiting_.end(), is_later);
    }

    // A row has come for the key: its versions stay.
    void renew_versions(std::size_t i) {
        JoinSide& side = state_.side(kRight);
        if (!side.ttl().is_on()) return;
        const std::uint32_t head = state_.first_of(i, kRight);
        for (std::uint32_t entry = head; entry != JoinSide::kNone; entry = side.next(entry)) {
            if (side.has_expired(entry)) continue;
            state_.touch(kRight, {&entry, 1});
            side.write_now(entry);
        }
    }

    // A version of the key takes the place of one of the same time; those that no row can ask for
    // any more go. Returns its entry.
    [[nodiscard]] std::uint32_t enter_version(std::size_t i, RowKind kind) {
        const JoinSide& side = state_.side(kRight);
        const std::int64_t time = time_of(kRight, packed_[i]);
        const std::uint32_t head = state_.first_of(i, kRight);
        const std::uint32_t valid = version_at(head, std::min(watermark_.nanos, time));
        for (std::uint32_t entry = head; entry != JoinSide::kNone;) {
            const std::uint32_t next = side.next(entry);
            const std::int64_t its = time_of(kRight, side.row(entry));
            if (its == time || (its < watermark_.nanos && entry != valid && its < time)) {
                state_.touch(kRight, {&entry, 1});
                state_.remove(kRight, i, entry);
            }
            entry = next;
        }
        return state_.add(kRight, i, packed_[i], {number_of(kind), 1});
    }

    // The latest version of a key that is not after `time`.
    [[nodiscard]] std::uint32_t version_at(std::uint32_t head, std::int64_t time) const {
        std::uint32_t best = JoinSide::kNone;
        std::int64_t best_time = 0;
        const JoinSide& side = state_.side(kRight);
        for (std::uint32_t entry = head; entry != JoinSide::kNone; entry = side.next(entry)) {
            const std::int64_t its = time_of(kRight, side.row(entry));
            if (its > time || (best != JoinSide::kNone && its <= best_time)) continue;
            if (side.has_expired(entry)) continue;
            best = entry;
            best_time = its;
        }
        return best;
    }

    [[nodiscard]] bool is_due(Watermark limit) const {
        return !waiting_.empty() && waiting_.front().time <= limit.nanos;
    }

    // The next left rows in the order of times, at most a batch.
    void collect_due(Watermark limit) {
        due_.clear();
        while (is_due(limit) && due_.size() < kBatchRows) {
            due_.push_back(waiting_.front().entry);
            std::pop_heap(waiting_.begin(), waiting_.end(), is_later);
            waiting_.pop_back();
        }
    }

    void join_due(OpContext& context, Emitter& out) {
        JoinSide& left = state_.side(kLeft);
        state_.touch(kLeft, due_);
        const BatchView view = state_.rows_of(kLeft, due_).view();
        state_.keys().look_up(view, view.selection, kLeft);
        versions_.clear();
        for (std::size_t i = 0; i < due_.size(); ++i) {
            const std::uint32_t first = state_.first_of(i, kRight);
            const std::uint32_t version = version_at(first, time_of(kLeft, left.row(due_[i])));
            const bool is_there = version != JoinSide::kNone && !is_deletion(version);
            versions_.push_back(is_there ? state_.side(kRight).row(version) : nullptr);
        }
        if (condition_) ask(view, context);
        if (context.failed()) return;
        output_.begin(&view, kLeft, state_.side(kRight).layout(), out);
        for (std::size_t i = 0; i < due_.size(); ++i) {
            if (versions_[i] == nullptr && spec_.join.kind == JoinKind::kInner) continue;
            output_.add(static_cast<std::uint16_t>(i),
                        versions_[i],
                        static_cast<RowKind>(left.matches(due_[i])));
        }
        output_.flush();
        forget_due();
    }

    [[nodiscard]] bool is_deletion(std::uint32_t version) {
        return state_.side(kRight).matches(version) == number_of(RowKind::kDelete);
    }

    // Leaves the versions for which the condition holds.
    void ask(const BatchView& view, OpContext& context) {
        asked_.clear();
        kept_.clear();
        for (std::size_t i = 0; i < versions_.size(); ++i) {
            if (versions_[i] == nullptr) continue;
            asked_.push_back(static_cast<std::uint16_t>(i));
            kept_.push_back(versions_[i]);
        }
        if (asked_.empty()) return;
        const Selection chosen =
            condition_->choose(view, kLeft, asked_, state_.side(kRight).layout(), kept_, context);
        std::fill(versions_.begin(), versions_.end(), nullptr);
        chosen.for_each([&](std::size_t k) { versions_[asked_[k]] = kept_[k]; });
    }

    void forget_due() {
        for (std::size_t i = 0; i < due_.size(); ++i)
            state_.remove(kLeft, i, due_[i]);
        state_.keys().erase_empty();
    }

    TemporalJoinSpec spec_;
    JoinState state_;
    std::vector<Waiting> waiting_;
    std::uint64_t next_arrival_ = 0;
    std::optional<PairCondition> condition_;
    JoinOutput output_;
    Watermark watermark_;

    // What is being worked on.
    std::vector<std::byte*> packed_;
    std::vector<std::uint16_t> usable_;
    std::vector<std::uint32_t> due_;
    std::vector<const std::byte*> versions_;  // Of due_; nullptr: none.
    std::vector<std::uint16_t> asked_;
    std::vector<const std::byte*> kept_;
};

}  // namespace

std::unique_ptr<Op> make_temporal_join(const TemporalJoinSpec& spec) {
    ASSERT(spec.join.kind == JoinKind::kInner || spec.join.kind == JoinKind::kLeft);
    return std::make_unique<TemporalJoin>(spec);
}

}  // namespace thalweg
