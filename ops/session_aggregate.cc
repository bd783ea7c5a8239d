#include "ops/session_aggregate.h"

#include "ops/aggregate/state_update.h"
#include "ops/frozen_entries.h"
#include "ops/open_sessions.h"
#include "ops/progress_table.h"
#include "ops/session_times.h"
#include "ops/window_clock.h"
#include "ops/window_fields.h"
#include "state/base/assertion.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <optional>
#include <string>
#include <utility>

namespace thalweg {

namespace {

OpenSessions::Settings settings_of(const SessionAggregateSpec& spec) {
    return {.key_types = spec.key_types,
            .seed = spec.seed,
            .gap_ns = spec.window.size_ns,
            .touching_join = spec.window.is_event_time};
}

std::vector<Field> key_fields(const SessionAggregateSpec& spec) {
    std::vector<Field> fields;
    for (const Type& type : spec.key_types)
        fields.push_back({"key" + std::to_string(fields.size()), type});
    return fields;
}

SchemaPtr output_schema(const SessionAggregateSpec& spec) {
    std::vector<Field> fields = key_fields(spec);
    for (const AggregateCall& call : spec.calls)
        fields.push_back({"value" + std::to_string(fields.size()), call.result_type});
    append_window_fields(spec.window, fields);
    return make_schema(std::move(fields));
}

class SessionAggregate final : public Op {
  public:
    explicit SessionAggregate(const SessionAggregateSpec& spec)
        : spec_(spec),
          layout_(spec.calls),
          update_(layout_),
          times_(spec.window),
          sessions_(settings_of(spec)),
          clock_(spec.window),
          out_(output_schema(spec)) {
        ASSERT(is_plain_layout(layout_));
        stride_ = std::max<std::size_t>(layout_.payload_bytes(), 8);
        std::vector<std::size_t> route = spec.partition;
        if (route.empty()) {
            route.resize(spec.keys.size());
            std::iota(route.begin(), route.end(), std::size_t{0});
        }
        const Type whole = Type::bigint().not_null();
        std::vector<Field> fields = key_fields(spec);
        layout_.append_partial_fields(fields);
        fields.push_back({"session.start", whole});
        fields.push_back({"session.end", whole});
        tables_.push_back({"sessions", make_schema(std::move(fields)), StateRoute::kByKey, route});
        tables_.push_back(progress_table({"position"}));
    }

    void process(std::size_t, const BatchView& rows, OpContext& context, Emitter&) override {
        const Selection selected = times_.read(rows, context);
        if (selected.empty()) return;
        locate(rows, spec_.keys, selected);
        for (std::size_t i = 0; i < selected.size(); ++i) {
            const std::size_t row = selected[i];
            const std::uint32_t slot = sessions_.join(
                i,
                times_[row],
                watermark_,
                [this](std::uint32_t known) { write_before(known); },
                [&](std::uint32_t into, std::uint32_t from) {
                    update(rows);
                    absorb(into, from);
                });
            if (slot == OpenSessions::kNone) {
                ++context.counters.late_rows;
                continue;
            }
            begin(slot);
            rows_.push_back(static_cast<std::uint16_t>(row));
            slots_.push_back(slot);
        }
        update(rows);
        position_ += kBatchRows;
        sessions_.forget_empty();
        next_end_ = sessions_.next_end();
    }

    Progress advance(Watermark watermark, OpContext&, Emitter& out) override {
        const std::optional<Watermark> limit = clock_.at_advance(watermark);
        return limit ? fire(*limit, out) : Progress::kDone;
    }

    [[nodiscard]] Watermark next_fire() override { return clock_.next_fire(next_end_); }

    Progress tick(OpContext& context, Emitter& out) override {
        const std::optional<Watermark> limit = clock_.at_tick(context.now_ns);
        return limit ? fire(*limit, out) : Progress::kDone;
    }

    [[nodiscard]] std::int64_t next_tick_ns() const override {
        return clock_.next_tick_ns(next_end_);
    }

    [[nodiscard]] std::vector<StateTable> state_tables() const override { return tables_; }

    void freeze(StateOut& out) override {
        state_out_ = &out;
        frozen_.freeze(sessions_.slot_count());
        write_progress(out, 1, {static_cast<std::int64_t>(position_)});
    }

    Progress save(std::size_t rows_max) override {
        for (std::size_t saved = 0; frozen_.is_frozen();) {
            if (saved >= rows_max) return Progress::kMore;
            const FrozenEntries::Run run = frozen_.take_next(rows_max - saved);
            for (std::uint32_t i = 0; i < run.count; ++i)
                write_state(run.first + i);
            saved += std::max<std::size_t>(run.count, 1);
        }
        return Progress::kDone;
    }

    void load(std::size_t table,
              const BatchView& rows,
              Watermark watermark,
              OpContext& context) override {
        if (spec_.window.is_event_time)
            watermark_ = std::max(watermark_, local_watermark(watermark, spec_.window.zone));
        if (table == 1) {
            position_ = greatest_progress(rows, 0, position_);
            return;
        }
        std::vector<std::size_t> keys(spec_.keys.size());
        std::iota(keys.begin(), keys.end(), std::size_t{0});
        locate(rows, keys, rows.selection);
        const std::size_t bounds = keys.size() + layout_.partial_columns();
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const std::size_t row = rows.selection[i];
            const std::int64_t start = rows[bounds].data<std::int64_t>()[row];
            const std::int64_t end = rows[bounds + 1].data<std::int64_t>()[row];
            const std::optional<std::uint32_t> slot = sessions_.restore(i, start, end);
            if (!slot) {
                context.fail("a session was restored that another of its key meets");
                return;
            }
            begin(*slot);
            layout_.load(state(*slot), rows, keys.size(), row);
        }
        sessions_.forget_empty();
        next_end_ = sessions_.next_end();
    }

