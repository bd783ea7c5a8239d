#pragma once

#include "engine/plan/logical.h"

#include <cstddef>
#include <optional>
#include <vector>

// Views that keep the last row of each key, ROW_NUMBER() OVER (PARTITION BY k ORDER BY ts DESC) =
// 1, as the right side of a temporal join. Such a view tells of each batch only what it comes to,
// while the join wants every version: it takes the rows that the view is made of instead, and finds
// the last one by itself.

namespace thalweg::plan {

struct Versions {
    RelPtr rel;  // With the columns of the view.

    struct Key {
        std::size_t column = 0;  // Of `rel`.
        bool is_joined = false;
    };

    std::vector<Key> keys;  // Of PARTITION BY: versions are told apart by these and no others.

    // Whether what is compared for equality is one of the keys, which it then is joined by.
    bool enter_key(const thalweg::Expr& expr);

    [[nodiscard]] bool has_all_keys() const;
};

// Nothing where `view` is no such view over rows that stay, or keeps the last by another column
// than `time`, or does not show its keys.
[[nodiscard]] std::optional<Versions> versions_of(const Rel& view, std::size_t time);

// Whether what `rel` gives, but for what Filter and Project make of it, is a ranking that changes.
[[nodiscard]] bool is_changing_rank(const Rel& rel);

}  // namespace thalweg::plan
