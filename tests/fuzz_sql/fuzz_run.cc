#include "tests/fuzz_sql/fuzz_run.h"

#include "engine/plan/planner.h"
#include "state/base/random.h"
#include "tests/fuzz_sql/relation_sql.h"
#include "tests/support/story_runner.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

namespace thalweg::fuzz {

namespace {

using test::Story;
using test::StoryLayout;
using test::StoryStep;

std::string line_of(const Arrival& arrival) {
    const std::vector<Kind> kinds = kinds_of(table_relation(arrival.table).columns);
    return arrival.kind + (arrival.kind.empty() ? "" : " ") + row_text(arrival.row, kinds);
}

class StoryWriter {
  public:
    StoryWriter(const FuzzCase& fuzz_case, const Topology& topology, Fault fault)
        : case_(fuzz_case), fault_(fault) {
        for (const SourceStage& source : topology.sources)
            is_read_[static_cast<std::size_t>(source.source.name.back() - '0')] = true;
        for (std::size_t i = 0; i < fuzz_case.relations.size(); ++i) {
            Result result{fuzz_case.relations[i], i == 0 ? "result" : "result 2", false, {}};
            for (const SinkSpec& sink : topology.sinks) {
                if (sink.name == result.sink) result.has_changes = sink.has_changes;
            }
            results_.push_back(std::move(result));
        }
    }

    // None where the oracle has no answer.
    std::optional<Story> story() {
        story_.name = "fuzz";
        story_.place = "seed";
        // Where all inputs fall idle the furthest of them makes rows late.
        story_.is_bounded = true;
        story_.script = script_of(case_.relations);
        open_splits();
        for (std::size_t i = 0; i < case_.arrivals.size(); ++i) {
            arrive(case_.arrivals[i]);
            if (case_.arrivals[i].rests) expect_early(i + 1);
            if (case_.arrivals[i].restarts) restart();
        }
        step(StepKind::kEnd);
        for (Result& result : results_) {
            if (!expect(result, case_.arrivals.size())) return std::nullopt;
        }
        return std::move(story_);
    }

  private:
    using StepKind = test::StepKind;

    struct Result {
        const Relation& relation;
        std::string sink;
        bool has_changes = false;
        Rows before;  // What was expected last.
    };

    void expect_early(std::size_t count) {
        for (Result& result : results_) {
            if (is_live(result.relation)) expect(result, count);
        }
    }

    StoryStep& step(StepKind kind) {
        story_.steps.emplace_back();
        story_.steps.back().kind = kind;
        return story_.steps.back();
    }

    // All of them, before a row comes, so that the watermark waits for each.
    void open_splits() {
        for (std::size_t table = 0; table < kTables; ++table) {
            for (const char* const split : {"/1", "/2"}) {
                if (is_read_[table]) step(StepKind::kIn).argument = table_name(table) + split;
            }
        }
    }

    void restart() {
        step(StepKind::kRestart);
        last_ = nullptr;
    }

    void arrive(const Arrival& arrival) {
        if (!is_read_[arrival.table]) {
            if (last_ != nullptr && arrival.rests) last_->rests = true;
            return;
        }
        const std::string split = table_name(arrival.table) + "/" + std::to_string(arrival.split);
        const bool goes_on = last_ != nullptr && last_->argument == split && !last_->rests;
        if (!goes_on) {
            step(StepKind::kIn);
            story_.steps.back().argument = split;
        }
        last_ = &story_.steps.back();
        last_->lines.push_back(line_of(arrival));
        last_->rests = arrival.rests;
    }

    bool expect(Result& result, std::size_t count) {
        std::optional<Rows> rows =
            answer(result.relation, tables_after(case_.arrivals, count), fault_);
        if (!rows) return false;
        const Rows now = *rows;
        bool is_taken_back = false;
        if (!result.has_changes) {
            Rows gained;
            std::set_difference(now.begin(),
                                now.end(),
                                result.before.begin(),
                                result.before.end(),
                                std::back_inserter(gained));
            rows = gained;
            if (!std::includes(now.begin(), now.end(), result.before.begin(), result.before.end()))
                is_taken_back = true;
        }
        result.before = now;
        StoryStep& expected = step(StepKind::kExpect);
        expected.argument = result.sink;
        for (const Row& row : *rows)
            expected.lines.push_back(row_text(row, kinds_of(result.relation.columns)));
        if (is_taken_back)
            expected.lines.push_back("a row is wrong by now that cannot be taken back");
        last_ = nullptr;
        return true;
    }

    const FuzzCase& case_;
    Fault fault_;
    std::vector<Result> results_;
    bool is_read_[kTables] = {};
    Story story_;
    StoryStep* last_ = nullptr;  // The rows that arrived last, while more may follow.
};

StoryLayout random_layout(Random& random) {
    StoryLayout layout;
    layout.is_fused = random.below(3) == 0;
    layout.shards = layout.is_fused ? 1 : 1 + random.below(4);
    layout.ingest_agents = layout.is_fused ? 1 : 1 + random.below(2);
    const std::size_t rows[] = {1, 2, 7, 1024};
    layout.batch_rows = rows[random.below(std::size(rows))];
    layout.has_two_phases = random.below(2) == 0;
    return layout;
}

}  // namespace

Outcome run_case(const FuzzCase& fuzz_case, Fault fault) {
    const std::string script = script_of(fuzz_case.relations);
    plan::PlanOptions options;
    const auto planned = plan::plan_script(script, options);
    if (!planned)
        return {Verdict::kRefused, sql::format_error("fuzz.sql", script, planned.error()), false};
    const std::optional<Story> story = StoryWriter(fuzz_case, *planned->topology, fault).story();
    if (!story) return {Verdict::kUnknown, {}, false};
    Random random(fuzz_case.layout_seed);
    for (int i = 0; i < 2; ++i) {
        const StoryLayout layout = random_layout(random);
        const std::string problem = run_story(*story, layout, random());
        if (!problem.empty()) return {Verdict::kWrong, layout.to_string() + "\n" + problem, false};
    }
    return {Verdict::kRight, {}, !story->steps.back().lines.empty()};
}

std::string text_of(const FuzzCase& fuzz_case) {
    std::string text = script_of(fuzz_case.relations);
    for (const Arrival& arrival : fuzz_case.arrivals) {
        text += "in " + table_name(arrival.table) + "/" + std::to_string(arrival.split) + " " +
                line_of(arrival) + (arrival.rests ? "  # rests\n" : "\n");
        if (arrival.restarts) text += "restart\n";
    }
    return text;
}

}  // namespace thalweg::fuzz
