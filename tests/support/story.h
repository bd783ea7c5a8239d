#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

// What a query does, told in SQL and rows: the text of tests/sql/*.test.
//
// Grammar   One file holds several stories. '#' at the start of a line is a comment.
//
//             story   = "story" NAME NEWLINE script step*
//             script  = SQL, up to the first line that begins a step; a CREATE TABLE without WITH
//                       reads and writes JSON over TCP
//             step    = "file" TABLE rows               what is in the file of a lookup table;
//                                                       before all other steps
//                     | "in" TABLE ["/" SPLIT] rows     rows arrive, in one batch or several
//                     | "expect" [SINK] rows            what has come out since the last expect
//                     | "advance" SECONDS               processing time moves on
//                     | "close" TABLE "/" SPLIT         the peer is gone
//                     | "end"                           the inputs end: the maximal watermark
//                     | "stop"                          as by a signal: open windows stay silent
//                     | "restart"                       the same, and then another process goes on
//                                                       with its state, in another layout
//                     | "count" (NAME "=" NUMBER)*      in out malformed late filtered null_time
//                     | "error" lines                   the script is refused with these lines
//                     | "fails" lines                   the query has failed with this message, or,
//                                                       as the first step, could not be opened
//             rows    = (KIND? "(" cell ("," cell)* ")" | any other line, taken as it is)*
//                       where KIND is +I, -U, +U or -D of an input in changelog-json
//
// Cells     NULL, a number, true, a quoted string, JSON in brackets; anything else is a string. A
//           time without a date is one of 2024-01-01, the day on which every story begins. Rows of
//           an expect are a multiset. Where rows change, an expect has all that is left of them.

namespace thalweg::test {

enum class StepKind {
    kFile,
    kIn,
    kExpect,
    kAdvance,
    kClose,
    kEnd,
    kStop,
    kRestart,
    kCount,
    kError,
    kFails,
};

struct StoryStep {
    StepKind kind = StepKind::kIn;
    std::string argument;            // What stands behind the keyword.
    std::vector<std::string> lines;  // Without empty ones; of kError and kFails all.
    std::size_t line = 0;            // Where the step stands in its file.
    bool rests = true;               // Of kIn: nothing is on its way any more when it is over.
};

struct Story {
    std::string name;
    std::string place;  // "tumble.test:12"
    std::string script;
    std::vector<StoryStep> steps;
    bool is_bounded = false;  // Its inputs are files: none falls idle before its end.
};

[[nodiscard]] std::vector<Story> parse_stories(std::string_view file_name, std::string_view text);

// The cells of "(a, 1, [2, 3])", trimmed; strings keep their quotes.
[[nodiscard]] std::vector<std::string> split_cells(std::string_view row);

}  // namespace thalweg::test
