#pragma once

#include "ops/op.h"
#include "ops/row_kinds.h"
#include "tests/support/window_oracle.h"

#include <cstddef>
#include <set>
#include <string>
#include <vector>

// Changes, and what is left of them.

namespace thalweg {

using Texts = std::multiset<std::string>;

struct Change {
    Row row;
    RowKind kind = RowKind::kInsert;
};

// What is left of the changes that were emitted.
struct Fold final : Emitter {
    Texts rows;
    std::vector<std::string> order;  // Of the rows that came, also of those that went again.
    std::size_t losses = 0;          // Rows that went,
    std::size_t orphans = 0;         // and those among them that were not there.

    void emit(const BatchView& view) override {
        const std::vector<Row> cells = rows_of(view);
        for (std::size_t i = 0; i < cells.size(); ++i) {
            const std::string text = text_of(cells[i]);
            if (is_gain(view.kind(view.selection[i]))) {
                rows.insert(text);
                order.push_back(text);
                continue;
            }
            ++losses;
            const auto found = rows.find(text);
            found == rows.end() ? static_cast<void>(++orphans)
                                : static_cast<void>(rows.erase(found));
        }
    }
};

}  // namespace thalweg
