#include "ops/group_aggregate.h"

#include "ops/changed_rows.h"
#include "ops/group_table.h"
#include "ops/progress_table.h"
#include "ops/retracting_aggregate.h"
#include "ops/state_ttl.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>

namespace thalweg {

namespace {

constexpr std::array<RowKind, kBatchRows> all_of(RowKind kind) {
    std::array<RowKind, kBatchRows> kinds{};
    kinds.fill(kind);
    return kinds;
}

constexpr auto kBefore = all_of(RowKind::kUpdateBefore);
constexpr auto kAfter = all_of(RowKind::kUpdateAfter);

class GroupAggregate final : public Op, private GroupWatch {
  public:
    explicit GroupAggregate(const GroupAggregateSpec& spec)
        : plan_(spec.keys, spec.key_types, spec.calls, spec.seed, spec.ttl_ns != 0),
          groups_(plan_),
          ttl_(spec.ttl_ns),
          before_(result_schema(spec)),
          after_(result_schema(spec)) {
        std::vector<std::size_t> route = spec.partition;
        if (route.empty()) {
            route.resize(spec.keys.size());
            std::iota(route.begin(), route.end(), std::size_t{0});
        }
        tables_.push_back({"groups", make_schema(plan_.group_fields()), StateRoute::kByKey, route});
        for (const std::size_t call : plan_.distinct_calls()) {
            tables_.push_back({"distinct" + std::to_string(call),
                               make_schema(plan_.value_fields(call)),
                               StateRoute::kByKey,
                               route});
        }
        tables_.push_back(progress_table({"position"}));
    }

    void process(std::size_t, const BatchView& rows, OpContext& context, Emitter& out) override {
        ttl_.begin(context.now_ns);
        begin_batch();
        groups_.add(rows, rows.selection, position_, this);
        position_ += kBatchRows;
        emit_changes(out);
    }

    // Gives back what has expired.
    Progress tick(OpContext& context, Emitter&) override {
        if (groups_.is_frozen()) {
            ttl_.put_off(context.now_ns);
            return Progress::kDone;
        }
        const std::size_t dense = groups_.size() - (groups_.has_null() ? 1 : 0);
        const StateTtl::Step step = ttl_.next_step(context.now_ns, groups_.size());
        for (std::size_t i = std::min(step.end, groups_.size()); i > step.first; --i) {
            const std::uint32_t position =
                i > dense ? GroupTable::kNullPosition : static_cast<std::uint32_t>(i - 1);
            if (ttl_.has_expired(groups_.written_ms(position))) groups_.erase(position);
        }
        return Progress::kDone;
    }

    [[nodiscard]] std::int64_t next_tick_ns() const override {
        return ttl_.next_tick_ns(groups_.size());
    }

    [[nodiscard]] std::vector<StateTable> state_tables() const override { return tables_; }

    void freeze(StateOut& out) override {
        groups_.freeze({.out = &out});
        write_progress(out, tables_.size() - 1, {static_cast<std::int64_t>(position_)});
    }

    Progress save(std::size_t rows_max) override {
        for (std::size_t saved = 0; groups_.is_frozen();) {
            if (saved >= rows_max) return Progress::kMore;
            saved += groups_.save(rows_max - saved);
        }
        return Progress::kDone;
    }

    void load(std::size_t table, const BatchView& rows, Watermark, OpContext&) override {
        if (table == 0) {
            groups_.load(rows, rows.selection);
        } else if (table + 1 == tables_.size()) {
            position_ = greatest_progress(rows, 0, position_);
        } else {
            groups_.load_values(plan_.distinct_calls()[table - 1], rows, rows.selection);
        }
    }

    [[nodiscard]] std::size_t memory_bytes() const override {
        return groups_.memory_bytes() + before_.memory_bytes() + after_.memory_bytes() +
               stamps_.capacity() * sizeof(std::uint32_t);
    }

  private:
    void begin_batch() {
        known_.clear();
        new_.clear();
        before_.clear();
        if (++stamp_ != 0) return;
        std::fill(stamps_.begin(), stamps_.end(), 0U);
        stamp_ = 1;
    }

