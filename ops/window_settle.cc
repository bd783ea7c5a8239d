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
#include <functional>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace thalweg {

namespace {

// When the rows of an entry came, the first of them first.
struct Arrivals {
    std::vector<std::uint64_t> numbers;
    std::size_t gone = 0;

    // What has gone is never more than what is left.
    void pop() {
        if (++gone * 2 < numbers.size()) return;
        numbers.erase(numbers.begin(), numbers.begin() + static_cast<std::ptrdiff_t>(gone));
        if (numbers.empty()) numbers = {};
        gone = 0;
    }
};

SchemaPtr saved_schema(const WindowSettleSpec& spec) {
    std::vector<Field> fields = JoinSide::state_schema(spec.schema)->fields;
    if (spec.keeps_order) fields.push_back({"arrival", Type::bigint().not_null()});
    return make_schema(std::move(fields));
}

class WindowSettle final : public Op {
  public:
    explicit WindowSettle(const WindowSettleSpec& spec)
        : spec_(spec),
          slicer_(attached_window(spec.start_column, spec.end_column), true),
          side_(spec.schema, true, spec.seed),
          saved_(saved_schema(spec)),
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
                load_row(rows, part.rows[i], packed_[i], head);
            }
        }
    }

    [[nodiscard]] std::size_t memory_bytes() const override {
        return side_.memory_bytes() + saved_.memory_bytes() + out_.memory_bytes() +
               arrivals_.capacity() * sizeof(Arrivals) +
               arrival_count_ * 2 * sizeof(std::uint64_t) + in_order_.capacity() * sizeof(InOrder);
    }

  private:
    using InOrder = std::pair<std::uint64_t, std::uint32_t>;  // When, and the entry.

    void load_row(const BatchView& rows, std::size_t row, std::byte* packed, std::uint32_t& head) {
        const std::size_t width = side_.layout().size();
        if (!spec_.keeps_order) {
            const std::int64_t count = rows[width + 1].data<std::int64_t>()[row];
            side_.add(packed, {0, static_cast<std::uint32_t>(count)}, head);
            return;
        }
        const auto arrival = static_cast<std::uint64_t>(rows[width + 2].data<std::int64_t>()[row]);
        next_arrival_ = std::max(next_arrival_, arrival + 1);
        std::uint32_t entry = side_.find(packed);
        if (entry == JoinSide::kNone) {
            side_.add(packed, {}, head);
            entry = head;
        } else {
            side_.drop(packed);
            side_.add_copy(entry, 1);
        }
        arrive(entry, arrival);
    }

    void arrive(std::uint32_t entry, std::uint64_t arrival) {
        if (arrivals_.size() <= entry) arrivals_.resize(entry + 1);
        std::vector<std::uint64_t>& numbers = arrivals_[entry].numbers;
        numbers.insert(std::upper_bound(numbers.begin(), numbers.end(), arrival), arrival);
        ++arrival_count_;
    }

    void leave(std::uint32_t entry, std::uint32_t& head) {
        if (spec_.keeps_order) {
            arrivals_[entry].pop();
            --arrival_count_;
        }
        side_.remove(entry, head);
    }

    void change(std::byte* packed, RowKind kind, std::uint32_t& head, OpContext& context) {
        const std::uint32_t equal = side_.find(packed);
        if (is_gain(kind) && equal == JoinSide::kNone) {
            side_.add(packed, {}, head);
            if (spec_.keeps_order) arrive(head, next_arrival_++);
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
            if (spec_.keeps_order) arrive(equal, next_arrival_++);
        } else {
            leave(equal, head);
        }
    }

    // The rows to emit next, up to a batch, to rows_ and leaving_.
    void take_any(std::uint32_t head) {
        for (std::uint32_t entry = head; entry != JoinSide::kNone; entry = side_.next(entry)) {
            for (std::uint32_t copy = side_.copies(entry); copy > 0; --copy) {
                if (rows_.size() == kBatchRows) return;
                rows_.push_back(side_.row(entry));
                leaving_.push_back(entry);
            }
        }
    }

    // The same in their order, which is found when the window begins to fire.
    void take_in_order(std::uint32_t head) {
        if (in_order_.empty()) {
            for (std::uint32_t entry = head; entry != JoinSide::kNone; entry = side_.next(entry)) {
                const Arrivals& all = arrivals_[entry];
                for (std::size_t i = all.gone; i < all.numbers.size(); ++i)
                    in_order_.emplace_back(all.numbers[i], entry);
            }
            std::sort(in_order_.begin(), in_order_.end(), std::greater<>());
        }
        while (!in_order_.empty() && rows_.size() < kBatchRows) {
            const std::uint32_t entry = in_order_.back().second;
            in_order_.pop_back();
            rows_.push_back(side_.row(entry));
            leaving_.push_back(entry);
        }
    }

    // Emits up to a batch of rows of the window that begins at `head`, and forgets them.
    void emit_some(std::uint32_t& head, Emitter& out) {
        leaving_.clear();
        rows_.clear();
        if (spec_.keeps_order) {
            take_in_order(head);
        } else {
            take_any(head);
        }
        for (std::size_t i = 0; i < side_.layout().size(); ++i)
            side_.layout().unpack(rows_, i, out_.column(i), out_.arena());
        out_.set_size(rows_.size());
        out.emit(out_.view());
        out_.clear();
        for (const std::uint32_t entry : leaving_) {
            write_before(entry);
            leave(entry, head);
        }
    }

    void write_before(std::uint32_t entry) {
        if (side_.is_frozen()) write(side_.touch({&entry, 1}));
    }

    void write(std::span<const std::uint32_t> entries) {
        if (entries.empty()) return;
        side_.write(entries, saved_);
        if (!spec_.keeps_order) {
            state_out_->open(0, entries.size()).append(saved_.view());
            return;
        }
        for (std::size_t i = 0; i < entries.size(); ++i) {
            const Arrivals& all = arrivals_[entries[i]];
            for (std::size_t k = all.gone; k < all.numbers.size(); ++k)
                write_arrival(i, all.numbers[k]);
        }
    }

    // Row `from` of saved_, once.
    void write_arrival(std::size_t from, std::uint64_t arrival) {
        Batch& batch = state_out_->open(0, 1);
        const std::size_t row = batch.size();
        const std::size_t width = side_.layout().size();
        for (std::size_t column = 0; column < width; ++column)
            batch.column(column).copy_row(row, saved_.column(column), from, batch.arena());
        batch.column(width).data<std::int64_t>()[row] = 0;
        batch.column(width + 1).data<std::int64_t>()[row] = 1;
        batch.column(width + 2).data<std::int64_t>()[row] = static_cast<std::int64_t>(arrival);
        batch.set_size(row + 1);
    }

    WindowSettleSpec spec_;
    RowSlicer slicer_;
    JoinSide side_;
    std::map<SliceId, std::uint32_t> windows_;  // The first of the rows of each; there is one.
    Watermark watermark_;                       // On the local clock.
    std::vector<Arrivals> arrivals_;            // Of each entry, where the order is kept,
    std::size_t arrival_count_ = 0;             // of all of them,
    std::uint64_t next_arrival_ = 0;
    std::vector<InOrder> in_order_;  // and, the last first, of the window that fires.
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
