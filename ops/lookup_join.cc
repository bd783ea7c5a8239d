#include "ops/lookup_join.h"

#include "ops/expr/program.h"
#include "ops/expr/select_rows.h"
#include "ops/row_kinds.h"
#include "state/base/assertion.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <optional>
#include <utility>

namespace thalweg {

namespace {

void write_null(Column& column, std::size_t row) {
    column.set_null(row);
    if (column.physical() == Physical::kList) column.data<ListRef>()[row] = {};
    if (column.physical() != Physical::kRow) return;
    for (std::size_t i = 0; i < column.child_count(); ++i)
        write_null(column.child(i), row);
}

bool is_nested(const Column& column) {
    return column.physical() == Physical::kList || column.physical() == Physical::kRow;
}

// Row rows[i] of `to` becomes row from_rows[i] of `from`. Strings stay where they are: `from`
// outlives what is made here. `to` has no NULL but in rows that are not written.
template <class Index>
void gather(Column& to,
            Selection rows,
            const Column& from,
            std::span<const Index> from_rows,
            Arena& arena) {
    if (is_nested(to)) {
        for (std::size_t i = 0; i < from_rows.size(); ++i) {
            if (from.is_null(from_rows[i])) {
                write_null(to, rows[i]);
            } else {
                to.copy_row(rows[i], from, from_rows[i], arena);
            }
        }
        return;
    }
    visit_physical(to.physical(), [&]<class T>() {
        T* const target = to.data<T>();
        const T* const source = from.data<T>();
        std::size_t i = 0;
        rows.for_each([&](std::size_t row) { target[row] = source[from_rows[i++]]; });
    });
    if (!from.has_nulls() && !to.has_nulls()) return;
    for (std::size_t i = 0; i < from_rows.size(); ++i) {
        if (from.is_null(from_rows[i])) {
            to.set_null(rows[i]);
        } else {
            to.set_valid(rows[i]);
        }
    }
}

class LookupJoin final : public Op {
  public:
    LookupJoin(const LookupJoinSpec& spec, LookupTablePtr table)
        : spec_(spec),
          table_(std::move(table)),
          columns_(spec.input->size() + spec.columns.size()),
          keys_(spec.keys.size()) {
        for (const std::size_t column : spec_.columns) {
            const Type& type = table_->schema()[column].type;
            found_.emplace_back(type.with_nullable(type.nullable || is_left()));
        }
        if (spec_.residual) residual_.emplace(std::vector<ExprPtr>{spec_.residual});
        if (table_->is_unique()) return;
        for (const Field& field : spec_.input->fields)
            repeated_.emplace_back(field.type);
    }

    void process(std::size_t, const BatchView& rows, OpContext& context, Emitter& out) override {
        if (rows.kinds == nullptr || table_->is_unique()) {
            join(rows, context, out);
            return;
        }
        // Pairs go before rows without a partner, so old rows and new ones each by themselves.
        std::size_t count = 0;
        rows.selection.for_each([&](std::size_t row) {
            const bool is_next =
                count != 0 && is_gain(rows.kinds[row]) != is_gain(rows.kinds[run_[0]]);
            if (is_next && !context.failed())
                join(rows.with(Selection::list({run_.data(), count})), context, out);
            if (is_next) count = 0;
            run_[count++] = static_cast<std::uint16_t>(row);
        });
        if (count != 0 && !context.failed())
            join(rows.with(Selection::list({run_.data(), count})), context, out);
    }

    [[nodiscard]] std::size_t memory_bytes() const override {
        std::size_t total = 0;
        for (const Column& column : found_)
            total += column.memory_bytes();
        for (const Column& column : repeated_)
            total += column.memory_bytes();
        return total;
    }

  private:
    void join(const BatchView& rows, OpContext& context, Emitter& out) {
        const Selection asked = with_keys(rows);
        for (std::size_t i = 0; i < spec_.keys.size(); ++i)
            keys_[i] = rows.columns[spec_.keys[i]];
        table_->find(keys_, asked, probe_, {groups_.data(), asked.size()});
        for (Column& column : found_)
            column.clear();
        if (table_->is_unique()) {
            join_rows(rows, asked, context, out);
        } else {
            join_pairs(rows, asked, context, out);
        }
    }

    [[nodiscard]] bool is_left() const noexcept { return spec_.kind == JoinKind::kLeft; }

    // The rows that have no NULL among their keys.
    [[nodiscard]] Selection with_keys(const BatchView& rows) {
        Selection left = rows.selection;
        for (const std::size_t key : spec_.keys) {
            const std::uint64_t* const validity = rows[key].validity();
            if (validity == nullptr) continue;
            // In place: what is written never overtakes what is read.
            left =
                Selection::list({with_keys_.data(), select_valid(validity, left, scratch_.data())});
            std::copy_n(scratch_.data(), left.size(), with_keys_.data());
        }
        return left;
    }

    // The view that is handed on, and the wider one that the residual condition reads.
    [[nodiscard]] BatchView view(const BatchView& rows, Selection selection, bool is_judged) {
        std::copy(rows.columns.begin(), rows.columns.end(), columns_.begin());
        for (std::size_t i = 0; i < found_.size(); ++i)
            columns_[rows.columns.size() + i] = &found_[i];
        const std::size_t count =
            rows.columns.size() + (is_judged ? found_.size() : spec_.shown_count);
        return {{columns_.data(), count}, selection, rows.kinds};
    }

