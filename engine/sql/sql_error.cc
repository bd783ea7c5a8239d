#include "engine/sql/sql_error.h"

#include <algorithm>

namespace thalweg::sql {
namespace {

// A longer line is shown in part, so that an error in generated SQL stays readable.
constexpr std::size_t kShownBytes = 160;

bool continues_character(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

// The line that holds `offset`, without its line end.
std::string_view line_at(std::string_view text, std::size_t offset) {
    const std::size_t before = offset == 0 ? std::string_view::npos : text.rfind('\n', offset - 1);
    const std::size_t start = before == std::string_view::npos ? 0 : before + 1;
    std::string_view line =
        text.substr(start, std::min(text.find('\n', offset), text.size()) - start);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

// Blanks as wide as `text`: tabs stay tabs, a character of several bytes is one blank.
std::string blanks(std::string_view text) {
    std::string result;
    for (const char byte : text) {
        if (!continues_character(byte)) result += byte == '\t' ? '\t' : ' ';
    }
    return result;
}

std::string underline(std::string_view text) {
    const auto width =
        std::ranges::count_if(text, [](char byte) { return !continues_character(byte); });
    return "^" + std::string(static_cast<std::size_t>(std::max<std::ptrdiff_t>(width - 1, 0)), '~');
}

}  // namespace

std::string format_error(std::string_view file_name, std::string_view text, const SqlError& error) {
    const Location& place = error.location();
    const std::size_t offset = std::min<std::size_t>(place.offset, text.size());
    const std::string_view line = line_at(text, offset);
    const std::size_t start = std::min<std::size_t>(place.column - 1, line.size());
    const std::size_t cut = start < kShownBytes ? 0 : start - kShownBytes / 2;
    const std::string_view shown = line.substr(cut, kShownBytes);
    const std::string_view before = line.substr(cut, start - cut);
    const std::string_view marked = shown.substr(before.size(), place.length);

    std::string result(file_name);
    result += ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
    result += ": error: " + error.message() + "\n";
    result += "    " + std::string(shown) + "\n";
    result += "    " + blanks(before) + underline(marked) + "\n";
    if (!error.hint().empty()) result += "hint: " + error.hint() + "\n";
    return result;
}

}  // namespace thalweg::sql
