// MATCH_RECOGNIZE against what it means, said without steps and threads: plain patterns element by
// element as Flink has them, all others by going back to the alternative before.

#include "ops/match_recognize.h"

#include "tests/support/rank_model.h"
#include "tests/support/seeds.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

using Kind = MatchPattern::Kind;

// --- Random patterns and conditions ---

// What DEFINE asks of a variable.
enum class Ask : std::uint8_t {
    kNothing,
    kAbove,      // v > limit
    kRising,     // v > LAST(own.v, 1) OR LAST(own.v, 1) IS NULL
    kSumBelow,   // SUM(own.v) < limit
    kNotFirst,   // v >= FIRST(v)
    kChanged,    // v <> PREV(v)
    kBelowLast,  // v < LAST(other.v)
};

struct Condition {
    Ask ask = Ask::kNothing;
    std::int64_t limit = 0;
    std::uint32_t other = 0;
};

struct Case {
    MatchSpec spec;
    std::vector<Condition> conditions;
};

ExprPtr call(std::string_view name, std::vector<ExprPtr> arguments) {
    auto result = make_call(name, std::move(arguments), {});
    REQUIRE(result.has_value());
    return *std::move(result);
}

void set_times(Random& random, MatchPattern& pattern, bool is_plain) {
    switch (random.below(8)) {
        case 0: pattern.minimum = 0; break;
        case 1: pattern.minimum = 0, pattern.maximum = std::nullopt; break;
        case 2: pattern.maximum = std::nullopt; break;
        case 3: pattern.minimum = 2, pattern.maximum = 2; break;
        case 4: pattern.maximum = 2; break;
        case 5: pattern.minimum = 2, pattern.maximum = std::nullopt; break;
        default: return;
    }
    const bool is_optional = pattern.minimum == 0 && pattern.maximum == 1U;
    pattern.is_reluctant = chance(random, 2) && !(is_plain && is_optional);
}

MatchPattern plain_pattern(Random& random, std::uint32_t variables) {
    MatchPattern pattern;
    pattern.kind = Kind::kSequence;
    for (std::uint32_t i = 0; i < variables; ++i) {
        MatchPattern& child = pattern.children.emplace_back();
        child.variable = i;
        set_times(random, child, true);
    }
    return pattern;
}

MatchPattern any_pattern(Random& random, std::uint32_t variables, int depth) {
    MatchPattern pattern;
    if (depth == 0 || chance(random, 3)) {
        pattern.variable = static_cast<std::uint32_t>(random.below(variables));
    } else {
        pattern.kind = chance(random, 2) ? Kind::kSequence : Kind::kAlternation;
        for (std::uint64_t count = 2 + random.below(2); count > 0; --count)
            pattern.children.push_back(any_pattern(random, variables, depth - 1));
    }
    set_times(random, pattern, false);
    return pattern;
}

// Whether a part may take no row.
bool can_be_empty(const MatchPattern& pattern) {
    if (pattern.minimum == 0) return true;
    if (pattern.kind == Kind::kVariable) return false;
    const auto& children = pattern.children;
    return pattern.kind == Kind::kSequence
               ? std::all_of(children.begin(), children.end(), can_be_empty)
               : std::any_of(children.begin(), children.end(), can_be_empty);
}

// Whether a part is repeated that may take no row: there are several opinions on what that prefers.
bool repeats_nothing(const MatchPattern& pattern) {
    MatchPattern once = pattern;
    once.minimum = 1;
    const bool is_repeated = pattern.minimum != 1 || pattern.maximum != 1U;
    return (is_repeated && can_be_empty(once)) ||
           std::any_of(pattern.children.begin(), pattern.children.end(), repeats_nothing);
}

MatchPattern random_pattern(Random& random, std::uint32_t variables, bool is_plain) {
    while (true) {
        MatchPattern pattern =
            is_plain ? plain_pattern(random, variables) : any_pattern(random, variables, 2);
        if (thalweg::is_plain(pattern) != is_plain || repeats_nothing(pattern)) continue;
        const MatchProgram program(pattern);
        if (program.can_end(program.start())) continue;
        if (is_plain && ends_greedily(pattern)) continue;
        return pattern;
    }
}

