#include "engine/plan/flink_functions.h"

#include <algorithm>
#include <array>

namespace thalweg::plan {

namespace {

// In order, for the search.
// clang-format off
constexpr auto kNames = std::to_array<std::string_view>({
    "CUME_DIST", "CURRENT_DATABASE", "CURRENT_WATERMARK", "DENSE_RANK",
    "LAG", "LEAD", "LISTAGG", "NTILE", "PARSE_JSON",
    "PERCENT_RANK", "RANDOM", "RANK", "ROW_NUMBER", "TRY_PARSE_JSON",
    "VARIANCE",
});
// clang-format on

static_assert(std::is_sorted(kNames.begin(), kNames.end()));

}  // namespace

bool is_flink_function(std::string_view name) {
    return std::binary_search(kNames.begin(), kNames.end(), name);
}

}  // namespace thalweg::plan
