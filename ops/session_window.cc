#include "ops/session_window.h"

#include "ops/local_time.h"
#include "ops/open_sessions.h"
#include "ops/progress_table.h"
#include "ops/record_pool.h"
#include "ops/row_codec.h"
#include "ops/session_times.h"
#include "ops/window_clock.h"
#include "ops/window_fields.h"
#include "state/base/assertion.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

namespace thalweg {

namespace {

OpenSessions::Settings settings_of(const SessionWindowSpec& spec) {
    OpenSessions::Settings settings;
    for (const std::size_t key : spec.keys)
        settings.key_types.push_back((*spec.schema)[key].type);
    settings.seed = spec.seed;
    settings.gap_ns = spec.window.size_ns;
    settings.touching_join = spec.window.is_event_time;
    return settings;
}

SchemaPtr output_schema(const SessionWindowSpec& spec) {
    std::vector<Field> fields = spec.schema->fields;
    append_window_fields(spec.window, fields);
    return make_schema(std::move(fields));
}

class SessionWindow final : public Op {
  public:
    explicit SessionWindow(const SessionWindowSpec& spec)
        : spec_(spec),
          width_(spec.schema->size()),
          times_(spec.window),
          sessions_(settings_of(spec)),
          clock_(spec.window),
          out_(output_schema(spec)) {}

    void process(std::size_t, const BatchView& rows, OpContext& context, Emitter&) override {
        const Selection selected = times_.read(rows, context);
        if (selected.empty()) return;
        locate(rows, selected);
        codec_.write(rows, selected);
        for (std::size_t i = 0; i < selected.size(); ++i) {
            const std::int64_t time = times_[selected[i]];
            if (!insert(i, time, watermark_, next_arrival_)) {
                ++context.counters.late_rows;
                continue;
            }
            ++next_arrival_;
        }
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

    [[nodiscard]] std::vector<StateTable> state_tables() const override {
        std::vector<Field> fields = spec_.schema->fields;
        const Type whole = Type::bigint().not_null();
        fields.push_back({"session.time", whole});
        fields.push_back({"session.arrival", whole});
        return {{"rows",
                 make_schema(std::move(fields)),
                 StateRoute::kByKey,
                 spec_.partition.empty() ? spec_.keys : spec_.partition},
                progress_table({"arrival"})};
    }

    void freeze(StateOut& out) override {
        state_out_ = &out;
        ++epoch_;
        unsaved_ = row_count_;
        save_slot_ = 0;
        save_row_ = 0;
        write_progress(out, 1, {static_cast<std::int64_t>(next_arrival_)});
    }

    Progress save(std::size_t rows_max) override {
        std::size_t work = 0;
        for (; unsaved_ != 0 && save_slot_ < rows_.size(); ++save_slot_, save_row_ = 0) {
            if (work++ >= rows_max) return Progress::kMore;
            const std::vector<Record*>& rows = rows_[save_slot_];
            if (save_slot_ == firing_) save_row_ = std::max(save_row_, fired_);
            for (; save_row_ < rows.size(); ++save_row_) {
                if (work++ >= rows_max) return Progress::kMore;
                save_row(*rows[save_row_]);
            }
        }
        ASSERT(unsaved_ == 0);
        return Progress::kDone;
    }

    void load(std::size_t table, const BatchView& rows, Watermark watermark, OpContext&) override {
        if (spec_.window.is_event_time)
            watermark_ = std::max(watermark_, local_watermark(watermark, spec_.window.zone));
        if (table == 1) {
            next_arrival_ = greatest_progress(rows, 0, next_arrival_);
            return;
        }
        const BatchView values{rows.columns.first(width_), rows.selection};
        const auto* const times = rows[width_].data<std::int64_t>();
        const auto* const arrivals = rows[width_ + 1].data<std::int64_t>();
        locate(values, rows.selection);
        codec_.write(values, rows.selection);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const std::size_t row = rows.selection[i];
            const auto arrival = static_cast<std::uint64_t>(arrivals[row]);
            static_cast<void>(insert(i, times[row], Watermark::min(), arrival));
            next_arrival_ = std::max(next_arrival_, arrival + 1);
        }
        sessions_.forget_empty();
        next_end_ = sessions_.next_end();
    }

    [[nodiscard]] std::size_t memory_bytes() const override {
        return sessions_.memory_bytes() + records_.memory_bytes() + codec_.memory_bytes() +
               out_.memory_bytes() + rows_.capacity() * sizeof(std::vector<Record*>) +
               row_count_ * 2 * sizeof(Record*);
    }

  private:
    void locate(const BatchView& rows, Selection selected) {
        keys_.clear();
        for (const std::size_t key : spec_.keys)
            keys_.push_back(&rows[key]);
        sessions_.locate(keys_, selected);
    }

    // Takes the i-th located and encoded row into its session, unless that has ended.
    bool insert(std::size_t i, std::int64_t time, Watermark watermark, std::uint64_t arrival) {
        const std::uint32_t slot = sessions_.join(
            i,
            time,
            watermark,
            [](std::uint32_t) {},
            [this](std::uint32_t into, std::uint32_t from) { absorb(into, from); });
        if (slot == OpenSessions::kNone) return false;
        if (rows_.size() < sessions_.slot_count()) rows_.resize(sessions_.slot_count());
        Record* const record = records_.make(std::as_bytes(std::span(&time, 1)), codec_.row(i));
        record->arrival = arrival;
        record->mark = epoch_;
        std::vector<Record*>& rows = rows_[slot];
        auto at = rows.end();  // Saved rows come back in any order.
        if (!rows.empty() && rows.back()->arrival > arrival)
            at = std::upper_bound(rows.begin(), rows.end(), record, is_before);
        rows.insert(at, record);
        ++row_count_;
        return true;
    }

