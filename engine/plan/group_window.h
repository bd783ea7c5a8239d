#pragma once

#include "engine/plan/bind_expression.h"
#include "engine/plan/logical.h"
#include "engine/sql/ast.h"

#include <cstddef>
#include <optional>
#include <vector>

namespace thalweg::plan {

// The window of a GROUP BY as it was before there were window table functions: TUMBLE(ts, size),
// HOP(ts, slide, size) or SESSION(ts, gap) among its keys, and TUMBLE_START(ts, size) and the like
// where results are computed. It becomes the table function of that name over what is grouped;
// sessions are those of the other keys.
struct GroupWindow {
    WindowPtr window;
    std::size_t time_column = 0;   // Of what is grouped, as the following two.
    std::size_t start_column = 0;  // Behind it stand the end and the time of the window.

    // Keys of sessions that are computed, and the columns of what is grouped that have them.
    struct ComputedKey {
        thalweg::ExprPtr expr;
        std::size_t column = 0;
    };

    std::vector<ComputedKey> computed_keys = {};
};

// What is grouped; then with the columns of the window behind its own, which names do not find.
struct GroupedInput {
    RelPtr rel;
    Scope scope;
};

// Whether this is a window of GROUP BY.
[[nodiscard]] bool is_group_window(const sql::Expr& expr);

// Assigns the window of a GROUP BY, if it has one, to the rows of `input`.
[[nodiscard]] std::optional<GroupWindow> assign_group_window(const sql::Select& select,
                                                             const ExprSettings& settings,
                                                             const TimeZonePtr& zone,
                                                             GroupedInput& input);

// Whether there is a TUMBLE_START(..) or its like in it.
[[nodiscard]] bool asks_about_window(const sql::Expr& expr);

// What TUMBLE_START(..) and its like ask of the window: which of window_start, window_end and
// window_time it is (0 to 2), or the time of processing.
struct WindowQuestion {
    static constexpr std::size_t kProctime = 3;
    std::size_t column = 0;
};

// Nothing: the expression is no such question. It must be about `window`, in `scope`; null: there
// is none to ask about.
[[nodiscard]] std::optional<WindowQuestion> window_question(
    const sql::Expr& expr,
    const std::optional<GroupWindow>& window,
    const Scope& scope,
    const ExprSettings& settings);

}  // namespace thalweg::plan