    [[nodiscard]] std::size_t memory_bytes() const override {
        return sessions_.memory_bytes() + states_.capacity() * 8 + out_.memory_bytes() +
               frozen_.memory_bytes();
    }

  private:
    void locate(const BatchView& rows, const std::vector<std::size_t>& keys, Selection selected) {
        keys_.clear();
        for (const std::size_t key : keys)
            keys_.push_back(&rows[key]);
        sessions_.locate(keys_, selected);
    }

    [[nodiscard]] std::byte* state(std::uint32_t slot) noexcept {
        return reinterpret_cast<std::byte*>(states_.data()) + slot * stride_;
    }

    // If the session was opened just now its states are those of no rows, and not in a snapshot
    // that has its slot.
    void begin(std::uint32_t slot) {
        if (!sessions_.take_opened(slot)) return;
        if (frozen_.is_frozen()) frozen_.take(std::span(&slot, 1), taken_);
        const std::size_t words = sessions_.slot_count() * stride_ / 8;
        if (states_.size() < words) states_.resize(words);
        std::memset(state(slot), 0, stride_);
    }

    // Takes the rows that have found their sessions into them.
    void update(const BatchView& rows) {
        if (rows_.empty()) return;
        AggregateInput input;
        input.rows = Selection::list(rows_);
        input.first_position = position_;
        input.placed.first = state(0);
        input.placed.stride = stride_;
        input.placed.positions = slots_.data();
        update_.add(rows, input);
        rows_.clear();
        slots_.clear();
    }

    void absorb(std::uint32_t into, std::uint32_t from) {
        write_before(from);
        std::byte* const target = state(into);
        const std::byte* const source = state(from);
        merge_groups(layout_, &target, &source, 1);
    }

    void write_before(std::uint32_t slot) {
        if (!frozen_.is_frozen()) return;
        frozen_.take(std::span(&slot, 1), taken_);
        for (const std::uint32_t each : taken_)
            write_state(each);
    }

    // Of a slot as it was at the barrier, if it had a session.
    void write_state(std::uint32_t slot) {
        if (!sessions_.is_open(slot)) return;
        Batch& batch = state_out_->open(0, 1);
        const std::size_t row = batch.size();
        write_key(slot, batch, row);
        const std::size_t keys = spec_.keys.size();
        layout_.save({state(slot), stride_, 1}, batch, row, keys);
        const std::size_t bounds = keys + layout_.partial_columns();
        batch.column(bounds).data<std::int64_t>()[row] = sessions_.start(slot);
        batch.column(bounds + 1).data<std::int64_t>()[row] = sessions_.end(slot);
        batch.set_size(row + 1);
    }

    void write_key(std::uint32_t slot, Batch& batch, std::size_t row) {
        written_keys_.clear();
        for (std::size_t key = 0; key < spec_.keys.size(); ++key)
            written_keys_.push_back(&batch.column(key));
        sessions_.write_key(slot, written_keys_, row, batch.arena());
    }

    // Closes what `limit` passes, at most kEmitRowsMax sessions a call.
    Progress fire(Watermark limit, Emitter& out) {
        for (std::size_t written = 0; written < kEmitRowsMax; ++written) {
            const std::optional<std::int64_t> end = sessions_.next_end();
            if (!end || !limit.passes(*end)) {
                emit(out);
                if (spec_.window.is_event_time) watermark_ = std::max(watermark_, limit);
                next_end_ = end;
                return Progress::kDone;
            }
            close(sessions_.next_slot());
            if (out_.room() == 0) emit(out);
        }
        emit(out);
        return Progress::kMore;
    }

    void close(std::uint32_t slot) {
        write_before(slot);
        const std::size_t row = out_.size();
        write_key(slot, out_, row);
        std::size_t column = spec_.keys.size();
        for (const BoundAggregate& bound : layout_.calls())
            AggregateLayout::finish(bound, {state(slot), stride_, 1}, out_, row, column++);
        times_.write_window(sessions_.start(slot), sessions_.end(slot), out_, {row, 1});
        out_.set_size(row + 1);
        sessions_.close(slot);
    }

    void emit(Emitter& out) {
        if (!out_.empty()) out.emit(out_.view());
        out_.clear();
    }

    SessionAggregateSpec spec_;
    AggregateLayout layout_;
    StateUpdate update_;
    std::size_t stride_ = 0;  // Of states.
    SessionTimes times_;
    OpenSessions sessions_;
    std::vector<std::uint64_t> states_;  // By slot.
    std::vector<StateTable> tables_;     // "sessions", "progress".
    WindowClock clock_;
    Watermark watermark_;  // On the local clock.
    std::optional<std::int64_t> next_end_;
    std::uint64_t position_ = 1;
    Batch out_;

    // The batch being worked on: rows that have found their session, and its slot.
    std::vector<std::uint16_t> rows_;
    std::vector<std::uint32_t> slots_;
    std::vector<const Column*> keys_;
    std::vector<Column*> written_keys_;

    FrozenEntries frozen_;
    StateOut* state_out_ = nullptr;
    std::vector<std::uint32_t> taken_;
};

}  // namespace

bool can_merge_sessions(const std::vector<AggregateCall>& calls) {
    return is_plain_layout(AggregateLayout(calls));
}

std::unique_ptr<Op> make_session_aggregate(const SessionAggregateSpec& spec) {
    ASSERT(spec.window.kind == WindowKind::kSession);
    ASSERT(spec.keys.size() == spec.key_types.size());
    return std::make_unique<SessionAggregate>(spec);
}

}  // namespace thalweg
