#pragma once

#include "ops/match.h"
#include "ops/op.h"

#include <memory>

namespace thalweg {

// MATCH_RECOGNIZE, one row for each match.
//
// Input    Insertions only.
// Order    By event time, rows wait until the watermark has passed them, and are taken in the order
//          of ORDER BY, equal ones in that of their arrival. A row that the watermark has passed is
//          late, one without a time no row at all; both are counted. By processing time rows are
//          taken as they come.
// Matches  An attempt starts with each row; all go on side by side (ops/matcher.h). Attempts are
//          settled in the order of their starts: one that has its match waits for those before it.
//          A match gives a row, and ends all attempts that start before the row that AFTER MATCH
//          SKIP goes to. Skipping to the row that the match starts with, or to a variable that has
//          no row, fails the query, as in Flink.
// WITHIN   An attempt that is as old as that when time goes on is over, before the row of that time
//          is taken. Time is that of the rows, and of the watermark or the clock between them.
// Time     MATCH_ROWTIME() is when a match was settled: the time of its last row, or, where it had
//          to wait for an attempt before it, that at which this one was over; where only the end of
//          the input told, not before what the watermark had passed. So it is never behind the
//          watermark that was given on.
// Work     Is counted in conditions asked, rows aggregated for them and rows given: advance() and
//          tick() stop when it is enough. By processing time so does process(), whose rows then
//          wait for the next tick.
// End      Of the input: attempts whose pattern is not plain (ops/match_pattern.h) end there, with
//          the match that they have; those of plain ones stay open, as in Flink.
// State    Of each partition the rows that wait, the rows of open attempts (each once, whatever
//          attempts it is in) and as many before them as PREV looks back; for each attempt its
//          threads, whose rows are runs of variables; for each match that waits its runs. A
//          partition without any is forgotten; where there is PREV none is, WITHIN or not.
[[nodiscard]] std::unique_ptr<Op> make_match_recognize(const MatchSpec& spec);

}  // namespace thalweg
