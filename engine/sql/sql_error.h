#pragma once

#include "engine/sql/location.h"

#include <exception>
#include <string>
#include <string_view>
#include <utility>

// What is wrong with a piece of SQL, and where.
//
// Thrown inside the recursive code (lexer, parser, binder) and caught at its door: parse() in
// parser.h and the planner return it as a value. `message` is one sentence without a capital and
// without a full stop; `hint` says what to do about it and may be empty.

namespace thalweg::sql {

class SqlError final : public std::exception {
  public:
    SqlError(Location location, std::string message, std::string hint = {})
        : location_(location), message_(std::move(message)), hint_(std::move(hint)) {}

    [[nodiscard]] const Location& location() const { return location_; }

    [[nodiscard]] const std::string& message() const { return message_; }

    [[nodiscard]] const std::string& hint() const { return hint_; }

    [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }

  private:
    Location location_;
    std::string message_;
    std::string hint_;
};

/// "X is not supported yet": the construct is known and deliberately refused.
[[nodiscard]] inline SqlError not_supported(Location location, std::string_view construct) {
    return SqlError(location, std::string(construct) + " is not supported yet");
}

/// Renders the error for a terminal; `text` is the script that the location points into:
///
///     query.sql:3:7: error: expected FROM, found 'FORM'
///         a, b FORM t
///              ^~~~
///     hint: did you mean FROM?
///
/// Every line ends with a newline; the hint line is there when the error has one.
[[nodiscard]] std::string format_error(std::string_view file_name,
                                       std::string_view text,
                                       const SqlError& error);

}  // namespace thalweg::sql
