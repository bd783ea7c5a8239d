#include "ops/sliding_aggregate.h"

#include "ops/aggregate/state_update.h"
#include "ops/row_slicer.h"
#include "ops/sliding_groups.h"
#include "ops/sliding_rows.h"
#include "ops/sliding_sums.h"
#include "ops/sliding_tables.h"
#include "ops/window_clock.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace thalweg {

namespace {

class SlidingAggregate final : public Op {
  public:
    explicit SlidingAggregate(const WindowAggregateSpec& spec)
        : spec_(spec),
          layout_(spec.calls),
          partial_keys_(input_keys(spec)),
          slicer_(input_window(spec), is_final(spec)),
          row_slicer_(spec.window, false),
          groups_(spec.key_types, spec.seed, layout_.payload_bytes()),
          sums_(spec.window, layout_, groups_),
          rows_(result_schema(spec), layout_, groups_),
          tables_(spec, layout_, groups_),
          update_(layout_),
          clock_(spec.window),
          out_(result_schema(spec)) {
        if (is_final(spec)) count_column_ = partial_schema(spec)->size() - 1;
    }

    void process(std::size_t port, const BatchView& rows, OpContext& context, Emitter&) override {
        if (is_loaded_) take_loaded(&context);
        is_partial_ = is_final(spec_) && port == 0;
        RowSlicer& slicer = is_final(spec_) && !is_partial_ ? row_slicer_ : slicer_;
        const std::vector<RowSlicer::Part>& parts = slicer.cut(rows, context);
        if (!parts.empty()) {
            tidy_up();
            locate_groups(rows);
            take(parts, rows, context);
            if (!spec_.window.is_event_time) next_end_ = sums_.next_end(watermark_);
        }
        position_ += kBatchRows;
    }

    Progress advance(Watermark watermark, OpContext& context, Emitter& out) override {
        if (is_loaded_) take_loaded(&context);
        const std::optional<Watermark> limit = clock_.at_advance(watermark);
        return limit ? fire(*limit, out) : Progress::kDone;
    }

    [[nodiscard]] Watermark next_fire() override {
        if (is_loaded_) take_loaded(nullptr);
        return clock_.next_fire(sums_.next_end(watermark_));
    }

    Progress tick(OpContext& context, Emitter& out) override {
        if (is_loaded_) take_loaded(&context);
        const std::optional<Watermark> limit = clock_.at_tick(context.now_ns);
        return limit ? fire(*limit, out) : Progress::kDone;
    }

    [[nodiscard]] std::int64_t next_tick_ns() const override {
        return clock_.next_tick_ns(next_end_);
    }

    [[nodiscard]] std::vector<StateTable> state_tables() const override { return tables_.tables(); }

    void freeze(StateOut& out) override {
        if (is_loaded_) take_loaded(nullptr);
        state_out_ = &out;
        tables_.write_position(position_, out);
        tables_.set_clock(watermark_);
        sums_.freeze(watermark_);
    }

    Progress save(std::size_t rows_max) override {
        if (!sums_.is_frozen()) return Progress::kDone;
        const bool is_more = sums_.keep_some(rows_max);
        SlidingLog& kept = sums_.kept();
        while (rows_max != 0 && kept.size() != 0) {
            const SlidingLog::Run records = kept.front(rows_max);
            tables_.write(records, sums_, *state_out_);
            kept.pop(records.count);
            rows_max -= records.count;
        }
        if (is_more || kept.size() != 0) return Progress::kMore;
        sums_.thaw();
        return Progress::kDone;
    }

    void load(std::size_t table,
              const BatchView& rows,
              Watermark watermark,
              OpContext& context) override {
        is_loaded_ = true;
        is_linked_ = false;
        if (spec_.window.is_event_time)
            watermark_ = std::max(watermark_, local_watermark(watermark, spec_.window.zone));
        if (table == SlidingTables::kPositions) {
            position_ = SlidingTables::read_position(rows, position_);
        } else {
            const std::string_view wrong = tables_.read(rows, sums_, watermark_);
            if (!wrong.empty()) fail_load(wrong, context);
        }
        sums_.resume(watermark_);
        if (!spec_.window.is_event_time) next_end_ = sums_.next_end(watermark_);
    }

