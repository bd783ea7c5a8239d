#include "ops/window_join.h"

#include "ops/expr/program.h"
#include "ops/group_key.h"
#include "ops/local_time.h"
#include "ops/row_slicer.h"
#include "state/flat_table.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace thalweg {

namespace {

// The rows of one side of one window, copied: all batches but the last are full.
class RowStore {
  public:
    void append(const BatchView& view, Selection rows, BatchPool& pool) {
        while (!rows.empty()) {
            if (batches_.empty() || batches_.back()->room() == 0) batches_.push_back(pool.take());
            const std::size_t count = std::min(rows.size(), batches_.back()->room());
            batches_.back()->append(view, rows.slice(0, count));
            rows = rows.slice(count, rows.size() - count);
            size_ += count;
        }
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    [[nodiscard]] std::size_t batch_count() const noexcept { return batches_.size(); }

    [[nodiscard]] const Batch& batch(std::size_t index) const { return *batches_[index]; }

    [[nodiscard]] const Batch& batch_of(std::size_t row) const {
        return *batches_[row / kBatchRows];
    }

    void give_back(BatchPool& pool) {
        for (auto& batch : batches_) {
            batch->clear();
            pool.give_back(std::move(batch));
        }
        batches_.clear();
        size_ = 0;
    }

    [[nodiscard]] std::size_t memory_bytes() const {
        std::size_t total = 0;
        for (const auto& batch : batches_)
            total += batch->memory_bytes();
        return total;
    }

  private:
    std::vector<std::unique_ptr<Batch>> batches_;
    std::size_t size_ = 0;
};

struct WindowRows {
    RowStore left;
    RowStore right;
};

SchemaPtr output_schema(const WindowJoinSpec& spec) {
    std::vector<Field> fields = spec.left->fields;
    fields.insert(fields.end(), spec.right->fields.begin(), spec.right->fields.end());
    return make_schema(std::move(fields));
}

WindowSpec attached(std::size_t start, std::size_t end) {
    WindowSpec window;
    window.kind = WindowKind::kAttached;
    window.start_column = start;
    window.end_column = end;
    return window;
}

std::vector<Type> key_types(const WindowJoinSpec& spec) {
    std::vector<Type> types;
    for (const JoinKey& key : spec.keys)
        types.push_back((*spec.left)[key.left].type.with_nullable(key.null_is_equal));
    return types;
}

void write_null(Column& column, std::size_t row) {
    column.set_null(row);
    if (column.physical() == Physical::kString) column.data<StringRef>()[row] = {};
    if (column.physical() == Physical::kList) column.data<ListRef>()[row] = {};
    if (column.physical() != Physical::kRow) return;
    for (std::size_t i = 0; i < column.child_count(); ++i)
        write_null(column.child(i), row);
}

// Rows of one side by key: a table of chains.
class JoinIndex {
  public:
    static constexpr std::uint32_t kNone = 0xFFFF'FFFF;

    explicit JoinIndex(const WindowJoinSpec& spec)
        : spec_(&spec), key_(key_types(spec), spec.seed, GroupKey::Nulls::kInside) {
        if (key_.is_text()) {
            texts_.emplace(sizeof(std::uint64_t));
        } else {
            words_.emplace(key_.key_bytes(), sizeof(std::uint64_t));
        }
    }

    // Indexes the right side. Rows whose key has a NULL that equals nothing are left out.
    void build(const RowStore& rows) {
        next_.assign(rows.size(), kNone);
        if (words_) words_->clear();
        if (texts_) texts_->clear();
        for (std::size_t i = 0; i < rows.batch_count(); ++i) {
            const Selection selected = encode(rows.batch(i), false);
            if (words_) {
                words_->find_or_insert(encoded_.words, encoded_.hashes, positions_);
            } else {
                texts_->find_or_insert(encoded_.texts, encoded_.hashes, positions_);
            }
            for (std::size_t k = 0; k < selected.size(); ++k) {
                const std::size_t row = i * kBatchRows + selected[k];
                std::uint64_t& head = head_of(positions_[k]);  // 0: none; else the row plus one.
                next_[row] = static_cast<std::uint32_t>(head) - 1;
                head = row + 1;
            }
        }
    }

