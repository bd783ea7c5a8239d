#include "tests/support/story.h"

#include <array>
#include <optional>
#include <sstream>
#include <utility>

namespace thalweg::test {

namespace {

constexpr std::array<std::pair<std::string_view, StepKind>, 11> kKeywords = {{
    {"file", StepKind::kFile},
    {"in", StepKind::kIn},
    {"expect", StepKind::kExpect},
    {"advance", StepKind::kAdvance},
    {"close", StepKind::kClose},
    {"end", StepKind::kEnd},
    {"stop", StepKind::kStop},
    {"restart", StepKind::kRestart},
    {"count", StepKind::kCount},
    {"error", StepKind::kError},
    {"fails", StepKind::kFails},
}};

std::string_view trim(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::optional<StoryStep> step_of(std::string_view line) {
    for (const auto& [word, kind] : kKeywords) {
        if (!line.starts_with(word)) continue;
        const std::string_view rest = line.substr(word.size());
        if (!rest.empty() && rest.front() != ' ') continue;
        StoryStep step;
        step.kind = kind;
        step.argument = trim(rest);
        return step;
    }
    return std::nullopt;
}

void add_line(Story& story, const std::string& line, std::size_t number) {
    if (std::optional<StoryStep> step = step_of(line)) {
        step->line = number;
        story.steps.push_back(*std::move(step));
    } else if (story.steps.empty()) {
        story.script += line + "\n";
    } else if (!line.empty()) {
        story.steps.back().lines.push_back(line);
    }
}

}  // namespace

std::vector<Story> parse_stories(std::string_view file_name, std::string_view text) {
    std::vector<Story> stories;
    std::istringstream in{std::string(text)};
    std::string line;
    for (std::size_t number = 1; std::getline(in, line); ++number) {
        if (line.starts_with('#')) continue;
        if (line.starts_with("story ")) {
            Story& story = stories.emplace_back();
            story.name = line.substr(6);
            story.place = std::string(file_name) + ":" + std::to_string(number);
        } else if (!stories.empty()) {
            add_line(stories.back(), line, number);
        }
    }
    for (Story& story : stories) {
        while (story.script.ends_with("\n\n"))
            story.script.pop_back();
    }
    return stories;
}

std::vector<std::string> split_cells(std::string_view row) {
    row = trim(row);
    row.remove_prefix(1);  // The parentheses.
    row.remove_suffix(1);
    std::vector<std::string> cells(1);
    bool in_quotes = false;
    int depth = 0;
    for (std::size_t i = 0; i < row.size(); ++i) {
        const char c = row[i];
        if (in_quotes && c == '\\') {
            cells.back() += row.substr(i++, 2);
            continue;
        }
        if (c == '"') in_quotes = !in_quotes;
        if (!in_quotes && (c == '[' || c == '{')) ++depth;
        if (!in_quotes && (c == ']' || c == '}')) --depth;
        if (c == ',' && !in_quotes && depth == 0) {
            cells.emplace_back();
        } else {
            cells.back() += c;
        }
    }
    for (std::string& cell : cells)
        cell = std::string(trim(cell));
    return cells;
}

}  // namespace thalweg::test
