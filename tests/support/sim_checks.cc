#include "tests/support/sim_checks.h"

#include <algorithm>
#include <map>
#include <utility>

namespace thalweg::test {

std::string check_rows(const std::vector<Row>& expected, const std::vector<Row>& found) {
    const std::vector<std::string> wanted = sorted_texts(expected);
    const std::vector<std::string> present = sorted_texts(found);
    if (wanted == present) return {};
    std::vector<std::string> lost;
    std::vector<std::string> extra;
    std::set_difference(
        wanted.begin(), wanted.end(), present.begin(), present.end(), std::back_inserter(lost));
    std::set_difference(
        present.begin(), present.end(), wanted.begin(), wanted.end(), std::back_inserter(extra));
    std::string text = "expected " + std::to_string(wanted.size()) + " rows, found " +
                       std::to_string(present.size());
    constexpr std::size_t kShownMax = 5;
    for (std::size_t i = 0; i < std::min(lost.size(), kShownMax); ++i)
        text += "\n  missing " + lost[i];
    for (std::size_t i = 0; i < std::min(extra.size(), kShownMax); ++i)
        text += "\n  extra   " + extra[i];
    return text;
}

std::vector<Row> left_of(std::vector<Row> rows) {
    std::map<std::string, Row> left;
    for (Row& row : rows) {
        std::string text = text_of(row);
        if (left.erase(text) == 0) left.emplace(std::move(text), std::move(row));
    }
    rows.clear();
    for (auto& [text, row] : left)
        rows.push_back(std::move(row));
    return rows;
}

OracleRow row_of(const SimEvent& event, Watermark before) {
    OracleRow row;
    row.cells = {{event.id},
                 {event.key},
                 event.value ? Value{*event.value} : Value{},
                 {event.text},
                 event.time ? Value{*event.time} : Value{}};
    row.time = event.time;
    row.before = before;
    return row;
}

namespace {

std::string differs(const std::string& what, std::uint64_t expected, std::uint64_t found) {
    if (expected == found) return {};
    return what + ": expected " + std::to_string(expected) + ", found " + std::to_string(found);
}

// --- What the engine was given ------------------------------------------------------------------

// The watermark of a source with one instance, row by row, as its splits come, say and go.
class WatermarkOracle {
  public:
    void open(std::size_t split) { splits_[split] = Watermark::min(); }

    void close(std::size_t split) {
        splits_.erase(split);
        if (!is_stopped_) follow();
    }

    void stop() { is_stopped_ = true; }

    void row(std::size_t split, Watermark says) {
        splits_[split] = std::max(splits_[split], says);
        follow();
    }

    [[nodiscard]] Watermark current() const { return current_; }

  private:
    void follow() {
        if (splits_.empty()) return;
        Watermark least = Watermark::max();
        for (const auto& [split, watermark] : splits_)
            least = std::min(least, watermark);
        current_ = std::max(current_, least);
    }

