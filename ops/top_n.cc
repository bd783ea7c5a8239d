#include "ops/top_n.h"

#include "ops/progress_table.h"
#include "ops/rank_partitions.h"
#include "ops/ranked_output.h"
#include "ops/row_kinds.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace thalweg {

namespace {

// A row that is asked for, with its number.
struct Ranked {
    const Record* record = nullptr;
    std::uint64_t number = 0;
};

bool is_before(const Record& a, const Record& b) noexcept {
    const int order = compare_keys(a.key(), b.key());
    return order != 0 ? order < 0 : a.arrival < b.arrival;
}

class TopN final : public Op {
  public:
    explicit TopN(const RankSpec& spec) : plan_(spec), partitions_(plan_), out_(spec) {}

    void process(std::size_t, const BatchView& rows, OpContext& context, Emitter& out) override {
        begin_batch();
        partitions_.locate(rows, rows.selection);
        partitions_.forget_expired(context.now_ns, dropped_);
        pick(rows);
        if (picked_rows_.empty()) {
            give_back_dropped();
            return;
        }
        plan_.codec.write(rows, Selection::list(picked_rows_));
        for (std::size_t i = 0; i < picked_rows_.size(); ++i) {
            if (i + kAhead < picked_.size())
                partitions_.prefetch_back(plan_.positions[picked_[i + kAhead]]);
            apply(i, is_gain(rows.kind(picked_rows_[i])));
        }
        emit_changes(out);
    }

    Progress tick(OpContext& context, Emitter&) override {
        partitions_.sweep(context.now_ns, dropped_);
        give_back_dropped();
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
        return plan_.memory_bytes() + partitions_.memory_bytes() + out_.memory_bytes() +
               stamps_.capacity() * sizeof(std::uint32_t);
    }

  private:
    static constexpr std::size_t kAhead = 16;  // Rows between a prefetch and its use.

    // What of a partition was asked for before the batch: of before_, the entries from `first` on.
    struct Touched {
        std::uint32_t position = 0;
        std::size_t first = 0;
    };

    void begin_batch() {
        touched_.clear();
        before_.clear();
        if (++stamp_ != 0) return;
        std::fill(stamps_.begin(), stamps_.end(), 0U);
        stamp_ = 1;
    }

    // Leaves out the rows that can rank too far behind only: most of them, once partitions are
    // full, and they need not be encoded.
    void pick(const BatchView& rows) {
        picked_rows_.clear();
        picked_.clear();
        for (std::size_t i = 0; i < rows.size(); ++i) {
            if (i + kAhead < rows.size()) partitions_.prefetch_bound(plan_.positions[i + kAhead]);
            if (partitions_.is_beyond(plan_.positions[i], plan_.keys.key(i))) continue;
            partitions_.prefetch(plan_.positions[i]);
            picked_.push_back(static_cast<std::uint16_t>(i));
            picked_rows_.push_back(static_cast<std::uint16_t>(rows.selection[i]));
        }
    }

    void apply(std::size_t index, bool is_insertion) {
        const std::size_t i = picked_[index];
        const std::uint32_t position = plan_.positions[i];
        const std::span<const std::byte> key = plan_.keys.key(i);
        if (is_insertion) {
            if (partitions_.is_beyond(position, key)) return;
            touch(position);
            Record* const record = plan_.records.make(key, plan_.codec.row(index));
            record->arrival = plan_.place_of(plan_.next_arrival++);
            partitions_.insert(position, record, dropped_);
            partitions_.write_now(position);
            return;
        }
        touch(position);
        Record* const record = partitions_.take(position, key, plan_.codec.row(index));
        if (record == nullptr) return;
        dropped_.push_back(record);
        partitions_.write_now(position);
    }

    void touch(std::uint32_t position) {
        if (position >= stamps_.size())
            stamps_.resize(std::max<std::size_t>(position + 1, 2 * stamps_.size()));
        if (std::exchange(stamps_[position], stamp_) == stamp_) return;
        partitions_.save_before(position);
        touched_.push_back({position, before_.size()});
        partitions_.for_each_ranked(position, [this](const Record* record, std::uint64_t number) {
            before_.push_back({record, number});
        });
    }

    void emit_changes(Emitter& out) {
        gone_.clear();
        come_.clear();
        gone_kinds_.clear();
        come_kinds_.clear();
        for (std::size_t i = 0; i < touched_.size(); ++i) {
            const std::size_t end =
                i + 1 < touched_.size() ? touched_[i + 1].first : before_.size();
            partitions_.trim(touched_[i].position, dropped_);
            compare(touched_[i], end);
        }
        for (std::size_t i = 0; i < gone_.size(); ++i)
            out_.put(*gone_[i].record, gone_[i].number, gone_kinds_[i], out);
        out_.flush(out);
        for (std::size_t i = 0; i < come_.size(); ++i)
            out_.put(*come_[i].record, come_[i].number, come_kinds_[i], out);
        out_.flush(out);
        give_back_dropped();
    }

    void give_back_dropped() {
        for (Record* const record : dropped_)
            plan_.records.give_back(record);
        dropped_.clear();
    }

    // Both lists are in the order of the partition, so one walk finds what only one of them has.
    void compare(const Touched& touched, std::size_t end) {
        const std::size_t first_gone = gone_.size();
        const std::size_t first_come = come_.size();
        std::size_t at = touched.first;
        const auto leave = [&](const Ranked& row) { gone_.push_back(row); };
        partitions_.for_each_ranked(
            touched.position, [&](const Record* record, std::uint64_t number) {
                while (at < end && before_[at].record != record &&
                       is_before(*before_[at].record, *record))
                    leave(before_[at++]);
                const bool is_known = at < end && before_[at].record == record;
                if (is_known && (!plan_.spec.has_number || before_[at].number == number)) {
                    ++at;
                    return;
                }
                if (is_known) leave(before_[at++]);
                come_.push_back({record, number});
            });
        while (at < end)
            leave(before_[at++]);
        choose_kinds(gone_.size() - first_gone, come_.size() - first_come);
    }

    void choose_kinds(std::size_t gone, std::size_t come) {
        const std::size_t updates = has_updates(plan_.spec) ? std::min(gone, come) : 0;
        gone_kinds_.insert(gone_kinds_.end(), updates, RowKind::kUpdateBefore);
        gone_kinds_.insert(gone_kinds_.end(), gone - updates, RowKind::kDelete);
        come_kinds_.insert(come_kinds_.end(), updates, RowKind::kUpdateAfter);
        come_kinds_.insert(come_kinds_.end(), come - updates, RowKind::kInsert);
    }

    RankPlan plan_;
    RankPartitions partitions_;
    RankedOutput out_;

    // The batch being worked on.
    std::vector<std::uint16_t> picked_;       // Places in the selection, of rows that may be kept,
    std::vector<std::uint16_t> picked_rows_;  // and the rows.
    std::vector<std::uint32_t> stamps_;       // Of each partition: its latest batch.
    std::uint32_t stamp_ = 0;
    std::vector<Touched> touched_;
    std::vector<Ranked> before_;
    std::vector<Ranked> gone_;
    std::vector<Ranked> come_;
    std::vector<RowKind> gone_kinds_;
    std::vector<RowKind> come_kinds_;
    std::vector<Record*> dropped_;  // Given back when the changes are told.
};

}  // namespace

std::unique_ptr<Op> make_top_n(const RankSpec& spec) {
    return std::make_unique<TopN>(spec);
}

}  // namespace thalweg
