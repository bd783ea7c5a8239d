#include "ops/matcher.h"

#include <algorithm>
#include <string>
#include <utility>

namespace thalweg {

using Kind = MatchProgram::Step::Kind;

std::size_t MatchAttempt::memory_bytes() const noexcept {
    std::size_t total = sizeof(MatchAttempt) + (found ? found->memory_bytes() : 0);
    for (const MatchThread& thread : threads)
        total += sizeof(MatchThread) + thread.history.memory_bytes();
    return total;
}

Matcher::Matcher(const MatchSpec& spec)
    : spec_(spec),
      program_(spec.pattern),
      frame_(spec, spec.defines),
      conditions_(spec.variables.size()) {
    for (std::size_t i = 0; i < conditions_.size(); ++i) {
        const ExprPtr& expr = spec.defines.expressions[i];
        if (expr == nullptr) continue;
        Condition& condition = conditions_[i];
        condition.is_always = false;
        condition.needs = frame_.needs_of(*expr);
        condition.program.emplace(std::vector<ExprPtr>{expr}, 1);
        // The row itself is reference 0: its columns are those of the input.
        if (i < kMarkedMax && i < spec.is_early.size() && spec.is_early[i])
            condition.early.emplace(std::vector<ExprPtr>{expr});
    }
    asks_history_ = asks_history();
}

// Whether a condition looks at more than the row and those before it.
bool Matcher::asks_history() const {
    return std::any_of(conditions_.begin(), conditions_.end(), [&](const Condition& condition) {
        const auto& references = condition.needs.references;
        return !condition.needs.groups.empty() ||
               std::any_of(references.begin(), references.end(), [&](std::size_t i) {
                   const MatchReference& reference = spec_.defines.references[i];
                   return reference.variable || reference.is_first || reference.offset != 0;
               });
    });
}

std::span<const std::uint32_t> Matcher::mark(const BatchView& view,
                                             Selection rows,
                                             OpContext& context) {
    marks_.assign(rows.size(), 0);
    for (std::size_t variable = 0; variable < conditions_.size(); ++variable) {
        Condition& condition = conditions_[variable];
        if (!condition.early) continue;
        const std::uint32_t known = std::uint32_t{1} << variable;
        const std::uint32_t yes = known | known << kMarkedMax;
        const Selection picked = condition.early->select(view.with(rows), context);
        std::size_t next = 0;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const bool is_picked = next < picked.size() && picked[next] == rows[i];
            next += is_picked ? 1 : 0;
            marks_[i] |= is_picked ? yes : known;
        }
    }
    return marks_;
}

bool Matcher::can_start(std::uint32_t mark) const {
    const auto& reached = program_.reached(program_.start());
    return std::any_of(reached.begin(), reached.end(), [&](std::uint32_t step) {
        const std::uint32_t variable = program_[step].variable;
        if (program_[step].kind != Kind::kRow || variable >= kMarkedMax) return true;
        return (mark >> variable & 1U) == 0 || (mark >> (variable + kMarkedMax) & 1U) != 0;
    });
}

void Matcher::begin(MatchAttempt& attempt) const {
    if (program_.is_plain()) {
        attempt.threads.push_back({program_.start(), {}});
        return;
    }
    for (const std::uint32_t step : program_.reached(program_.start()))
        attempt.threads.push_back({step, {}});
}

std::size_t Matcher::take(MatchAttempt& attempt,
                          std::span<Record* const> rows,
                          std::size_t first,
                          OpContext& context) {
    Turn turn{&attempt, rows, first, &context, false, 0};
    std::swap(old_, attempt.threads);
    attempt.threads.clear();
    for (MatchThread& thread : old_) {
        static_cast<void>(explore(turn, thread.step, thread.history, true));
        if (turn.is_over || context.failed()) break;
    }
    old_.clear();
    return turn.work;
}

// Whether the row was taken, somewhere behind the step. `is_last`: if it was, nobody asks for the
// history any more, which is moved.
bool Matcher::explore(Turn& turn, std::uint32_t at, MatchHistory& history, bool is_last) {
    const MatchProgram::Step& step = program_[at];
    if (turn.is_over || step.kind == Kind::kEnd || step.kind == Kind::kDead) return false;
    if (step.kind == Kind::kSplit) {
        const bool is_taken = explore(turn, step.next, history, is_last && step.is_committed);
        if (is_taken && step.is_committed) return true;
        return explore(turn, step.other, history, is_last) || is_taken;
    }
    if (!is_true(turn, step.variable, history)) return false;
    history.add(step.variable);
    go_on(turn, step.next, history, is_last);
    if (!is_last) history.take_back();
    return true;
}

bool Matcher::is_true(Turn& turn, std::uint32_t variable, MatchHistory& history) {
    Condition& condition = conditions_[variable];
    ++turn.work;
    if (condition.is_always) return true;
    if (condition.early) {
        const std::uint32_t mark = turn.rows.back()->mark;
        return (mark >> (variable + kMarkedMax) & 1U) != 0;
    }
    history.add(variable);
    turn.work += frame_.fill(0, condition.needs, {turn.rows, turn.first, &history}, 0);
    history.take_back();
    return !condition.program->select(frame_.view(), *turn.context).empty();
}

void Matcher::go_on(Turn& turn, std::uint32_t next, MatchHistory& history, bool is_last) {
    MatchAttempt& attempt = *turn.attempt;
    if (program_[next].kind == Kind::kDead) return;
    if (program_.is_plain()) {
        if (!program_.can_end(next)) {
            add_thread(turn, next, history, is_last);
            return;
        }
        attempt.threads.clear();
        attempt.found = history;
        turn.is_over = true;
        return;
    }
    const std::vector<std::uint32_t>& reached = program_.reached(next);
    for (const std::uint32_t& step : reached) {
        if (program_[step].kind == Kind::kEnd) {
            attempt.found = history;
            turn.is_over = true;
            return;
        }
        add_thread(turn, step, history, is_last && &step == &reached.back());
    }
}

void Matcher::add_thread(Turn& turn,
                         std::uint32_t step,
                         MatchHistory& history,
                         bool is_last) const {
    std::vector<MatchThread>& threads = turn.attempt->threads;
    const bool can_repeat = !asks_history_ || !program_.is_plain();
    const bool is_there =
        can_repeat && std::any_of(threads.begin(), threads.end(), [&](const MatchThread& other) {
            return other.step == step && (!asks_history_ || other.history == history);
        });
    if (is_there) return;
    if (threads.size() == kThreadsMax) {
        turn.context->fail("MATCH_RECOGNIZE: a match may go on in more than " +
                           std::to_string(kThreadsMax) + " ways, by what DEFINE says");
        return;
    }
    if (is_last) {
        threads.push_back({step, std::move(history)});
    } else {
        threads.push_back({step, history});
    }
}

}  // namespace thalweg
