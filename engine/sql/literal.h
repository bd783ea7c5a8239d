#pragma once

#include "engine/sql/ast.h"

#include <optional>
#include <string>
#include <string_view>

// What the text of a literal means. The functions take it as it stands in the script and throw
// SqlError at `location` when it means nothing.

namespace thalweg::sql {

/// `'it''s'`: it's.
[[nodiscard]] std::string decode_string(std::string_view token);

/// "`a``b`": a`b.
[[nodiscard]] std::string decode_quoted_name(std::string_view token);

/// `U&'\00e9\+01F600'` with the given escape character: UTF-8.
[[nodiscard]] std::string decode_unicode_string(std::string_view token,
                                                char escape,
                                                Location location);

/// `X'45f0'`: its bytes.
[[nodiscard]] std::string decode_binary_string(std::string_view token, Location location);

/// Sets `literal.value` from its text, sign and units.
void decode_interval(IntervalLiteral& literal, Location location);

/// YEAR, YEARS, DOY, ...; nothing for other words.
[[nodiscard]] std::optional<TimeUnit> time_unit(std::string_view word);

/// The singular, in capitals.
[[nodiscard]] std::string_view time_unit_name(TimeUnit unit);

}  // namespace thalweg::sql