    static bool is_before(const Record* a, const Record* b) { return a->arrival < b->arrival; }

    void absorb(std::uint32_t into, std::uint32_t from) {
        save_rows(into);
        save_rows(from);
        std::vector<Record*>& rows = rows_[into];
        std::vector<Record*>& others = rows_[from];
        if (rows.size() < others.size()) rows.swap(others);  // The fewer go to the more.
        if (others.empty()) return;
        const auto first = std::upper_bound(rows.begin(), rows.end(), others.front(), is_before);
        const auto kept = first - rows.begin();
        const auto middle = static_cast<std::ptrdiff_t>(rows.size());
        rows.insert(rows.end(), others.begin(), others.end());
        std::inplace_merge(rows.begin() + kept, rows.begin() + middle, rows.end(), is_before);
        give_back_room(others);
    }

    // Of a slot whose rows have gone: it stays where it was small.
    static void give_back_room(std::vector<Record*>& rows) {
        constexpr std::size_t kKept = 16;
        rows.clear();
        if (rows.capacity() > kKept) std::vector<Record*>().swap(rows);
    }

    void save_rows(std::uint32_t slot) {
        if (unsaved_ == 0) return;
        for (Record* const record : rows_[slot])
            save_row(*record);
    }

    // A row that was there at the barrier is written once.
    void save_row(Record& record) {
        if (unsaved_ == 0 || std::exchange(record.mark, epoch_) == epoch_) return;
        --unsaved_;
        Batch& batch = state_out_->open(0, 1);
        const std::size_t row = batch.size();
        RowCodec::read(record.row(), width_, batch, row);
        std::memcpy(batch.column(width_).data<std::int64_t>() + row, record.key().data(), 8);
        batch.column(width_ + 1).data<std::int64_t>()[row] =
            static_cast<std::int64_t>(record.arrival);
        batch.set_size(row + 1);
    }

    // Closes what `limit` passes, at most kEmitRowsMax rows a call.
    Progress fire(Watermark limit, Emitter& out) {
        std::size_t written = 0;
        while (written < kEmitRowsMax) {
            const std::optional<std::int64_t> end = sessions_.next_end();
            if (!end || !limit.passes(*end)) {
                emit(out);
                if (spec_.window.is_event_time) watermark_ = std::max(watermark_, limit);
                next_end_ = end;
                return Progress::kDone;
            }
            written += write_session(sessions_.next_slot(), out);
        }
        emit(out);
        return Progress::kMore;
    }

    // Writes on in a session, as many rows as there is room for, and closes it with the last. Rows
    // that are written are given back, and only their places stay in the list.
    std::size_t write_session(std::uint32_t slot, Emitter& out) {
        firing_ = slot;
        const std::vector<Record*>& rows = rows_[slot];
        const std::size_t first = out_.size();
        const std::size_t count = std::min(out_.room(), rows.size() - fired_);
        for (std::size_t i = 0; i < count; ++i) {
            Record* const record = rows[fired_ + i];
            RowCodec::read(record->row(), width_, out_, first + i);
            save_row(*record);
            records_.give_back(record);
        }
        row_count_ -= count;
        times_.write_window(sessions_.start(slot), sessions_.end(slot), out_, {first, count});
        out_.set_size(first + count);
        fired_ += count;
        if (out_.room() == 0) emit(out);
        if (fired_ == rows.size()) close(slot);
        return count;
    }

    void close(std::uint32_t slot) {
        give_back_room(rows_[slot]);
        sessions_.close(slot);
        firing_ = OpenSessions::kNone;
        fired_ = 0;
    }

    void emit(Emitter& out) {
        if (!out_.empty()) out.emit(out_.view());
        out_.clear();
    }

    SessionWindowSpec spec_;
    std::size_t width_;  // Columns of the input.
    SessionTimes times_;
    OpenSessions sessions_;
    std::vector<std::vector<Record*>> rows_;  // By slot, in the order of arrival.
    std::size_t row_count_ = 0;
    RecordPool records_;
    RowCodec codec_;
    WindowClock clock_;
    Watermark watermark_;  // On the local clock.
    std::optional<std::int64_t> next_end_;
    std::uint64_t next_arrival_ = 1;
    std::vector<const Column*> keys_;
    Batch out_;
    std::uint32_t firing_ = OpenSessions::kNone;  // The session being emitted,
    std::size_t fired_ = 0;                       // and how many of its rows are written.

    // A snapshot: rows with another mark than the epoch are to be written, so many of them.
    StateOut* state_out_ = nullptr;
    std::uint32_t epoch_ = 1;
    std::size_t unsaved_ = 0;
    std::size_t save_slot_ = 0;  // Where save() goes on.
    std::size_t save_row_ = 0;
};

}  // namespace

std::unique_ptr<Op> make_session_window(const SessionWindowSpec& spec) {
    ASSERT(spec.window.kind == WindowKind::kSession);
    return std::make_unique<SessionWindow>(spec);
}

}  // namespace thalweg