// Reference 1 + i and aggregate i are those of variable i.
void define(Case& test, Random& random, std::uint32_t variables) {
    MatchExpressions& defines = test.spec.defines;
    const std::size_t width = kColumns;
    defines.references.resize(1 + variables);
    for (std::uint32_t i = 0; i < variables; ++i) {
        Condition& condition = test.conditions.emplace_back();
        condition.ask = static_cast<Ask>(random.below(7));
        condition.limit = between(random, 0, 5);
        condition.other = static_cast<std::uint32_t>(random.below(variables));
        MatchReference& reference = defines.references[1 + i];
        if (condition.ask == Ask::kRising) reference = {i, false, 1, 0};
        if (condition.ask == Ask::kNotFirst) reference.is_first = true;
        if (condition.ask == Ask::kChanged) reference.rows_back = 1;
        if (condition.ask == Ask::kBelowLast) reference.variable = condition.other;
        AggregateCall sum;
        sum.kind = AggregateKind::kSum;
        sum.argument = kInt;
        sum.argument_type = sum.result_type = Type::integer();
        defines.aggregates.push_back({i, sum, "SUM"});
    }
    for (std::uint32_t i = 0; i < variables; ++i) {
        const Condition& condition = test.conditions[i];
        const ExprPtr v = make_column(kInt, Type::integer());
        const ExprPtr other =
            make_column(defines.reference_column(1 + i, kInt, width), Type::integer());
        const ExprPtr sum = make_column(defines.aggregate_column(i, width), Type::integer());
        const ExprPtr limit = make_literal({condition.limit}, Type::integer().not_null());
        ExprPtr expr;
        switch (condition.ask) {
            case Ask::kNothing: break;
            case Ask::kAbove: expr = call(">", {v, limit}); break;
            case Ask::kRising:
                expr = call("OR", {call(">", {v, other}), call("IS NULL", {other})});
                break;
            case Ask::kSumBelow: expr = call("<", {sum, limit}); break;
            case Ask::kNotFirst: expr = call(">=", {v, other}); break;
            case Ask::kChanged: expr = call("<>", {v, other}); break;
            case Ask::kBelowLast: expr = call("<", {v, other}); break;
        }
        defines.expressions.push_back(expr);
        test.spec.is_early.push_back(condition.ask == Ask::kAbove);
    }
}

// Key, first and last number, the text of the last row, of each variable how many and the last
// number, and the time.
void measure(MatchSpec& spec, std::uint32_t variables) {
    MatchExpressions& measures = spec.measures;
    const std::size_t width = kColumns;
    measures.references = {{std::nullopt, true, 0, 0}, {}};
    for (std::uint32_t i = 0; i < variables; ++i) {
        measures.references.push_back({i, false, 0, 0});
        AggregateCall count;
        count.result_type = Type::bigint().not_null();
        measures.aggregates.push_back({i, count, "COUNT"});
    }
    const auto column = [&](std::size_t reference, std::size_t of, Type type) {
        measures.expressions.push_back(
            make_column(measures.reference_column(reference, of, width), std::move(type)));
    };
    column(0, kKey, Type::bigint());
    column(0, kBigNotNull, Type::bigint());
    column(1, kBigNotNull, Type::bigint());
    column(1, kText, Type::string());
    for (std::uint32_t i = 0; i < variables; ++i) {
        measures.expressions.push_back(
            make_column(measures.aggregate_column(i, width), Type::bigint().not_null()));
        column(2 + i, kBigNotNull, Type::bigint());
    }
    measures.expressions.push_back(
        make_column(measures.time_column(width), Type::timestamp(3).not_null()));
}

Case random_case(Random& random, bool is_plain) {
    Case test;
    const auto variables = static_cast<std::uint32_t>(1 + random.below(is_plain ? 4 : 3));
    MatchSpec& spec = test.spec;
    spec.schema = stream_schema();
    if (!chance(random, 4)) spec.partition = {kKey};
    spec.order = {{kTime, false, true}};
    if (chance(random, 2)) spec.order.push_back({kInt, chance(random, 2), chance(random, 2)});
    spec.is_event_time = true;
    for (std::uint32_t i = 0; i < variables; ++i)
        spec.variables.emplace_back(1, static_cast<char>('A' + i));
    spec.pattern = random_pattern(random, variables, is_plain);
    spec.skip = static_cast<MatchSkip>(random.below(2));
    if (chance(random, 2)) spec.within_ns = between(random, 1, 12) * kMilli;
    spec.seed = HashSeed::from(random());
    define(test, random, variables);
    measure(spec, variables);
    return test;
}

// --- What it means ---

using History = std::vector<std::uint32_t>;  // The variable of each row.

std::optional<std::int64_t> value_of(const Held& held) {
    const Value& value = held.row[kInt];
    if (value.is_null()) return std::nullopt;
    return std::get<std::int64_t>(value.data);
}

