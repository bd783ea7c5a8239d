#include "ops/window_join.h"

#include "ops/expr/program.h"
#include "ops/join_index.h"
#include "ops/join_rows.h"
#include "ops/local_time.h"
#include "ops/progress_table.h"
#include "ops/row_slicer.h"
#include "ops/window_fields.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

namespace thalweg {

namespace {

struct WindowRows {
    JoinRows left;
    JoinRows right;
};

// One side: its columns, and which of them are kept with the rows. The bounds of the window are
// not, unless they are keys too: they are one value for all.
struct Side {
    static constexpr std::size_t kNotKept = SIZE_MAX;

    Side(SchemaPtr all, std::size_t start, std::size_t end, const std::vector<std::size_t>& keys)
        : schema(std::move(all)), start_column(start), end_column(end) {
        std::vector<Field> fields;
        for (std::size_t i = 0; i < schema->size(); ++i) {
            const bool is_key = std::find(keys.begin(), keys.end(), i) != keys.end();
            const bool is_kept = is_key || (i != start && i != end);
            place.push_back(is_kept ? kept.size() : kNotKept);
            if (!is_kept) continue;
            kept.push_back(i);
            fields.push_back((*schema)[i]);
        }
        kept_schema = make_schema(std::move(fields));
    }

    SchemaPtr schema;
    std::size_t start_column;
    std::size_t end_column;
    std::vector<std::size_t> kept;   // Columns of the input.
    std::vector<std::size_t> place;  // Of each column of the input among those kept.
    SchemaPtr kept_schema;
};

std::vector<std::size_t> key_columns(const WindowJoinSpec& spec, bool is_left) {
    std::vector<std::size_t> columns;
    for (const JoinKey& key : spec.keys)
        columns.push_back(is_left ? key.left : key.right);
    return columns;
}

std::vector<JoinIndex::Key> index_keys(const WindowJoinSpec& spec,
                                       const Side& left,
                                       const Side& right) {
    std::vector<JoinIndex::Key> keys;
    for (const JoinKey& key : spec.keys)
        keys.push_back({right.place[key.right], left.place[key.left], key.null_is_equal});
    return keys;
}

SchemaPtr output_schema(const WindowJoinSpec& spec) {
    std::vector<Field> fields = spec.left->fields;
    fields.insert(fields.end(), spec.right->fields.begin(), spec.right->fields.end());
    return make_schema(std::move(fields));
}

std::vector<Type> key_types(const WindowJoinSpec& spec) {
    std::vector<Type> types;
    for (const JoinKey& key : spec.keys)
        types.push_back((*spec.left)[key.left].type.with_nullable(key.null_is_equal));
    return types;
}

// Keeps the rows of open windows. When one fires: index the right side, look up the left one,
// collect pairs in a batch, let the residual condition choose among them, then add the rows that
// found no partner. Stops between two batches of pairs and goes on there.
class WindowJoin final : public Op {
  public:
    explicit WindowJoin(const WindowJoinSpec& spec)
        : spec_(spec),
          left_(spec.left, spec.left_start, spec.left_end, key_columns(spec, true)),
          right_(spec.right, spec.right_start, spec.right_end, key_columns(spec, false)),
          left_pool_(left_.kept_schema, kFreeBatchesMax),
          right_pool_(right_.kept_schema, kFreeBatchesMax),
          left_slicer_(attached_window(spec.left_start, spec.left_end), true),
          right_slicer_(attached_window(spec.right_start, spec.right_end), true),
          index_(index_keys(spec, left_, right_), key_types(spec), spec.seed),
          out_(output_schema(spec)) {
        if (spec.residual) residual_.emplace(std::vector<ExprPtr>{spec.residual});
    }

    void process(std::size_t port, const BatchView& rows, OpContext& context, Emitter&) override {
        ASSERT(port < 2);
        RowSlicer& slicer = port == 0 ? left_slicer_ : right_slicer_;
        for (const RowSlicer::Part& part : slicer.cut(rows, context)) {
            if (watermark_.passes(part.id.end)) {
                context.counters.late_rows += part.rows.size();
                continue;
            }
            append(windows_[part.id], port, rows, part.rows);
        }
    }

    Progress advance(Watermark watermark, OpContext& context, Emitter& out) override {
        const Watermark limit = std::max(watermark_, local_watermark(watermark, spec_.zone));
        work_ = 0;
        while (!windows_.empty() && limit.passes(windows_.begin()->first.end)) {
            if (!is_firing_) start(windows_.begin()->first, windows_.begin()->second);
            if (!fire(windows_.begin()->second, context, out)) return Progress::kMore;
            if (context.failed()) return Progress::kDone;
            drop(windows_.extract(windows_.begin()));
            is_firing_ = false;
        }
        watermark_ = limit;
        return Progress::kDone;
    }

