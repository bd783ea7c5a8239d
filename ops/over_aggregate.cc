#include "ops/over_aggregate.h"

#include "ops/frozen_entries.h"
#include "ops/group_dictionary.h"
#include "ops/ordered_records.h"
#include "ops/over_evaluator.h"
#include "ops/progress_table.h"
#include "ops/row_codec.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

namespace thalweg {

namespace {

constexpr std::int64_t kNothingDue = INT64_MAX;

std::vector<Type> partition_types(const OverSpec& spec) {
    std::vector<Type> types;
    for (const std::size_t column : spec.partition)
        types.push_back((*spec.schema)[column].type);
    return types;
}

std::vector<SortItem> time_order(const OverSpec& spec) {
    return spec.is_by_arrival ? std::vector<SortItem>{} : spec.order;
}

// The rows of a partition: first those that have come out and are still asked for.
struct Partition {
    OrderedRecords rows;
    std::size_t done = 0;
    std::int64_t due = kNothingDue;  // The time of the first that waits.
    OverTotals totals;
};

class OverAggregate final : public Op {
  public:
    explicit OverAggregate(const OverSpec& spec)
        : spec_(spec),
          width_(spec.schema->size()),
          key_(partition_types(spec), spec.seed, GroupKey::Nulls::kInside),
          partition_index_(key_, 0, history_),
          keys_(time_order(spec)),
          evaluator_(spec),
          out_(over_schema(spec)),
          words_(evaluator_.state_words()) {}

    void process(std::size_t, const BatchView& rows, OpContext& context, Emitter& out) override {
        const Selection selected = spec_.is_by_arrival ? rows.selection : in_time(rows, context);
        if (selected.empty()) return;
        locate(rows, selected, spec_.partition);
        keys_.write(rows, selected);
        codec_.write(rows, selected);
        touched_.clear();
        for (std::size_t i = 0; i < selected.size(); ++i) {
            const std::uint32_t position = positions_[i];
            if (i + 2 * kAhead < selected.size())
                __builtin_prefetch(&partitions_[positions_[i + 2 * kAhead]], 1);
            if (i + kAhead < selected.size())
                partitions_[positions_[i + kAhead]].rows.prefetch_back();
            save_before(position);
            insert(position, i, next_arrival_++);
            if (spec_.is_by_arrival) touched_.push_back(position);
        }
        std::sort(touched_.begin(), touched_.end());
        touched_.erase(std::unique(touched_.begin(), touched_.end()), touched_.end());
        for (const std::uint32_t position : touched_)
            evaluate(position, kNothingDue, out);
        pass_on(out);
    }

    Progress advance(Watermark watermark, OpContext&, Emitter& out) override {
        watermark_ = std::max(watermark_, watermark);
        std::size_t work = 0;
        while (!due_.empty() && due_.front().first <= watermark_.nanos) {
            if (work >= kEmitRowsMax) {
                pass_on(out);
                return Progress::kMore;
            }
            take_due();
            for (std::size_t i = 0; i < taken_due_.size(); ++i) {
                if (work >= kEmitRowsMax) {
                    give_back_due(i);
                    break;
                }
                fetch_due(i);
                const auto [time, position] = taken_due_[i];
                if (partitions_[position].due != time) continue;  // It had an earlier row since.
                save_before(position);
                work += evaluate(position, watermark_.nanos, out);
            }
        }
        pass_on(out);
        return Progress::kDone;
    }

    [[nodiscard]] Watermark next_fire() override {
        return due_.empty() ? Watermark::max() : Watermark{due_.front().first};
    }

    [[nodiscard]] std::vector<StateTable> state_tables() const override {
        const Type whole = Type::bigint().not_null();
        std::vector<Field> rows = spec_.schema->fields;
        rows.push_back({"arrival", whole});
        rows.push_back({"is_done", Type::boolean().not_null()});
        std::vector<Field> partitions;
        std::vector<std::size_t> places;
        for (std::size_t i = 0; i < spec_.partition.size(); ++i) {
            partitions.push_back((*spec_.schema)[spec_.partition[i]]);
            if (spec_.route.empty()) places.push_back(i);
        }
        if (!spec_.route.empty()) places = spec_.route;
        std::vector<std::size_t> route;
        for (const std::size_t place : places)
            route.push_back(spec_.partition[place]);
        partitions.push_back({"rows", whole});
        partitions.push_back({"groups", whole});
        evaluator_.append_state_fields(partitions);
        return {{"rows", make_schema(std::move(rows)), StateRoute::kByKey, route},
                {"partitions", make_schema(std::move(partitions)), StateRoute::kByKey, places},
                progress_table({"arrival"})};
    }

