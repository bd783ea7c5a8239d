#pragma once

#include "engine/plan/logical.h"
#include "engine/sql/sql_error.h"

#include <string>

// Which relations only ever gain rows, and which change rows they have given.
//
//   Scan                            gains rows; changes them if its format has row kinds
//   Filter, Project, Unnest,        as their inputs
//   LookupJoin, UnionAll
//   Aggregate with a window,        gain rows: what has fired stays as it is
//   WindowJoin, StreamJoin with bounds
//   StreamJoin                      inner and semi: as their inputs; temporal: as the left one;
//                                   others change rows
//   Aggregate without a window      changes rows; without calls only if its input does
//   Rank for all time               changes rows, unless it is by arrival over rows that stay
//   Rank of a window, Sort, Match    gain rows
//   Over                            changes rows, unless by time over rows that stay
//
// What needs rows that stay as they are (a window, a window join, a pattern) refuses others. And
// so does an expression that gives another value each time: what it gave for a row it would take
// back as something else. What each operator does is one line in changelog.cc, a rule_of().

namespace thalweg::plan {

// The operator by which rows change, as EXPLAIN would name it; empty: rows are only gained.
[[nodiscard]] std::string changing_operator(const Rel& rel);

// The kinds of rows that come out, as Flink writes them: "[I]", "[I,UB,UA]" or "[I,UB,UA,D]". What
// only passes a change on may let one half of it through, and is said to do as its input.
[[nodiscard]] std::string changelog_mode(const Rel& rel);

// Throws SqlError at `at` where an operator cannot take what its input gives.
void check_changes(const Rel& rel, sql::Location at);

}  // namespace thalweg::plan
