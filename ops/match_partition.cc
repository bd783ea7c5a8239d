#include "ops/match_partition.h"

#include "ops/row_codec.h"
#include "state/base/time.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace thalweg {

namespace {

MatchFrame::Needs all_of(const MatchFrame& frame, const std::vector<ExprPtr>& expressions) {
    MatchFrame::Needs all;
    const auto merge = [](std::vector<std::size_t>& into, const std::vector<std::size_t>& from) {
        into.insert(into.end(), from.begin(), from.end());
        std::sort(into.begin(), into.end());
        into.erase(std::unique(into.begin(), into.end()), into.end());
    };
    for (const ExprPtr& expr : expressions) {
        const MatchFrame::Needs needs = frame.needs_of(*expr);
        merge(all.references, needs.references);
        merge(all.groups, needs.groups);
        all.has_time = all.has_time || needs.has_time;
    }
    return all;
}

// The first or last row of a variable, counted from the match's first; nothing if it has none.
std::optional<std::size_t> row_of(const MatchHistory& history,
                                  std::uint32_t variable,
                                  bool is_first) {
    MatchReference reference;
    reference.variable = variable;
    reference.is_first = is_first;
    return find_row(reference, {{}, 0, &history});
}

std::size_t bytes_of(const MatchHistory& match) {
    constexpr std::size_t kNodeBytes = 48;  // Of a map, about.
    return kNodeBytes + match.memory_bytes();
}

// The first instant of whole milliseconds that the watermark has not passed.
std::int64_t millisecond_after(Watermark watermark) {
    const std::int64_t last = std::min(watermark.nanos, MatchPartition::kEnd - kNanosPerMilli);
    return (floor_div(last, kNanosPerMilli) + 1) * kNanosPerMilli;
}

}  // namespace

MatchOutput::MatchOutput(const MatchSpec& spec)
    : frame_(spec, spec.measures),
      needs_(all_of(frame_, spec.measures.expressions)),
      measures_(spec.measures.expressions) {}

void MatchOutput::add(const MatchRows& rows, std::int64_t time, OpContext& context, Emitter& out) {
    frame_.fill(frame_.size(), needs_, rows, time);
    if (frame_.size() == kBatchRows) flush(context, out);
}

void MatchOutput::flush(OpContext& context, Emitter& out) {
    if (frame_.size() == 0) return;
    const BatchView view = frame_.view();
    const auto columns = measures_.run(view, context);
    if (!context.failed()) out.emit({columns, view.selection});
    frame_.clear();
}

MatchTurns::MatchTurns(const MatchSpec& spec, RecordPool& records)
    : spec_(spec),
      records_(records),
      matcher_(spec),
      output_(spec),
      rows_back_(rows_back(spec)),
      row_(spec.schema) {}

std::size_t MatchTurns::take(MatchPartition& partition,
                             Record* record,
                             std::int64_t time,
                             OpContext& context) {
    const bool can_start = matcher_.can_start(record->mark);
    const bool is_idle = partition.attempts.empty() && partition.matches.empty();
    if (is_idle && !can_start && rows_back_ == 0) {
        tidy(partition);
        records_.give_back(record);
        return 0;
    }
    partition.rows.push_back(record);
    ++row_count_;
    if (can_start) {
        MatchAttempt& attempt = partition.attempts.emplace_back();
        attempt.start = partition.base + partition.rows.size() - 1;
        attempt.start_time = time;
        matcher_.begin(attempt);
        attempt_bytes_ += attempt.memory_bytes();
    }
    std::size_t work = 0;
    for (MatchAttempt& attempt : partition.attempts) {
        attempt_bytes_ -= attempt.memory_bytes();
        work += matcher_.take(attempt, partition.rows, attempt.start - partition.base, context);
        if (attempt.is_decided()) {
            add_match(partition, attempt);
        } else {
            attempt_bytes_ += attempt.memory_bytes();
        }
    }
    std::erase_if(partition.attempts,
                  [](const MatchAttempt& attempt) { return attempt.is_decided(); });
    partition.settled_at = time;
    return work;
}

// What an attempt has found, which is over.
void MatchTurns::add_match(MatchPartition& partition, MatchAttempt& attempt) {
    if (!attempt.found) return;
    attempt_bytes_ += bytes_of(*attempt.found);
    partition.matches.emplace(attempt.start, *std::exchange(attempt.found, std::nullopt));
}

std::int64_t MatchTurns::next_end(const MatchPartition& partition) const {
    if (partition.attempts.empty()) return MatchPartition::kNever;
    if (spec_.within_ns) {
        const std::int64_t end =
            saturating_add(partition.attempts.front().start_time, *spec_.within_ns);
        return std::min(end, MatchPartition::kEnd);
    }
    return matcher_.waits_for_end() ? MatchPartition::kEnd : MatchPartition::kNever;
}

