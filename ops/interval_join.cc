#include "ops/interval_join.h"

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

class IntervalJoin final : public Op {
  public:
    explicit IntervalJoin(const IntervalJoinSpec& spec)
        : spec_(spec),
          keys_(spec.join.keys, join_key_types(spec.join), spec.join.seed),
          sides_{JoinSide(spec.join.left, false, spec.join.seed),
                 JoinSide(spec.join.right, false, spec.join.seed)},
          rows_{Batch(JoinSide::state_schema(spec.join.left)),
                Batch(JoinSide::state_schema(spec.join.right))},
          output_(spec.join, false),
          file_ns_(std::max(kNanosPerMilli,
                            saturating_sub(spec.upper_ns, spec.lower_ns) / kFilesPerInterval)) {
        if (spec.join.residual != nullptr) condition_.emplace(spec.join);
    }

    void process(std::size_t port,
                 const BatchView& view,
                 OpContext& context,
                 Emitter& out) override {
        ASSERT(port < 2);
        if (!spec_.is_event_time) watermark_ = std::max(watermark_, Watermark{context.now_ns});
        port_ = port;
        view_ = &view;
        output_.begin(&view, port, other().layout(), out);
        const Selection matching = with_time(keys_.can_match(view, port), context);
        if (matching.size() < view.size() && shows_lone(spec_.join.kind, port))
            emit_unmatchable(matching);
        keys_.look_up(view, matching, port);
        own().pack(view, matching, packed_);
        found_.assign(matching.size(), 0);
        work(matching, context);
        output_.flush();
        keys_.erase_empty();
    }

    Progress advance(Watermark watermark, OpContext&, Emitter& out) override {
        if (!spec_.is_event_time && !watermark.is_max()) return Progress::kDone;
        return expire(watermark, out);
    }

    Progress tick(OpContext& context, Emitter& out) override {
        return spec_.is_event_time ? Progress::kDone : expire({context.now_ns}, out);
    }

    [[nodiscard]] std::int64_t next_tick_ns() const override {
        std::int64_t next = kNever;
        if (spec_.is_event_time) return next;
        for (const Files& files : files_) {
            if (!files.empty())
                next = std::min(next, saturating_add(files.begin()->first, file_ns_));
        }
        return next;
    }

