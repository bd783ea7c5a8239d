#pragma once

#include "ops/op_state.h"

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>

// How far an instance of an operator has come (a watermark, a count of arrivals), beside its keyed
// state: a row of numbers, of which every instance gets those of all.

namespace thalweg {

// The table "progress" with a BIGINT column for each name.
[[nodiscard]] StateTable progress_table(std::initializer_list<std::string_view> names);

// Writes the row, to the table at this place of Op::state_tables().
void write_progress(StateOut& out, std::size_t table, std::initializer_list<std::int64_t> numbers);

// The greatest number of a column of such rows, if it is greater than `number`, else that.
[[nodiscard]] std::uint64_t greatest_progress(const BatchView& rows,
                                              std::size_t column,
                                              std::uint64_t number);

}  // namespace thalweg
