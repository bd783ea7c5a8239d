#include "ops/latest_by_key.h"

#include "ops/join_keys.h"
#include "ops/join_output.h"
#include "ops/join_side.h"
#include "ops/row_kinds.h"

#include <algorithm>
#include <span>

namespace thalweg {

namespace {

// The rows of a side, as joins keep them, with themselves.
StreamJoinSpec as_join(const LatestByKeySpec& spec) {
    StreamJoinSpec join;
    join.kind = JoinKind::kSemi;
    join.left = join.right = spec.schema;
    for (const std::size_t key : spec.keys)
        join.keys.push_back({key, key, true});
    join.seed = spec.seed;
    return join;
}

class LatestByKey final : public Op {
  public:
    explicit LatestByKey(const LatestByKeySpec& spec)
        : spec_(spec),
          join_(as_join(spec)),
          keys_(join_.keys, join_key_types(join_), spec.seed),
          side_(spec.schema, false, spec.seed, spec.ttl_ns),
          saved_(JoinSide::state_schema(spec.schema, spec.ttl_ns != 0)),
          output_(join_, true) {}

    void process(std::size_t, const BatchView& view, OpContext& context, Emitter& out) override {
        side_.ttl().begin(context.now_ns);
        keys_.look_up(view, view.selection, 0);
        side_.pack(view, view.selection, packed_);
        output_.begin(nullptr, 1, side_.layout(), out);
        gone_.clear();
        for (std::size_t i = 0; i < packed_.size(); ++i) {
            const RowKind kind = view.kind(view.selection[i]);
            if (is_gain(kind)) {
                set(i, kind);
            } else {
                erase(i, kind, context);
            }
        }
        output_.flush();
        forget_gone();
        keys_.erase_empty();
    }

    [[nodiscard]] std::vector<StateTable> state_tables() const override {
        return {{"rows", saved_.schema(), StateRoute::kByKey, spec_.keys}};
    }

    // Gives back what has expired.
    Progress tick(OpContext& context, Emitter&) override {
        std::span<const std::uint32_t> expired = side_.next_expired(context.now_ns);
        while (!expired.empty()) {
            const std::size_t count = std::min(expired.size(), kBatchRows);
            gone_.assign(expired.begin(), expired.begin() + static_cast<std::ptrdiff_t>(count));
            side_.write(gone_, saved_);
            const BatchView rows = saved_.view();
            keys_.look_up(rows, rows.selection, 0);
            for (std::size_t i = 0; i < gone_.size(); ++i)
                keys_.set_head(keys_.position(i), 0, JoinSide::kNone);
            forget_gone();
            keys_.erase_empty();
            expired = expired.subspan(count);
        }
        return Progress::kDone;
    }

    [[nodiscard]] std::int64_t next_tick_ns() const override { return side_.next_tick_ns(); }

    void freeze(StateOut& out) override {
        state_out_ = &out;
        side_.freeze();
    }

    Progress save(std::size_t rows_max) override {
        for (std::size_t saved = 0; side_.is_frozen();) {
            if (saved >= rows_max) return Progress::kMore;
            const auto entries = side_.take_next(std::min(rows_max - saved, kBatchRows));
            write(entries);
            saved += std::max<std::size_t>(entries.size(), 1);
        }
        return Progress::kDone;
    }

    void load(std::size_t, const BatchView& rows, Watermark, OpContext&) override {
        keys_.look_up(rows, rows.selection, 0);
        side_.pack(rows, rows.selection, packed_);
        for (std::size_t i = 0; i < packed_.size(); ++i) {
            keep(i);
            if (!side_.ttl().is_on()) continue;
            const Column& times = rows[spec_.schema->size() + 2];
            side_.set_written(keys_.head(keys_.position(i), 0),
                              times.data<std::int64_t>()[rows.selection[i]]);
        }
    }

    [[nodiscard]] std::size_t memory_bytes() const override {
        return keys_.memory_bytes() + side_.memory_bytes() + output_.memory_bytes();
    }

  private:
    void keep(std::size_t i) {
        std::uint32_t head = JoinSide::kNone;
        side_.add(packed_[i], {}, head);
        keys_.set_head(keys_.position(i), 0, head);
    }

    // The row of the i-th key; kNone, too, where it has expired: then it goes.
    [[nodiscard]] std::uint32_t current(std::size_t i) {
        const std::uint32_t old = keys_.head(keys_.position(i), 0);
        if (old == JoinSide::kNone || !side_.has_expired(old)) return old;
        gone_.push_back(old);
        keys_.set_head(keys_.position(i), 0, JoinSide::kNone);
        return JoinSide::kNone;
    }

    void set(std::size_t i, RowKind kind) {
        const std::uint32_t old = current(i);
        if (old != JoinSide::kNone) {
            if (!side_.ttl().is_on() && side_.layout().equal(side_.row(old), packed_[i])) {
                side_.drop(packed_[i]);
                return;
            }
            output_.add(JoinOutput::kNoRow, side_.row(old), RowKind::kUpdateBefore);
            gone_.push_back(old);
            kind = RowKind::kUpdateAfter;
        }
        output_.add(JoinOutput::kNoRow, packed_[i], kind);
        keep(i);
    }

    void erase(std::size_t i, RowKind kind, OpContext& context) {
        const std::uint32_t old = current(i);
        side_.drop(packed_[i]);
        if (old == JoinSide::kNone) {
            ++context.counters.filtered_rows;
            return;
        }
        output_.add(JoinOutput::kNoRow, side_.row(old), kind);
        gone_.push_back(old);
        keys_.set_head(keys_.position(i), 0, JoinSide::kNone);
    }

    // Once they have left: what they were is in the output until then.
    void forget_gone() {
        if (side_.is_frozen()) write(side_.touch(gone_));
        for (std::uint32_t entry : gone_) {
            std::uint32_t alone = entry;
            side_.remove(entry, alone);
        }
    }

    void write(std::span<const std::uint32_t> entries) {
        for (std::size_t first = 0; first < entries.size(); first += kBatchRows) {
            const auto some = entries.subspan(first, std::min(kBatchRows, entries.size() - first));
            side_.write(some, saved_);
            state_out_->open(0, some.size()).append(saved_.view());
        }
    }

    LatestByKeySpec spec_;
    StreamJoinSpec join_;
    JoinKeys keys_;
    JoinSide side_;
    Batch saved_;
    JoinOutput output_;
    StateOut* state_out_ = nullptr;
    std::vector<std::byte*> packed_;
    std::vector<std::uint32_t> gone_;
};

}  // namespace

std::unique_ptr<Op> make_latest_by_key(const LatestByKeySpec& spec) {
    ASSERT(!spec.keys.empty());
    return std::make_unique<LatestByKey>(spec);
}

}  // namespace thalweg
