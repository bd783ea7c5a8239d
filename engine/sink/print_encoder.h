#pragma once

#include "engine/sink/encoder.h"

#include <memory>

namespace thalweg {

// The lines of the connector print, as Flink's: "+I[1, Ann, 2020-10-10T12:30, null]". Dates and
// times in Java's short forms (seconds when there are any, fractions in threes), arrays as "[1,
// 2]", maps as
// "{k=1}", rows as "+I[...]". Line ends and other control characters in strings are escaped, so
// that a row is a line and no value can drive a terminal.
//
// Option: print-identifier, written before each line with "> " behind it.
[[nodiscard]] std::unique_ptr<Encoder> make_print_encoder(const SinkSpec& spec);

// One value as there, for whoever shows values to people.
void append_printed(std::string& out, const Column& column, std::size_t row);

}  // namespace thalweg