void MatchTurns::end_oldest(MatchPartition& partition) {
    const std::int64_t end = next_end(partition);
    if (end != MatchPartition::kEnd) {
        partition.settled_at = end;
    } else if (spec_.is_event_time) {
        partition.settled_at = std::max(partition.settled_at, millisecond_after(watermark_));
    }
    MatchAttempt& attempt = partition.attempts.front();
    attempt_bytes_ -= attempt.memory_bytes();
    add_match(partition, attempt);
    partition.attempts.erase(partition.attempts.begin());
}

std::size_t MatchTurns::settle(MatchPartition& partition,
                               std::size_t rows_max,
                               OpContext& context,
                               Emitter& out) {
    std::size_t count = 0;
    while (partition.has_match() && count < rows_max) {
        const auto& [start, match] = *partition.matches.begin();
        const MatchRows rows{partition.rows, start - partition.base, &match};
        output_.add(rows, partition.settled_at, context, out);
        ++count;
        const std::uint64_t target = skip_target(start, match, context);
        if (context.failed()) break;
        drop_before(partition, target);
    }
    return count;
}

// The place of the first row that a match may start with after this one.
std::uint64_t MatchTurns::skip_target(std::uint64_t start,
                                      const MatchHistory& match,
                                      OpContext& context) const {
    if (spec_.skip == MatchSkip::kPastLastRow) return start + match.size();
    if (spec_.skip == MatchSkip::kToNextRow) return start + 1;
    const bool is_first = spec_.skip == MatchSkip::kToFirst;
    const auto row = row_of(match, spec_.skip_variable, is_first);
    if (row && *row != 0) return start + *row;
    const std::string problem =
        row ? "could not skip to the first row of a match, which would be found again and again"
            : "there is no such row in the match";
    context.fail("AFTER MATCH SKIP TO " + std::string(is_first ? "FIRST " : "LAST ") +
                 spec_.variables[spec_.skip_variable] + ": " + problem);
    return start;
}

// Attempts and matches that start before a place.
void MatchTurns::drop_before(MatchPartition& partition, std::uint64_t start) {
    auto& matches = partition.matches;
    while (!matches.empty() && matches.begin()->first < start) {
        attempt_bytes_ -= bytes_of(matches.begin()->second);
        matches.erase(matches.begin());
    }
    auto& attempts = partition.attempts;
    const auto end =
        std::find_if(attempts.begin(), attempts.end(), [&](const MatchAttempt& attempt) {
            return attempt.start >= start;
        });
    for (auto attempt = attempts.begin(); attempt != end; ++attempt)
        attempt_bytes_ -= attempt->memory_bytes();
    attempts.erase(attempts.begin(), end);
}

void MatchTurns::tidy(MatchPartition& partition) {
    const std::size_t needed_from = partition.first_start() - partition.base;
    const std::size_t count = needed_from - std::min(needed_from, rows_back_);
    // Half of the rows at a time: each is moved once or twice.
    if (count == 0 || (count != partition.rows.size() && count * 2 < partition.rows.size())) return;
    const auto end = partition.rows.begin() + static_cast<std::ptrdiff_t>(count);
    for (auto row = partition.rows.begin(); row != end; ++row)
        records_.give_back(*row);
    partition.rows.erase(partition.rows.begin(), end);
    row_count_ -= count;
    partition.base += count;
}

bool MatchTurns::adopt(MatchPartition& partition) {
    const auto is_before = [](const MatchAttempt& a, const MatchAttempt& b) {
        return a.start < b.start;
    };
    std::sort(partition.attempts.begin(), partition.attempts.end(), is_before);
    const std::size_t rows = partition.rows.size();
    row_count_ += rows;
    for (MatchAttempt& attempt : partition.attempts) {
        if (attempt.start >= rows) return false;
        const std::size_t taken = rows - attempt.start;
        for (const MatchThread& thread : attempt.threads) {
            if (thread.history.size() != taken) return false;
        }
        if (attempt.found && attempt.found->size() > taken) return false;
        attempt.start_time = time_of(*partition.rows[attempt.start]);
        if (attempt.is_decided()) {
            add_match(partition, attempt);
        } else {
            attempt_bytes_ += attempt.memory_bytes();
        }
    }
    std::erase_if(partition.attempts,
                  [](const MatchAttempt& attempt) { return attempt.is_decided(); });
    if (rows != 0) partition.settled_at = time_of(*partition.rows.back());
    return true;
}

std::int64_t MatchTurns::time_of(const Record& record) {
    row_.clear();
    RowCodec::read(record.row(), spec_.schema->size(), row_, 0);
    return row_.column(spec_.order[0].column).data<std::int64_t>()[0];
}

}  // namespace thalweg