    [[nodiscard]] std::vector<StateTable> state_tables() const override {
        const StreamJoinSpec& join = spec_.join;
        return {{"left",
                 JoinSide::state_schema(join.left),
                 StateRoute::kByKey,
                 join_key_columns(join, 0)},
                {"right",
                 JoinSide::state_schema(join.right),
                 StateRoute::kByKey,
                 join_key_columns(join, 1)},
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

    void load(std::size_t table, const BatchView& rows, Watermark watermark, OpContext&) override {
        if (spec_.is_event_time) watermark_ = std::max(watermark_, watermark);
        if (table == kProgressTable) return;
        JoinSide& side = sides_[table];
        const std::size_t width = side.layout().size();
        keys_.look_up(rows, rows.selection, table);
        side.pack(rows, rows.selection, packed_);
        port_ = table;
        for (std::size_t i = 0; i < packed_.size(); ++i) {
            const std::int64_t matches = rows[width].data<std::int64_t>()[rows.selection[i]];
            keep(i, packed_[i], static_cast<std::uint32_t>(matches));
        }
    }

    [[nodiscard]] std::size_t memory_bytes() const override {
        std::size_t total = keys_.memory_bytes() + output_.memory_bytes();
        for (std::size_t port = 0; port < 2; ++port) {
            total += sides_[port].memory_bytes();
            for (const auto& [start, entries] : files_[port])
                total += entries.capacity() * sizeof(Filed);
        }
        return total;
    }

  private:
    // An entry, and the last time at which a partner of it may come.
    struct Filed {
        std::int64_t last = 0;
        std::uint32_t entry = 0;
    };

    using Files = std::map<std::int64_t, std::vector<Filed>>;  // By the start of each.

    // Row `at` of those that can match, and an entry of the other side.
    struct Pair {
        std::uint32_t at = 0;
        std::uint32_t entry = 0;
    };

    static constexpr std::int64_t kFilesPerInterval = 64;
    static constexpr std::size_t kProgressTable = 2;

    [[nodiscard]] JoinSide& own() { return sides_[port_]; }

    [[nodiscard]] JoinSide& other() { return sides_[1 - port_]; }

    [[nodiscard]] std::size_t time_column(std::size_t port) const {
        return port == 0 ? spec_.left_time : spec_.right_time;
    }

    // The last time at which a partner of a row may come.
    [[nodiscard]] std::int64_t last_of(std::size_t port, std::int64_t time) const {
        return port == 0 ? saturating_sub(time, spec_.lower_ns)
                         : saturating_add(time, spec_.upper_ns);
    }

    [[nodiscard]] std::int64_t time_of(std::size_t port, const std::byte* row) const {
        return sides_[port].layout().int64_at(row, time_column(port));
    }

    [[nodiscard]] bool agree(std::int64_t left, std::int64_t right) const {
        return left >= saturating_add(right, spec_.lower_ns) &&
               left <= saturating_add(right, spec_.upper_ns);
    }

    // Those of the rows whose time is not NULL.
    Selection with_time(Selection rows, OpContext& context) {
        const Column& time = (*view_)[time_column(port_)];
        if (!time.has_nulls()) return rows;
        timed_.clear();
        rows.for_each([&](std::size_t row) {
            if (!time.is_null(row)) timed_.push_back(static_cast<std::uint16_t>(row));
        });
        context.counters.null_time_rows += rows.size() - timed_.size();
        return Selection::list(timed_);
    }

    void emit_unmatchable(Selection matching) {
        std::size_t next = 0;
        view_->selection.for_each([&](std::size_t row) {
            if (next < matching.size() && matching[next] == row) {
                ++next;
            } else {
                output_.add(static_cast<std::uint16_t>(row), nullptr, RowKind::kInsert);
            }
        });
    }

    // As in StreamJoin: all rows with what the other side has for their keys, some at a time.
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
                if (can_meet(at, chain)) pair_.push_back({static_cast<std::uint32_t>(at), chain});
                chain = other().next(chain);
            }
            if (!choose(rows, context)) {
                for (std::size_t i = first; i < packed_.size(); ++i)
                    own().drop(packed_[i]);
                return;
            }
            for (const Pair& pair : pair_)
                meet(rows[pair.at], pair);
            for (std::size_t i = first; i < at; ++i)
                end_row(i, rows[i]);
        }
    }

    [[nodiscard]] std::uint32_t first_of(std::size_t at) {
        if (at >= packed_.size()) return JoinSide::kNone;
        return keys_.head(keys_.position(at), 1 - port_);
    }

    // Whether the times agree, and the row that is kept is not one that time has passed over.
    [[nodiscard]] bool can_meet(std::size_t at, std::uint32_t entry) {
        const std::int64_t mine = time_of(port_, packed_[at]);
        const std::int64_t theirs = time_of(1 - port_, other().row(entry));
        if (watermark_.nanos >= last_of(1 - port_, theirs)) return false;
        return port_ == 0 ? agree(mine, theirs) : agree(theirs, mine);
    }

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

    void meet(std::size_t row, const Pair& pair) {
        ++found_[pair.at];
        if (shows_lone(spec_.join.kind, 1 - port_)) {
            touch(1 - port_, {&pair.entry, 1});
            ++other().matches(pair.entry);
        }
        output_.add(static_cast<std::uint16_t>(row), other().row(pair.entry), RowKind::kInsert);
    }

    // Keeps a row that may still have partners; else it is alone if it has had none.
    void end_row(std::size_t at, std::size_t row) {
        if (watermark_.nanos < last_of(port_, time_of(port_, packed_[at]))) {
            keep(at, packed_[at], found_[at]);
            return;
        }
        if (found_[at] == 0 && shows_lone(spec_.join.kind, port_))
            output_.add(static_cast<std::uint16_t>(row), nullptr, RowKind::kInsert);
        own().drop(packed_[at]);
    }

    void keep(std::size_t at, std::byte* packed, std::uint32_t matches) {
        std::uint32_t head = keys_.head(keys_.position(at), port_);
        own().add(packed, {matches, 1}, head);
        keys_.set_head(keys_.position(at), port_, head);
        const std::int64_t last = last_of(port_, time_of(port_, packed));
        files_[port_][saturating_sub(last, floor_mod(last, file_ns_))].push_back({last, head});
    }

    // --- Time ---

    Progress expire(Watermark limit, Emitter& out) {
        limit = std::max(limit, watermark_);
        std::size_t expired = 0;
        for (std::size_t port = 0; port < 2; ++port) {
            while (!files_[port].empty() && is_due(port, files_[port].begin()->first, limit)) {
                if (expired >= kEmitRowsMax) return Progress::kMore;
                const std::size_t count = expire_some(port, limit, out);
                if (count == 0) break;  // The rest of this file is not due.
                expired += count;
            }
        }
        watermark_ = limit;
        return Progress::kDone;
    }

    // Whether rows of a file are to go: where nobody sees them go, only when all of them are.
    [[nodiscard]] bool is_due(std::size_t port, std::int64_t start, Watermark limit) const {
        const bool is_seen = shows_lone(spec_.join.kind, port);
        return limit.nanos >= (is_seen ? start : saturating_add(start, file_ns_));
    }

    // Forgets up to a batch of rows of the first file of a side, which is given up when empty.
    std::size_t expire_some(std::size_t port, Watermark limit, Emitter& out) {
        const auto file = files_[port].begin();
        std::vector<Filed>& entries = file->second;
        gone_.clear();
        std::size_t kept = 0;
        for (const Filed& filed : entries) {
            if (filed.last <= limit.nanos && gone_.size() < kBatchRows) {
                gone_.push_back(filed.entry);
            } else {
                entries[kept++] = filed;
            }
        }
        entries.resize(kept);
        if (kept == 0) files_[port].erase(file);
        if (!gone_.empty()) forget(port, out);
        return gone_.size();
    }

    // The rows gone_: shown if they were alone, and taken from their keys.
    void forget(std::size_t port, Emitter& out) {
        JoinSide& side = sides_[port];
        touch(port, gone_);
        if (shows_lone(spec_.join.kind, port)) {
            output_.begin(nullptr, 1 - port, side.layout(), out);
            for (const std::uint32_t entry : gone_) {
                if (side.matches(entry) == 0)
                    output_.add(JoinOutput::kNoRow, side.row(entry), RowKind::kInsert);
            }
            output_.flush();
        }
        side.write(gone_, rows_[port]);
        keys_.look_up(rows_[port].view(), Selection::all(gone_.size()), port);
        for (std::size_t i = 0; i < gone_.size(); ++i) {
            std::uint32_t head = keys_.head(keys_.position(i), port);
            side.remove(gone_[i], head);
            keys_.set_head(keys_.position(i), port, head);
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

    IntervalJoinSpec spec_;
    JoinKeys keys_;
    std::array<JoinSide, 2> sides_;
    std::array<Files, 2> files_;
    std::array<Batch, 2> rows_;  // Kept rows on their way.
    StateOut* state_out_ = nullptr;
    std::optional<PairCondition> condition_;
    JoinOutput output_;
    std::int64_t file_ns_;
    Watermark watermark_;

    // The batch being worked on.
    std::size_t port_ = 0;
    const BatchView* view_ = nullptr;
    std::vector<std::byte*> packed_;
    std::vector<std::uint32_t> found_;
    std::vector<Pair> pair_;
    std::vector<std::uint16_t> pair_rows_;
    std::vector<const std::byte*> pair_kept_;
    std::vector<std::uint16_t> timed_;
    std::vector<std::uint32_t> gone_;
};

}  // namespace

std::unique_ptr<Op> make_interval_join(const IntervalJoinSpec& spec) {
    ASSERT(!is_left_only(spec.join.kind));
    return std::make_unique<IntervalJoin>(spec);
}

}  // namespace thalweg
