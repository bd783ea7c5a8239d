#include "engine/sql/suggest.h"

#include "engine/sql/token.h"

#include <algorithm>
#include <vector>

namespace thalweg::sql {
namespace {

std::size_t edits_allowed(std::size_t length) {
    const std::size_t allowed = length <= 4 ? 1 : length <= 8 ? 2 : 3;
    return length == 0 ? 0 : std::min(allowed, length - 1);
}

template <class Word>
std::string nearest_of(std::string_view word, std::span<const Word> candidates) {
    std::string_view best;
    std::size_t limit = edits_allowed(word.size());
    for (const Word& candidate : candidates) {
        const std::size_t distance = edit_distance(word, candidate, limit);
        if (distance > limit || (!best.empty() && distance == limit)) continue;
        best = candidate;
        limit = distance;
    }
    return std::string(best);
}

}  // namespace

// The optimal-string-alignment recurrence on three rows; words are short, so no band is cut.
std::size_t edit_distance(std::string_view left, std::string_view right, std::size_t limit) {
    const std::size_t gap =
        left.size() > right.size() ? left.size() - right.size() : right.size() - left.size();
    if (gap > limit) return limit + 1;
    const std::string a = to_upper(left);
    const std::string b = to_upper(right);
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> previous(b.size() + 1);
    std::vector<std::size_t> current(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        previous[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        current[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
            current[j] = std::min({previous[j] + 1, current[j - 1] + 1, previous[j - 1] + change});
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped) current[j] = std::min(current[j], before[j - 2] + 1);
        }
        std::swap(before, previous);
        std::swap(previous, current);
    }
    return std::min(previous[b.size()], limit + 1);
}

std::string nearest(std::string_view word, std::span<const std::string> candidates) {
    return nearest_of(word, candidates);
}

std::string nearest(std::string_view word, std::span<const std::string_view> candidates) {
    return nearest_of(word, candidates);
}

std::string did_you_mean(std::string_view suggestion) {
    return suggestion.empty() ? "" : "did you mean " + std::string(suggestion) + "?";
}

}  // namespace thalweg::sql
