#include "ops/stream_join.h"

#include "ops/join_keys.h"
#include "ops/join_output.h"
#include "ops/join_side.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

namespace thalweg {

namespace {

bool is_gain(RowKind kind) {
    return kind == RowKind::kInsert || kind == RowKind::kUpdateAfter;
}

class StreamJoin final : public Op {
  public:
    explicit StreamJoin(const StreamJoinSpec& spec)
        : spec_(spec),
          keys_(spec.keys, join_key_types(spec), spec.seed),
          sides_{JoinSide(spec.left, spec.loses_rows[0], spec.seed),
                 JoinSide(spec.right, spec.loses_rows[1], spec.seed)},
          saved_{Batch(JoinSide::state_schema(spec.left)),
                 Batch(JoinSide::state_schema(spec.right))},
          output_(spec, !keeps_gaining(spec.kind) || spec.loses_rows[0] || spec.loses_rows[1]) {
        if (spec.residual != nullptr) condition_.emplace(spec);
    }

    void process(std::size_t port,
                 const BatchView& view,
                 OpContext& context,
                 Emitter& out) override {
        ASSERT(port < 2);
        begin(port, view, out);
        const Selection matching = keys_.can_match(view, port);
        if (matching.size() < view.size()) emit_unmatchable(matching);
        keys_.look_up(view, matching, port);
        own().pack(view, matching, packed_);
        found_.assign(matching.size(), 0);
        entry_.assign(matching.size(), JoinSide::kNone);
        work(matching, context);
        output_.flush();
        if (own().loses_rows()) keys_.erase_empty();
    }

    [[nodiscard]] std::vector<StateTable> state_tables() const override {
        return {{"left",
                 JoinSide::state_schema(spec_.left),
                 StateRoute::kByKey,
                 join_key_columns(spec_, 0)},
                {"right",
                 JoinSide::state_schema(spec_.right),
                 StateRoute::kByKey,
                 join_key_columns(spec_, 1)}};
    }

