#pragma once

#include "state/column.h"

#include <cstddef>
#include <string>

namespace thalweg {

// How a scalar that is not NULL and not a string is written in text formats, without quotes. NaN
// and the infinities are "NaN", "Infinity", "-Infinity". BYTES are not for here.
//
// `separator` stands between date and time: ' ' of SQL, 'T' of ISO-8601.
void append_cell_text(std::string& out, const Column& column, std::size_t row, char separator);

// Whether the text form of a scalar of this type, JSON asked, stands in quotes.
[[nodiscard]] bool is_quoted_in_json(const Type& type) noexcept;

}  // namespace thalweg
