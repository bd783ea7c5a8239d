#include "ops/match_recognize.h"

#include "ops/frozen_entries.h"
#include "ops/key_slots.h"
#include "ops/match_partition.h"
#include "ops/match_state.h"
#include "ops/progress_table.h"
#include "ops/row_codec.h"
#include "state/base/assertion.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace thalweg {

namespace {

constexpr std::size_t kRows = 0;
constexpr std::size_t kAttempts = 1;
constexpr std::size_t kProgress = 2;
constexpr std::size_t kStaleMin = 1024;  // As many stale entries are not worth the work.

std::vector<Type> key_types(const MatchSpec& spec) {
    std::vector<Type> types;
    for (const std::size_t column : spec.partition)
        types.push_back((*spec.schema)[column].type);
    return types;
}

class MatchRecognize final : public Op {
  public:
    explicit MatchRecognize(const MatchSpec& spec)
        : spec_(spec),
          width_(spec.schema->size()),
          slots_(key_types(spec), spec.seed),
          keys_(spec.is_event_time ? spec.order : std::vector<SortItem>{}),
          turns_(spec_, records_),
          row_(spec.schema) {}

    void process(std::size_t, const BatchView& rows, OpContext& context, Emitter& out) override {
        if (!adopt_loaded(context)) return;
        const Selection selected = in_time(rows, context);
        if (selected.empty()) return;
        locate(rows, selected, spec_.partition);
        encode(rows, selected, context);
        const std::int64_t* const times = rows[spec_.order[0].column].data<std::int64_t>();
        std::size_t work = 0;
        for (std::size_t i = 0; i < selected.size() && !context.failed(); ++i) {
            const std::uint32_t slot = found_[i];
            save_before(slot);
            Record* const record = make_record(i, next_arrival_++);
            if (spec_.is_event_time) {
                add_waiting(partitions_[slot], record);
                wait_for(slot, times[selected[i]]);
            } else {
                work += take_now(partitions_[slot], record, times[selected[i]], work, context, out);
            }
        }
        if (spec_.is_event_time) return;
        std::sort(found_.begin(), found_.end());
        found_.erase(std::unique(found_.begin(), found_.end()), found_.end());
        for (const std::uint32_t slot : found_)
            finish(slot);
        turns_.flush(context, out);
    }

    Progress advance(Watermark watermark, OpContext& context, Emitter& out) override {
        if (!adopt_loaded(context)) return Progress::kDone;
        if (!watermark.is_max()) turns_.set_watermark(watermark);
        watermark_ = std::max(watermark_, watermark);
        if (!spec_.is_event_time && !watermark.is_max()) return Progress::kDone;
        return go_to(watermark_.nanos, context, out);
    }

    [[nodiscard]] Watermark next_fire() override {
        settle_loaded();
        return due_.empty() || !spec_.is_event_time ? Watermark::max()
                                                    : Watermark{due_.front().first};
    }

    Progress tick(OpContext& context, Emitter& out) override {
        if (spec_.is_event_time || !adopt_loaded(context)) return Progress::kDone;
        return go_to(context.now_ns, context, out);
    }

    [[nodiscard]] std::int64_t next_tick_ns() const override {
        if (spec_.is_event_time) return kNever;
        if (has_loaded_) return INT64_MIN;
        return due_.empty() || due_.front().first >= MatchPartition::kEnd ? kNever
                                                                          : due_.front().first;
    }

    [[nodiscard]] std::vector<StateTable> state_tables() const override {
        const Type whole = Type::bigint().not_null();
        std::vector<Field> rows = spec_.schema->fields;
        rows.push_back({"arrival", whole});
        rows.push_back({"is_taken", Type::boolean().not_null()});
        std::vector<Field> attempts;
        std::vector<std::size_t> places = spec_.route;
        std::vector<std::size_t> columns;
        for (std::size_t i = 0; i < spec_.partition.size(); ++i) {
            attempts.push_back((*spec_.schema)[spec_.partition[i]]);
            if (spec_.route.empty()) places.push_back(i);
        }
        for (const std::size_t place : places)
            columns.push_back(spec_.partition[place]);
        attempts.push_back({"start", whole});
        attempts.push_back({"threads", Type::bytes().not_null()});
        return {{"rows", make_schema(std::move(rows)), StateRoute::kByKey, columns},
                {"attempts", make_schema(std::move(attempts)), StateRoute::kByKey, places},
                progress_table({"arrival"})};
    }