std::int64_t time_of(const Held& held) {
    return std::get<std::int64_t>(held.row[kTime].data);
}

class Meaning {
  public:
    Meaning(const Case& test, const std::vector<Held>& rows, Watermark watermark)
        : test_(test), spec_(test.spec), rows_(rows), watermark_(watermark) {}

    void give(Texts& texts) {
        std::int64_t known = INT64_MIN;
        for (std::size_t start = 0; start < rows_.size();) {
            const std::optional<Outcome> outcome =
                is_plain(spec_.pattern) ? plain_outcome(start) : preferred_outcome(start);
            if (!outcome) return;  // Open: all behind it waits.
            known = std::max(known, outcome->known_at);
            if (outcome->history.empty()) {
                ++start;
                continue;
            }
            texts.insert(text_of(result(start, outcome->history, known)));
            start += spec_.skip == MatchSkip::kToNextRow ? 1 : outcome->history.size();
        }
    }

  private:
    struct Outcome {
        History history;  // Empty: no match.
        std::int64_t known_at = 0;
    };

    // Where a plain match stands: in which element, and how many rows that has.
    struct Place {
        std::size_t element = 0;
        std::uint32_t count = 0;
        History history;
    };

    [[nodiscard]] const std::vector<MatchPattern>& elements() const {
        return spec_.pattern.children;
    }

    [[nodiscard]] bool holds(std::size_t start, History history, std::uint32_t variable) const {
        const std::size_t row = start + history.size();
        history.push_back(variable);
        const Condition& condition = test_.conditions[variable];
        const auto v = value_of(rows_[row]);
        const auto last_of = [&](std::uint32_t of, std::size_t skipped) {
            std::optional<std::size_t> found;
            for (std::size_t i = history.size(); i-- > 0 && !found;) {
                if (history[i] == of && skipped-- == 0) found = start + i;
            }
            return found;
        };
        const auto value_at = [&](std::optional<std::size_t> at) {
            return at ? value_of(rows_[*at]) : std::nullopt;
        };
        switch (condition.ask) {
            case Ask::kNothing: return true;
            case Ask::kAbove: return v && *v > condition.limit;
            case Ask::kRising: {
                const auto before = value_at(last_of(variable, 1));
                return !before || (v && *v > *before);
            }
            case Ask::kSumBelow: {
                std::optional<std::int64_t> sum;
                for (std::size_t i = 0; i < history.size(); ++i) {
                    const auto each = value_of(rows_[start + i]);
                    if (history[i] == variable && each) sum = sum.value_or(0) + *each;
                }
                return sum && *sum < condition.limit;
            }
            case Ask::kNotFirst: {
                const auto first = value_of(rows_[start]);
                return v && first && *v >= *first;
            }
            case Ask::kChanged: {
                const auto before = row == 0 ? std::nullopt : value_of(rows_[row - 1]);
                return v && before && *v != *before;
            }
            case Ask::kBelowLast: {
                const auto other = value_at(last_of(condition.other, 0));
                return v && other && *v < *other;
            }
        }
        return false;
    }

    // Where the row behind a place may go; whether it goes anywhere.
    bool step(std::size_t start, const Place& place, std::vector<Place>& next) const {
        const MatchPattern& element = elements()[place.element];
        const bool is_full = place.count == element.maximum.value_or(UINT32_MAX);
        const bool would_take = holds(start, place.history, element.variable);
        const bool is_taken = would_take && !is_full;
        if (is_taken) {
            next.push_back({place.element, place.count + 1, place.history});
            next.back().history.push_back(element.variable);
        }
        const bool is_count = element.minimum == element.maximum;
        const bool is_optional = element.minimum == 0 && element.maximum == 1U;
        const bool keeps = !element.is_reluctant && !is_count && !is_optional;
        const bool can_leave = place.count >= element.minimum && !(keeps && would_take);
        if (!can_leave || place.element + 1 == elements().size()) return is_taken;
        return step(start, {place.element + 1, 0, place.history}, next) || is_taken;
    }

    [[nodiscard]] bool is_complete(const Place& place) const {
        if (place.count < elements()[place.element].minimum) return false;
        return std::all_of(elements().begin() + static_cast<std::ptrdiff_t>(place.element) + 1,
                           elements().end(),
                           [](const MatchPattern& each) { return each.minimum == 0; });
    }

    // The end of time for a match that starts there.
    [[nodiscard]] std::int64_t end_of(std::size_t start) const {
        return spec_.within_ns ? time_of(rows_[start]) + *spec_.within_ns : INT64_MAX;
    }