    std::map<std::size_t, Watermark> splits_;
    Watermark current_;
    bool is_stopped_ = false;
};

// Goes through the notes: every row that the engine was given, with the watermark in force.
SimInput input_of(const SimEvidence& evidence) {
    const bool is_exact =
        evidence.facts.level == SimLevel::kOneOrder && !evidence.query.has_two_ways;
    const std::int64_t delay_ns = evidence.facts.delay_ms * kNanosPerMilli;
    SimInput input;
    input.tables.resize(evidence.query.tables);
    WatermarkOracle watermark;
    std::map<std::size_t, std::size_t> next;  // Item of a connection.
    for (const SimNote& note : evidence.notes) {
        if (note.step == SimStep::kOpen) watermark.open(note.connection);
        if (note.step == SimStep::kClose) watermark.close(note.connection);
        if (note.step == SimStep::kStop) watermark.stop();
        const SimConnection& connection = evidence.network.connections()[note.connection];
        for (std::size_t left = note.rows; left > 0;) {
            const SimItem& item = connection.items[next[note.connection]++];
            if (item.kind != SimItemKind::kEvent) continue;
            --left;
            const Watermark before = is_exact ? watermark.current() : Watermark::min();
            input.tables[connection.table].push_back(row_of(item.event, before));
            const Watermark says =
                item.event.time ? Watermark{*item.event.time - delay_ns} : Watermark::min();
            watermark.row(note.connection, says);
        }
    }
    const bool fires_all = evidence.facts.is_drained || !is_exact;
    input.final = fires_all ? Watermark::max() : watermark.current();
    return input;
}

// --- Checks -------------------------------------------------------------------------------------

// Everything that arrived whole was taken, once and in order; everything else was refused.
std::string check_balance(const SimEvidence& evidence) {
    const QueryTotals& totals = evidence.facts.totals;
    std::map<std::size_t, std::uint64_t> given;
    for (const SimNote& note : evidence.notes)
        given[note.connection] += note.rows;
    SimConnection::Content all;
    for (std::size_t i = 0; i < evidence.network.connections().size(); ++i) {
        const SimConnection::Content content = evidence.network.connections()[i].content();
        const std::string name = "rows of connection " + std::to_string(i);
        const std::string wrong = differs(name, content.events, given[i]);
        if (!wrong.empty()) return wrong;
        all.events += content.events;
        all.rejected += content.rejected;
        all.unsure += content.unsure;
    }
    const std::uint64_t malformed = totals.malformed_sum();
    std::string wrong = differs("received = emitted + malformed + shed",
                                totals.emitted + malformed + totals.shed,
                                totals.rows_in);
    if (wrong.empty()) wrong = differs("emitted", all.events, totals.emitted);
    if (!wrong.empty()) return wrong;
    if (malformed < all.rejected || malformed > all.rejected + all.unsure)
        return differs("malformed", all.rejected, malformed);
    std::uint64_t written = 0;
    for (const SimResults& results : evidence.results)
        written += results.rows.size();
    return differs("rows out", written, totals.rows_out);
}

std::string check_counts(const OracleCounts& expected, const QueryTotals& totals) {
    std::string wrong = differs("late", expected.late, totals.late);
    if (wrong.empty()) wrong = differs("filtered", expected.filtered, totals.filtered);
    if (wrong.empty()) wrong = differs("without time", expected.null_time, totals.null_time);
    return wrong;
}

// Windows leave in order.
std::string check_order(const std::vector<Row>& rows) {
    for (std::size_t i = 1; i < rows.size(); ++i) {
        if (number(rows[i][1]) < number(rows[i - 1][1]))
            return "a window after a later one: " + text_of(rows[i]);
    }
    return {};
}

// No group is larger than all rows would make it, and none is there twice. Where every row is in
// one group, those that are in none were counted.
std::string check_groups(const SimEvidence& evidence, const SimAnswer& answer) {
    const std::size_t cell = *evidence.query.count_cell;
    const auto group_of = [cell](const Row& row) {
        return text_of(Row(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(cell)));
    };
    std::map<std::string, std::int64_t> most;
    for (const Row& row : answer.sinks[0])
        most[group_of(row)] = number(row[cell]);
    std::uint64_t sum = 0;
    for (const Row& row : evidence.results[0].rows) {
        const auto found = most.find(group_of(row));
        if (found == most.end()) return "a group too many or twice: " + text_of(row);
        if (number(row[cell]) > found->second) return "a group too large: " + text_of(row);
        sum += static_cast<std::uint64_t>(number(row[cell]));
        most.erase(found);
    }
    if (!evidence.query.counts_all || !evidence.facts.is_drained) return {};
    const QueryTotals& totals = evidence.facts.totals;
    return differs("entered = reflected + filtered + late",
                   totals.emitted,
                   sum + totals.filtered + totals.late + totals.null_time);
}

std::string check_answer(const SimEvidence& evidence) {
    const SimAnswer answer = evidence.query.answer(input_of(evidence));
    const bool is_ordered =
        evidence.facts.level == SimLevel::kOneOrder && !evidence.query.has_two_ways;
    const bool is_certain =
        is_ordered || evidence.facts.level == SimLevel::kNothingLate || evidence.query.is_stateless;
    std::string wrong;
    for (std::size_t i = 0; i < answer.sinks.size() && is_certain && wrong.empty(); ++i)
        wrong = check_rows(answer.sinks[i],
                           evidence.query.has_changes ? left_of(evidence.results[i].rows)
                                                      : evidence.results[i].rows);
    if (!wrong.empty()) {
        wrong += "\n  late: expected " + std::to_string(answer.counts.late) + ", found " +
                 std::to_string(evidence.facts.totals.late);
    }
    if (wrong.empty() && is_certain) wrong = check_counts(answer.counts, evidence.facts.totals);
    if (wrong.empty() && !is_certain && evidence.query.count_cell)
        wrong = check_groups(evidence, answer);
    // Shards that hear in different orders of agents that sleep and wake need not agree.
    const bool has_order = evidence.facts.level != SimLevel::kAnything;
    if (wrong.empty() && evidence.query.is_windowed && has_order)
        wrong = check_order(evidence.results.back().rows);
    return wrong;
}

}  // namespace

std::string find_problem(const SimEvidence& evidence) {
    for (const SimResults& results : evidence.results) {
        if (!results.problem.empty()) return results.problem;
        if (!results.is_closed) return "a sink was not closed";
    }
    const std::string wrong = check_balance(evidence);
    return wrong.empty() ? check_answer(evidence) : wrong;
}

}  // namespace thalweg::test
