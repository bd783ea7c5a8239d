#include "ops/expand.h"

#include <algorithm>
#include <cstdint>
#include <utility>

namespace thalweg {

namespace {

Column nulls_of(const Type& type) {
    Column column(type.with_nullable(true));
    for (std::size_t row = 0; row < kBatchRows; ++row)
        column.set_null(row);
    return column;
}

class Expand final : public Op {
  public:
    Expand(ExpandSpec spec, const SchemaPtr& input)
        : spec_(std::move(spec)), input_count_(input->size()) {
        for (const std::size_t key : spec_.keys)
            nulls_.push_back(nulls_of(input->fields[key].type));
        for (std::size_t set = 0; set < spec_.has.size(); ++set) {
            Column& number = numbers_.emplace_back(Type::integer().not_null());
            std::fill_n(number.data<std::int32_t>(), kBatchRows, static_cast<std::int32_t>(set));
            number.mark_constant(true);
        }
        columns_.resize(input_count_ + spec_.keys.size() + 1);
    }

    void process(std::size_t, const BatchView& rows, OpContext&, Emitter& out) override {
        ASSERT(rows.columns.size() == input_count_);
        std::copy(rows.columns.begin(), rows.columns.end(), columns_.begin());
        for (std::size_t set = 0; set < spec_.has.size(); ++set) {
            for (std::size_t i = 0; i < spec_.keys.size(); ++i) {
                columns_[input_count_ + i] =
                    spec_.has[set][i] ? rows.columns[spec_.keys[i]] : &nulls_[i];
            }
            columns_.back() = &numbers_[set];
            out.emit({columns_, rows.selection, rows.kinds});
        }
    }

    [[nodiscard]] std::size_t memory_bytes() const override {
        std::size_t total = 0;
        for (const Column& column : nulls_)
            total += column.memory_bytes();
        for (const Column& column : numbers_)
            total += column.memory_bytes();
        return total;
    }

  private:
    ExpandSpec spec_;
    std::size_t input_count_;
    std::vector<Column> nulls_;    // For each key.
    std::vector<Column> numbers_;  // For each set.
    std::vector<const Column*> columns_;
};

}  // namespace

std::unique_ptr<Op> make_expand(ExpandSpec spec, const SchemaPtr& input) {
    return std::make_unique<Expand>(std::move(spec), input);
}

}  // namespace thalweg