    // The groups of the batch, each once, and what the results of the known ones were.
    void before(std::span<const std::uint32_t> positions, std::size_t known) override {
        const std::size_t first = known_.size();
        if (ttl_.is_on()) groups_.save_before(positions);
        for (const std::uint32_t position : positions) {
            const std::size_t slot = position == GroupTable::kNullPosition ? 0 : position + 1U;
            if (slot >= stamps_.size()) stamps_.resize(std::max(slot + 1, 2 * stamps_.size()));
            if (std::exchange(stamps_[slot], stamp_) == stamp_) continue;
            const bool is_known = !ttl_.is_on() || !renew(position);
            (is_known && position < known ? known_ : new_).push_back(position);
        }
        groups_.write_at(std::span(known_).subspan(first), before_);
        before_.set_size(known_.size());
    }

    // Where there is a TTL: a row comes for the group. Whether it is a new one, since what was of
    // it has expired.
    bool renew(std::uint32_t position) {
        std::int64_t& written_ms = groups_.written_ms(position);
        const bool has_expired = ttl_.has_expired(written_ms);
        if (has_expired) groups_.restart(position);
        written_ms = ttl_.now_ms();
        return has_expired;
    }

    void emit_changes(Emitter& out) {
        after_.clear();
        groups_.write_at(known_, after_);
        after_.set_size(known_.size());
        find_changed();
        if (!changed_rows_.empty()) {
            const Selection changed = Selection::list(changed_rows_);
            out.emit({before_.view().columns, changed, kBefore.data()});
            out.emit({after_.view().columns, changed, kAfter.data()});
        }
        if (new_.empty()) return;
        after_.clear();
        groups_.write_at(new_, after_);
        after_.set_size(new_.size());
        out.emit(after_.view());
    }

    // The rows of known groups whose results are others now. With a TTL all: who keeps a result
    // behind this shall not forget it while its group lives.
    void find_changed() {
        std::array<bool, kBatchRows> changed{};
        changed.fill(ttl_.is_on() && after_.column_count() != plan_.key.size());
        const std::span marks(changed.data(), known_.size());
        for (std::size_t i = plan_.key.size(); i < after_.column_count(); ++i)
            mark_changed(before_.column(i), after_.column(i), Selection::all(marks.size()), marks);
        changed_rows_.clear();
        for (std::size_t row = 0; row < marks.size(); ++row) {
            if (marks[row]) changed_rows_.push_back(static_cast<std::uint16_t>(row));
        }
    }

    GroupPlan plan_;
    GroupTable groups_;
    std::vector<StateTable> tables_;  // "groups", the values of DISTINCT calls, "progress".
    std::uint64_t position_ = 1;
    StateTtl ttl_;

    // The batch being worked on.
    std::vector<std::uint32_t> known_;   // Positions of its groups that were there before it,
    std::vector<std::uint32_t> new_;     // and of those that were not.
    std::vector<std::uint32_t> stamps_;  // Of each group, that of NULL first: its latest batch.
    std::uint32_t stamp_ = 0;
    Batch before_;  // Results of known_, in that order,
    Batch after_;   // then and now.
    std::vector<std::uint16_t> changed_rows_;
};

}  // namespace

SchemaPtr result_schema(const GroupAggregateSpec& spec) {
    std::vector<Field> fields;
    for (const Type& type : spec.key_types)
        fields.push_back({"key" + std::to_string(fields.size()), type});
    for (const AggregateCall& call : spec.calls)
        fields.push_back({"value" + std::to_string(fields.size()), call.result_type});
    return make_schema(std::move(fields));
}

bool is_retracting(const GroupAggregateSpec& spec) {
    if (spec.takes_changes || spec.ttl_ns == 0) return spec.takes_changes;
    const AggregateLayout layout(spec.calls);
    return std::any_of(
        layout.calls().begin(), layout.calls().end(), [](const BoundAggregate& bound) {
            return bound.call.is_distinct || bound.functions.has_text;
        });
}

std::unique_ptr<Op> make_group_aggregate(const GroupAggregateSpec& spec) {
    ASSERT(spec.keys.size() == spec.key_types.size());
    if (is_retracting(spec)) return make_retracting_aggregate(spec);
    return std::make_unique<GroupAggregate>(spec);
}

}  // namespace thalweg