    // The first right row that matches each row of a left batch; kNone where there is none.
    void find(const Batch& batch, std::vector<std::uint32_t>& first) {
        first.assign(batch.size(), kNone);
        const Selection selected = encode(batch, true);
        if (words_) {
            words_->find(encoded_.words, encoded_.hashes, positions_);
        } else {
            texts_->find(encoded_.texts, encoded_.hashes, positions_);
        }
        for (std::size_t k = 0; k < selected.size(); ++k) {
            if (positions_[k] == EntryTable::kAbsent) continue;
            first[selected[k]] = static_cast<std::uint32_t>(head_of(positions_[k])) - 1;
        }
    }

    // The next right row with the same key.
    [[nodiscard]] std::uint32_t next(std::uint32_t row) const { return next_[row]; }

    [[nodiscard]] std::size_t memory_bytes() const {
        return (words_ ? words_->memory_bytes() : texts_->memory_bytes()) + next_.capacity() * 4;
    }

  private:
    std::uint64_t& head_of(std::uint32_t position) {
        std::byte* const payload = words_ ? words_->payload(position) : texts_->payload(position);
        return *reinterpret_cast<std::uint64_t*>(payload);
    }

    Selection encode(const Batch& batch, bool is_left) {
        std::vector<const Column*> columns;
        rows_.clear();
        for (const JoinKey& key : spec_->keys)
            columns.push_back(&batch.column(is_left ? key.left : key.right));
        for (std::size_t row = 0; row < batch.size(); ++row) {
            bool can_match = true;
            for (std::size_t k = 0; k < columns.size(); ++k)
                can_match &= spec_->keys[k].null_is_equal || !columns[k]->is_null(row);
            if (can_match) rows_.push_back(static_cast<std::uint16_t>(row));
        }
        const Selection selected = Selection::list(rows_);
        key_.encode(columns, selected, encoded_);
        positions_.resize(selected.size());
        return selected;
    }

    const WindowJoinSpec* spec_;
    GroupKey key_;
    GroupKey::Encoded encoded_;
    std::optional<FlatTable> words_;
    std::optional<ByteTable> texts_;
    std::vector<std::uint32_t> next_;
    std::vector<std::uint32_t> positions_;
    std::vector<std::uint16_t> rows_;
};

// Keeps the rows of open windows. When one fires: index the right side, look up the left one,
// collect pairs in a batch, let the residual condition choose among them, then add the rows that
// found no partner. Stops between two batches of pairs and goes on there.
class WindowJoin final : public Op {
  public:
    explicit WindowJoin(const WindowJoinSpec& spec)
        : spec_(spec),
          left_pool_(spec.left, kFreeBatchesMax),
          right_pool_(spec.right, kFreeBatchesMax),
          left_slicer_(attached(spec.left_start, spec.left_end), true),
          right_slicer_(attached(spec.right_start, spec.right_end), true),
          index_(spec_),
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
            WindowRows& window = windows_[part.id];
            if (port == 0) {
                window.left.append(rows, part.rows, left_pool_);
            } else {
                window.right.append(rows, part.rows, right_pool_);
            }
        }
    }

    Progress advance(Watermark watermark, OpContext& context, Emitter& out) override {
        const Watermark limit = std::max(watermark_, local_watermark(watermark, spec_.zone));
        work_ = 0;
        while (!windows_.empty() && limit.passes(windows_.begin()->first.end)) {
            if (!is_firing_) start(windows_.begin()->second);
            if (!fire(windows_.begin()->second, context, out)) return Progress::kMore;
            if (context.failed()) return Progress::kDone;
            windows_.begin()->second.left.give_back(left_pool_);
            windows_.begin()->second.right.give_back(right_pool_);
            windows_.erase(windows_.begin());
            is_firing_ = false;
        }
        watermark_ = limit;
        return Progress::kDone;
    }

    [[nodiscard]] Watermark next_fire() override {
        if (windows_.empty()) return Watermark::max();
        return watermark_that_passes(windows_.begin()->first.end, spec_.zone);
    }

    [[nodiscard]] std::size_t memory_bytes() const override {
        std::size_t total = out_.memory_bytes() + index_.memory_bytes();
        for (const auto& [id, rows] : windows_)
            total += rows.left.memory_bytes() + rows.right.memory_bytes();
        return total;
    }

