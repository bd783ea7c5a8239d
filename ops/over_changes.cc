#include "ops/over_aggregate.h"
#include "ops/over_evaluator.h"
#include "ops/progress_table.h"
#include "ops/rank_partitions.h"
#include "ops/row_kinds.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace thalweg {

namespace {

// The rows are kept as those of a Top-N without an end.
RankSpec rank_spec(const OverSpec& spec) {
    RankSpec rank;
    rank.schema = spec.schema;
    rank.partition = spec.partition;
    rank.route = spec.route;
    rank.order = spec.order;
    rank.is_changing = true;
    rank.seed = spec.seed;
    rank.ttl_ns = spec.ttl_ns;
    return rank;
}

// Keeps with each row what it has given for it, as a record whose place is the row's mark.
class OverChanges final : public Op {
  public:
    explicit OverChanges(const OverSpec& spec)
        : width_(spec.schema->size()),
          call_count_(spec.calls.size()),
          plan_(rank_spec(spec)),
          partitions_(plan_),
          evaluator_(spec),
          states_(evaluator_.state_words()),
          out_(over_schema(spec)) {
        given_.push_back(nullptr);
    }

    void process(std::size_t, const BatchView& rows, OpContext& context, Emitter& out) override {
        ++stamp_;
        touched_.clear();
        records_.clear();
        partitions_.locate(rows, rows.selection);
        partitions_.forget_expired(context.now_ns, records_);
        forget_records();
        plan_.codec.write(rows, rows.selection);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            touch(plan_.positions[i]);
            apply(i, is_gain(rows.kind(rows.selection[i])));
        }
        for (const std::uint32_t position : touched_)
            evaluate(position, true);
        emit_changes(out);
    }

    Progress tick(OpContext& context, Emitter&) override {
        records_.clear();
        partitions_.sweep(context.now_ns, records_);
        forget_records();
        return Progress::kDone;
    }

    [[nodiscard]] std::int64_t next_tick_ns() const override { return partitions_.next_tick_ns(); }

    [[nodiscard]] std::vector<StateTable> state_tables() const override {
        return {plan_.rows_table(), progress_table({"arrival"})};
    }

    void freeze(StateOut& out) override {
        partitions_.freeze(out);
        write_progress(out, 1, {static_cast<std::int64_t>(plan_.next_arrival)});
    }

    Progress save(std::size_t rows_max) override {
        partitions_.save(rows_max);
        return partitions_.is_frozen() ? Progress::kMore : Progress::kDone;
    }

    void load(std::size_t table, const BatchView& rows, Watermark, OpContext&) override {
        if (table == 0) {
            partitions_.restore(rows, rows.selection);
            return;
        }
        plan_.next_arrival = greatest_progress(rows, 0, plan_.next_arrival);
    }

    [[nodiscard]] std::size_t memory_bytes() const override {
        return plan_.memory_bytes() + partitions_.memory_bytes() + evaluator_.memory_bytes() +
               out_.memory_bytes() + (given_.capacity() + free_.capacity()) * sizeof(Record*) +
               stamps_.capacity() * sizeof(std::uint64_t);
    }

  private:
    // A row and a result, of before or after.
    struct Change {
        const Record* row = nullptr;
        const Record* result = nullptr;
        RowKind kind = RowKind::kInsert;
    };

    // records_, of which nothing is told, with the results that were given for them.
    void forget_records() {
        for (Record* const record : records_) {
            if (record->mark != 0) {
                plan_.records.give_back(std::exchange(given_[record->mark], nullptr));
                free_.push_back(record->mark);
            }
            plan_.records.give_back(record);
        }
        records_.clear();
    }

    // Rows that were loaded have no results yet; they follow from the rows.
    void touch(std::uint32_t position) {
        if (position >= stamps_.size())
            stamps_.resize(std::max<std::size_t>(position + 1, 2 * stamps_.size()));
        if (std::exchange(stamps_[position], stamp_) == stamp_) return;
        partitions_.save_before(position);
        touched_.push_back(position);
        bool is_new = false;
        partitions_.for_each_ranked(position, [&](const Record* record, std::uint64_t) {
            is_new = is_new || record->mark == 0;
        });
        if (is_new) evaluate(position, false);
    }