    [[nodiscard]] Watermark next_fire() override {
        if (windows_.empty()) return Watermark::max();
        return watermark_that_passes(windows_.begin()->first.end, spec_.zone);
    }

    [[nodiscard]] std::vector<StateTable> state_tables() const override {
        return {{"left", spec_.left, StateRoute::kByKey, key_columns(spec_, true)},
                {"right", spec_.right, StateRoute::kByKey, key_columns(spec_, false)},
                progress_table({"passed"})};
    }

    // Rows are added and never changed: how many there are is all there is to remember.
    void freeze(StateOut& out) override {
        ASSERT(!is_firing_ && frozen_.empty());
        state_out_ = &out;
        for (const auto& [id, rows] : windows_) {
            frozen_.push_back({id, 0, rows.left.size()});
            frozen_.push_back({id, 1, rows.right.size()});
        }
        write_progress(out, kProgressTable, {watermark_.nanos});
    }

    Progress save(std::size_t rows_max) override {
        std::size_t saved = 0;
        while (!frozen_.empty()) {
            if (saved >= rows_max) return Progress::kMore;
            FrozenRows& frozen = frozen_.back();
            if (frozen.saved < frozen.size) {
                saved += save_rows(frozen, rows_max - saved);
                continue;
            }
            const SliceId id = frozen.id;
            frozen_.pop_back();
            if (!is_frozen(id) && leaving_.contains(id)) drop(leaving_.extract(id));
        }
        return Progress::kDone;
    }

    void load(std::size_t table,
              const BatchView& rows,
              Watermark watermark,
              OpContext& context) override {
        watermark_ = std::max(watermark_, local_watermark(watermark, spec_.zone));
        if (table == kProgressTable) return;
        RowSlicer& slicer = table == 0 ? left_slicer_ : right_slicer_;
        for (const RowSlicer::Part& part : slicer.cut(rows, context))
            append(windows_[part.id], table, rows, part.rows);
    }

    [[nodiscard]] std::size_t memory_bytes() const override {
        std::size_t total = out_.memory_bytes() + index_.memory_bytes() +
                            left_pool_.memory_bytes() + right_pool_.memory_bytes();
        for (const auto* const windows : {&windows_, &leaving_}) {
            for (const auto& [id, rows] : *windows)
                total += rows.left.memory_bytes() + rows.right.memory_bytes();
        }
        return total;
    }

  private:
    using Windows = std::map<SliceId, WindowRows>;

    // The rows of a side of a window that were there when the state was frozen.
    struct FrozenRows {
        SliceId id;
        std::size_t port = 0;
        std::size_t size = 0;
        std::size_t saved = 0;
    };

    static constexpr std::size_t kFreeBatchesMax = 16;
    static constexpr std::size_t kProgressTable = 2;

    void append(WindowRows& window, std::size_t port, const BatchView& rows, Selection selected) {
        if (port == 0) {
            window.left.append(rows, selected, left_.kept, left_pool_);
        } else {
            window.right.append(rows, selected, right_.kept, right_pool_);
        }
    }

    [[nodiscard]] bool is_frozen(const SliceId& id) const {
        const auto found = std::lower_bound(
            frozen_.begin(), frozen_.end(), id, [](const FrozenRows& each, const SliceId& wanted) {
                return each.id < wanted;
            });
        return found != frozen_.end() && found->id == id;
    }

    // A window that has fired. What is not written yet stays until it is.
    void drop(Windows::node_type window) {
        if (is_frozen(window.key())) {
            leaving_.insert(std::move(window));
            return;
        }
        window.mapped().left.give_back(left_pool_);
        window.mapped().right.give_back(right_pool_);
    }

    // Writes some rows of one batch as they came in, bounds included.
    std::size_t save_rows(FrozenRows& frozen, std::size_t rows_max) {
        const auto left = leaving_.find(frozen.id);
        const WindowRows& window = left != leaving_.end() ? left->second : windows_.at(frozen.id);
        const Batch& from =
            (frozen.port == 0 ? window.left : window.right).batch(frozen.saved / kBatchRows);
        const std::size_t first = frozen.saved % kBatchRows;
        const std::size_t count =
            std::min({rows_max, frozen.size - frozen.saved, kBatchRows - first});
        const Side& side = frozen.port == 0 ? left_ : right_;
        std::fill_n(start_.data<std::int64_t>() + first, count, frozen.id.start);
        std::fill_n(end_.data<std::int64_t>() + first, count, frozen.id.end);
        columns_.clear();
        for (std::size_t i = 0; i < side.schema->size(); ++i) {
            const Column* const bound = i == side.start_column ? &start_ : &end_;
            const bool is_kept = side.place[i] != Side::kNotKept;
            columns_.push_back(is_kept ? &from.column(side.place[i]) : bound);
        }
        const Selection rows = Selection::range(first, count);
        state_out_->open(frozen.port, count).append({columns_, rows, from.kinds()}, rows);
        frozen.saved += count;
        return count;
    }