    void freeze(StateOut& out) override {
        state_out_ = &out;
        frozen_.freeze(partitions_.size());
        write_progress(out, 2, {static_cast<std::int64_t>(next_arrival_)});
    }

    Progress save(std::size_t rows_max) override {
        for (std::size_t saved = 0; frozen_.is_frozen();) {
            if (saved >= rows_max) return Progress::kMore;
            const FrozenEntries::Run run = frozen_.take_next(1);
            if (run.count != 0) saved += 1 + save_partition(run.first);
        }
        return Progress::kDone;
    }

    void load(std::size_t table, const BatchView& rows, Watermark watermark, OpContext&) override {
        watermark_ = std::max(watermark_, watermark);
        if (rows.selection.empty()) return;
        if (table == 0) {
            load_rows(rows);
        } else if (table == 1) {
            load_partitions(rows);
        } else {
            next_arrival_ = greatest_progress(rows, 0, next_arrival_);
        }
    }

    [[nodiscard]] std::size_t memory_bytes() const override {
        return records_.memory_bytes() + partition_index_.memory_bytes() + keys_.memory_bytes() +
               codec_.memory_bytes() + evaluator_.memory_bytes() + out_.memory_bytes() +
               texts_.memory_bytes() +
               partitions_.capacity() * (sizeof(Partition) + sizeof(std::vector<Record*>)) +
               row_count_ * 2 * sizeof(Record*) + states_.capacity() * 8 +
               (due_.capacity() + taken_due_.capacity()) * sizeof(Due) + frozen_.memory_bytes();
    }

  private:
    using Due = std::pair<std::int64_t, std::uint32_t>;

    static constexpr std::size_t kAhead = 4;  // Rows or partitions between one fetch and the next.

    // Some of what the watermark has passed, so that it can be fetched ahead: partitions lie all
    // over memory.
    void take_due() {
        constexpr std::size_t kDueMax = 64;
        taken_due_.clear();
        while (taken_due_.size() < kDueMax && !due_.empty() &&
               due_.front().first <= watermark_.nanos) {
            taken_due_.push_back(due_.front());
            std::pop_heap(due_.begin(), due_.end(), std::greater<>());
            due_.pop_back();
        }
        for (std::size_t i = 0; i < std::min(3 * kAhead, taken_due_.size()); ++i)
            __builtin_prefetch(&partitions_[taken_due_[i].second], 1);
    }

    void give_back_due(std::size_t first) {
        for (std::size_t i = first; i < taken_due_.size(); ++i) {
            due_.push_back(taken_due_[i]);
            std::push_heap(due_.begin(), due_.end(), std::greater<>());
        }
    }

    // Always inline: g++ 12 drops calls of a function that only prefetches.
    [[gnu::always_inline]] void fetch_due(std::size_t i) const {
        const std::size_t count = taken_due_.size();
        if (i + 3 * kAhead < count)
            __builtin_prefetch(&partitions_[taken_due_[i + 3 * kAhead].second], 1);
        if (i + 2 * kAhead < count) partitions_[taken_due_[i + 2 * kAhead].second].rows.prefetch();
        if (i + kAhead < count) partitions_[taken_due_[i + kAhead].second].rows.prefetch_records();
    }

    [[nodiscard]] Selection in_time(const BatchView& rows, OpContext& context) {
        const Column& times = rows[spec_.order[0].column];
        in_time_.clear();
        rows.selection.for_each([&](std::size_t row) {
            if (times.is_null(row)) {
                ++context.counters.null_time_rows;
            } else if (times.data<std::int64_t>()[row] <= watermark_.nanos) {
                ++context.counters.late_rows;
            } else {
                in_time_.push_back(static_cast<std::uint16_t>(row));
            }
        });
        return Selection::list(in_time_);
    }

