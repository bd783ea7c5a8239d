#include "ops/window_fields.h"

#include <cstdint>

namespace thalweg {

void append_window_fields(const WindowSpec& window, std::vector<Field>& fields) {
    constexpr std::int64_t kPrecision = 3;  // As Flink's.
    const Type bound = Type::timestamp(kPrecision).not_null();
    fields.push_back({"window_start", bound});
    fields.push_back({"window_end", bound});
    fields.push_back(
        {"window_time", window.zone ? Type::timestamp_ltz(kPrecision).not_null() : bound});
}

}  // namespace thalweg
