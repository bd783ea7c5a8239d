#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

// Finds what a misspelt word may have meant.

namespace thalweg::sql {

/// Edits (insert, delete, replace, swap of neighbours) that turn one word into the other; letters
/// of both cases are equal. Stops counting above `limit` and returns limit + 1.
[[nodiscard]] std::size_t edit_distance(std::string_view left,
                                        std::string_view right,
                                        std::size_t limit);

/// The candidate nearest to `word`, or "" when none is near: one edit for words of up to four
/// letters, two up to eight, three above, and less than the word is long. The first of equals wins.
[[nodiscard]] std::string nearest(std::string_view word, std::span<const std::string> candidates);
[[nodiscard]] std::string nearest(std::string_view word,
                                  std::span<const std::string_view> candidates);

/// "did you mean X?", or "" for an empty suggestion: the usual hint.
[[nodiscard]] std::string did_you_mean(std::string_view suggestion);

}  // namespace thalweg::sql