    // The partitions of rows whose keys are in `columns`, to positions_.
    void locate(const BatchView& view, Selection rows, const std::vector<std::size_t>& columns) {
        positions_.resize(rows.size());
        columns_.clear();
        for (const std::size_t column : columns)
            columns_.push_back(&view[column]);
        partition_index_.find_or_insert(columns_, rows, encoded_, positions_);
        partitions_.resize(std::max(partitions_.size(), partition_index_.size()));
        states_.resize(partitions_.size() * words_);
    }

    Record* insert(std::uint32_t position, std::size_t i, std::uint64_t arrival) {
        Record* const record = records_.make(keys_.key(i), codec_.row(i));
        record->arrival = arrival;
        partitions_[position].rows.insert(record);
        ++row_count_;
        if (!spec_.is_by_arrival) wait_for(position, leading_integer(record->key()));
        return record;
    }

    void wait_for(std::uint32_t position, std::int64_t time) {
        Partition& partition = partitions_[position];
        if (time >= partition.due) return;
        partition.due = time;
        due_.emplace_back(time, position);
        std::push_heap(due_.begin(), due_.end(), std::greater<>());
    }

    // Emits the rows of a partition up to a time; returns how many. Not all where they are very
    // many, but whole times.
    std::size_t evaluate(std::uint32_t position, std::int64_t limit, Emitter& out) {
        Partition& partition = partitions_[position];
        evaluator_.begin();
        partition.due = kNothingDue;
        std::int64_t next = kNothingDue;
        std::int64_t last = 0;
        partition.rows.for_each([&](Record* record) {
            const std::size_t count = evaluator_.size();
            if (!spec_.is_by_arrival && count >= partition.done) {
                const std::int64_t time = leading_integer(record->key());
                const bool is_enough = count >= partition.done + kEmitRowsMax && time != last;
                if (time > limit || is_enough) {
                    next = time;
                    return false;
                }
                last = time;
            }
            evaluator_.add(*record);
            return true;
        });
        const std::size_t from = partition.done;
        const std::span states(states_.data() + position * words_, words_);
        evaluator_.evaluate(from, partition.totals, states, texts_);
        emit(from, out);
        const std::size_t size = evaluator_.size();
        drop(partition, size - evaluator_.rows_needed());
        partition.done = evaluator_.rows_needed();
        if (next != kNothingDue) wait_for(position, next);
        return size - from;
    }

    void emit(std::size_t from, Emitter& out) {
        for (std::size_t i = from / kBatchRows; i < evaluator_.batch_count(); ++i) {
            const Batch& batch = evaluator_.batch(i);
            const std::size_t first = i * kBatchRows < from ? from - i * kBatchRows : 0;
            if (first == batch.size()) continue;
            append(batch.view(), first, batch.size() - first, out);
        }
    }

    // Partitions have few rows each, mostly: they go on together.
    void append(const BatchView& rows, std::size_t first, std::size_t count, Emitter& out) {
        if (out_.room() < count) pass_on(out);
        out_.append(rows, Selection::range(first, count));
    }

    void pass_on(Emitter& out) {
        if (!out_.empty()) out.emit(out_.view());
        out_.clear();
    }

    void drop(Partition& partition, std::size_t count) {
        dropped_.clear();
        partition.rows.for_each([&](Record* record) {
            if (dropped_.size() == count) return false;
            dropped_.push_back(record);
            return true;
        });
        partition.rows.take_front(count);
        row_count_ -= count;
        for (Record* const record : dropped_)
            records_.give_back(record);
    }

    void save_before(std::uint32_t position) {
        if (!frozen_.is_frozen()) return;
        frozen_.take(std::span(&position, 1), taken_);
        for (const std::uint32_t each : taken_)
            save_partition(each);
    }

