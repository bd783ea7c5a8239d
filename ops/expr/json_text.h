#pragma once

#include "state/column.h"
#include "state/text/time_zone.h"

#include <simdjson.h>

#include <cstddef>
#include <string>

#ifndef SIMDJSON_THREADS_ENABLED
#error "simdjson's classes have another layout without it: all who include this must have it"
#endif

namespace thalweg {

// Appends a value as JSON: numbers and booleans as they are, binary in base 64, a TIMESTAMP with a
// 'T' between its date and its time, a TIMESTAMP_LTZ with a 'Z' behind it, all else that is no
// list or row as a string. Maps are objects, their keys as text; rows are objects too.
void append_json(std::string& out, const Column& column, std::size_t row, const TimeZone& zone);

// Appends a value of a document, without blanks, members in the order of their keys, as
// Flink has them; of equal keys the last counts.
void append_json(std::string& out, simdjson::dom::element value);

// The text of a string, a number or a boolean; false for what is none of these.
[[nodiscard]] bool append_scalar(std::string& out, simdjson::dom::element value);

}  // namespace thalweg