    void freeze(StateOut& out) override {
        state_out_ = &out;
        for (JoinSide& side : sides_)
            side.freeze();
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

    void load(std::size_t table, const BatchView& rows, Watermark, OpContext& context) override {
        ASSERT(table < 2);
        const std::size_t width = sides_[table].layout().size();
        const auto* const matches = rows[width].data<std::int64_t>();
        const auto* const copies = rows[width + 1].data<std::int64_t>();
        keys_.look_up(rows, rows.selection, table);
        sides_[table].pack(rows, rows.selection, packed_);
        for (std::size_t i = 0; i < packed_.size(); ++i) {
            const std::size_t row = rows.selection[i];
            constexpr std::int64_t kMost = JoinSide::kNone;
            if (matches[row] < 0 || matches[row] > kMost || copies[row] < 1 ||
                copies[row] > kMost) {
                context.fail("a join was given a row with impossible counts");
                return;
            }
            std::uint32_t head = keys_.head(keys_.position(i), table);
            sides_[table].add(
                packed_[i],
                {static_cast<std::uint32_t>(matches[row]), static_cast<std::uint32_t>(copies[row])},
                head);
            keys_.set_head(keys_.position(i), table, head);
        }
    }

    [[nodiscard]] std::size_t memory_bytes() const override {
        return keys_.memory_bytes() + sides_[0].memory_bytes() + sides_[1].memory_bytes() +
               output_.memory_bytes();
    }

  private:
    [[nodiscard]] JoinSide& own() { return sides_[port_]; }

    [[nodiscard]] JoinSide& other() { return sides_[1 - port_]; }

    void begin(std::size_t port, const BatchView& view, Emitter& out) {
        port_ = port;
        view_ = &view;
        output_.begin(&view, port, other().layout(), out);
        shows_own_ = shows_lone(spec_.kind, port);
        shows_other_ = shows_lone(spec_.kind, 1 - port);
        shows_pairs_ = !is_left_only(spec_.kind);
        is_semi_ = spec_.kind == JoinKind::kSemi;
    }

    [[nodiscard]] RowKind kind_of(std::size_t row) const {
        return view_->kinds == nullptr ? RowKind::kInsert : view_->kinds[row];
    }

    // Rows that cannot have a partner: shown as they come, where such are shown.
    void emit_unmatchable(Selection matching) {
        if (!shows_own_ || is_semi_) return;
        std::size_t next = 0;
        view_->selection.for_each([&](std::size_t row) {
            if (next < matching.size() && matching[next] == row) {
                ++next;
            } else {
                output_.add(static_cast<std::uint16_t>(row), nullptr, kind_of(row));
            }
        });
    }

    // Pairs all rows with what the other side has for their keys, as many pairs at a time as a
    // batch holds. The other side's rows are the same during all of it.
    void work(Selection rows, OpContext& context) {
        std::size_t at = 0;
        std::uint32_t chain = first_of(at);
        while (at < packed_.size()) {
            const std::size_t first = at;
            pair_.clear();
            while (at < packed_.size() && pair_.size() < kBatchRows) {
                if (chain == JoinSide::kNone) {
                    chain = first_of(++at);
                    continue;
                }
                pair_.push_back({static_cast<std::uint32_t>(at), chain});
                chain = other().next(chain);
            }
            if (!choose(rows, context)) {
                drop_from(first);
                return;
            }
            apply(rows, first, at, context);
        }
    }

    [[nodiscard]] std::uint32_t first_of(std::size_t at) {
        if (at >= packed_.size()) return JoinSide::kNone;
        return keys_.head(keys_.position(at), 1 - port_);
    }

    // Leaves the pairs that satisfy the condition. False: the query has failed.
    bool choose(Selection rows, OpContext& context) {
        if (!condition_ || pair_.empty()) return true;
        pair_rows_.clear();
        pair_kept_.clear();
        for (const Pair& pair : pair_) {
            pair_rows_.push_back(static_cast<std::uint16_t>(rows[pair.at]));
            pair_kept_.push_back(other().row(pair.entry));
        }
        const Selection chosen =
            condition_->choose(*view_, port_, pair_rows_, other().layout(), pair_kept_, context);
        if (context.failed()) return false;
        std::size_t count = 0;
        chosen.for_each([&](std::size_t i) { pair_[count++] = pair_[i]; });
        pair_.resize(count);
        return true;
    }

    // Pairs of rows [first, last), all there are of them, and some of row `last`.
    void apply(Selection rows, std::size_t first, std::size_t last, OpContext& context) {
        if (shows_other_) touch_pairs();
        std::size_t next = 0;
        for (std::size_t at = first; at < packed_.size() && at <= last; ++at) {
            const bool is_known = begin_row(at, kind_of(rows[at]), context);
            for (; next < pair_.size() && pair_[next].at == at; ++next) {
                if (is_known) meet(at, rows[at], pair_[next].entry);
            }
            if (at < last) end_row(at, rows[at], is_known);
        }
    }

    // Whether the row may have an effect: not when it is to be deleted and is not there.
    bool begin_row(std::size_t at, RowKind kind, OpContext& context) {
        if (is_gain(kind) || entry_[at] != JoinSide::kNone) return true;
        if (packed_[at] == nullptr) return false;
        ASSERT(own().loses_rows());
        entry_[at] = own().find(packed_[at]);
        if (entry_[at] != JoinSide::kNone) return true;
        own().drop(std::exchange(packed_[at], nullptr));
        ++context.counters.filtered_rows;
        return false;
    }

    void meet(std::size_t at, std::size_t row, std::uint32_t entry) {
        const RowKind kind = kind_of(row);
        const std::uint32_t copies = other().copies(entry);
        const std::byte* const kept = other().row(entry);
        found_[at] += copies;
        if (shows_other_ && is_gain(kind) && other().matches(entry)++ == 0)
            show_other(entry, is_semi_ ? RowKind::kInsert : RowKind::kDelete);
        if (shows_pairs_) {
            for (std::uint32_t i = 0; i < copies; ++i)
                output_.add(static_cast<std::uint16_t>(row), kept, kind);
        }
        if (shows_other_ && !is_gain(kind) && --other().matches(entry) == 0)
            show_other(entry, is_semi_ ? RowKind::kDelete : RowKind::kInsert);
    }

    void show_other(std::uint32_t entry, RowKind kind) {
        for (std::uint32_t i = 0; i < other().copies(entry); ++i)
            output_.add(JoinOutput::kNoRow, other().row(entry), kind);
    }

    // All pairs of the row are known.
    void end_row(std::size_t at, std::size_t row, bool is_known) {
        if (!is_known) return;
        if (shows_own_ && (found_[at] > 0) == is_semi_)
            output_.add(static_cast<std::uint16_t>(row), nullptr, kind_of(row));
        std::uint32_t head = keys_.head(keys_.position(at), port_);
        const std::uint32_t old_head = head;
        if (is_gain(kind_of(row))) {
            keep(at, head);
        } else {
            touch(port_, {&entry_[at], 1});
            own().remove(entry_[at], head);
            own().drop(packed_[at]);
        }
        if (head != old_head) keys_.set_head(keys_.position(at), port_, head);
    }

    void keep(std::size_t at, std::uint32_t& head) {
        if (own().loses_rows()) {
            const std::uint32_t equal = own().find(packed_[at]);
            if (equal != JoinSide::kNone) {
                touch(port_, {&equal, 1});
                own().add_copy(equal, 1);
                own().drop(packed_[at]);
                return;
            }
        }
        own().add(packed_[at], {shows_own_ ? found_[at] : 0, 1}, head);
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
        for (const Pair& pair : pair_)
            touched_.push_back(pair.entry);
        touch(1 - port_, touched_);
    }

    // Writes what is frozen and about to change.
    void touch(std::size_t port, std::span<const std::uint32_t> entries) {
        if (sides_[port].is_frozen()) write(port, sides_[port].touch(entries));
    }

    void write(std::size_t port, std::span<const std::uint32_t> entries) {
        if (entries.empty()) return;
        sides_[port].write(entries, saved_[port]);
        state_out_->open(port, entries.size()).append(saved_[port].view());
    }

    // Row `at` of those that can match, and an entry of the other side.
    struct Pair {
        std::uint32_t at = 0;
        std::uint32_t entry = 0;
    };

    StreamJoinSpec spec_;
    JoinKeys keys_;
    std::array<JoinSide, 2> sides_;
    std::array<Batch, 2> saved_;
    StateOut* state_out_ = nullptr;
    std::optional<PairCondition> condition_;
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
    std::vector<Pair> pair_;
    std::vector<std::uint16_t> pair_rows_;
    std::vector<const std::byte*> pair_kept_;
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