    // Keys are unique: every row has one partner or none.
    void join_rows(const BatchView& rows, Selection asked, OpContext& context, Emitter& out) {
        std::size_t count = 0;
        std::size_t i = 0;
        asked.for_each([&](std::size_t row) {
            const std::uint32_t group = groups_[i++];
            matched_[count] = static_cast<std::uint16_t>(row);
            groups_[count] = group;
            count += static_cast<std::size_t>(group != LookupTable::kNone);
        });
        const bool is_all = count == rows.size();
        Selection matched = is_all ? rows.selection : Selection::list({matched_.data(), count});
        if (is_left() && !is_all) fill_nulls(rows.selection);
        for (std::size_t c = 0; c < found_.size(); ++c)
            gather<std::uint32_t>(found_[c],
                                  matched,
                                  table_->column(spec_.columns[c]),
                                  {groups_.data(), count},
                                  context.scratch);
        if (residual_ && count != 0) {
            const Selection kept = residual_->select(view(rows, matched, true), context);
            if (context.failed()) return;
            if (is_left()) take_back(matched, kept);
            matched = kept;
        }
        if (is_left()) {
            out.emit(view(rows, rows.selection, false));
            return;
        }
        context.counters.filtered_rows += rows.size() - matched.size();
        if (!matched.empty()) out.emit(view(rows, matched, false));
    }

    void fill_nulls(Selection rows) {
        for (Column& column : found_)
            rows.for_each([&](std::size_t row) { write_null(column, row); });
    }

    // Partners that the residual condition refuses are none.
    void take_back(Selection matched, Selection kept) {
        std::size_t k = 0;
        matched.for_each([&](std::size_t row) {
            if (k < kept.size() && kept[k] == row) {
                ++k;
                return;
            }
            for (Column& column : found_)
                write_null(column, row);
        });
    }

    // Keys come several times: pairs, then the rows that are in none.
    void join_pairs(const BatchView& rows, Selection asked, OpContext& context, Emitter& out) {
        is_matched_.reset();
        pair_count_ = 0;
        for (std::size_t i = 0; i < asked.size(); ++i) {
            if (groups_[i] == LookupTable::kNone) continue;
            for (const std::uint32_t partner : table_->rows_of(groups_[i])) {
                matched_[pair_count_] = static_cast<std::uint16_t>(asked[i]);
                partners_[pair_count_] = partner;
                if (++pair_count_ == kBatchRows) emit_pairs(rows, context, out);
                if (context.failed()) return;
            }
        }
        emit_pairs(rows, context, out);
        if (context.failed()) return;
        std::size_t alone = 0;
        rows.selection.for_each([&](std::size_t row) {
            matched_[alone] = static_cast<std::uint16_t>(row);
            alone += static_cast<std::size_t>(!is_matched_[row]);
        });
        if (!is_left()) {
            context.counters.filtered_rows += alone;
        } else if (alone != 0) {
            const Selection rest = Selection::list({matched_.data(), alone});
            for (Column& column : found_)
                column.clear();
            fill_nulls(rest);
            out.emit(view(rows, rest, false));
        }
    }

    void emit_pairs(const BatchView& rows, OpContext& context, Emitter& out) {
        const std::size_t count = std::exchange(pair_count_, 0);
        if (count == 0) return;
        const Selection all = Selection::all(count);
        repeated_pointers_.clear();
        for (std::size_t c = 0; c < repeated_.size(); ++c) {
            repeated_[c].clear();
            gather<std::uint16_t>(
                repeated_[c], all, rows[c], {matched_.data(), count}, context.scratch);
            repeated_pointers_.push_back(&repeated_[c]);
        }
        for (std::size_t c = 0; c < found_.size(); ++c) {
            found_[c].clear();
            gather<std::uint32_t>(found_[c],
                                  all,
                                  table_->column(spec_.columns[c]),
                                  {partners_.data(), count},
                                  context.scratch);
        }
        for (std::size_t i = 0; i < count && rows.kinds != nullptr; ++i)
            kinds_[i] = rows.kinds[matched_[i]];
        const BatchView pairs{
            repeated_pointers_, all, rows.kinds == nullptr ? nullptr : kinds_.data()};
        Selection kept = all;
        if (residual_) kept = residual_->select(view(pairs, all, true), context);
        if (context.failed()) return;
        kept.for_each([&](std::size_t pair) { is_matched_.set(matched_[pair]); });
        if (!kept.empty()) out.emit(view(pairs, kept, false));
    }

    LookupJoinSpec spec_;
    LookupTablePtr table_;
    std::optional<Program> residual_;
    LookupTable::Probe probe_;
    std::vector<Column> found_;     // The table's columns, beside the rows that they belong to.
    std::vector<Column> repeated_;  // The input's, where a row has several partners.
    std::vector<const Column*> columns_;
    std::vector<const Column*> repeated_pointers_;
    std::vector<const Column*> keys_;

    std::array<std::uint16_t, kBatchRows> run_{};  // Rows that are all old, or all new.
    std::array<std::uint32_t, kBatchRows> groups_{};
    std::array<std::uint32_t, kBatchRows> partners_{};
    std::array<std::uint16_t, kBatchRows + kSelectSlack> with_keys_{};
    std::array<std::uint16_t, kBatchRows + kSelectSlack> scratch_{};
    std::array<std::uint16_t, kBatchRows> matched_{};
    std::array<RowKind, kBatchRows> kinds_{};
    std::bitset<kBatchRows> is_matched_;
    std::size_t pair_count_ = 0;
};

}  // namespace

std::unique_ptr<Op> make_lookup_join(const LookupJoinSpec& spec, LookupTablePtr table) {
    ASSERT(spec.kind == JoinKind::kInner || spec.kind == JoinKind::kLeft);
    ASSERT(spec.shown_count <= spec.columns.size());
    return std::make_unique<LookupJoin>(spec, std::move(table));
}

}  // namespace thalweg
