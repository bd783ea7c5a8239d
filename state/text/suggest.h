#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

// Finds what a misspelt option, format or name may have meant. Any thread; allocates.

namespace thalweg {

// Counts the edits (insert, delete, replace, swap two neighbours) between two words; letters of
// both cases are equal. Stops above `limit` and returns limit + 1.
[[nodiscard]] std::size_t edit_distance(std::string_view left,
                                        std::string_view right,
                                        std::size_t limit);

// Returns the candidate nearest to `word`, or "" when none is near: one edit for words of up to
// four letters, two for up to eight, three above. The first of equals wins. The result borrows from
// the candidates.
[[nodiscard]] std::string_view nearest_of(std::string_view word,
                                          std::span<const std::string_view> candidates);

// Says " (did you mean 'X'?)" for the nearest candidate, or "" when none is near.
[[nodiscard]] std::string suggestion_for(std::string_view word,
                                         std::span<const std::string_view> candidates);

}  // namespace thalweg