    std::size_t save_partition(std::uint32_t position) {
        const Partition& partition = partitions_[position];
        std::size_t index = 0;
        partition.rows.for_each([&](const Record* record) {
            Batch& batch = state_out_->open(0, 1);
            const std::size_t row = batch.size();
            RowCodec::read(record->row(), width_, batch, row);
            batch.column(width_).data<std::int64_t>()[row] =
                static_cast<std::int64_t>(record->arrival);
            batch.column(width_ + 1).data<std::uint8_t>()[row] = index++ < partition.done ? 1 : 0;
            batch.set_size(row + 1);
            return true;
        });
        if (partition.totals.rows != 0) save_totals(position);
        return partition.rows.size();
    }

    void save_totals(std::uint32_t position) {
        const Partition& partition = partitions_[position];
        Batch& batch = state_out_->open(1, 1);
        const std::size_t row = batch.size();
        const std::size_t key_count = spec_.partition.size();
        std::vector<Column*> columns;
        for (std::size_t i = 0; i < key_count; ++i)
            columns.push_back(&batch.column(i));
        const EntryTable& entries = partition_index_.entries();
        if (key_count != 0) key_.decode(entries.entry(position), 0, 1, columns, row, batch.arena());
        batch.column(key_count).data<std::int64_t>()[row] = partition.totals.rows;
        batch.column(key_count + 1).data<std::int64_t>()[row] = partition.totals.groups;
        evaluator_.save_state(states_.data() + position * words_, batch, key_count + 2);
        batch.set_size(row + 1);
    }

    void load_rows(const BatchView& rows) {
        const BatchView values{rows.columns.first(width_), rows.selection};
        locate(values, rows.selection, spec_.partition);
        keys_.write(values, rows.selection);
        codec_.write(values, rows.selection);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const std::size_t row = rows.selection[i];
            const auto arrival = static_cast<std::uint64_t>(rows[width_].data<std::int64_t>()[row]);
            const bool is_done = rows[width_ + 1].data<std::uint8_t>()[row] != 0;
            Partition& partition = partitions_[positions_[i]];
            const std::int64_t due = partition.due;
            insert(positions_[i], i, arrival);
            if (is_done) {
                ++partition.done;
                partition.due = due;  // What it has put among those due is stale, and skipped.
            }
            next_arrival_ = std::max(next_arrival_, arrival + 1);
        }
    }

    void load_partitions(const BatchView& rows) {
        std::vector<std::size_t> columns;
        for (std::size_t i = 0; i < spec_.partition.size(); ++i)
            columns.push_back(i);
        locate(rows, rows.selection, columns);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const std::size_t row = rows.selection[i];
            const std::uint32_t position = positions_[i];
            OverTotals& totals = partitions_[position].totals;
            totals.rows = rows[columns.size()].data<std::int64_t>()[row];
            totals.groups = rows[columns.size() + 1].data<std::int64_t>()[row];
            evaluator_.load_state(
                states_.data() + position * words_, rows, columns.size() + 2, row, texts_);
        }
    }

    OverSpec spec_;
    std::size_t width_;
    GroupKey key_;
    KeyHistory history_;
    GroupDictionary partition_index_;
    SortKeyWriter keys_;
    RowCodec codec_;
    RecordPool records_;
    OverEvaluator evaluator_;
    Batch out_;
    std::size_t words_;                  // Of the states of a partition.
    std::vector<std::uint64_t> states_;  // By partition.
    Arena texts_;                        // Of states. They reuse their places (OwnedText).
    std::vector<Partition> partitions_;
    std::size_t row_count_ = 0;
    std::vector<Due> taken_due_;
    std::vector<Due> due_;  // A heap, the earliest first; stale where a partition says otherwise.
    Watermark watermark_;
    std::uint64_t next_arrival_ = 1;

    // Room for one batch.
    GroupKey::Encoded encoded_;
    std::vector<std::uint32_t> positions_;
    std::vector<const Column*> columns_;
    std::vector<std::uint16_t> in_time_;
    std::vector<std::uint32_t> touched_;
    std::vector<Record*> dropped_;

    StateOut* state_out_ = nullptr;
    FrozenEntries frozen_;
    std::vector<std::uint32_t> taken_;
};

}  // namespace

std::unique_ptr<Op> make_over_aggregate(const OverSpec& spec) {
    return std::make_unique<OverAggregate>(spec);
}

}  // namespace thalweg
