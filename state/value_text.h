#pragma once

#include "state/batch.h"
#include "state/type.h"
#include "state/value.h"

#include <cstddef>
#include <string>

// Rows for people who look into a state directory: JSON, with instants and decimals as SQL writes
// them and binary as hexadecimal digits. Slow; a row at a time.

namespace thalweg {

void append_value_text(std::string& out, const Type& type, const Value& value);

// {"name":value,...}
void append_row_text(std::string& out, const Batch& rows, std::size_t row);

}  // namespace thalweg
