#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace thalweg {

// Durations and sizes of options, in Flink's spelling: a number, perhaps a blank, and a unit in any
// case. Nothing for anything else, negative numbers and overflow included.
//
//   duration  1 s, 1min, 500ms, 1 h, 1 d, 10 us, 5 ns (and sec, second(s), minute(s), ...); a bare
//             number is milliseconds. In nanoseconds.
//   size      64mb, 1 gb, 512 kb, 100 b, 100 (bytes); factors of 1,024. In bytes.
[[nodiscard]] std::optional<std::int64_t> parse_duration_ns(std::string_view text) noexcept;
[[nodiscard]] std::optional<std::uint64_t> parse_size_bytes(std::string_view text) noexcept;

}  // namespace thalweg
