#pragma once

#include "engine/plan/logical.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

// Nested ROW access, taken down to where the fields are made: `request.user.id` over a ROW column
// becomes a column of its own, so that a decoder reads one field and not the whole object.

namespace thalweg::plan {

// `column.a.b`: which column, and which fields. Nothing for any other expression.
struct FieldPath {
    std::size_t column = 0;
    std::vector<std::string> path;
    Type type;
};

[[nodiscard]] std::optional<FieldPath> field_path(const Expr& expr);

// The same expression with every longest field path replaced by what `replace` gives for it; a null
// pointer leaves the path as it is.
using ReplacePath = std::function<thalweg::ExprPtr(const FieldPath& path)>;
[[nodiscard]] thalweg::ExprPtr replace_paths(const thalweg::ExprPtr& expr,
                                             const ReplacePath& replace);

// The field `path` of `expr`, a ROW.
[[nodiscard]] thalweg::ExprPtr make_path(thalweg::ExprPtr expr,
                                         const std::vector<std::string>& path);

// A tree in which filters and projections right above a scan read fields as columns of the scan.
[[nodiscard]] RelPtr extract_fields(const RelPtr& rel);

}  // namespace thalweg::plan
