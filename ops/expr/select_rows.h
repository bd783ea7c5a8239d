#pragma once

#include "state/column.h"
#include "state/selection.h"

#include <cstddef>
#include <cstdint>

namespace thalweg {

// Which rows a BOOLEAN column lets through.
enum class Keep : std::uint8_t {
    kTrue,
    kNotTrue,   // FALSE and NULL
    kNotFalse,  // TRUE and NULL
};

// How much longer than the selection the output must be: lists are written eight rows at a time.
inline constexpr std::size_t kSelectSlack = 8;

// Writes those of `rows` that `keep` lets through to `out`, in order, and gives their number.
//
// Without a branch on data. A range is taken 64 rows at a time as a bit mask, nulls included, and
// the mask eight bits at a time through a table of row lists; a list one row at a time.
[[nodiscard]] std::size_t select_rows(const Column& condition,
                                      Keep keep,
                                      Selection rows,
                                      std::uint16_t* out);

// The same for the rows whose bit is set in `validity`.
[[nodiscard]] std::size_t select_valid(const std::uint64_t* validity,
                                       Selection rows,
                                       std::uint16_t* out);

}  // namespace thalweg
