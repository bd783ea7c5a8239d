#pragma once

#include "ops/match_pattern.h"
#include "ops/matcher.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace thalweg {

// The threads of an attempt, and what it has found, as bytes of a snapshot. All numbers of four
// bytes, the least significant first:
//
//     threads | step, runs, (variable, rows) each | ... | 0 or 1 | runs, (variable, rows) each |
//
// Failure  Bytes that are no such thing give nothing.
[[nodiscard]] std::string write_attempt(const MatchAttempt& attempt);
[[nodiscard]] std::optional<MatchAttempt> read_attempt(std::string_view bytes,
                                                       const MatchProgram& program,
                                                       std::size_t variable_count);

}  // namespace thalweg
