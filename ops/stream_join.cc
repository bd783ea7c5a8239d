#include "ops/stream_join.h"

#include "ops/join_pairs.h"
#include "ops/row_kinds.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

namespace thalweg {

namespace {

class StreamJoin final : public Op {
  public:
    explicit StreamJoin(const StreamJoinSpec& spec)
        : kind_(spec.kind),
          state_(spec, spec.loses_rows),
          pairs_(spec),
          output_(spec, !keeps_gaining(spec.kind) || spec.loses_rows[0] || spec.loses_rows[1]) {}

    void process(std::size_t port,
                 const BatchView& view,
                 OpContext& context,
                 Emitter& out) override {
        ASSERT(port < 2);
        for (std::size_t side = 0; side < 2; ++side)
            state_.side(side).ttl().begin(context.now_ns);
        begin(port, view, out);
        const Selection matching = state_.keys().can_match(view, port);
        if (matching.size() < view.size() && shows_own_ && !is_semi_) output_.add_others(matching);
        state_.keys().look_up(view, matching, port);
        own().pack(view, matching, packed_);
        found_.assign(matching.size(), 0);
        entry_.assign(matching.size(), JoinSide::kNone);
        work(matching, context);
        output_.flush();
        if (own().loses_rows()) state_.keys().erase_empty();
    }

    Progress tick(OpContext& context, Emitter&) override {
        state_.sweep(context.now_ns);
        return Progress::kDone;
    }

    [[nodiscard]] std::int64_t next_tick_ns() const override { return state_.next_tick_ns(); }

    [[nodiscard]] std::vector<StateTable> state_tables() const override { return state_.tables(); }

    void freeze(StateOut& out) override { state_.freeze(out); }

    Progress save(std::size_t rows_max) override { return state_.save(rows_max); }

    void load(std::size_t table, const BatchView& rows, Watermark, OpContext& context) override {
        ASSERT(table < 2);
        JoinSide& side = state_.side(table);
        const std::size_t width = side.layout().size();
        const auto* const matches = rows[width].data<std::int64_t>();
        const auto* const copies = rows[width + 1].data<std::int64_t>();
        state_.keys().look_up(rows, rows.selection, table);
        side.pack(rows, rows.selection, packed_);
        for (std::size_t i = 0; i < packed_.size(); ++i) {
            const std::size_t row = rows.selection[i];
            constexpr std::int64_t kMost = JoinSide::kNone;
            if (matches[row] < 0 || matches[row] > kMost || copies[row] < 1 ||
                copies[row] > kMost) {
                context.fail("a join was given a row with impossible counts");
                return;
            }
            const std::uint32_t entry = state_.add(table,
                                                   i,
                                                   packed_[i],
                                                   {static_cast<std::uint32_t>(matches[row]),
                                                    static_cast<std::uint32_t>(copies[row])});
            if (side.ttl().is_on())
                side.set_written(entry, rows[width + 2].data<std::int64_t>()[row]);
        }
    }

    [[nodiscard]] std::size_t memory_bytes() const override {
        return state_.memory_bytes() + output_.memory_bytes();
    }

  private:
    [[nodiscard]] JoinSide& own() { return state_.side(port_); }

    [[nodiscard]] JoinSide& other() { return state_.side(1 - port_); }

    void begin(std::size_t port, const BatchView& view, Emitter& out) {
        port_ = port;
        view_ = &view;
        output_.begin(&view, port, other().layout(), out);
        shows_own_ = shows_lone(kind_, port);
        shows_other_ = shows_lone(kind_, 1 - port);
        shows_pairs_ = !is_left_only(kind_);
        is_semi_ = kind_ == JoinKind::kSemi;
    }

    // Each row with what the other side has for its key.
    void work(Selection rows, OpContext& context) {
        pairs_.begin(state_, *view_, rows, port_);
        while (collect_pairs()) {
            if (!pairs_.choose(context)) {
                drop_from(pairs_.first());
                return;
            }
            apply(rows, context);
        }
    }

    [[nodiscard]] bool collect_pairs() {
        const JoinSide& kept = other();
        if (!kept.ttl().is_on())
            return pairs_.collect([](std::size_t, std::uint32_t) { return true; });
        return pairs_.collect(
            [&kept](std::size_t, std::uint32_t entry) { return !kept.has_expired(entry); });
    }

    void apply(Selection rows, OpContext& context) {
        if (shows_other_) touch_pairs();
        const std::span<const JoinPairs::Pair> pairs = pairs_.pairs();
        std::size_t next = 0;
        for (std::size_t at = pairs_.first(); at < rows.size() && at <= pairs_.last(); ++at) {
            const bool is_known = begin_row(at, view_->kind(rows[at]), context);
            for (; next < pairs.size() && pairs[next].at == at; ++next) {
                if (is_known) meet(at, rows[at], pairs[next].entry);
            }
            if (at < pairs_.last()) end_row(at, rows[at], is_known);
        }
    }

