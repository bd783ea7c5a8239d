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

WindowSpec attached_window(std::size_t start_column, std::size_t end_column) {
    WindowSpec window;
    window.kind = WindowKind::kAttached;
    window.start_column = start_column;
    window.end_column = end_column;
    return window;
}

}  // namespace thalweg
