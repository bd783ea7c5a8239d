#include "ops/join_output.h"

#include "ops/join_rows.h"

#include <algorithm>
#include <utility>

namespace thalweg {

namespace {

SchemaPtr output_schema(const StreamJoinSpec& spec) {
    if (is_left_only(spec.kind)) return spec.left;
    std::vector<Field> fields = spec.left->fields;
    for (Field& field : fields)
        field.type.nullable = field.type.nullable || shows_lone(spec.kind, 1);
    for (Field field : spec.right->fields) {
        field.type.nullable = field.type.nullable || shows_lone(spec.kind, 0);
        fields.push_back(std::move(field));
    }
    return make_schema(std::move(fields));
}

SchemaPtr both_schema(const StreamJoinSpec& spec) {
    std::vector<Field> fields = spec.left->fields;
    fields.insert(fields.end(), spec.right->fields.begin(), spec.right->fields.end());
    return make_schema(std::move(fields));
}

}  // namespace

std::vector<Type> join_key_types(const StreamJoinSpec& spec) {
    std::vector<Type> types;
    for (const JoinKey& key : spec.keys)
        types.push_back((*spec.left)[key.left].type.with_nullable(key.null_is_equal));
    return types;
}

std::vector<std::size_t> join_key_columns(const StreamJoinSpec& spec, std::size_t port) {
    std::vector<std::size_t> columns;
    for (const JoinKey& key : spec.keys)
        columns.push_back(port == 0 ? key.left : key.right);
    return columns;
}

JoinOutput::JoinOutput(const StreamJoinSpec& spec, bool has_kinds)
    : left_count_(spec.left->size()),
      left_only_(is_left_only(spec.kind)),
      has_kinds_(has_kinds),
      batch_(output_schema(spec)) {}

void JoinOutput::begin(const BatchView* view,
                       std::size_t port,
                       const RowLayout& kept,
                       Emitter& out) {
    view_ = view;
    port_ = port;
    layout_ = &kept;
    out_ = &out;
}

void JoinOutput::add_others(Selection matching) {
    std::size_t next = 0;
    view_->selection.for_each([&](std::size_t row) {
        if (next < matching.size() && matching[next] == row) {
            ++next;
        } else {
            add(static_cast<std::uint16_t>(row), nullptr, view_->kind(row));
        }
    });
}

void JoinOutput::flush() {
    if (rows_.empty()) return;
    batch_.clear();
    const std::size_t of_kept = port_ == 0 ? left_count_ : 0;
    if (!left_only_ || port_ == 0) write_rows(port_ == 0 ? 0 : left_count_);
    if (!left_only_ || port_ == 1) {
        for (std::size_t i = 0; i < layout_->size(); ++i)
            layout_->unpack(kept_, i, batch_.column(of_kept + i), batch_.arena());
    }
    if (has_kinds_) std::copy(kinds_.begin(), kinds_.end(), batch_.make_kinds());
    batch_.set_size(rows_.size());
    rows_.clear();
    kept_.clear();
    kinds_.clear();
    out_->emit(batch_.view());
}

// The columns of the batch's side, from `first` on.
void JoinOutput::write_rows(std::size_t first) {
    const std::size_t all = batch_.column_count();
    const std::size_t count = port_ == 0 ? left_count_ : all - left_count_;
    for (std::size_t i = 0; i < count; ++i) {
        Column& target = batch_.column(first + i);
        if (view_ != nullptr) {
            copy_rows((*view_)[i], target);
            continue;
        }
        for (std::size_t row = 0; row < rows_.size(); ++row)
            write_null(target, row);
    }
}

// A column of the view, NULL for kNoRow. Strings are borrowed.
void JoinOutput::copy_rows(const Column& from, Column& to) {
    const bool has_missing = std::find(rows_.begin(), rows_.end(), kNoRow) != rows_.end();
    const bool is_single = from.is_flat() || from.physical() == Physical::kString;
    if (!has_missing && !from.has_nulls() && is_single) {
        visit_physical(from.physical(), [&]<class T>() {
            const T* const source = from.data<T>();
            T* const target = to.data<T>();
            for (std::size_t i = 0; i < rows_.size(); ++i)
                target[i] = source[rows_[i]];
        });
        return;
    }
    for (std::size_t i = 0; i < rows_.size(); ++i) {
        if (rows_[i] == kNoRow) {
            write_null(to, i);
        } else {
            to.copy_row(i, from, rows_[i], batch_.arena());
        }
    }
}

PairCondition::PairCondition(const StreamJoinSpec& spec)
    : left_count_(spec.left->size()),
      program_({spec.residual}),
      is_read_(left_count_ + spec.right->size(), false),
      batch_(both_schema(spec)) {
    mark_columns(*spec.residual, is_read_);
}

Selection PairCondition::choose(const BatchView& view,
                                std::size_t port,
                                std::span<const std::uint16_t> rows,
                                const RowLayout& layout,
                                std::span<const std::byte* const> kept,
                                OpContext& context) {
    batch_.clear();
    const std::size_t of_view = port == 0 ? 0 : left_count_;
    const std::size_t of_kept = port == 0 ? left_count_ : 0;
    const std::size_t view_count = port == 0 ? left_count_ : batch_.column_count() - left_count_;
    for (std::size_t i = 0; i < view_count; ++i) {
        if (is_read_[of_view + i])
            batch_.column(of_view + i).copy_rows(0, view[i], rows, batch_.arena());
    }
    for (std::size_t i = 0; i < layout.size(); ++i) {
        if (is_read_[of_kept + i])
            layout.unpack(kept, i, batch_.column(of_kept + i), batch_.arena());
    }
    batch_.set_size(rows.size());
    return program_.select(batch_.view(), context);
}

}  // namespace thalweg
