#pragma once

#include "ops/expr/program.h"
#include "ops/match.h"
#include "ops/match_frame.h"
#include "ops/matcher.h"
#include "ops/op.h"
#include "ops/ordered_records.h"
#include "ops/record_pool.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <vector>

namespace thalweg {

// What is known of the rows with one key.
struct MatchPartition {
    static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
    static constexpr std::int64_t kEnd = kNever - 1;  // Of the input.

    OrderedRecords waiting;              // Rows that the watermark has not passed.
    std::vector<Record*> rows;           // Rows that were taken, and may be asked for.
    std::uint64_t base = 0;              // The place of the first of them.
    std::vector<MatchAttempt> attempts;  // By their start; none is decided.
    // By their start: what wait for an attempt before them, or to be given.
    std::map<std::uint64_t, MatchHistory> matches;
    std::int64_t settled_at = 0;  // Of attempts that are: the time of their match.
    std::int64_t due = kNever;    // When there is something to do.

    [[nodiscard]] bool is_empty() const noexcept {
        return waiting.empty() && rows.empty() && attempts.empty() && matches.empty();
    }

    [[nodiscard]] bool has_match() const noexcept {
        return !matches.empty() &&
               (attempts.empty() || matches.begin()->first < attempts.front().start);
    }

    // The place of the first row of an attempt or a match, or behind the last row.
    [[nodiscard]] std::uint64_t first_start() const noexcept {
        std::uint64_t start = base + rows.size();
        if (!attempts.empty()) start = attempts.front().start;
        if (!matches.empty()) start = std::min(start, matches.begin()->first);
        return start;
    }
};

// The rows that matches give, as many as a batch holds.
class MatchOutput {
  public:
    explicit MatchOutput(const MatchSpec& spec);

    void add(const MatchRows& rows, std::int64_t time, OpContext& context, Emitter& out);
    void flush(OpContext& context, Emitter& out);

    [[nodiscard]] std::size_t memory_bytes() const noexcept { return frame_.memory_bytes(); }

  private:
    MatchFrame frame_;
    MatchFrame::Needs needs_;
    Program measures_;
};

// Takes rows and time through partitions.
//
// Contract  Rows come in order. What has a match is settle()d before the next row is taken, and
//           tidy() called at last, before anybody looks at what the partition needs.
// Threads   One at a time.
class MatchTurns {
  public:
    // Borrows both.
    MatchTurns(const MatchSpec& spec, RecordPool& records);

    [[nodiscard]] std::span<const std::uint32_t> mark(const BatchView& view,
                                                      Selection rows,
                                                      OpContext& context) {
        return matcher_.mark(view, rows, context);
    }

    // Takes a row, which is the partition's from now on. Returns how many conditions were asked,
    // and rows aggregated for them.
    std::size_t take(MatchPartition& partition,
                     Record* record,
                     std::int64_t time,
                     OpContext& context);

    // When the oldest attempt is over, if no row comes.
    [[nodiscard]] std::int64_t next_end(const MatchPartition& partition) const;

    // The last but that of the end of the input.
    void set_watermark(Watermark watermark) { watermark_ = watermark; }

    // Ends the oldest attempt, at the time that it is over. At the end of the input that is no
    // time: its match is known as soon as no row can be late for it.
    void end_oldest(MatchPartition& partition);

    // Gives at most `rows_max` matches that are known; returns how many.
    std::size_t settle(MatchPartition& partition,
                       std::size_t rows_max,
                       OpContext& context,
                       Emitter& out);

    // Lets go of rows that nobody can ask for.
    void tidy(MatchPartition& partition);

    void flush(OpContext& context, Emitter& out) { output_.flush(context, out); }

    // After a restart: whether the attempts fit the rows; their times.
    [[nodiscard]] bool adopt(MatchPartition& partition);

    // The time of a row.
    [[nodiscard]] std::int64_t time_of(const Record& record);

    [[nodiscard]] const MatchProgram& program() const noexcept { return matcher_.program(); }

    [[nodiscard]] std::size_t memory_bytes() const noexcept {
        return matcher_.memory_bytes() + output_.memory_bytes() + attempt_bytes_ +
               row_count_ * 2 * sizeof(Record*);
    }

  private:
    void add_match(MatchPartition& partition, MatchAttempt& attempt);
    void drop_before(MatchPartition& partition, std::uint64_t start);
    [[nodiscard]] std::uint64_t skip_target(std::uint64_t start,
                                            const MatchHistory& match,
                                            OpContext& context) const;

    const MatchSpec& spec_;
    RecordPool& records_;
    Matcher matcher_;
    MatchOutput output_;
    std::size_t rows_back_ = 0;  // As far as PREV looks.
    std::size_t attempt_bytes_ = 0;
    std::size_t row_count_ = 0;  // In all partitions.
    Watermark watermark_;
    Batch row_;
};

}  // namespace thalweg