    void freeze(StateOut& out) override {
        settle_loaded();
        state_out_ = &out;
        frozen_.freeze(partitions_.size());
        write_progress(out, kProgress, {static_cast<std::int64_t>(next_arrival_)});
    }

    Progress save(std::size_t rows_max) override {
        for (std::size_t saved = 0; frozen_.is_frozen();) {
            if (saved >= rows_max) return Progress::kMore;
            const FrozenEntries::Run run = frozen_.take_next(1);
            if (run.count != 0) saved += 1 + save_partition(run.first);
        }
        return Progress::kDone;
    }

    void load(std::size_t table,
              const BatchView& rows,
              Watermark watermark,
              OpContext& context) override {
        watermark_ = std::max(watermark_, watermark);
        turns_.set_watermark(watermark_);
        if (rows.selection.empty()) return;
        has_loaded_ = true;
        if (table == kRows) {
            load_rows(rows, context);
        } else if (table == kAttempts) {
            load_attempts(rows, context);
        } else {
            next_arrival_ = greatest_progress(rows, 0, next_arrival_);
        }
    }

    [[nodiscard]] std::size_t memory_bytes() const override {
        return records_.memory_bytes() + slots_.memory_bytes() + keys_.memory_bytes() +
               codec_.memory_bytes() + turns_.memory_bytes() +
               partitions_.capacity() * sizeof(MatchPartition) +
               waiting_count_ * 2 * sizeof(Record*) + due_.capacity() * sizeof(Due) +
               frozen_.memory_bytes();
    }

  private:
    using Due = std::pair<std::int64_t, std::uint32_t>;

    // Rows that have a time, and come before the watermark has passed it.
    [[nodiscard]] Selection in_time(const BatchView& rows, OpContext& context) {
        const Column& times = rows[spec_.order[0].column];
        in_time_.clear();
        rows.selection.for_each([&](std::size_t row) {
            if (times.is_null(row)) {
                ++context.counters.null_time_rows;
            } else if (spec_.is_event_time && times.data<std::int64_t>()[row] <= watermark_.nanos) {
                ++context.counters.late_rows;
            } else {
                in_time_.push_back(static_cast<std::uint16_t>(row));
            }
        });
        return Selection::list(in_time_);
    }

    // The slots of rows whose keys are in `columns`, to found_.
    void locate(const BatchView& view, Selection rows, const std::vector<std::size_t>& columns) {
        columns_.clear();
        for (const std::size_t column : columns)
            columns_.push_back(&view[column]);
        slots_.find_or_insert(columns_, rows, found_);
        partitions_.resize(std::max(partitions_.size(), slots_.size()));
    }

    void encode(const BatchView& rows, Selection selected, OpContext& context) {
        keys_.write(rows, selected);
        codec_.write(rows, selected);
        marks_ = turns_.mark(rows, selected, context);
    }

    // The i-th row that was encoded.
    [[nodiscard]] Record* make_record(std::size_t i, std::uint64_t arrival) {
        Record* const record = records_.make(keys_.key(i), codec_.row(i));
        record->arrival = arrival;
        record->mark = marks_[i];
        return record;
    }

    void add_waiting(MatchPartition& partition, Record* record) {
        partition.waiting.insert(record);
        ++waiting_count_;
    }

    // A row in the order of arrival; what is over by then goes first. What process() has not done
    // when it has done `work` waits for the next tick. Returns how much more it did.
    std::size_t take_now(MatchPartition& partition,
                         Record* record,
                         std::int64_t time,
                         std::size_t work,
                         OpContext& context,
                         Emitter& out) {
        const std::size_t work_max = kEmitRowsMax - std::min(work, kEmitRowsMax);
        const bool is_next = work_max != 0 && partition.waiting.empty() && !partition.has_match() &&
                             turns_.next_end(partition) > time;
        if (!is_next) {
            add_waiting(partition, record);
            return run(partition, time, work_max, context, out);
        }
        work = turns_.take(partition, record, time, context);
        if (context.failed() || work >= work_max) return work;
        return work + turns_.settle(partition, work_max - work, context, out);
    }

    void wait_for(std::uint32_t slot, std::int64_t time) {
        MatchPartition& partition = partitions_[slot];
        if (time >= partition.due) return;
        partition.due = time;
        due_.emplace_back(time, slot);
        std::push_heap(due_.begin(), due_.end(), std::greater<>());
        if (due_.size() > 2 * partitions_.size() + kStaleMin) drop_stale();
    }