    [[nodiscard]] bool is_left_only() const noexcept {
        return spec_.kind == JoinKind::kSemi || spec_.kind == JoinKind::kAnti;
    }

    [[nodiscard]] bool keeps_left() const noexcept {
        return spec_.kind == JoinKind::kLeft || spec_.kind == JoinKind::kFull || is_left_only();
    }

    [[nodiscard]] bool keeps_right() const noexcept {
        return spec_.kind == JoinKind::kRight || spec_.kind == JoinKind::kFull;
    }

    void start(const SliceId& id, WindowRows& window) {
        is_firing_ = true;
        left_at_ = 0;
        chain_ = JoinIndex::kNone;
        is_probing_ = true;
        left_rest_ = 0;
        right_rest_ = 0;
        if (keeps_left()) left_matched_.assign(window.left.size(), false);
        if (keeps_right()) right_matched_.assign(window.right.size(), false);
        window.left.close();
        window.right.close();
        index_.build(window.right);
        write_bounds(id, left_, 0);
        write_bounds(id, right_, left_.schema->size());
    }

    // In all rows of out_, once for the window: pairs and halves leave these columns alone.
    void write_bounds(const SliceId& id, const Side& side, std::size_t first) {
        const auto write = [&](std::size_t column, std::int64_t bound) {
            if (side.place[column] != Side::kNotKept) return;
            std::fill_n(out_.column(first + column).data<std::int64_t>(), kBatchRows, bound);
        };
        write(side.start_column, id.start);
        write(side.end_column, id.end);
    }

    // Returns false when this call has done its share and the window is not finished.
    bool fire(const WindowRows& window, OpContext& context, Emitter& out) {
        while (is_probing_) {
            if (work_ >= kEmitRowsMax) return false;
            collect_pairs(window);
            emit_pairs(context, out);
            if (context.failed()) return true;
        }
        while (keeps_left() && left_rest_ < window.left.size()) {
            if (work_ >= kEmitRowsMax) return false;
            emit_left_rest(window, out);
        }
        while (keeps_right() && right_rest_ < window.right.size()) {
            if (work_ >= kEmitRowsMax) return false;
            emit_right_rest(window, out);
        }
        return true;
    }

    // Fills out_ with pairs whose keys agree, from where the last call stopped.
    void collect_pairs(const WindowRows& window) {
        left_of_.clear();
        right_of_.clear();
        out_.clear();
        const bool by_key = is_left_only() && !residual_;  // The keys alone decide.
        std::size_t scanned = 0;
        while (left_of_.size() < kBatchRows && scanned < kBatchRows) {
            if (chain_ == JoinIndex::kNone) {
                if (left_at_ == window.left.size()) {
                    is_probing_ = false;
                    break;
                }
                if (left_at_ % kBatchRows == 0)
                    index_.find(window.left.batch(left_at_ / kBatchRows), first_);
                chain_ = first_[left_at_ % kBatchRows];
                if (by_key && chain_ != JoinIndex::kNone) {
                    left_matched_[left_at_] = true;
                    chain_ = JoinIndex::kNone;
                }
                ++left_at_;
                ++scanned;
                continue;
            }
            left_of_.push_back(static_cast<std::uint32_t>(left_at_ - 1));
            right_of_.push_back(chain_);
            chain_ = index_.next(chain_);
        }
        work_ += left_of_.size() + scanned;
        gather(left_, 0, window.left, left_of_);
        gather(right_, left_.schema->size(), window.right, right_of_);
        out_.set_size(left_of_.size());
    }

    // The columns of one side of all pairs.
    void gather(const Side& side,
                std::size_t first,
                const JoinRows& rows,
                const std::vector<std::uint32_t>& chosen) {
        for (std::size_t i = 0; i < side.kept.size(); ++i)
            rows.gather(chosen, i, out_.column(first + side.kept[i]), out_.arena());
    }

