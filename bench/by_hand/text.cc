#include "bench/by_hand/by_hand.h"
#include "bench/by_hand/pieces.h"
#include "bench/by_hand/window_groups.h"
#include "state/base/assertion.h"

#include <cstring>

// The layout is the one that was agreed on: a record that does not keep to it ends the program.

namespace thalweg::bench::by_hand {

namespace {

struct Cursor {
    const char* at;

    [[gnu::always_inline]] std::int64_t number() noexcept {
        std::int64_t value = 0;
        while (static_cast<unsigned char>(*at - '0') < 10)
            value = value * 10 + (*at++ - '0');
        return value;
    }

    template <std::size_t kSize>
    [[gnu::always_inline]] void expect(const char (&literal)[kSize]) {
        ASSERT(std::memcmp(at, literal, kSize - 1) == 0);
        at += kSize - 1;
    }

    // To the next record.
    [[gnu::always_inline]] void skip_line(const char* end) {
        const void* const found = std::memchr(at, '\n', static_cast<std::size_t>(end - at));
        ASSERT(found != nullptr);
        at = static_cast<const char*>(found) + 1;
    }
};

}  // namespace

void add_json(std::string_view lines, WindowGroups& groups) {
    const char* const end = lines.data() + lines.size();
    for (Cursor cursor{lines.data()}; cursor.at != end;) {
        cursor.expect("{\"ts\":");
        const std::int64_t ts_ms = cursor.number();
        cursor.expect(",\"key\":");
        const std::int64_t key = cursor.number();
        cursor.expect(",\"value\":");
        const std::int64_t value = cursor.number();
        cursor.expect(",\"extra\":");
        cursor.skip_line(end);
        groups.add(ts_ms, key, value);
    }
}

void add_csv(std::string_view lines, WindowGroups& groups) {
    const char* const end = lines.data() + lines.size();
    for (Cursor cursor{lines.data()}; cursor.at != end;) {
        const std::int64_t ts_ms = cursor.number();
        cursor.expect(",");
        const std::int64_t key = cursor.number();
        cursor.expect(",");
        const std::int64_t value = cursor.number();
        cursor.expect(",");
        cursor.skip_line(end);
        groups.add(ts_ms, key, value);
    }
}

void aggregate_json(std::string_view text, std::size_t keys, Results& results) {
    WindowGroups groups(keys, results);
    add_json(text, groups);
    groups.finish();
}

void aggregate_csv(std::string_view text, std::size_t keys, Results& results) {
    WindowGroups groups(keys, results);
    add_csv(text, groups);
    groups.finish();
}

}  // namespace thalweg::bench::by_hand