    // Partitions were due later, and then earlier or not at all: what is left is one of each.
    void drop_stale() {
        due_.clear();
        for (std::uint32_t slot = 0; slot < partitions_.size(); ++slot) {
            const std::int64_t due = partitions_[slot].due;
            if (due != MatchPartition::kNever) due_.emplace_back(due, slot);
        }
        std::make_heap(due_.begin(), due_.end(), std::greater<>());
    }

    // Does what is due up to a time, a bounded amount of it.
    Progress go_to(std::int64_t limit, OpContext& context, Emitter& out) {
        limit = std::min(limit, MatchPartition::kEnd);
        std::size_t work = 0;
        Progress progress = Progress::kDone;
        while (!due_.empty() && due_.front().first <= limit && !context.failed()) {
            if (work >= kEmitRowsMax) {
                progress = Progress::kMore;
                break;
            }
            const auto [time, slot] = due_.front();
            std::pop_heap(due_.begin(), due_.end(), std::greater<>());
            due_.pop_back();
            ++work;
            if (partitions_[slot].due != time) continue;  // It was due earlier since, or is gone.
            partitions_[slot].due = MatchPartition::kNever;
            save_before(slot);
            work += run(partitions_[slot],
                        limit,
                        kEmitRowsMax - std::min(work, kEmitRowsMax),
                        context,
                        out);
            finish(slot);
        }
        turns_.flush(context, out);
        return progress;
    }

    // Takes a partition to a time; returns how much that was, of rows given, conditions asked and
    // rows aggregated: it stops behind `work_max`.
    std::size_t run(MatchPartition& partition,
                    std::int64_t limit,
                    std::size_t work_max,
                    OpContext& context,
                    Emitter& out) {
        std::size_t work = 0;
        while (work < work_max && !context.failed()) {
            if (partition.has_match()) {
                work += turns_.settle(partition, work_max - work, context, out);
                continue;
            }
            const std::int64_t end = turns_.next_end(partition);
            const std::int64_t next = next_row(partition);
            if (std::min(end, next) > limit) break;
            ++work;
            if (end <= next) {
                turns_.end_oldest(partition);
                continue;
            }
            Record* const record = partition.waiting.front();
            partition.waiting.take_front(1);
            --waiting_count_;
            work += turns_.take(partition, record, next, context);
            turns_.tidy(partition);
        }
        return work;
    }

    // When the next row is to be taken; by processing time it was the clock as it came.
    [[nodiscard]] std::int64_t next_row(const MatchPartition& partition) {
        if (partition.waiting.empty()) return MatchPartition::kNever;
        const Record& record = *partition.waiting.front();
        return spec_.is_event_time ? leading_integer(record.key()) : turns_.time_of(record);
    }

    // Says when there is more to do, and forgets a partition that has nothing.
    void finish(std::uint32_t slot) {
        MatchPartition& partition = partitions_[slot];
        turns_.tidy(partition);
        if (partition.has_match()) {
            wait_for(slot, partition.settled_at);
        } else if (!partition.is_empty()) {
            wait_for(slot, std::min(turns_.next_end(partition), next_row(partition)));
        } else {
            partition = {};
            slots_.erase(slot);
        }
    }

    void save_before(std::uint32_t slot) {
        if (!frozen_.is_frozen()) return;
        frozen_.take(std::span(&slot, 1), taken_);
        for (const std::uint32_t each : taken_)
            save_partition(each);
    }

    std::size_t save_partition(std::uint32_t slot) {
        const MatchPartition& partition = partitions_[slot];
        for (const Record* const record : partition.rows)
            save_row(*record, true);
        partition.waiting.for_each([&](const Record* record) {
            save_row(*record, false);
            return true;
        });
        for (const MatchAttempt& attempt : partition.attempts)
            save_attempt(partition, attempt);
        for (const auto& [start, match] : partition.matches)
            save_attempt(partition, {start, 0, {}, match});
        return partition.rows.size() + partition.waiting.size() + partition.attempts.size() +
               partition.matches.size();
    }

    void save_row(const Record& record, bool is_taken) {
        Batch& batch = state_out_->open(kRows, 1);
        const std::size_t row = batch.size();
        RowCodec::read(record.row(), width_, batch, row);
        batch.column(width_).data<std::int64_t>()[row] = static_cast<std::int64_t>(record.arrival);
        batch.column(width_ + 1).data<std::uint8_t>()[row] = is_taken ? 1 : 0;
        batch.set_size(row + 1);
    }

