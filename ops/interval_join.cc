#include "ops/interval_join.h"

#include "ops/join_pairs.h"
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
          state_(spec.join, {false, false}),
          pairs_(spec.join),
          output_(spec.join, false),
          file_ns_(std::max(kNanosPerMilli,
                            saturating_sub(spec.upper_ns, spec.lower_ns) / kFilesPerInterval)) {}

    void process(std::size_t port,
                 const BatchView& view,
                 OpContext& context,
                 Emitter& out) override {
        ASSERT(port < 2);
        if (!spec_.is_event_time) watermark_ = std::max(watermark_, Watermark{context.now_ns});
        port_ = port;
        view_ = &view;
        output_.begin(&view, port, other().layout(), out);
        const Selection matching = with_time(state_.keys().can_match(view, port), context);
        if (matching.size() < view.size() && shows_lone(spec_.join.kind, port))
            output_.add_others(matching);
        state_.keys().look_up(view, matching, port);
        own().pack(view, matching, packed_);
        found_.assign(matching.size(), 0);
        work(matching, context);
        output_.flush();
        state_.keys().erase_empty();
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
        std::vector<StateTable> tables = state_.tables();
        tables.push_back(progress_table({"passed"}));
        return tables;
    }

    void freeze(StateOut& out) override {
        state_.freeze(out);
        write_progress(out, kProgressTable, {watermark_.nanos});
    }

    Progress save(std::size_t rows_max) override { return state_.save(rows_max); }

    void load(std::size_t table, const BatchView& rows, Watermark watermark, OpContext&) override {
        if (spec_.is_event_time) watermark_ = std::max(watermark_, watermark);
        if (table == kProgressTable) return;
        JoinSide& side = state_.side(table);
        const std::size_t width = side.layout().size();
        state_.keys().look_up(rows, rows.selection, table);
        side.pack(rows, rows.selection, packed_);
        port_ = table;
        for (std::size_t i = 0; i < packed_.size(); ++i) {
            const std::int64_t matches = rows[width].data<std::int64_t>()[rows.selection[i]];
            keep(i, packed_[i], static_cast<std::uint32_t>(matches));
        }
    }

    [[nodiscard]] std::size_t memory_bytes() const override {
        std::size_t total = state_.memory_bytes() + output_.memory_bytes();
        for (const Files& files : files_) {
            for (const auto& [start, entries] : files)
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

    static constexpr std::int64_t kFilesPerInterval = 64;
    static constexpr std::size_t kProgressTable = 2;

    [[nodiscard]] JoinSide& own() { return state_.side(port_); }

    [[nodiscard]] JoinSide& other() { return state_.side(1 - port_); }

    [[nodiscard]] std::size_t time_column(std::size_t port) const {
        return port == 0 ? spec_.left_time : spec_.right_time;
    }

    // The last time at which a partner of a row may come.
    [[nodiscard]] std::int64_t last_of(std::size_t port, std::int64_t time) const {
        return port == 0 ? saturating_sub(time, spec_.lower_ns)
                         : saturating_add(time, spec_.upper_ns);
    }

    [[nodiscard]] std::int64_t time_of(std::size_t port, const std::byte* row) const {
        return state_.side(port).layout().int64_at(row, time_column(port));
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

    // Each row with what the other side has for its key and times.
    void work(Selection rows, OpContext& context) {
        pairs_.begin(state_, *view_, rows, port_);
        const auto meets = [&](std::size_t at, std::uint32_t entry) { return can_meet(at, entry); };
        while (pairs_.collect(meets)) {
            if (!pairs_.choose(context)) {
                for (std::size_t i = pairs_.first(); i < packed_.size(); ++i)
                    own().drop(packed_[i]);
                return;
            }
            for (const JoinPairs::Pair& pair : pairs_.pairs())
                meet(rows[pair.at], pair);
            for (std::size_t i = pairs_.first(); i < pairs_.last(); ++i)
                end_row(i, rows[i]);
        }
    }

    // Whether the times agree, and the row that is kept is not one that time has passed over.
    [[nodiscard]] bool can_meet(std::size_t at, std::uint32_t entry) {
        const std::int64_t mine = time_of(port_, packed_[at]);
        const std::int64_t theirs = time_of(1 - port_, other().row(entry));
        if (watermark_.nanos >= last_of(1 - port_, theirs)) return false;
        return port_ == 0 ? agree(mine, theirs) : agree(theirs, mine);
    }

    void meet(std::size_t row, const JoinPairs::Pair& pair) {
        ++found_[pair.at];
        if (shows_lone(spec_.join.kind, 1 - port_)) {
            state_.touch(1 - port_, {&pair.entry, 1});
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
        const std::uint32_t entry = state_.add(port_, at, packed, {matches, 1});
        const std::int64_t last = last_of(port_, time_of(port_, packed));
        files_[port_][saturating_sub(last, floor_mod(last, file_ns_))].push_back({last, entry});
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
        JoinSide& side = state_.side(port);
        state_.touch(port, gone_);
        if (shows_lone(spec_.join.kind, port)) {
            output_.begin(nullptr, 1 - port, side.layout(), out);
            for (const std::uint32_t entry : gone_) {
                if (side.matches(entry) == 0)
                    output_.add(JoinOutput::kNoRow, side.row(entry), RowKind::kInsert);
            }
            output_.flush();
        }
        state_.keys().look_up(
            state_.rows_of(port, gone_).view(), Selection::all(gone_.size()), port);
        for (std::size_t i = 0; i < gone_.size(); ++i)
            state_.remove(port, i, gone_[i]);
        state_.keys().erase_empty();
    }

    IntervalJoinSpec spec_;
    JoinState state_;
    std::array<Files, 2> files_;
    JoinPairs pairs_;
    JoinOutput output_;
    std::int64_t file_ns_;
    Watermark watermark_;

    // The batch being worked on.
    std::size_t port_ = 0;
    const BatchView* view_ = nullptr;
    std::vector<std::byte*> packed_;
    std::vector<std::uint32_t> found_;
    std::vector<std::uint16_t> timed_;
    std::vector<std::uint32_t> gone_;
};

}  // namespace

std::unique_ptr<Op> make_interval_join(const IntervalJoinSpec& spec) {
    ASSERT(!is_left_only(spec.join.kind));
    return std::make_unique<IntervalJoin>(spec);
}

}  // namespace thalweg
