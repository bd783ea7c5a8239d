#include "engine/run/source_outlet.h"

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

Watermark watermark_at(const Column& column, std::size_t row) {
    return {column.data<std::int64_t>()[row]};
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
    if (settings_.source->event_time) {
        watermark_program_.emplace(std::vector<ExprPtr>{settings_.source->event_time->watermark});
    }
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
}

void SourceOutlet::evaluate(SplitId split, const Batch& rows) {
    context_.now_ns = settings_.clock->now_ns;
    Held held;
    held.split = split;
    held.size = rows.size();
    held.running = splits_.of(split);
    held.columns = columns_program_.run(rows.view(), context_);
    if (watermark_program_) {
        const BatchView computed{held.columns, Selection::all(held.size), nullptr};
        held.times = computed[settings_.source->event_time->column].data<std::int64_t>();
        held.watermarks = watermark_program_->run(computed, context_).front();
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
    const BatchView segment{held.columns, Selection::range(held.position, count), nullptr};
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

// The running maximum of a split after rows [first, end).
Watermark SourceOutlet::after_rows(std::size_t first, std::size_t end, Watermark from) const {
    const Column& column = *held_->watermarks;
    const std::int64_t* const values = column.data<std::int64_t>();
    std::int64_t running = from.nanos;
    if (column.has_nulls()) {
        for (std::size_t row = first; row < end; ++row)
            running = column.is_null(row) ? running : std::max(running, values[row]);
    } else {
        for (std::size_t row = first; row < end; ++row)
            running = std::max(running, values[row]);
    }
    return {running};
}

// As far as a segment at the position may reach.
std::size_t SourceOutlet::segment_limit() const {
    const std::size_t rows = std::min(settings_.segment_rows_max, turn_rows_left_);
    return std::min(held_->size, held_->position + rows);
}

// Where the segment at the position ends, and what the split's watermark is there. Most batches
// pass the end of no window, or of one that no row of theirs falls before: they are not cut.
std::size_t SourceOutlet::segment_end(Watermark others, Watermark& running) const {
    const Held& held = *held_;
    const std::size_t limit = segment_limit();
    const Watermark at_limit = after_rows(held.position, limit, held.running);
    const auto in_force = [&](Watermark own) { return std::max(current_, std::min(own, others)); };
    if (!grid_.passes_end(sent_, in_force(at_limit))) {
        running = at_limit;
        return limit;
    }
    const Column& column = *held.watermarks;
    for (std::size_t row = held.position; row < limit; ++row) {
        const bool is_first = row == held.position;
        if (!is_first && grid_.affects(sent_, in_force(running), held.times[row])) return row;
        if (!column.is_null(row)) running = std::max(running, watermark_at(column, row));
    }
    return limit;
}

// The watermark of the source is at least this. Passed on if it may fire anything.
void SourceOutlet::raise(Watermark watermark) {
    current_ = std::max(current_, watermark);
    if (grid_.passes_end(sent_, current_)) send_watermark();
}

void SourceOutlet::send_watermark() {
    if (current_ <= sent_) return;
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

void SourceOutlet::end(bool fires_all) {
    ASSERT(!held_);
    ASSERT(!has_ended_);
    has_ended_ = true;
    if (fires_all) {
        settings_.stage->advance(0, settings_.channel, Watermark::max());
    } else if (!has_had_split_) {
        settings_.stage->idle(0, settings_.channel);  // It never had a word to say about time.
    } else if (!is_idle_) {
        send_watermark();
    }
    settings_.stage->end(0, settings_.channel);
}

void SourceOutlet::reject(const Rejected& record) {
    ++rejected_[static_cast<std::size_t>(record.reason)];
    const std::string& name = settings_.source->source.name;
    settings_.on_reject(name, record);
    if (settings_.source->source.format.ignore_parse_errors) return;
    settings_.control->fail(unread_record_text(name, record));
}

}  // namespace thalweg
