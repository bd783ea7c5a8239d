#pragma once

#include "engine/plan/logical.h"
#include "engine/sql/ast.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// What window table functions and the windows of GROUP BY have in common. Failure: SqlError.

namespace thalweg::plan {

// A constant interval in nanoseconds, whole milliseconds of them; `what` is its name.
[[nodiscard]] std::int64_t bind_interval(const sql::Expr& expr,
                                         std::string_view what,
                                         bool may_be_negative);

// Refuses windows of which a row would belong to very many.
void check_overlap(const WindowSpec& spec, sql::Location at);

// With the text of EXPLAIN.
[[nodiscard]] WindowPtr make_window(const WindowSpec& spec);

// Whether windows can follow a column, and whether its time is event time.
[[nodiscard]] bool is_time(const ColumnInfo& column);
[[nodiscard]] bool is_event_time(const ColumnInfo& column);

// Refuses a column that they cannot follow; `name` is what the query calls it.
void check_time(const ColumnInfo& column, const std::string& name, sql::Location at);

// Makes a window follow a time attribute.
void set_time(WindowSpec& spec, const ColumnInfo& column, const TimeZonePtr& zone);

// Makes time attributes plain columns.
void hide_times(std::vector<ColumnInfo>& columns);

}  // namespace thalweg::plan