    // Whether the row may have an effect: not when it is to be deleted and is not there.
    bool begin_row(std::size_t at, RowKind kind, OpContext& context) {
        if (is_gain(kind) || entry_[at] != JoinSide::kNone) return true;
        if (packed_[at] == nullptr) return false;
        ASSERT(own().loses_rows());
        entry_[at] = own().find(packed_[at]);
        if (entry_[at] != JoinSide::kNone && own().has_expired(entry_[at]))
            entry_[at] = JoinSide::kNone;
        if (entry_[at] != JoinSide::kNone) return true;
        own().drop(std::exchange(packed_[at], nullptr));
        ++context.counters.filtered_rows;
        return false;
    }

    void meet(std::size_t at, std::size_t row, std::uint32_t entry) {
        const RowKind kind = view_->kind(row);
        const std::uint32_t copies = other().copies(entry);
        const std::byte* const kept = other().row(entry);
        found_[at] += copies;
        if (shows_other_ && is_gain(kind) && other().matches(entry)++ == 0)
            show_other(entry, is_semi_ ? RowKind::kInsert : RowKind::kDelete);
        if (shows_pairs_) {
            for (std::uint32_t i = 0; i < copies; ++i)
                output_.add(static_cast<std::uint16_t>(row), kept, kind);
        }
        // None: the entry had expired when the row came, by a clock that was set back since.
        if (shows_other_ && !is_gain(kind) && other().matches(entry) != 0 &&
            --other().matches(entry) == 0)
            show_other(entry, is_semi_ ? RowKind::kDelete : RowKind::kInsert);
        if (shows_other_) other().write_now(entry);
    }

    void show_other(std::uint32_t entry, RowKind kind) {
        for (std::uint32_t i = 0; i < other().copies(entry); ++i)
            output_.add(JoinOutput::kNoRow, other().row(entry), kind);
    }

    // All pairs of the row are known.
    void end_row(std::size_t at, std::size_t row, bool is_known) {
        if (!is_known) return;
        const bool gains = is_gain(view_->kind(row));
        if (shows_own_) {
            // What goes was shown by the partners that it had, some of which may have expired.
            const std::uint32_t partners = gains ? found_[at] : own().matches(entry_[at]);
            if ((partners > 0) == is_semi_)
                output_.add(static_cast<std::uint16_t>(row), nullptr, view_->kind(row));
        }
        if (gains) {
            keep(at);
        } else {
            state_.touch(port_, {&entry_[at], 1});
            own().write_now(entry_[at]);
            state_.remove(port_, at, entry_[at]);
            own().drop(packed_[at]);
        }
    }

    void keep(std::size_t at) {
        if (own().loses_rows()) {
            const std::uint32_t equal = own().find(packed_[at]);
            if (equal != JoinSide::kNone) {
                state_.touch(port_, {&equal, 1});
                if (!own().has_expired(equal)) {
                    own().add_copy(equal, 1);
                    own().write_now(equal);
                    own().drop(packed_[at]);
                    return;
                }
                state_.forget(port_, at, equal);
            }
        }
        state_.add(port_, at, packed_[at], {shows_own_ ? found_[at] : 0, 1});
    }

    // The rows of a batch that a failure left behind.
    void drop_from(std::size_t first) {
        for (std::size_t at = first; at < packed_.size(); ++at) {
            if (packed_[at] != nullptr) own().drop(packed_[at]);
        }
    }

    void touch_pairs() {
        if (!other().is_frozen()) return;
        touched_.clear();
        for (const JoinPairs::Pair& pair : pairs_.pairs())
            touched_.push_back(pair.entry);
        state_.touch(1 - port_, touched_);
    }

    JoinKind kind_;
    JoinState state_;
    JoinPairs pairs_;
    JoinOutput output_;

    // The batch being worked on.
    std::size_t port_ = 0;
    const BatchView* view_ = nullptr;
    bool shows_own_ = false;
    bool shows_other_ = false;
    bool shows_pairs_ = true;
    bool is_semi_ = false;
    std::vector<std::byte*> packed_;    // Of each row; nullptr when it is to be ignored.
    std::vector<std::uint32_t> found_;  // How many partners it has.
    std::vector<std::uint32_t> entry_;  // Of a row to be deleted.
    std::vector<std::uint32_t> touched_;
};

}  // namespace

std::unique_ptr<Op> make_stream_join(const StreamJoinSpec& spec) {
    for (const JoinKey& key : spec.keys) {
        ASSERT((*spec.left)[key.left].type.physical() == (*spec.right)[key.right].type.physical());
    }
    return std::make_unique<StreamJoin>(spec);
}

}  // namespace thalweg
