#include "ops/temporal_join.h"

#include "ops/join_keys.h"
#include "ops/join_output.h"
#include "ops/join_side.h"
#include "ops/progress_table.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <span>
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
          keys_(spec.join.keys, join_key_types(spec.join), spec.join.seed),
          sides_{JoinSide(spec.join.left, false, spec.join.seed),
                 JoinSide(spec.join.right, false, spec.join.seed)},
          rows_{Batch(JoinSide::state_schema(spec.join.left)),
                Batch(JoinSide::state_schema(spec.join.right))},
          output_(spec.join, spec.join.loses_rows[kLeft]) {
        if (spec.join.residual != nullptr) condition_.emplace(spec.join);
    }

    void process(std::size_t port,
                 const BatchView& view,
                 OpContext& context,
                 Emitter& out) override {
        ASSERT(port < 2);
        const Selection usable = with_time(port, view, context);
        if (port == kLeft && usable.size() < view.size()) emit_unmatchable(view, usable, out);
        keys_.look_up(view, usable, port);
        sides_[port].pack(view, usable, packed_);
        for (std::size_t i = 0; i < packed_.size(); ++i) {
            const RowKind kind = view.kinds == nullptr ? RowKind::kInsert : view.kinds[usable[i]];
            if (port == kLeft) {
                wait(i, number_of(kind));
            } else {
                enter_version(i, kind);
            }
        }
        keys_.erase_empty();
    }

    Progress advance(Watermark watermark, OpContext& context, Emitter& out) override {
        const Watermark limit = std::max(watermark, watermark_);
        std::size_t emitted = 0;
        while (!waiting_.empty() && waiting_.begin()->first <= limit.nanos) {
            if (emitted >= kEmitRowsMax) return Progress::kMore;
            collect_due(limit);
            join_due(context, out);
            if (context.failed()) return Progress::kDone;
            emitted += due_.size();
        }
        watermark_ = limit;
        return Progress::kDone;
    }

    [[nodiscard]] std::vector<StateTable> state_tables() const override {
        const StreamJoinSpec& join = spec_.join;
        return {{"left",
                 JoinSide::state_schema(join.left),
                 StateRoute::kByKey,
                 join_key_columns(join, kLeft)},
                {"right",
                 JoinSide::state_schema(join.right),
                 StateRoute::kByKey,
                 join_key_columns(join, kRight)},
                progress_table({"passed"})};
    }

    void freeze(StateOut& out) override {
        state_out_ = &out;
        for (JoinSide& side : sides_)
            side.freeze();
        write_progress(out, kProgressTable, {watermark_.nanos});
    }

    Progress save(std::size_t rows_max) override {
        std::size_t saved = 0;
        for (std::size_t port = 0; port < 2; ++port) {
            while (sides_[port].is_frozen()) {
                if (saved >= rows_max) return Progress::kMore;
                const auto entries = sides_[port].take_next(std::min(rows_max - saved, kBatchRows));
                write(port, entries);
                saved += std::max<std::size_t>(entries.size(), 1);
            }
        }
        return Progress::kDone;
    }

    void load(std::size_t table,
              const BatchView& rows,
              Watermark watermark,
              OpContext& context) override {
        watermark_ = std::max(watermark_, watermark);
        if (table == kProgressTable) return;
        const std::size_t width = sides_[table].layout().size();
        keys_.look_up(rows, rows.selection, table);
        sides_[table].pack(rows, rows.selection, packed_);
        for (std::size_t i = 0; i < packed_.size(); ++i) {
            const std::int64_t kind = rows[width].data<std::int64_t>()[rows.selection[i]];
            if (kind < 0 || kind > number_of(RowKind::kDelete)) {
                context.fail("a temporal join was given a row of an unknown kind");
                return;
            }
            if (table == kLeft) {
                wait(i, static_cast<std::uint32_t>(kind));
            } else {
                enter_version(i, static_cast<RowKind>(kind));
            }
        }
    }

    [[nodiscard]] std::size_t memory_bytes() const override {
        std::size_t total = keys_.memory_bytes() + output_.memory_bytes();
        for (const JoinSide& side : sides_)
            total += side.memory_bytes();
        for (const auto& [time, entries] : waiting_)
            total += sizeof(*waiting_.begin()) + entries.capacity() * sizeof(std::uint32_t);
        return total;
    }

  private:
    static constexpr std::size_t kProgressTable = 2;

    [[nodiscard]] std::int64_t time_of(std::size_t port, const std::byte* row) const {
        const std::size_t column = port == kLeft ? spec_.left_time : spec_.right_time;
        return sides_[port].layout().int64_at(row, column);
    }

    // Rows with a time and a key; of the right side without the old values of updates.
    Selection with_time(std::size_t port, const BatchView& view, OpContext& context) {
        const Column& time = view[port == kLeft ? spec_.left_time : spec_.right_time];
        usable_.clear();
        keys_.can_match(view, port).for_each([&](std::size_t row) {
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
        output_.begin(&view, kLeft, sides_[kRight].layout(), out);
        std::size_t next = 0;
        view.selection.for_each([&](std::size_t row) {
            if (next < usable.size() && usable[next] == row) {
                ++next;
                return;
            }
            const RowKind kind = view.kinds == nullptr ? RowKind::kInsert : view.kinds[row];
            output_.add(static_cast<std::uint16_t>(row), nullptr, kind);
        });
        output_.flush();
    }

    std::uint32_t add(std::size_t port, std::size_t i, std::uint32_t kind) {
        std::uint32_t head = keys_.head(keys_.position(i), port);
        sides_[port].add(packed_[i], {kind, 1}, head);
        keys_.set_head(keys_.position(i), port, head);
        return head;
    }

    void wait(std::size_t i, std::uint32_t kind) {
        waiting_[time_of(kLeft, packed_[i])].push_back(add(kLeft, i, kind));
    }

    // A version of the key takes the place of one of the same time; those that no row can ask for
    // any more go.
    void enter_version(std::size_t i, RowKind kind) {
        JoinSide& side = sides_[kRight];
        const std::int64_t time = time_of(kRight, packed_[i]);
        std::uint32_t head = keys_.head(keys_.position(i), kRight);
        const std::uint32_t valid = version_at(head, std::min(watermark_.nanos, time));
        for (std::uint32_t entry = head; entry != JoinSide::kNone;) {
            const std::uint32_t next = side.next(entry);
            const std::int64_t its = time_of(kRight, side.row(entry));
            if (its == time || (its < watermark_.nanos && entry != valid && its < time)) {
                touch(kRight, {&entry, 1});
                side.remove(entry, head);
            }
            entry = next;
        }
        keys_.set_head(keys_.position(i), kRight, head);
        add(kRight, i, number_of(kind));
    }

    // The latest version of a key that is not after `time`.
    [[nodiscard]] std::uint32_t version_at(std::uint32_t head, std::int64_t time) const {
        std::uint32_t best = JoinSide::kNone;
        std::int64_t best_time = 0;
        for (std::uint32_t entry = head; entry != JoinSide::kNone;
             entry = sides_[kRight].next(entry)) {
            const std::int64_t its = time_of(kRight, sides_[kRight].row(entry));
            if (its > time || (best != JoinSide::kNone && its <= best_time)) continue;
            best = entry;
            best_time = its;
        }
        return best;
    }

    // The next left rows in the order of times, at most a batch.
    void collect_due(Watermark limit) {
        due_.clear();
        while (!waiting_.empty() && waiting_.begin()->first <= limit.nanos) {
            std::vector<std::uint32_t>& entries = waiting_.begin()->second;
            const std::size_t count = std::min(entries.size(), kBatchRows - due_.size());
            const auto end = entries.begin() + static_cast<std::ptrdiff_t>(count);
            due_.insert(due_.end(), entries.begin(), end);
            entries.erase(entries.begin(), end);
            if (!entries.empty()) return;
            waiting_.erase(waiting_.begin());
        }
    }

    void join_due(OpContext& context, Emitter& out) {
        JoinSide& left = sides_[kLeft];
        touch(kLeft, due_);
        left.write(due_, rows_[kLeft]);
        const BatchView view = rows_[kLeft].view();
        keys_.look_up(view, view.selection, kLeft);
        versions_.clear();
        for (std::size_t i = 0; i < due_.size(); ++i) {
            const std::uint32_t head = keys_.head(keys_.position(i), kRight);
            const std::uint32_t version = version_at(head, time_of(kLeft, left.row(due_[i])));
            const bool is_there = version != JoinSide::kNone && !is_deletion(version);
            versions_.push_back(is_there ? sides_[kRight].row(version) : nullptr);
        }
        if (condition_) ask(view, context);
        if (context.failed()) return;
        output_.begin(&view, kLeft, sides_[kRight].layout(), out);
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
        return sides_[kRight].matches(version) == number_of(RowKind::kDelete);
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
            condition_->choose(view, kLeft, asked_, sides_[kRight].layout(), kept_, context);
        std::fill(versions_.begin(), versions_.end(), nullptr);
        chosen.for_each([&](std::size_t k) { versions_[asked_[k]] = kept_[k]; });
    }

    void forget_due() {
        for (std::size_t i = 0; i < due_.size(); ++i) {
            std::uint32_t head = keys_.head(keys_.position(i), kLeft);
            sides_[kLeft].remove(due_[i], head);
            keys_.set_head(keys_.position(i), kLeft, head);
        }
        keys_.erase_empty();
    }

    void touch(std::size_t port, std::span<const std::uint32_t> entries) {
        if (sides_[port].is_frozen()) write(port, sides_[port].touch(entries));
    }

    void write(std::size_t port, std::span<const std::uint32_t> entries) {
        if (entries.empty()) return;
        sides_[port].write(entries, rows_[port]);
        state_out_->open(port, entries.size()).append(rows_[port].view());
    }

    TemporalJoinSpec spec_;
    JoinKeys keys_;
    std::array<JoinSide, 2> sides_;
    std::map<std::int64_t, std::vector<std::uint32_t>> waiting_;  // Left rows by time.
    std::array<Batch, 2> rows_;                                   // Kept rows on their way.
    StateOut* state_out_ = nullptr;
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
