#pragma once

#include "bench/check_sum.h"
#include "bench/record_stream.h"

#include <cstdint>

// The results that the rivals of one operator and their queries must have, as in bench/oracle.h. Of
// changes: what they leave.

namespace thalweg::bench::oracle {

// As the functions of the same names in bench/by_hand/operators.h.
[[nodiscard]] CheckSum join(const StreamSpec& spec, std::int64_t extra_end);
[[nodiscard]] CheckSum interval_join(const StreamSpec& spec,
                                     std::int64_t extra_end,
                                     std::int64_t interval_ms);
[[nodiscard]] CheckSum top_n(const StreamSpec& spec);
[[nodiscard]] CheckSum session(const StreamSpec& spec, std::int64_t gap_ms);
[[nodiscard]] CheckSum over_rows(const StreamSpec& spec);
[[nodiscard]] CheckSum over_all(const StreamSpec& spec);
[[nodiscard]] CheckSum keep_first(const StreamSpec& spec);
[[nodiscard]] CheckSum keep_last(const StreamSpec& spec);
[[nodiscard]] CheckSum count_of_counts(const StreamSpec& spec);

}  // namespace thalweg::bench::oracle
