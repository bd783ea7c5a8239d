#include "ops/row_ops.h"

#include "ops/expr/program.h"

#include <array>
#include <limits>
#include <utility>

namespace thalweg {

namespace {

class Filter final : public Op {
  public:
    explicit Filter(ExprPtr condition) : condition_({std::move(condition)}) {}

    void process(std::size_t, const BatchView& rows, OpContext& context, Emitter& out) override {
        const Selection kept = condition_.select(rows, context);
        if (context.failed()) return;
        context.counters.filtered_rows += rows.size() - kept.size();
        if (kept.empty()) return;
        if (rows.owed != nullptr) rows.owed->fill(kept);
        out.emit(rows.with(kept));
    }

  private:
    Program condition_;
};

class Project final : public Op {
  public:
    explicit Project(std::vector<ExprPtr> expressions) : expressions_(std::move(expressions)) {}

    void process(std::size_t, const BatchView& rows, OpContext& context, Emitter& out) override {
        const auto columns = expressions_.run(rows, context);
        if (context.failed()) return;
        out.emit({columns, rows.selection, rows.kinds});
    }

  private:
    Program expressions_;
};

// Stands for "no element" among the positions of elements.
constexpr std::uint32_t kNoElement = std::numeric_limits<std::uint32_t>::max();

// Row i of `to` becomes row indexes[i] of `from`, or NULL for kNoElement. Strings stay where they
// are: the result lives no longer than `from`.
template <class Index>
void gather(Column& to, const Column& from, std::span<const Index> indexes, Arena& arena) {
    const auto is_missing = [](Index index) { return std::uint32_t{index} == kNoElement; };
    const Physical physical = to.physical();
    if (physical == Physical::kList || physical == Physical::kRow) {
        for (std::size_t i = 0; i < indexes.size(); ++i) {
            if (is_missing(indexes[i])) {
                to.set_null(i);
                if (physical == Physical::kList) to.data<ListRef>()[i] = {};
            } else {
                to.copy_row(i, from, indexes[i], arena);
            }
        }
        return;
    }
    visit_physical(physical, [&]<class T>() {
        T* const target = to.data<T>();
        const T* const source = from.data<T>();
        for (std::size_t i = 0; i < indexes.size(); ++i)
            target[i] = is_missing(indexes[i]) ? T{} : source[indexes[i]];
    });
    for (std::size_t i = 0; i < indexes.size(); ++i) {
        if (is_missing(indexes[i]) || from.is_null(indexes[i])) to.set_null(i);
    }
}

class Unnest final : public Op {
  public:
    explicit Unnest(UnnestSpec spec)
        : input_count_(spec.input->size()),
          keep_empty_(spec.keep_empty),
          has_ordinality_(spec.has_ordinality) {
        const Type& first = spec.list->type.fields->front().type;
        has_rows_ = spec.list->type.kind == TypeKind::kArray && first.kind == TypeKind::kRow;
        const bool may_lack = keep_empty_ || (has_rows_ && first.nullable);
        for (const Field& field : spec.input->fields)
            columns_.emplace_back(field.type);
        for (const Field& field : has_rows_ ? *first.fields : *spec.list->type.fields)
            columns_.emplace_back(field.type.with_nullable(field.type.nullable || may_lack));
        element_count_ = columns_.size() - input_count_;
        if (has_ordinality_) columns_.emplace_back(Type::integer().with_nullable(keep_empty_));
        for (const Column& column : columns_)
            pointers_.push_back(&column);
        list_ = Program({std::move(spec.list)});
    }

    void process(std::size_t, const BatchView& rows, OpContext& context, Emitter& out) override {
        const Column& list = *list_.run(rows, context)[0];
        if (context.failed()) return;
        const auto* const elements = list.data<ListRef>();
        rows.selection.for_each([&](std::size_t row) {
            const ListRef each = list.is_null(row) ? ListRef{} : elements[row];
            if (each.length == 0 && keep_empty_) add(row, kNoElement, 0, rows, list, context, out);
            for (std::uint32_t i = 0; i < each.length; ++i)
                add(row, each.offset + i, i + 1, rows, list, context, out);
        });
        emit(rows, list, context, out);
    }

    [[nodiscard]] std::size_t memory_bytes() const override {
        std::size_t total = 0;
        for (const Column& column : columns_)
            total += column.memory_bytes();
        return total;
    }

  private:
    void add(std::size_t row,
             std::uint32_t element,
             std::uint32_t place,
             const BatchView& rows,
             const Column& list,
             OpContext& context,
             Emitter& out) {
        rows_[count_] = static_cast<std::uint16_t>(row);
        const bool is_lacking =
            element != kNoElement && has_rows_ && list.child(0).is_null(element);
        elements_[count_] = is_lacking ? kNoElement : element;
        places_[count_] = place;
        if (++count_ == kBatchRows) emit(rows, list, context, out);
    }

    // Hands on the pairs of row and element collected so far.
    void emit(const BatchView& rows, const Column& list, OpContext& context, Emitter& out) {
        if (count_ == 0) return;
        const std::span<const std::uint16_t> from_rows(rows_.data(), count_);
        const std::span<const std::uint32_t> from_elements(elements_.data(), count_);
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            columns_[i].clear();
            if (i < input_count_) {
                gather(columns_[i], rows[i], from_rows, context.scratch);
            } else if (i < input_count_ + element_count_) {
                gather(columns_[i], part(list, i - input_count_), from_elements, context.scratch);
            }
        }
        if (has_ordinality_) write_places(columns_.back());
        for (std::size_t i = 0; i < count_ && rows.kinds != nullptr; ++i)
            kinds_[i] = rows.kinds[rows_[i]];
        const RowKind* const kinds = rows.kinds == nullptr ? nullptr : kinds_.data();
        const std::size_t count = std::exchange(count_, 0);
        out.emit({pointers_, Selection::all(count), kinds});
    }

    // What becomes the column behind the input's.
    [[nodiscard]] const Column& part(const Column& list, std::size_t index) const {
        return has_rows_ ? list.child(0).child(index) : list.child(index);
    }

    void write_places(Column& column) const {
        auto* const out = column.data<std::int32_t>();
        for (std::size_t i = 0; i < count_; ++i) {
            out[i] = static_cast<std::int32_t>(places_[i]);
            if (places_[i] == 0) column.set_null(i);
        }
    }

    Program list_{std::vector<ExprPtr>{}};
    std::size_t input_count_;
    std::size_t element_count_ = 0;
    bool keep_empty_;
    bool has_ordinality_;
    bool has_rows_ = false;        // The elements are ROWs.
    std::vector<Column> columns_;  // Those of the input, then those of the elements.
    std::vector<const Column*> pointers_;
    std::size_t count_ = 0;
    std::array<std::uint16_t, kBatchRows> rows_;
    std::array<std::uint32_t, kBatchRows> elements_;
    std::array<std::uint32_t, kBatchRows> places_;  // From 1; 0: no element.
    std::array<RowKind, kBatchRows> kinds_;
};

}  // namespace

std::unique_ptr<Op> make_filter(ExprPtr condition) {
    return std::make_unique<Filter>(std::move(condition));
}

std::unique_ptr<Op> make_project(std::vector<ExprPtr> expressions) {
    return std::make_unique<Project>(std::move(expressions));
}

std::unique_ptr<Op> make_unnest(UnnestSpec spec) {
    return std::make_unique<Unnest>(std::move(spec));
}

}  // namespace thalweg
