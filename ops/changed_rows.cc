#include "ops/changed_rows.h"

#include <cstring>
#include <type_traits>

namespace thalweg {

namespace {

template <class T>
bool is_same(const T& a, const T& b) {
    if constexpr (std::is_same_v<T, StringRef>) {
        return a == b;
    } else {
        return std::memcmp(&a, &b, sizeof(T)) == 0;
    }
}

}  // namespace

void mark_changed(const Column& before,
                  const Column& after,
                  Selection rows,
                  std::span<bool> changed) {
    visit_physical(before.physical(), [&]<class T>() {
        const T* const old_values = before.data<T>();
        const T* const new_values = after.data<T>();
        rows.for_each([&](std::size_t row) {
            const bool was_null = before.is_null(row);
            changed[row] = changed[row] || was_null != after.is_null(row) ||
                           (!was_null && !is_same(old_values[row], new_values[row]));
        });
    });
}

}  // namespace thalweg