    [[nodiscard]] std::size_t memory_bytes() const override {
        return groups_.memory_bytes() + sums_.memory_bytes() + rows_.memory_bytes() +
               out_.memory_bytes();
    }

  private:
    // Windows of at most so many rows are copied: to emit a view takes as long as to copy a
    // hundred rows.
    static constexpr std::size_t kCopiedRowsMax = 128;

    // Rows of one slice and one group that are worth an update of their own.
    static constexpr std::size_t kOneGroupRows = 16;

    static bool is_final(const WindowAggregateSpec& spec) {
        return spec.phase == AggregatePhase::kFinal;
    }

    static void fail_load(std::string_view wrong, OpContext& context) {
        context.fail("the saved state of a sliding window cannot be right: " + std::string(wrong));
    }

    // All has been loaded. Without a context what is wrong is told by the next call that has one.
    void take_loaded(OpContext* context) {
        if (!is_linked_) wrong_ = sums_.link_loaded(watermark_);
        is_linked_ = true;
        if (context == nullptr) return;
        is_loaded_ = false;
        if (!wrong_.empty()) fail_load(wrong_, *context);
    }

    void tidy_up() {
        rows_.renew_keys();
        if (sums_.is_frozen()) return;  // What is to be written names groups by their ids.
        const auto new_ids = groups_.renumber(sums_.slices().entries_max());
        if (new_ids.empty()) return;
        sums_.renumber(new_ids);
        rows_.renumber(new_ids);
    }

    // The group of each row to row_groups_, at the row's index.
    void locate_groups(const BatchView& view) {
        const std::vector<std::size_t>& key_columns = is_partial_ ? partial_keys_ : spec_.keys;
        std::array<const Column*, kKeysMax> few;
        std::vector<const Column*> many;
        std::span<const Column*> keys(few.data(), std::min(key_columns.size(), kKeysMax));
        if (key_columns.size() > kKeysMax) {
            many.resize(key_columns.size());
            keys = many;
        }
        for (std::size_t i = 0; i < keys.size(); ++i)
            keys[i] = view.columns[key_columns[i]];
        const Selection rows = view.selection;
        if (rows.is_range()) {
            groups_.locate(keys, rows, std::span(row_groups_).subspan(rows.first(), rows.size()));
            return;
        }
        const std::span<std::uint32_t> ids = std::span(entries_).first(rows.size());
        groups_.locate(keys, rows, ids);
        for (std::size_t i = 0; i < ids.size(); ++i)
            row_groups_[rows[i]] = ids[i];
    }

    // Finds the state of each row of all slices, then updates them together.
    void take(const std::vector<RowSlicer::Part>& parts,
              const BatchView& view,
              OpContext& context) {
        taken_ = {};
        for (const RowSlicer::Part& part : parts) {
            switch (sums_.place_of(part.id.end, watermark_)) {
                case SlidingSums::Place::kOpen:
                    if (spec_.keys.empty() && part.rows.size() >= kOneGroupRows) {
                        take_one_group(part, view);
                        break;
                    }
                    sums_.locate(row_groups_, part.rows, entries_.data() + taken_.size());
                    add_taken(part.rows);
                    break;
                case SlidingSums::Place::kTaken: take_late(part, view); break;
                case SlidingSums::Place::kLate:
                    context.counters.late_rows += count_rows(part, view);
                    break;
                case SlidingSums::Place::kNoWindow:
                    context.counters.filtered_rows += count_rows(part, view);
                    break;
            }
        }
        const std::size_t count = taken_.size();
        if (count == 0) return;
        AggregateInput input;
        input.rows = taken_;
        SlidingSlices& slices = sums_.slices();
        input.placed.first = slices.payload(0);
        input.placed.stride = slices.stride();
        input.placed.positions = entries_.data();
        if (sums_.is_frozen()) sums_.keep({entries_.data(), count});
        input.placed.has_runs = has_runs(count);
        add(view, input);
    }

