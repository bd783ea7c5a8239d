#include "ops/sort.h"

#include "ops/ordered_records.h"
#include "ops/progress_table.h"
#include "ops/record_pool.h"
#include "ops/row_codec.h"
#include "ops/row_kinds.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace thalweg {

namespace {

class Sort final : public Op {
  public:
    explicit Sort(const SortSpec& spec) : spec_(spec), keys_(spec.order), out_(spec.schema) {}

    void process(std::size_t, const BatchView& rows, OpContext& context, Emitter&) override {
        const Selection selected = spec_.is_temporal ? in_time(rows, context) : rows.selection;
        keys_.write(rows, selected);
        codec_.write(rows, selected);
        for (std::size_t i = 0; i < selected.size(); ++i) {
            if (is_gain(rows.kind(selected[i]))) {
                insert(i, next_arrival_++);
                continue;
            }
            Record* const record = rows_.take(keys_.key(i), codec_.row(i));
            if (record != nullptr) drop(record);
        }
    }

    Progress advance(Watermark watermark, OpContext&, Emitter& out) override {
        watermark_ = std::max(watermark_, watermark);
        if (!watermark.is_max() && !spec_.is_temporal) return Progress::kDone;
        for (std::size_t work = 0; work < kEmitRowsMax; work += kBatchRows) {
            if (!emit_batch(out)) return Progress::kDone;
        }
        return Progress::kMore;
    }

    [[nodiscard]] std::vector<StateTable> state_tables() const override {
        std::vector<Field> fields = spec_.schema->fields;
        fields.push_back({"arrival", Type::bigint().not_null()});
        return {{"rows", make_schema(std::move(fields)), StateRoute::kByKey, {}},
                progress_table({"arrival", "left"})};
    }

    void freeze(StateOut& out) override {
        state_out_ = &out;
        unsaved_ = rows_.size();
        ++epoch_;
        cursor_key_.clear();
        cursor_arrival_ = 0;
        write_progress(out, 1, {static_cast<std::int64_t>(next_arrival_), last_left_});
    }

    Progress save(std::size_t rows_max) override {
        std::size_t work = 0;
        const Record* last = nullptr;
        rows_.for_each_from(cursor_key_, cursor_arrival_, [&](Record* record) {
            if (unsaved_ == 0 || work >= rows_max) return false;
            save_row(*record);
            ++work;
            last = record;
            return true;
        });
        if (last == nullptr || unsaved_ == 0) {
            DEBUG_ASSERT(unsaved_ == 0);
            return Progress::kDone;
        }
        cursor_key_.assign(last->key().begin(), last->key().end());
        cursor_arrival_ = last->arrival + 1;
        return Progress::kMore;
    }

    void load(std::size_t table, const BatchView& rows, Watermark watermark, OpContext&) override {
        watermark_ = std::max(watermark_, watermark);
        if (table == 1) {
            next_arrival_ = greatest_progress(rows, 0, next_arrival_);
            rows.selection.for_each([&](std::size_t row) {
                last_left_ = std::max(last_left_, rows[1].data<std::int64_t>()[row]);
            });
            return;
        }
        const std::size_t width = spec_.schema->size();
        const BatchView values{rows.columns.first(width), rows.selection};
        keys_.write(values, rows.selection);
        codec_.write(values, rows.selection);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const auto arrival =
                static_cast<std::uint64_t>(rows[width].data<std::int64_t>()[rows.selection[i]]);
            insert(i, arrival);
            next_arrival_ = std::max(next_arrival_, arrival + 1);
        }
    }

    [[nodiscard]] std::size_t memory_bytes() const override {
        return records_.memory_bytes() + rows_.memory_bytes() + keys_.memory_bytes() +
               codec_.memory_bytes() + out_.memory_bytes();
    }

  private:
    // Rows that have a time, and come before none that has left.
    [[nodiscard]] Selection in_time(const BatchView& rows, OpContext& context) {
        const Column& times = rows[spec_.order[0].column];
        in_time_.clear();
        rows.selection.for_each([&](std::size_t row) {
            if (times.is_null(row)) {
                ++context.counters.null_time_rows;
            } else if (times.data<std::int64_t>()[row] <= last_left_) {
                ++context.counters.late_rows;
            } else {
                in_time_.push_back(static_cast<std::uint16_t>(row));
            }
        });
        return Selection::list(in_time_);
    }

    void insert(std::size_t i, std::uint64_t arrival) {
        Record* const record = records_.make(keys_.key(i), codec_.row(i));
        record->arrival = arrival;
        record->mark = epoch_;
        rows_.insert(record);
    }

    // A row that was there at the barrier is written once.
    void save_row(Record& record) {
        if (unsaved_ == 0 || std::exchange(record.mark, epoch_) == epoch_) return;
        --unsaved_;
        const std::size_t width = spec_.schema->size();
        Batch& batch = state_out_->open(0, 1);
        const std::size_t row = batch.size();
        RowCodec::read(record.row(), width, batch, row);
        batch.column(width).data<std::int64_t>()[row] = static_cast<std::int64_t>(record.arrival);
        batch.set_size(row + 1);
    }

    void drop(Record* record) {
        save_row(*record);
        records_.give_back(record);
    }

    // Rows that may go, up to a batch; whether there may be more.
    bool emit_batch(Emitter& out) {
        leaving_.clear();
        const std::size_t column = spec_.order[0].column;
        rows_.for_each([&](Record* record) {
            if (out_.room() == 0) return false;
            const std::size_t row = out_.size();
            RowCodec::read(record->row(), spec_.schema->size(), out_, row);
            const bool is_passed =
                !spec_.is_temporal ||
                out_.column(column).data<std::int64_t>()[row] <= watermark_.nanos;
            if (!is_passed) return false;
            if (spec_.is_temporal) last_left_ = out_.column(column).data<std::int64_t>()[row];
            leaving_.push_back(record);
            out_.set_size(row + 1);
            return true;
        });
        rows_.take_front(leaving_.size());
        if (!out_.empty()) out.emit(out_.view());
        const bool is_full = out_.room() == 0;
        out_.clear();
        for (Record* const record : leaving_)
            drop(record);
        return is_full;
    }

    SortSpec spec_;
    SortKeyWriter keys_;
    RowCodec codec_;
    RecordPool records_;
    OrderedRecords rows_;
    Batch out_;
    Watermark watermark_;
    std::int64_t last_left_ = Watermark::min().nanos;  // The time of the last row that left.
    std::uint64_t next_arrival_ = 1;
    std::vector<std::uint16_t> in_time_;
    std::vector<Record*> leaving_;

    // A snapshot: rows with another mark than the epoch are to be written, so many of them.
    StateOut* state_out_ = nullptr;
    std::uint32_t epoch_ = 1;
    std::size_t unsaved_ = 0;
    std::vector<std::byte> cursor_key_;  // Where save() goes on.
    std::uint64_t cursor_arrival_ = 0;
};

}  // namespace

std::unique_ptr<Op> make_sort(const SortSpec& spec) {
    return std::make_unique<Sort>(spec);
}

}  // namespace thalweg