    [[nodiscard]] std::optional<Outcome> plain_outcome(std::size_t start) const {
        std::vector<Place> places = {{}};
        const std::int64_t end = end_of(start);
        for (std::size_t row = start; row < rows_.size(); ++row) {
            const std::int64_t time = time_of(rows_[row]);
            if (time >= end) return Outcome{{}, end};
            std::vector<Place> next;
            for (const Place& place : places)
                step(start, place, next);
            for (const Place& place : next) {
                if (is_complete(place)) return Outcome{place.history, time};
            }
            if (next.empty()) return Outcome{{}, time};
            places = std::move(next);
        }
        if (end != INT64_MAX && watermark_.nanos >= end) return Outcome{{}, end};
        return std::nullopt;
    }

    using Then = std::function<bool(const History&)>;

    // Whether the pattern, then what follows, matches; the preferred way first.
    bool match_once(const MatchPattern& pattern,
                    std::size_t start,
                    const History& history,
                    const Then& then) const {
        if (pattern.kind == Kind::kAlternation) {
            return std::any_of(
                pattern.children.begin(), pattern.children.end(), [&](const MatchPattern& child) {
                    return match(child, 0, start, history, then);
                });
        }
        if (pattern.kind == Kind::kSequence) return match_from(pattern, 0, start, history, then);
        const std::size_t row = start + history.size();
        if (row >= rows_.size() || time_of(rows_[row]) >= end_of(start)) return false;
        if (!holds(start, history, pattern.variable)) return false;
        History longer = history;
        longer.push_back(pattern.variable);
        return then(longer);
    }

    bool match_from(const MatchPattern& pattern,
                    std::size_t child,
                    std::size_t start,
                    const History& history,
                    const Then& then) const {
        if (child == pattern.children.size()) return then(history);
        return match(pattern.children[child], 0, start, history, [&](const History& longer) {
            return match_from(pattern, child + 1, start, longer, then);
        });
    }

    bool match(const MatchPattern& pattern,
               std::uint32_t count,
               std::size_t start,
               const History& history,
               const Then& then) const {
        const auto again = [&] {
            if (count >= pattern.maximum.value_or(UINT32_MAX)) return false;
            return match_once(pattern, start, history, [&](const History& longer) {
                // A loop that takes nothing gets nowhere.
                if (longer.size() == history.size() && count >= pattern.minimum) return false;
                return match(pattern, count + 1, start, longer, then);
            });
        };
        if (count < pattern.minimum) return again();
        return pattern.is_reluctant ? then(history) || again() : again() || then(history);
    }

    // Of all rows there will ever be.
    [[nodiscard]] std::optional<Outcome> preferred_outcome(std::size_t start) const {
        Outcome outcome;
        match(spec_.pattern, 0, start, {}, [&](const History& history) {
            outcome.history = history;
            return true;
        });
        return outcome;
    }

    [[nodiscard]] Row result(std::size_t start, const History& history, std::int64_t known) const {
        const Row& first = rows_[start].row;
        const Row& last = rows_[start + history.size() - 1].row;
        Row row = {first[kKey], first[kBigNotNull], last[kBigNotNull], last[kText]};
        for (std::uint32_t variable = 0; variable < spec_.variables.size(); ++variable) {
            std::int64_t count = 0;
            Value number;
            for (std::size_t i = 0; i < history.size(); ++i) {
                if (history[i] != variable) continue;
                ++count;
                number = rows_[start + i].row[kBigNotNull];
            }
            row.push_back({count});
            row.push_back(number);
        }
        if (is_plain(spec_.pattern)) row.push_back({known});
        return row;
    }

    const Case& test_;
    const MatchSpec& spec_;
    const std::vector<Held>& rows_;
    Watermark watermark_;
};

// --- Rows, watermarks and restarts ---

Row random_match_row(Random& random, std::int64_t time, std::int64_t number) {
    Row row = random_row(random, time);
    row[kTime] = {time};
    row[kKey] = chance(random, 6) ? Value{} : Value{between(random, 0, 2)};
    row[kInt] = chance(random, 10) ? Value{} : Value{between(random, 0, 5)};
    row[kBigNotNull] = {number};
    return row;
}

// The patterns of the standard say when a match is known in their own way: without the time.
Texts without_time(const Texts& rows) {
    Texts shorter;
    for (const std::string& row : rows)
        shorter.insert(row.substr(0, row.rfind(", ", row.size() - 3) + 2));
    return shorter;
}

