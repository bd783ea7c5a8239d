#pragma once

#include <span>
#include <string>
#include <string_view>

namespace thalweg {

// What each function and operator does, in one line: the text of docs/FUNCTIONS.md, of
// `thalweg functions`. Tests hold it against the tables of functions and
// aggregates: none may lack its line, and no line its function.

struct FunctionNote {
    std::string_view names;  // In capitals, with ", " between them: they share the line.
    std::string_view text;   // Markdown.
};

struct FunctionSection {
    std::string_view title;
    std::string_view introduction;  // Paragraphs before the table; may be empty.
    std::span<const FunctionNote> notes;
    std::string_view remark;  // Paragraphs behind it; may be empty.
};

[[nodiscard]] std::span<const FunctionSection> function_sections();

// The line of one function, by its name in any case; nullptr if there is none.
[[nodiscard]] const FunctionNote* find_function_note(std::string_view name);

// All of it as docs/FUNCTIONS.md.
[[nodiscard]] std::string functions_document();

}  // namespace thalweg