    // Parts that follow each other, as those of rows in order do, stay the range or the piece of
    // a list that they are.
    void add_taken(Selection rows) {
        const std::size_t count = taken_.size();
        if (count == 0) {
            taken_ = rows;
        } else if (is_next(rows)) {
            taken_ = rows.is_range() ? Selection::range(taken_.first(), count + rows.size())
                                     : Selection::list({taken_.rows().data(), count + rows.size()});
        } else {
            std::uint16_t* next = taken_rows_.data();
            const auto add_row = [&](std::size_t row) {
                *next++ = static_cast<std::uint16_t>(row);
            };
            const bool is_listed = !taken_.is_range() && taken_.rows().data() == next;
            if (is_listed) {
                next += count;
            } else {
                taken_.for_each(add_row);
            }
            rows.for_each(add_row);
            taken_ = Selection::list({taken_rows_.data(), next});
        }
    }

    // Whether the rows come right behind those that have been taken.
    [[nodiscard]] bool is_next(Selection rows) const noexcept {
        if (rows.is_range() != taken_.is_range()) return false;
        if (rows.is_range()) return rows.first() == taken_.first() + taken_.size();
        return rows.rows().data() == taken_.rows().data() + taken_.size();
    }

    // Whether most of the first entries are the same as the one before them.
    [[nodiscard]] bool has_runs(std::size_t count) const noexcept {
        std::uint32_t repeated = 0;
        for (std::size_t i = 1; i < count; ++i)
            repeated += entries_[i] == entries_[i - 1] ? 1U : 0U;
        return repeated * 4 >= count * 3;
    }

    // All rows of one state, which stays in registers meanwhile.
    void take_one_group(const RowSlicer::Part& part, const BatchView& view) {
        std::uint32_t entry = 0;
        sums_.locate(row_groups_, part.rows.slice(0, 1), &entry);
        if (sums_.is_frozen()) sums_.keep({&entry, 1});
        AggregateInput input;
        input.rows = part.rows;
        input.placed.first = sums_.slices().payload(entry);
        add(view, input);
    }

    void take_late(const RowSlicer::Part& part, const BatchView& view) {
        part.rows.for_each([&](std::size_t row) {
            const auto states = sums_.find_late(row_groups_[row], part.id.end);
            late_rows_.assign(states.size(), static_cast<std::uint16_t>(row));
            AggregateInput input;
            input.rows = Selection::list(late_rows_);
            input.states = states.data();
            add(view, input);
        });
    }

    void add(const BatchView& view, AggregateInput input) {
        if (!is_partial_) {
            input.first_position = position_;
            update_.add(view, input);
            return;
        }
        if (input.states == nullptr) {
            const PlacedGroups& placed = input.placed;
            for (std::size_t i = 0; i < input.rows.size(); ++i)
                states_[i] = placed.stride == 0 ? placed.first : placed[i];
            input.states = states_.data();
        }
        update_.add_partial(view, input.rows, input.states, spec_.keys.size());
    }

    [[nodiscard]] std::uint64_t count_rows(const RowSlicer::Part& part,
                                           const BatchView& view) const {
        if (!is_partial_) return part.rows.size();
        std::uint64_t total = 0;
        const auto* const counts = view[count_column_].data<std::int64_t>();
        part.rows.for_each(
            [&](std::size_t row) { total += static_cast<std::uint64_t>(counts[row]); });
        return total;
    }