    void emit_pairs(OpContext& context, Emitter& out) {
        Selection chosen = Selection::all(left_of_.size());
        if (chosen.empty()) return;
        if (residual_) chosen = residual_->select(out_.view(), context);
        if (context.failed()) return;
        if (keeps_left())
            chosen.for_each([this](std::size_t i) { left_matched_[left_of_[i]] = true; });
        if (keeps_right())
            chosen.for_each([this](std::size_t i) { right_matched_[right_of_[i]] = true; });
        if (!is_left_only() && !chosen.empty()) out.emit(out_.view().with(chosen));
    }

    // One batch of left rows that found no partner (kSemi: that found one).
    void emit_left_rest(const WindowRows& window, Emitter& out) {
        const Batch& batch = window.left.batch(left_rest_ / kBatchRows);
        const bool wanted = spec_.kind == JoinKind::kSemi;
        rest_.clear();
        for (std::size_t row = 0; row < batch.size(); ++row) {
            if (left_matched_[left_rest_ + row] == wanted)
                rest_.push_back(static_cast<std::uint16_t>(row));
        }
        left_rest_ += batch.size();
        work_ += rest_.size();
        if (rest_.empty()) return;
        if (is_left_only()) {
            emit_left(batch, out);
            return;
        }
        emit_half(batch, left_, 0, out);
    }

    void emit_right_rest(const WindowRows& window, Emitter& out) {
        const Batch& batch = window.right.batch(right_rest_ / kBatchRows);
        rest_.clear();
        for (std::size_t row = 0; row < batch.size(); ++row) {
            if (!right_matched_[right_rest_ + row])
                rest_.push_back(static_cast<std::uint16_t>(row));
        }
        right_rest_ += batch.size();
        work_ += rest_.size();
        if (!rest_.empty()) emit_half(batch, right_, left_.schema->size(), out);
    }

    // Emits rest_ of a batch of the left side as they came: kept columns, and the bounds.
    void emit_left(const Batch& batch, Emitter& out) {
        out_.clear();
        columns_.clear();
        for (std::size_t column = 0; column < left_.schema->size(); ++column) {
            const std::size_t place = left_.place[column];
            columns_.push_back(place == Side::kNotKept ? &out_.column(column)
                                                       : &batch.column(place));
        }
        out.emit({columns_, Selection::list(rest_), batch.kinds()});
    }

    // Emits rest_ of `batch` as the columns of its side, which begin at `first`, all others NULL.
    void emit_half(const Batch& batch, const Side& side, std::size_t first, Emitter& out) {
        out_.clear();
        for (std::size_t column = 0; column < out_.column_count(); ++column) {
            Column& target = out_.column(column);
            if (column >= first && column < first + side.schema->size()) {
                const std::size_t place = side.place[column - first];
                if (place != Side::kNotKept)
                    target.copy_rows(0, batch.column(place), rest_, out_.arena());
                continue;
            }
            for (std::size_t row = 0; row < rest_.size(); ++row)
                write_null(target, row);
        }
        out_.set_size(rest_.size());
        out.emit(out_.view());
    }

    WindowJoinSpec spec_;
    Side left_;
    Side right_;
    BatchPool left_pool_;
    BatchPool right_pool_;
    RowSlicer left_slicer_;
    RowSlicer right_slicer_;
    Windows windows_;
    Watermark watermark_;  // On the local clock.
    JoinIndex index_;
    std::optional<Program> residual_;
    Batch out_;

    // What is frozen.
    StateOut* state_out_ = nullptr;
    std::vector<FrozenRows> frozen_;  // By id; written from the back.
    Windows leaving_;                 // Windows that fired before they were written.
    Column start_{Type::timestamp(3).not_null()};
    Column end_{Type::timestamp(3).not_null()};

    // The window that fires, and how far it has come.
    bool is_firing_ = false;
    bool is_probing_ = false;
    std::size_t work_ = 0;  // Rows emitted or considered by this call.
    std::size_t left_at_ = 0;
    std::uint32_t chain_ = JoinIndex::kNone;  // The next right row for left row left_at_ - 1.
    std::size_t left_rest_ = 0;
    std::size_t right_rest_ = 0;
    std::vector<std::uint32_t> first_;
    std::vector<std::uint32_t> left_of_;
    std::vector<std::uint32_t> right_of_;
    std::vector<std::uint16_t> rest_;
    std::vector<const Column*> columns_;
    std::vector<bool> left_matched_;
    std::vector<bool> right_matched_;
};

}  // namespace

std::unique_ptr<Op> make_window_join(const WindowJoinSpec& spec) {
    for (const JoinKey& key : spec.keys) {
        ASSERT((*spec.left)[key.left].type.physical() == (*spec.right)[key.right].type.physical());
    }
    return std::make_unique<WindowJoin>(spec);
}

}  // namespace thalweg
