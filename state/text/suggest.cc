#include "state/text/suggest.h"

#include <algorithm>
#include <vector>

namespace thalweg {

namespace {

char lower(char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

}  // namespace

// Dynamic programming over three rows: the swap of two neighbours looks two rows back (the optimal
// string alignment distance).
std::size_t edit_distance(std::string_view left, std::string_view right, std::size_t limit) {
    const std::size_t width = right.size() + 1;
    if (left.size() > right.size() + limit || right.size() > left.size() + limit) return limit + 1;
    std::vector<std::size_t> before(width);
    std::vector<std::size_t> above(width);
    std::vector<std::size_t> row(width);
    for (std::size_t j = 0; j < width; ++j)
        above[j] = j;
    for (std::size_t i = 1; i <= left.size(); ++i) {
        row[0] = i;
        std::size_t row_min = i;
        for (std::size_t j = 1; j < width; ++j) {
            const bool same = lower(left[i - 1]) == lower(right[j - 1]);
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0U : 1U)});
            const bool swapped = i > 1 && j > 1 && lower(left[i - 1]) == lower(right[j - 2]) &&
                                 lower(left[i - 2]) == lower(right[j - 1]);
            if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
            row_min = std::min(row_min, row[j]);
        }
        if (row_min > limit) return limit + 1;
        before.swap(above);
        above.swap(row);
    }
    return std::min(above[right.size()], limit + 1);
}

std::string_view nearest_of(std::string_view word, std::span<const std::string_view> candidates) {
    std::size_t limit = 3;
    if (word.size() <= 8) limit = 2;
    if (word.size() <= 4) limit = 1;
    std::string_view best;
    for (const std::string_view candidate : candidates) {
        const std::size_t distance = edit_distance(word, candidate, limit);
        if (distance > limit || distance >= word.size()) continue;
        best = candidate;
        if (distance == 0) break;
        limit = distance - 1;
    }
    return best;
}

std::string suggestion_for(std::string_view word, std::span<const std::string_view> candidates) {
    const std::string_view nearest = nearest_of(word, candidates);
    if (nearest.empty()) return {};
    std::string text = " (did you mean '";
    text.append(nearest).append("'?)");
    return text;
}

}  // namespace thalweg