  private:
    static constexpr std::size_t kFreeBatchesMax = 16;

    [[nodiscard]] bool is_left_only() const noexcept {
        return spec_.kind == JoinKind::kSemi || spec_.kind == JoinKind::kAnti;
    }

    [[nodiscard]] bool keeps_left() const noexcept {
        return spec_.kind == JoinKind::kLeft || spec_.kind == JoinKind::kFull || is_left_only();
    }

    [[nodiscard]] bool keeps_right() const noexcept {
        return spec_.kind == JoinKind::kRight || spec_.kind == JoinKind::kFull;
    }

    void start(const WindowRows& window) {
        is_firing_ = true;
        left_at_ = 0;
        chain_ = JoinIndex::kNone;
        is_probing_ = true;
        left_rest_ = 0;
        right_rest_ = 0;
        left_matched_.assign(window.left.size(), false);
        right_matched_.assign(window.right.size(), false);
        index_.build(window.right);
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
                const Batch& batch = window.left.batch_of(left_at_);
                if (left_at_ % kBatchRows == 0) index_.find(batch, first_);
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
        for (std::size_t column = 0; column < out_.column_count(); ++column) {
            const bool is_left = column < spec_.left->size();
            const RowStore& store = is_left ? window.left : window.right;
            const std::vector<std::uint32_t>& rows = is_left ? left_of_ : right_of_;
            copy_rows(column, is_left ? column : column - spec_.left->size(), store, rows);
        }
        out_.set_size(left_of_.size());
    }

    void copy_rows(std::size_t target,
                   std::size_t source,
                   const RowStore& store,
                   const std::vector<std::uint32_t>& rows) {
        Column& column = out_.column(target);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const Column& from = store.batch_of(rows[i]).column(source);
            const std::size_t row = rows[i] % kBatchRows;
            if (from.is_null(row)) {
                write_null(column, i);
            } else {
                column.copy_row(i, from, row, out_.arena());
            }
        }
    }

    void emit_pairs(OpContext& context, Emitter& out) {
        Selection chosen = Selection::all(left_of_.size());
        if (chosen.empty()) return;
        if (residual_) chosen = residual_->select(out_.view(), context);
        if (context.failed()) return;
        chosen.for_each([this](std::size_t i) {
            left_matched_[left_of_[i]] = true;
            right_matched_[right_of_[i]] = true;
        });
        if (!is_left_only() && !chosen.empty()) out.emit(out_.view().with(chosen));
    }

    // One batch of left rows that found no partner (kSemi: that found one).
    void emit_left_rest(const WindowRows& window, Emitter& out) {
        const Batch& batch = window.left.batch_of(left_rest_);
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
            out.emit(batch.view().with(Selection::list(rest_)));
            return;
        }
        emit_half(batch, 0, spec_.left->size(), out);
    }

    void emit_right_rest(const WindowRows& window, Emitter& out) {
        const Batch& batch = window.right.batch_of(right_rest_);
        rest_.clear();
        for (std::size_t row = 0; row < batch.size(); ++row) {
            if (!right_matched_[right_rest_ + row])
                rest_.push_back(static_cast<std::uint16_t>(row));
        }
        right_rest_ += batch.size();
        work_ += rest_.size();
        if (!rest_.empty()) emit_half(batch, spec_.left->size(), spec_.right->size(), out);
    }

    // Emits rest_ of `batch` as columns [first, first + count), all others NULL.
    void emit_half(const Batch& batch, std::size_t first, std::size_t count, Emitter& out) {
        out_.clear();
        for (std::size_t column = 0; column < out_.column_count(); ++column) {
            Column& target = out_.column(column);
            if (column >= first && column < first + count) {
                target.copy_rows(0, batch.column(column - first), rest_, out_.arena());
                continue;
            }
            for (std::size_t row = 0; row < rest_.size(); ++row)
                write_null(target, row);
        }
        out_.set_size(rest_.size());
        out.emit(out_.view());
    }

    WindowJoinSpec spec_;
    BatchPool left_pool_;
    BatchPool right_pool_;
    RowSlicer left_slicer_;
    RowSlicer right_slicer_;
    std::map<SliceId, WindowRows> windows_;
    Watermark watermark_;  // On the local clock.
    JoinIndex index_;
    std::optional<Program> residual_;
    Batch out_;

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