class MatchModel {
  public:
    MatchModel(const Case& test, std::uint64_t seed)
        : test_(test),
          random_(seed),
          instances_([this] { return make_match_recognize(test_.spec); },
                     test.spec.partition,
                     1 + random_.below(3)),
          passed_(test.spec.partition, test.spec.order) {}

    void run() {
        instances_.advance(watermark_, context_, fold_);
        for (int round = 0; round < 8; ++round) {
            // Going back takes twice as long for each row.
            feed(!is_plain(test_.spec.pattern) ? 2 : chance(random_, 3) ? 1 : 25);
            const bool is_last = round == 7;
            const std::int64_t step = test_.spec.is_event_time ? between(random_, 0, 6) : 0;
            watermark_ = is_last ? Watermark::max() : Watermark{watermark_.nanos + step * kMilli};
            pass();
            instances_.advance(watermark_, context_, fold_);
            REQUIRE_EQ(context_.error, "");
            REQUIRE_EQ(context_.counters.late_rows, late_);
            if (is_last || is_plain(test_.spec.pattern)) check();
            if (!is_last && chance(random_, 3))
                instances_.restart(random_, watermark_, context_, [] {});
        }
    }

  private:
    void feed(std::uint64_t rows_max) {
        std::vector<Change> changes;
        for (std::uint64_t count = random_.below(rows_max + 1); count > 0; --count) {
            const std::int64_t time = next_time();
            Row row = random_match_row(random_, time, ++place_);
            const bool is_late = test_.spec.is_event_time && time <= watermark_.nanos;
            if (!is_late) waiting_.push_back({row, place_});
            late_ += is_late ? 1U : 0U;
            changes.push_back({std::move(row), RowKind::kInsert});
        }
        const std::size_t piece = chance(random_, 2) ? 1 : changes.size();
        for (std::size_t i = 0; i < changes.size(); i += piece) {
            const auto first = changes.begin() + static_cast<std::ptrdiff_t>(i);
            instances_.feed({first, first + static_cast<std::ptrdiff_t>(piece)}, context_, fold_);
        }
    }

    std::int64_t next_time() {
        if (test_.spec.is_event_time) return watermark_.nanos + between(random_, -1, 8) * kMilli;
        clock_ += between(random_, 0, 2) * kMilli;
        return clock_;
    }

    void pass() {
        std::vector<Held> rest;
        for (Held& held : waiting_) {
            if (!test_.spec.is_event_time || time_of(held) <= watermark_.nanos) {
                passed_.insert(held.row, held.place);
            } else {
                rest.push_back(std::move(held));
            }
        }
        waiting_ = std::move(rest);
    }

    void check() const {
        Texts expected;
        for (const auto& [key, rows] : passed_.partitions)
            Meaning(test_, rows, watermark_).give(expected);
        const bool has_time = is_plain(test_.spec.pattern);
        REQUIRE_EQ(difference(has_time ? fold_.rows : without_time(fold_.rows), expected), "");
    }

    const Case& test_;
    Random random_;
    Instances instances_;
    Table passed_;
    std::vector<Held> waiting_;
    std::int64_t place_ = 0;
    std::uint64_t late_ = 0;
    std::int64_t clock_ = kMilli;
    Watermark watermark_{0};
    Fold fold_;
    OpContext context_;
};

TEST_CASE("match_recognize: plain patterns, as Flink has them") {
    for (std::uint64_t seed = 1; seed <= test::seeds(400); ++seed) {
        Random random(seed);
        const Case test = random_case(random, true);
        INFO("seed ", seed, ": ", to_string(test.spec.pattern, test.spec.variables));
        MatchModel(test, seed).run();
    }
}

TEST_CASE("match_recognize: by arrival") {
    for (std::uint64_t seed = 1; seed <= test::seeds(300); ++seed) {
        Random random(seed);
        Case test = random_case(random, true);
        test.spec.is_event_time = false;
        test.spec.order.resize(1);
        INFO("seed ", seed, ": ", to_string(test.spec.pattern, test.spec.variables));
        MatchModel(test, seed).run();
    }
}

TEST_CASE("match_recognize: groups and alternatives, by preference") {
    for (std::uint64_t seed = 1; seed <= test::seeds(400); ++seed) {
        Random random(seed);
        const Case test = random_case(random, false);
        INFO("seed ", seed, ": ", to_string(test.spec.pattern, test.spec.variables));
        MatchModel(test, seed).run();
    }
}

}  // namespace
}  // namespace thalweg