    // Fires what `limit` passes, at most kEmitRowsMax rows a call.
    Progress fire(Watermark limit, Emitter& out) {
        std::size_t written = 0;
        while (written < kEmitRowsMax) {
            if (next_chunk_ * kBatchRows >= shown_rows_ && !start_next(limit)) {
                emit_copied(out);
                watermark_ = std::max(watermark_, limit);
                next_end_ = sums_.next_end(watermark_);
                return Progress::kDone;
            }
            if (shown_rows_ <= kCopiedRowsMax) {
                if (shown_rows_ > out_.room()) emit_copied(out);
                rows_.append_to(out_, bounds_);
                written += shown_rows_;
                shown_rows_ = 0;
            } else {
                emit_copied(out);
                const BatchView view = rows_.chunk(next_chunk_++);
                written += view.size();
                out.emit(view);
            }
        }
        emit_copied(out);
        return Progress::kMore;
    }

    void emit_copied(Emitter& out) {
        if (out_.empty()) return;
        out.emit(out_.view());
        out_.clear();
    }

    bool start_next(Watermark limit) {
        const std::optional<std::int64_t> end = sums_.next_end(watermark_);
        if (!end || !limit.passes(*end)) return false;
        sums_.take_window(*end);
        rows_.refresh(sums_);
        shown_rows_ = rows_.size();
        next_chunk_ = 0;
        const std::int64_t last = saturating_sub(*end, kNanosPerMilli);
        bounds_ = {spec_.window.window_start(*end),
                   *end,
                   spec_.window.zone ? spec_.window.zone->to_utc(last) : last};
        if (shown_rows_ > kCopiedRowsMax) rows_.set_bounds(bounds_);
        return true;
    }

    static constexpr std::size_t kKeysMax = 16;

    WindowAggregateSpec spec_;
    AggregateLayout layout_;
    std::vector<std::size_t> partial_keys_;
    std::size_t count_column_ = 0;  // Of partial rows.
    RowSlicer slicer_;
    RowSlicer row_slicer_;     // Of rows that come without a first phase to the second.
    bool is_partial_ = false;  // The rows being taken are partial states.
    SlidingGroups groups_;
    SlidingSums sums_;
    SlidingRows rows_;
    SlidingTables tables_;
    StateUpdate update_;
    WindowClock clock_;
    Watermark watermark_;  // On the local clock.
    std::uint64_t position_ = 1;
    std::optional<std::int64_t> next_end_;  // Kept in processing time only, for next_tick_ns().

    // The window being emitted: rows it has, and chunks that are out.
    std::size_t shown_rows_ = 0;
    std::size_t next_chunk_ = 0;
    SlidingRows::Bounds bounds_{};
    Batch out_;  // Rows of windows that have few.

    // Of the batch being taken: by row; then for each row taken.
    std::array<std::uint32_t, kBatchRows> row_groups_;
    std::array<std::uint32_t, kBatchRows> entries_;
    Selection taken_;                                   // Whose entries are known,
    std::array<std::uint16_t, kBatchRows> taken_rows_;  // listed here where they lie apart.
    std::array<std::byte*, kBatchRows> states_;
    std::vector<std::uint16_t> late_rows_;  // One row, as often as it has states.

    StateOut* state_out_ = nullptr;  // While frozen.
    bool is_loaded_ = false;         // Something has been, and nothing has happened since.
    bool is_linked_ = false;         // What has been loaded,
    std::string_view wrong_;         // and what is wrong with it.
};

}  // namespace

bool can_slide(const WindowAggregateSpec& spec) {
    const bool overlaps =
        spec.window.kind == WindowKind::kHop || spec.window.kind == WindowKind::kCumulate;
    return overlaps && spec.phase != AggregatePhase::kPartial &&
           is_plain_layout(AggregateLayout(spec.calls));
}

std::unique_ptr<Op> make_sliding_aggregate(const WindowAggregateSpec& spec) {
    ASSERT(can_slide(spec));
    return std::make_unique<SlidingAggregate>(spec);
}

}  // namespace thalweg
