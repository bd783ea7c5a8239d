#include "ops/progress_table.h"

#include <algorithm>
#include <string>
#include <utility>

namespace thalweg {

StateTable progress_table(std::initializer_list<std::string_view> names) {
    std::vector<Field> fields;
    for (const std::string_view name : names)
        fields.push_back({std::string(name), Type::bigint().not_null()});
    return {"progress", make_schema(std::move(fields)), StateRoute::kAll, {}};
}

void write_progress(StateOut& out, std::size_t table, std::initializer_list<std::int64_t> numbers) {
    Batch& progress = out.open(table, 1);
    const std::size_t row = progress.size();
    std::size_t column = 0;
    for (const std::int64_t number : numbers)
        progress.column(column++).data<std::int64_t>()[row] = number;
    progress.set_size(row + 1);
}

std::uint64_t greatest_progress(const BatchView& rows, std::size_t column, std::uint64_t number) {
    rows.selection.for_each([&](std::size_t row) {
        const std::int64_t saved = rows[column].data<std::int64_t>()[row];
        number = std::max(number, static_cast<std::uint64_t>(saved));
    });
    return number;
}

}  // namespace thalweg