    void apply(std::size_t i, bool is_insertion) {
        const std::uint32_t position = plan_.positions[i];
        const std::span<const std::byte> key = plan_.keys.key(i);
        if (is_insertion) {
            Record* const record = plan_.records.make(key, plan_.codec.row(i));
            record->arrival = plan_.next_arrival++;
            partitions_.insert(position, record, dropped_);
            partitions_.write_now(position);
            return;
        }
        Record* const record = partitions_.take(position, key, plan_.codec.row(i));
        if (record == nullptr) return;
        partitions_.write_now(position);
        dropped_.push_back(record);
        if (record->mark == 0) return;  // It came with this batch.
        Record* const result = given_[record->mark];
        gone_.push_back({record, result, RowKind::kDelete});
        dropped_.push_back(result);
        given_[record->mark] = nullptr;
        free_.push_back(record->mark);
    }

    // Compares the results of all rows with those given, and gives them.
    void evaluate(std::uint32_t position, bool is_told) {
        evaluator_.begin();
        records_.clear();
        partitions_.for_each_ranked(position, [&](Record* record, std::uint64_t) {
            evaluator_.add(*record);
            records_.push_back(record);
        });
        OverTotals totals;
        std::fill(states_.begin(), states_.end(), 0U);
        arena_.reset();
        evaluator_.evaluate(0, totals, states_, arena_);
        for (std::size_t i = 0; i < evaluator_.batch_count(); ++i) {
            const BatchView view = evaluator_.batch(i).view();
            const BatchView results{view.columns.subspan(width_), view.selection};
            codec_.write(results, results.selection);
            for (std::size_t row = 0; row < view.size(); ++row)
                give(*records_[i * kBatchRows + row], codec_.row(row), is_told);
        }
    }

    void give(Record& record, std::span<const std::byte> result, bool is_told) {
        Record* const old = given_[record.mark];
        if (old != nullptr && compare_keys(old->row(), result) == 0) return;
        Record* const now = plan_.records.make({}, result);
        if (old == nullptr) {
            if (free_.empty()) {
                free_.push_back(static_cast<std::uint32_t>(given_.size()));
                given_.push_back(nullptr);
            }
            record.mark = free_.back();
            free_.pop_back();
        } else {
            gone_.push_back({&record, old, RowKind::kUpdateBefore});
            dropped_.push_back(old);
        }
        given_[record.mark] = now;
        if (is_told) {
            const RowKind kind = old == nullptr ? RowKind::kInsert : RowKind::kUpdateAfter;
            come_.push_back({&record, now, kind});
        }
    }

    void emit_changes(Emitter& out) {
        for (auto* const changes : {&gone_, &come_}) {
            for (const Change& change : *changes)
                put(change, out);
            emit_batch(out);
            changes->clear();
        }
        for (Record* const record : dropped_)
            plan_.records.give_back(record);
        dropped_.clear();
    }

    void put(const Change& change, Emitter& out) {
        const std::size_t row = out_.size();
        RowCodec::read(change.row->row(), width_, out_, row);
        RowCodec::read(change.result->row(), call_count_, out_, row, width_);
        out_.make_kinds()[row] = change.kind;
        out_.set_size(row + 1);
        if (out_.room() == 0) emit_batch(out);
    }

    void emit_batch(Emitter& out) {
        if (!out_.empty()) out.emit(out_.view());
        out_.clear();
    }

    std::size_t width_;
    std::size_t call_count_;
    RankPlan plan_;
    RankPartitions partitions_;
    OverEvaluator evaluator_;
    std::vector<std::uint64_t> states_;  // Of one evaluation.
    Arena arena_;
    RowCodec codec_;  // Of results.
    Batch out_;

    std::vector<Record*> given_;       // By mark; none has mark 0.
    std::vector<std::uint32_t> free_;  // Marks that nobody has.

    // The batch being worked on.
    std::vector<std::uint64_t> stamps_;  // Of each partition: its latest batch.
    std::uint64_t stamp_ = 0;
    std::vector<std::uint32_t> touched_;
    std::vector<Record*> records_;
    std::vector<Change> gone_;
    std::vector<Change> come_;
    std::vector<Record*> dropped_;  // Given back when the changes are told.
};

}  // namespace

std::unique_ptr<Op> make_over_changes(const OverSpec& spec) {
    return std::make_unique<OverChanges>(spec);
}

}  // namespace thalweg
