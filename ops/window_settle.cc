#include "ops/window_settle.h"

#include "ops/join_side.h"
#include "ops/local_time.h"
#include "ops/progress_table.h"
#include "ops/row_kinds.h"
#include "ops/row_slicer.h"
#include "ops/window_fields.h"
#include "state/base/assertion.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <span>

namespace thalweg {

namespace {

class WindowSettle final : public Op {
  public:
    explicit WindowSettle(const WindowSettleSpec& spec)
        : spec_(spec),
          slicer_(attached_window(spec.start_column, spec.end_column), true),
          side_(spec.schema, true, spec.seed),
          saved_(JoinSide::state_schema(spec.schema)),
          out_(spec.schema) {}

    void process(std::size_t, const BatchView& rows, OpContext& context, Emitter&) override {
        for (const RowSlicer::Part& part : slicer_.cut(rows, context)) {
            if (watermark_.passes(part.id.end)) {
                context.counters.late_rows += part.rows.size();
                continue;
            }
            side_.pack(rows, part.rows, packed_);
            std::uint32_t& head = windows_.try_emplace(part.id, JoinSide::kNone).first->second;
            for (std::size_t i = 0; i < packed_.size(); ++i)
                change(packed_[i], rows.kind(part.rows[i]), head, context);
            if (head == JoinSide::kNone) windows_.erase(part.id);
        }
    }

    Progress advance(Watermark watermark, OpContext&, Emitter& out) override {
        const Watermark limit = std::max(watermark_, local_watermark(watermark, spec_.zone));
        for (std::size_t work = 0; work < kEmitRowsMax; work += kBatchRows) {
            if (windows_.empty() || !limit.passes(windows_.begin()->first.end)) {
                watermark_ = limit;
                return Progress::kDone;
            }
            emit_some(windows_.begin()->second, out);
            if (windows_.begin()->second == JoinSide::kNone) windows_.erase(windows_.begin());
        }
        return Progress::kMore;
    }

    [[nodiscard]] Watermark next_fire() override {
        if (windows_.empty()) return Watermark::max();
        return watermark_that_passes(windows_.begin()->first.end, spec_.zone);
    }

    [[nodiscard]] std::vector<StateTable> state_tables() const override {
        return {{"rows", saved_.schema(), StateRoute::kByKey, spec_.partition},
                progress_table({"passed"})};
    }

    void freeze(StateOut& out) override {
        state_out_ = &out;
        side_.freeze();
        write_progress(out, 1, {watermark_.nanos});
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

    void load(std::size_t table,
              const BatchView& rows,
              Watermark watermark,
              OpContext& context) override {
        watermark_ = std::max(watermark_, local_watermark(watermark, spec_.zone));
        if (table == 1) return;  // Every instance hears of the watermark.
        const auto* const copies = rows[side_.layout().size() + 1].data<std::int64_t>();
        for (const RowSlicer::Part& part : slicer_.cut(rows, context)) {
            side_.pack(rows, part.rows, packed_);
            std::uint32_t& head = windows_.try_emplace(part.id, JoinSide::kNone).first->second;
            for (std::size_t i = 0; i < packed_.size(); ++i) {
                const std::int64_t count = copies[part.rows[i]];
                if (count < 1 || count > JoinSide::kNone) {
                    context.fail("a window was given a row with an impossible count");
                    return;
                }
                side_.add(packed_[i], {0, static_cast<std::uint32_t>(count)}, head);
            }
        }
    }

    [[nodiscard]] std::size_t memory_bytes() const override {
        return side_.memory_bytes() + saved_.memory_bytes() + out_.memory_bytes();
    }

  private:
    void change(std::byte* packed, RowKind kind, std::uint32_t& head, OpContext& context) {
        const std::uint32_t equal = side_.find(packed);
        if (is_gain(kind) && equal == JoinSide::kNone) {
            side_.add(packed, {}, head);
            return;
        }
        side_.drop(packed);
        if (equal == JoinSide::kNone) {
            ++context.counters.filtered_rows;
            return;
        }
        write_before(equal);
        if (is_gain(kind)) {
            side_.add_copy(equal, 1);
        } else {
            side_.remove(equal, head);
        }
    }

    // Emits up to a batch of rows of the window that begins at `head`, and forgets them.
    void emit_some(std::uint32_t& head, Emitter& out) {
        leaving_.clear();
        rows_.clear();
        for (std::uint32_t entry = head; entry != JoinSide::kNone; entry = side_.next(entry)) {
            for (std::uint32_t copy = side_.copies(entry); copy > 0; --copy) {
                if (rows_.size() == kBatchRows) break;
                rows_.push_back(side_.row(entry));
                leaving_.push_back(entry);
            }
            if (rows_.size() == kBatchRows) break;
        }
        for (std::size_t i = 0; i < side_.layout().size(); ++i)
            side_.layout().unpack(rows_, i, out_.column(i), out_.arena());
        out_.set_size(rows_.size());
        out.emit(out_.view());
        out_.clear();
        for (const std::uint32_t entry : leaving_) {
            write_before(entry);
            side_.remove(entry, head);
        }
    }

    void write_before(std::uint32_t entry) {
        if (side_.is_frozen()) write(side_.touch({&entry, 1}));
    }

    void write(std::span<const std::uint32_t> entries) {
        if (entries.empty()) return;
        side_.write(entries, saved_);
        state_out_->open(0, entries.size()).append(saved_.view());
    }

    WindowSettleSpec spec_;
    RowSlicer slicer_;
    JoinSide side_;
    std::map<SliceId, std::uint32_t> windows_;  // The first of the rows of each; there is one.
    Watermark watermark_;                       // On the local clock.
    Batch saved_;
    Batch out_;
    StateOut* state_out_ = nullptr;
    std::vector<std::byte*> packed_;
    std::vector<const std::byte*> rows_;
    std::vector<std::uint32_t> leaving_;
};

}  // namespace

std::unique_ptr<Op> make_window_settle(const WindowSettleSpec& spec) {
    return std::make_unique<WindowSettle>(spec);
}

}  // namespace thalweg
