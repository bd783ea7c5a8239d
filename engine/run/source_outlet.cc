#include "engine/run/source_outlet.h"

#include "ops/expr/functions.h"
#include "state/base/assertion.h"

#include <algorithm>
#include <utility>

namespace thalweg {

namespace {

// A connection that has not sent a row yet is waited for this long: connections made together then
// count together, and one that never sends anything harms nobody.
constexpr std::int64_t kSilentStartNs = kNanosPerSecond;

// Turns of a slow start before the rows of a turn double.
constexpr std::size_t kTurnsPerStep = 256;

SplitWatermarks::Settings timeouts_of(const SourceOutlet::Settings& settings) {
    SplitWatermarks::Settings timeouts;
    if (settings.source->event_time) {
        timeouts.idle_timeout_ns = settings.source->event_time->idle_timeout_ns;
    }
    if (!settings.is_bounded) timeouts.silent_start_ns = kSilentStartNs;
    return timeouts;
}

// How much earlier than the time in `column` the watermark is, if always the same.
std::optional<std::int64_t> delay_of(const EventTime& time) {
    const Expr& expr = *time.watermark;
    const auto is_time = [&](const Expr& part) {
        return part.kind == ExprKind::kColumn && part.column == time.column;
    };
    if (is_time(expr)) return 0;
    if (expr.kind != ExprKind::kCall || expr.function->name != "-") return std::nullopt;
    const Expr& interval = *expr.arguments.back();
    const bool is_delay = expr.arguments.size() == 2 && is_time(*expr.arguments.front()) &&
                          interval.kind == ExprKind::kLiteral &&
                          interval.type.kind == TypeKind::kIntervalDaySecond &&
                          !interval.literal.is_null();
    if (!is_delay) return std::nullopt;
    return std::get<std::int64_t>(interval.literal.data);
}

// The first row of [from, end) for which the predicate holds, as for all behind it, or `end`: in
// steps that double, since it is near as a rule.
template <class Predicate>
std::size_t first_row(std::size_t from, std::size_t end, Predicate holds) {
    std::size_t step = 1;
    while (from + step <= end && !holds(from + step - 1)) {
        from += step;
        step *= 2;
    }
    end = std::min(end, from + step - 1);
    while (from < end) {
        const std::size_t middle = from + (end - from) / 2;
        if (holds(middle)) {
            end = middle;
        } else {
            from = middle + 1;
        }
    }
    return from;
}

}  // namespace

std::string unread_record_text(const std::string& name, const Rejected& record) {
    std::string message = "table " + name + ": a record could not be read (";
    message += name_of(record.reason);
    message += record.detail.empty() ? std::string_view() : std::string_view(", ");
    message += record.detail;
    message += ") and 'ignore-parse-errors' is 'false': ";
    message += record.peer;
    message += ", offset " + std::to_string(record.offset);
    return message;
}

SourceOutlet::SourceOutlet(Settings settings)
    : settings_(std::move(settings)),
      columns_program_(settings_.source->columns),
      grid_(settings_.source->windows),
      splits_(timeouts_of(settings_)) {
    ASSERT(settings_.stage != nullptr);
    ASSERT(settings_.segment_rows_max > 0);
    if (!settings_.source->event_time) return;
    delay_ns_ = delay_of(*settings_.source->event_time);
    if (!delay_ns_)
        watermark_program_.emplace(std::vector<ExprPtr>{settings_.source->event_time->watermark});
}

void SourceOutlet::begin_turn() noexcept {
    turn_rows_left_ = turn_rows_;
    if (turn_rows_ == kBatchRows) return;
    if (rows_delivered_ != 0 && ++turns_ % kTurnsPerStep == 0) turn_rows_ *= 2;
}

SplitId SourceOutlet::open_split() {
    has_had_split_ = true;
    // Relaxed: a count carries no data with it.
    settings_.shared->splits_opened.fetch_add(1, std::memory_order_relaxed);
    const SplitId split = splits_.open(settings_.clock->now_ns);
    if (is_idle_) {
        is_idle_ = false;
        settings_.stage->advance(0, settings_.channel, sent_);
    }
    return split;
}

void SourceOutlet::close_split(SplitId split) {
    if (is_stopped_) return;
    if (held_ && held_->split == split) {
        held_->is_closing = true;
    } else {
        splits_.close(split);
        follow_splits();
    }
}

bool SourceOutlet::ready() {
    if (held_) static_cast<void>(resume());
    return !held_ && settings_.stage->ready();
}

void SourceOutlet::offer(SplitId split, const Batch& rows) {
    ASSERT(!held_);
    ASSERT(!has_ended_);
    if (rows.empty() || settings_.control->failed()) return;
    splits_.touch(split, settings_.clock->now_ns);
    if (is_idle_) {
        is_idle_ = false;
        settings_.stage->advance(0, settings_.channel, sent_);
    }
    evaluate(split, rows);
    if (context_.failed()) {
        settings_.control->fail(context_.error);
        held_.reset();
        return;
    }
    static_cast<void>(resume());
    if (held_) fill_owed();
}

// All that is left of a batch that is kept: what it was read from may go.
void SourceOutlet::fill_owed() {
    if (held_->owed == nullptr) return;
    held_->owed->fill(Selection::range(held_->position, held_->size - held_->position));
    held_->owed = nullptr;
}

void SourceOutlet::evaluate(SplitId split, const Batch& rows) {
    context_.now_ns = settings_.clock->now_ns;
    Held held;
    held.split = split;
    held.size = rows.size();
    held.kinds = rows.kinds();
    held.owed = rows.view().owed;
    held.running = splits_.of(split);
    held.columns = columns_program_.run(rows.view(), context_);
    if (settings_.source->event_time) {
        const BatchView computed{held.columns, Selection::all(held.size), nullptr};
        held.times = &computed[settings_.source->event_time->column];
        held.watermarks =
            delay_ns_ ? held.times : watermark_program_->run(computed, context_).front();
        const ValueRange* const known = held.watermarks->known_range();
        if (known != nullptr && !held.watermarks->has_nulls()) held.range = *known;
    }
    held_ = held;
}

bool SourceOutlet::resume() {
    bool worked = false;
    while (held_ && turn_rows_left_ != 0 && settings_.stage->ready()) {
        deliver_segment();
        worked = true;
    }
    if (held_ || has_ended_) return worked;
    if (splits_.expire(settings_.clock->now_ns)) follow_splits();
    if (!is_idle_ && !settings_.is_bounded) follow_splits();
    if (is_flush_wanted_) flush();
    return worked;
}

void SourceOutlet::deliver_segment() {
    Held& held = *held_;
    const Watermark others = splits_.others(held.split);
    Watermark running = held.running;
    const std::size_t end =
        held.watermarks == nullptr ? segment_limit() : segment_end(others, running);
    ASSERT(end > held.position);
    const std::size_t count = end - held.position;
    if (turn_rows_ != kBatchRows) turn_rows_left_ -= count;
    const BatchView segment{
        held.columns, Selection::range(held.position, count), held.kinds, held.owed};
    settings_.stage->process(0, settings_.channel, segment);
    rows_delivered_ += count;
    held.position = end;
    held.running = running;
    if (held.watermarks != nullptr) {
        splits_.raise(held.split, running);
        raise(std::min(running, others));
    }
    if (held.position == held.size) finish_batch();
}

void SourceOutlet::finish_batch() {
    const SplitId split = held_->split;
    const bool is_closing = held_->is_closing;
    held_.reset();
    context_.scratch.reset();
    if (!is_closing) return;
    splits_.close(split);
    follow_splits();
}

// The running maximum of the split after the rows from the position to `end`.
Watermark SourceOutlet::after_rows(std::size_t end) const {
    const Held& held = *held_;
    const auto* const values = held.watermarks->data<std::int64_t>();
    ValueRange range;
    if (held.range && held.position == 0 && end == held.size) {
        range = *held.range;
    } else if (!held.watermarks->has_nulls()) {
        range = range_of({values + held.position, end - held.position});
    } else {
        for (std::size_t row = held.position; row < end; ++row) {
            if (!held.watermarks->is_null(row)) range = range.with({values[row], values[row]});
        }
    }
    if (range.empty()) return held.running;
    return std::max(held.running, Watermark{saturating_sub(range.high, delay_ns_.value_or(0))});
}

// As far as a segment at the position may reach.
std::size_t SourceOutlet::segment_limit() const {
    const std::size_t rows = std::min(settings_.segment_rows_max, turn_rows_left_);
    return std::min(held_->size, held_->position + rows);
}

// Where the segment at the position ends, and what the split's watermark is there. Most batches
// pass the end of no window, or of one that no row of theirs falls before: they are not cut.
std::size_t SourceOutlet::segment_end(Watermark others, Watermark& running) const {
    const std::size_t limit = segment_limit();
    const Watermark at_limit = after_rows(limit);
    const Watermark in_force = std::max(current_, std::min(at_limit, others));
    if (grid_.passes_end(sent_, in_force)) {
        if (!is_in_order(limit)) return find_cut(limit, others, running);
        if (!is_behind(others)) return find_cut_in_order(limit, others, running);
    }
    running = at_limit;
    return limit;
}

// Whether each row's time is at or past the one before, and the watermark this time minus a
// constant.
bool SourceOutlet::is_in_order(std::size_t limit) const {
    const Held& held = *held_;
    if (!delay_ns_ || held.times->has_nulls()) return false;
    const auto* const times = held.times->data<std::int64_t>();
    return is_ascending({times + held.position, limit - held.position});
}

// Whether the watermark is so far behind each row, a millisecond or more: then no row in order
// falls before the end of a window that was passed on the way.
bool SourceOutlet::is_behind(Watermark others) const {
    return *delay_ns_ >= grid_.delay_min_ns() && std::min(held_->running, others) <= current_;
}

// The first row after the position that fares differently under the watermark before it than under
// the one the stage knows, or the limit.
std::size_t SourceOutlet::find_cut(std::size_t limit, Watermark others, Watermark& running) const {
    const Held& held = *held_;
    const auto* const times = held.times->data<std::int64_t>();
    const auto* const values = held.watermarks->data<std::int64_t>();
    const std::int64_t delay_ns = delay_ns_.value_or(0);
    const auto in_force = [&](Watermark own) { return std::max(current_, std::min(own, others)); };
    WindowGrid::Line line = grid_.line(sent_, in_force(running));
    for (std::size_t row = held.position; row < limit; ++row) {
        if (row != held.position && times[row] < line.time_ns) return row;
        const Watermark own{saturating_sub(values[row], delay_ns)};
        if (own <= running || held.watermarks->is_null(row)) continue;
        running = own;
        if (in_force(running) >= line.until) line = grid_.line(sent_, in_force(running));
    }
    return limit;
}

// The same where rows are in order: the line moves at few of them, and only the row behind such a
// one can be before it.
std::size_t SourceOutlet::find_cut_in_order(std::size_t limit,
                                            Watermark others,
                                            Watermark& running) const {
    const auto* const times = held_->times->data<std::int64_t>();
    const auto own = [&](std::size_t row) {
        return Watermark{saturating_sub(times[row], *delay_ns_)};
    };
    std::size_t next = held_->position;  // The first row whose watermark may move the line.
    std::size_t end = limit;
    while (next < limit) {
        const Watermark in_force = std::max(current_, std::min(running, others));
        const WindowGrid::Line line = grid_.line(sent_, in_force);
        const std::size_t behind = std::max(next, held_->position + 1);
        if (behind < limit && times[behind] < line.time_ns) {
            end = behind;
            break;
        }
        next = first_row(
            next, limit, [&](std::size_t row) { return std::min(own(row), others) >= line.until; });
        if (next < limit) running = std::max(running, own(next++));
    }
    running = std::max(running, own(end - 1));
    return end;
}

// The watermark of the source is at least this. Passed on if it may fire anything.
void SourceOutlet::raise(Watermark watermark) {
    current_ = std::max(current_, watermark);
    if (grid_.passes_end(sent_, current_)) send_watermark();
}

void SourceOutlet::send_watermark() {
    if (current_ <= sent_ || is_barred()) return;
    sent_ = current_;
    settings_.stage->advance(0, settings_.channel, sent_);
}

// After splits have come, gone or fallen silent.
void SourceOutlet::follow_splits() {
    if (const std::optional<Watermark> least = splits_.least()) {
        raise(*least);
        return;
    }
    if (is_idle_ || settings_.is_bounded || held_) return;
    // Relaxed: a count carries no data with it.
    if (settings_.shared->splits_opened.load(std::memory_order_relaxed) == 0) return;
    send_watermark();
    is_idle_ = true;
    settings_.stage->idle(0, settings_.channel);
}

void SourceOutlet::flush() {
    is_flush_wanted_ = held_.has_value();
    if (is_flush_wanted_ || has_ended_) return;
    send_watermark();
    settings_.stage->flush();
}

void SourceOutlet::barrier() {
    ASSERT(!held_);
    ASSERT(!has_ended_);
    ASSERT(sent_ == current_);
    settings_.stage->barrier(0, settings_.channel);
}

void SourceOutlet::resume_from(Watermark watermark, bool has_had_split) {
    has_had_split_ = has_had_split;
    // Relaxed: a count carries no data with it.
    if (has_had_split) settings_.shared->splits_opened.fetch_add(1, std::memory_order_relaxed);
    current_ = watermark;
    send_watermark();
}

void SourceOutlet::end(bool fires_all) {
    ASSERT(!held_);
    ASSERT(!has_ended_);
    has_ended_ = true;
    if (fires_all) {
        settings_.stage->advance(0, settings_.channel, Watermark::max());
    } else {
        rest();
    }
    settings_.stage->end(0, settings_.channel);
}

void SourceOutlet::rest() {
    if (!has_had_split_) {
        settings_.stage->idle(0, settings_.channel);  // It never had a word to say about time.
    } else if (!is_idle_) {
        send_watermark();
    }
}

void SourceOutlet::reject(const Rejected& record) {
    ++rejected_[static_cast<std::size_t>(record.reason)];
    const std::string& name = settings_.source->source.name;
    settings_.on_reject(name, record);
    if (settings_.source->source.format.ignore_parse_errors) return;
    settings_.control->fail(unread_record_text(name, record));
}

}  // namespace thalweg