    void save_attempt(const MatchPartition& partition, const MatchAttempt& attempt) {
        const std::size_t start = attempt.start - partition.base;
        row_.clear();
        RowCodec::read(partition.rows[start]->row(), width_, row_, 0);
        Batch& batch = state_out_->open(kAttempts, 1);
        const std::size_t row = batch.size();
        const std::size_t keys = spec_.partition.size();
        for (std::size_t i = 0; i < keys; ++i)
            batch.column(i).copy_row(row, row_.column(spec_.partition[i]), 0, batch.arena());
        batch.column(keys).data<std::int64_t>()[row] = static_cast<std::int64_t>(start);
        const std::string bytes = write_attempt(attempt);
        const bool is_short = bytes.size() <= StringRef::kInlineMax;
        batch.column(keys + 1).data<StringRef>()[row] =
            StringRef(is_short ? std::string_view(bytes) : batch.arena().copy(bytes));
        batch.set_size(row + 1);
    }

    void load_rows(const BatchView& rows, OpContext& context) {
        const BatchView values{rows.columns.first(width_), rows.selection};
        locate(values, rows.selection, spec_.partition);
        encode(values, rows.selection, context);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const std::size_t row = rows.selection[i];
            const auto arrival = static_cast<std::uint64_t>(rows[width_].data<std::int64_t>()[row]);
            MatchPartition& partition = partitions_[found_[i]];
            Record* const record = make_record(i, arrival);
            next_arrival_ = std::max(next_arrival_, arrival + 1);
            if (rows[width_ + 1].data<std::uint8_t>()[row] != 0) {
                partition.rows.push_back(record);
            } else {
                partition.waiting.insert(record);
                ++waiting_count_;
            }
        }
    }

    void load_attempts(const BatchView& rows, OpContext& context) {
        const std::size_t keys = spec_.partition.size();
        std::vector<std::size_t> columns;
        for (std::size_t i = 0; i < keys; ++i)
            columns.push_back(i);
        locate(rows, rows.selection, columns);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const std::size_t row = rows.selection[i];
            const StringRef& bytes = rows[keys + 1].data<StringRef>()[row];
            auto attempt = read_attempt(
                {bytes.data(), bytes.size()}, turns_.program(), spec_.variables.size());
            const std::int64_t start = rows[keys].data<std::int64_t>()[row];
            if (!attempt || start < 0) {
                context.fail("an attempt of MATCH_RECOGNIZE in the snapshot cannot be read");
                return;
            }
            attempt->start = static_cast<std::uint64_t>(start);
            partitions_[found_[i]].attempts.push_back(*std::move(attempt));
        }
    }

    // Puts what was loaded, in any order, in order.
    void settle_loaded() {
        if (!std::exchange(has_loaded_, false)) return;
        const auto is_before = [](const Record* a, const Record* b) {
            const int order = compare_keys(a->key(), b->key());
            return order != 0 ? order < 0 : a->arrival < b->arrival;
        };
        for (std::uint32_t slot = 0; slot < partitions_.size(); ++slot) {
            MatchPartition& partition = partitions_[slot];
            if (partition.is_empty()) continue;
            std::sort(partition.rows.begin(), partition.rows.end(), is_before);
            is_broken_ = is_broken_ || !turns_.adopt(partition);
            if (is_broken_) return;
            finish(slot);
        }
    }

    // Whether it can go on with what was loaded.
    [[nodiscard]] bool adopt_loaded(OpContext& context) {
        settle_loaded();
        if (is_broken_)
            context.fail("the rows and attempts of MATCH_RECOGNIZE in the snapshot do not fit");
        return !is_broken_;
    }

    MatchSpec spec_;
    std::size_t width_;
    KeySlots slots_;
    SortKeyWriter keys_;
    RowCodec codec_;
    RecordPool records_;
    MatchTurns turns_;
    std::vector<MatchPartition> partitions_;  // By slot.
    std::size_t waiting_count_ = 0;
    std::vector<Due> due_;  // A heap, the earliest first; stale where a partition says otherwise.
    Watermark watermark_;
    std::uint64_t next_arrival_ = 1;
    bool has_loaded_ = false;
    bool is_broken_ = false;

    // Room for one batch.
    std::vector<std::uint32_t> found_;
    std::vector<const Column*> columns_;
    std::vector<std::uint16_t> in_time_;
    std::span<const std::uint32_t> marks_;
    Batch row_;

    StateOut* state_out_ = nullptr;
    FrozenEntries frozen_;
    std::vector<std::uint32_t> taken_;
};

}  // namespace

std::unique_ptr<Op> make_match_recognize(const MatchSpec& spec) {
    return std::make_unique<MatchRecognize>(spec);
}

}  // namespace thalweg
