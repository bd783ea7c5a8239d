#pragma once

#include "bench/check_sum.h"
#include "bench/record_stream.h"

#include <cstddef>
#include <cstdint>

// The results that whole queries must have: written for plainness, a record at a time, over
// std containers, sharing nothing with the engine or with the loops in bench/by_hand.

namespace thalweg::bench::oracle {

// As the functions of the same names in bench/by_hand/by_hand.h.
[[nodiscard]] CheckSum aggregate(const StreamSpec& spec);
[[nodiscard]] CheckSum count_and_sum(const StreamSpec& spec);
[[nodiscard]] CheckSum filter(const StreamSpec& spec, std::int64_t extra_min);
[[nodiscard]] CheckSum hop(const StreamSpec& spec, std::size_t seconds);
[[nodiscard]] CheckSum distinct(const StreamSpec& spec);
[[nodiscard]] CheckSum window_join(const StreamSpec& spec, std::int64_t extra_end);

}  // namespace thalweg::bench::oracle
