#pragma once

#include "bench/by_hand/window_groups.h"
#include "bench/record_stream.h"

#include <span>
#include <string_view>

namespace thalweg::bench::by_hand {

// What the rivals do with a piece of input, be it all of it or what a socket gave: whole records,
// added to groups that outlive the piece.
void add_records(std::span<const Record> records, WindowGroups& groups);
void add_json(std::string_view lines, WindowGroups& groups);
void add_csv(std::string_view lines, WindowGroups& groups);

}  // namespace thalweg::bench::by_hand
