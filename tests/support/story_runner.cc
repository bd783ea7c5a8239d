#include "tests/support/story_runner.h"

#include "engine/plan/planner.h"
#include "engine/run/execution.h"
#include "state/base/random.h"
#include "state/text/timestamp.h"
#include "tests/store/sim_disk.h"
#include "tests/store/small_store.h"
#include "tests/support/manual_clock.h"
#include "tests/support/story_world.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <utility>

namespace thalweg::test {

namespace {

constexpr std::string_view kDay = "2024-01-01 ";
constexpr std::size_t kTurnsMax = 100'000;

// --- Cells --------------------------------------------------------------------------------------

bool is_time_of_day(std::string_view text) {
    return text.size() >= 8 && text[2] == ':' && text[5] == ':' && parse_time(text.substr(0, 8));
}

bool is_number(std::string_view text) {
    double value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    return code == std::errc() && end == text.data() + text.size() && text.front() != '.';
}

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

// A cell of an `in` row as JSON.
std::string json_cell(const std::string& cell, const Type& type) {
    if (cell == "NULL") return "null";
    if (cell.starts_with('"') || cell.starts_with('[') || cell.starts_with('{')) return cell;
    if (type.is_timestamp() && is_time_of_day(cell)) {
        const bool is_instant = type.kind == TypeKind::kTimestampLtz && !cell.ends_with('Z');
        return quoted(std::string(kDay) + cell + (is_instant ? "Z" : ""));
    }
    const bool is_plain = cell == "true" || cell == "false" || is_number(cell);
    return is_plain && !type.is_character() ? cell : quoted(cell);
}

// "-U (1, a)" is a row of changelog-json.
bool has_row_kind(const std::string& line) {
    const std::string kind = line.substr(0, 4);
    return kind == "+I (" || kind == "-U (" || kind == "+U (" || kind == "-D (";
}

std::string json_row(const std::string& row, const std::vector<Field>& fields) {
    if (has_row_kind(row)) {
        const std::string rest = json_row(row.substr(3), fields);
        return "{\"__op\": \"" + row.substr(0, 2) + "\", " + rest.substr(1);
    }
    const std::vector<std::string> cells = split_cells(row);
    std::string out = "{";
    for (std::size_t i = 0; i < cells.size() && i < fields.size(); ++i) {
        out += i == 0 ? "" : ", ";
        out += quoted(fields[i].name) + ": " + json_cell(cells[i], fields[i].type);
    }
    return out + "}";
}

bool is_row(const std::string& line) {
    return line.starts_with('(') || has_row_kind(line);
}

// The values of a flat line of JSON, each as its own text; strings without quotes and escapes.
std::vector<std::string> json_values(std::string_view line) {
    line.remove_prefix(1);
    line.remove_suffix(1);
    std::vector<std::string> values;
    while (!line.empty()) {
        std::size_t end = 0;
        bool in_quotes = false;
        int depth = 0;
        for (; end < line.size(); ++end) {
            if (in_quotes && line[end] == '\\') {
                ++end;
                continue;
            }
            if (line[end] == '"') in_quotes = !in_quotes;
            if (in_quotes) continue;
            if (line[end] == '[' || line[end] == '{') ++depth;
            if (line[end] == ']' || line[end] == '}') --depth;
            if (line[end] == ',' && depth == 0) break;
        }
        std::string_view item = line.substr(0, end);
        item.remove_prefix(item.find("\":", 1) + 2);
        values.emplace_back(item);
        line.remove_prefix(std::min(line.size(), end + 1));
    }
    return values;
}

std::string unquoted(std::string_view text) {
    if (!text.starts_with('"')) return std::string(text);
    std::string out;
    for (std::size_t i = 1; i + 1 < text.size(); ++i) {
        if (text[i] != '\\') {
            out += text[i];
        } else if (text[++i] == 'n') {
            out += '\n';
        } else if (text[i] == 't') {
            out += '\t';
        } else {
            out += text[i];
        }
    }
    return out;
}

// What an expected cell stands for, in the text form of the type.
std::string expected_cell(const std::string& cell, const Type& type) {
    if (cell == "NULL") return "null";
    std::string text = unquoted(cell);
    if (!type.is_timestamp()) return text;
    if (is_time_of_day(text)) text.insert(0, kDay);
    const bool has_z = text.ends_with('Z');
    if (has_z) text.pop_back();
    const auto precision = static_cast<std::size_t>(type.precision);
    const std::size_t point = text.find('.');
    if (point == std::string::npos && precision > 0) text += ".";
    const std::size_t digits = point == std::string::npos ? 0 : text.size() - point - 1;
    if (digits < precision) text.append(precision - digits, '0');
    return has_z ? text + "Z" : text;
}

// Floating point in one spelling; 12 digits are what sums in another order have in common.
std::string canonical_cell(const std::string& cell, const Type& type) {
    double value = 0;
    if (!type.is_approximate() || cell == "null") return cell;
    const auto [end, code] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
    if (code != std::errc() || end != cell.data() + cell.size()) return cell;
    char text[64];
    const int digits = type.kind == TypeKind::kFloat ? 6 : 12;
    const auto result = std::to_chars(text, text + 64, value, std::chars_format::general, digits);
    return {text, result.ptr};
}

std::string join(const std::vector<std::string>& cells) {
    std::string out;
    for (const std::string& cell : cells)
        out += (out.empty() ? "" : " | ") + cell;
    return out;
}

// --- Scripts ------------------------------------------------------------------------------------

constexpr std::string_view kDefaultWith =
    " WITH ('connector' = 'tcp', 'address' = '127.0.0.1:4711', 'format' = 'json')";

// Gives a connector to each CREATE TABLE that names none. Statements of stories end with ';' at
// the end of a line.
std::string complete(const std::string& script) {
    std::string out;
    std::string statement;
    std::istringstream in(script);
    for (std::string line; std::getline(in, line);) {
        statement += line + "\n";
        if (!line.ends_with(';')) continue;
        const std::size_t create = statement.find("CREATE TABLE");
        if (create != std::string::npos && statement.find("WITH (") == std::string::npos)
            statement.insert(statement.size() - 2, kDefaultWith);
        out += std::exchange(statement, "");
    }
    return out + statement;
}

// --- Running ------------------------------------------------------------------------------------

class StoryRun {
  public:
    StoryRun(const Story& story, const StoryLayout& layout, std::uint64_t seed)
        : story_(story), layout_(layout), random_(seed), clock_(*parse_timestamp("2024-01-01")) {}

    std::string run() {
        const std::string refused = plan();
        if (!refused.empty() || topology_ == nullptr) return refused;
        open();
        if (execution_ == nullptr) return problem_.empty() ? "" : problem_ + "\nat " + story_.place;
        for (const StoryStep& step : story_.steps) {
            if (!problem_.empty()) break;
            step_ = &step;
            execute(step);
        }
        if (problem_.empty()) finish();
        if (problem_.empty()) return {};
        return problem_ + "\nat " + story_.place + ", line " + std::to_string(step_->line);
    }

  private:
    void fail(const std::string& what) {
        if (problem_.empty()) problem_ = what;
    }

    // Plans the script, or checks the error that is expected of it.
    std::string plan() {
        step_ = &story_.steps.front();
        const std::string script = complete(story_.script);
        plan::PlanOptions options;
        options.is_fused = layout_.is_fused;
        options.settings["table.optimizer.agg-phase-strategy"] =
            layout_.has_two_phases ? "TWO_PHASE" : "ONE_PHASE";
        auto planned = plan::plan_script(script, options);
        const bool is_refusal = step_->kind == StepKind::kError;
        std::string rendered;
        if (!planned) rendered = sql::format_error("story.sql", script, planned.error());
        std::string wanted;
        if (is_refusal) {
            for (const std::string& line : step_->lines)
                wanted += line + "\n";
        }
        if (rendered != wanted)
            return "the planner says\n" + rendered + "and not\n" + wanted + "at " + story_.place;
        if (is_refusal) return {};
        if (planned->topology == nullptr) return "the script starts nothing\nat " + story_.place;
        topology_ = planned->topology;
        return {};
    }

    void open() {
        make_inputs();
        open_execution();
    }

    void open_execution() {
        ExecutionSettings settings;
        if (has_restarts()) {
            store_ = std::make_unique<Store>(*Store::open(disk_, store_options()));
            settings.epochs.store = store_.get();
        }
        settings.shards = layout_.shards;
        settings.ingest_agents = layout_.ingest_agents;
        settings.segment_rows_max = layout_.batch_rows;
        settings.is_fused_allowed = layout_.is_fused;
        auto opened =
            Execution::open(topology_, settings, connectors(), clock_, [](const QueryEvent&) {});
        if (!opened) return cannot_open(opened.error().message);
        execution_ = *std::move(opened);
        agents_ = execution_->agents();
        if (Agent* const coordinator = execution_->epoch_coordinator())
            agents_.push_back(coordinator);
        pump();
    }

    [[nodiscard]] bool has_restarts() const {
        return std::any_of(story_.steps.begin(), story_.steps.end(), [](const StoryStep& step) {
            return step.kind == StepKind::kRestart;
        });
    }

    // What can never run may be what the story is about.
    void cannot_open(const std::string& message) {
        for (const StoryStep& step : story_.steps) {
            if (step.kind == StepKind::kFile) continue;
            if (step.kind == StepKind::kFails && step.lines == std::vector{message}) return;
            break;
        }
        fail("cannot open: " + message);
    }

    void make_inputs() {
        for (const SourceStage& source : topology_->sources) {
            StoryInput& input = inputs_[source.source.name];
            input.spec = source.source;
            input.table_index = inputs_.size();
            input.is_bounded = story_.is_bounded;
        }
        for (const LookupSource& lookup : topology_->lookups) {
            const std::vector<Field>& fields = lookup.source.format.declared;
            for (const StoryStep& step : story_.steps) {
                if (step.kind == StepKind::kFile && step.argument == lookup.source.name)
                    files_[lookup.source.name] = bytes_of(step.lines, fields);
            }
        }
    }

    static std::string bytes_of(const std::vector<std::string>& lines,
                                const std::vector<Field>& fields) {
        std::string bytes;
        for (const std::string& line : lines)
            bytes += (is_row(line) ? json_row(line, fields) : line) + "\n";
        return bytes;
    }

    Connectors connectors() {
        Connectors connectors;
        connectors.make_door = [this] {
            IngestDoor door;
            door.make_source = [this](const SourceSpec& spec, SourceInstance instance, auto) {
                return make_source(spec, instance);
            };
            door.poll = [] { return std::size_t{0}; };
            return door;
        };
        connectors.make_sink = [this](const SinkSpec& spec, auto) { return make_sink(spec); };
        return connectors;
    }

    Result<std::unique_ptr<Source>> make_source(const SourceSpec& spec, SourceInstance instance) {
        FormatSpec format = spec.format;
        for (const auto& [key, value] : spec.options) {
            if (key.starts_with(format.format + "."))
                format.options[key.substr(format.format.size() + 1)] = value;
        }
        return std::make_unique<StorySource>(
            StorySource::Settings{&input_of(spec), instance, layout_.batch_rows, random_()},
            std::move(format));
    }

    // A file has one split, all of it there from the start, for each who reads it.
    StoryInput& input_of(const SourceSpec& spec) {
        const auto file = files_.find(spec.name);
        if (file == files_.end()) return inputs_.at(spec.name);
        StoryInput& input = *file_inputs_.emplace_back(std::make_unique<StoryInput>());
        input.spec = spec;
        input.splits[1].bytes = file->second;
        input.is_over = true;
        return input;
    }

    Result<std::unique_ptr<Sink>> make_sink(const SinkSpec& spec) {
        SinkSpec json = spec;
        json.format = "changelog-json";
        json.options.clear();
        TRY(std::unique_ptr<Encoder> encoder, make_encoder(json, RecordFraming::kNewline));
        schemas_[spec.name] = spec.schema;
        return std::make_unique<StorySink>(std::move(encoder), lines_[spec.name]);
    }

    // Lets every agent work, in any order, until none has anything to do.
    void pump() {
        const std::vector<Agent*>& agents = agents_;
        std::size_t quiet = 0;
        for (std::size_t turn = 0; turn < kTurnsMax; ++turn) {
            std::size_t work = 0;
            const std::size_t first = random_.below(agents.size());
            for (std::size_t i = 0; i < agents.size(); ++i)
                work += agents[(first + i) % agents.size()]->do_work(1 + random_.below(4));
            quiet = work == 0 ? quiet + 1 : 0;
            if (quiet == 3 || execution_->finished()) return;
        }
        fail("the agents never come to rest");
    }

    void execute(const StoryStep& step) {
        switch (step.kind) {
            case StepKind::kFile: return;  // Read before anything ran.
            case StepKind::kIn: return arrive(step);
            case StepKind::kExpect: return expect(step);
            case StepKind::kAdvance: return advance(step);
            case StepKind::kClose: return close(step);
            case StepKind::kEnd: return end();
            case StepKind::kStop: return stop();
            case StepKind::kRestart: return restart();
            case StepKind::kCount: return count(step);
            case StepKind::kFails: return fails(step);
            case StepKind::kError: return fail("an error that follows other steps");
        }
    }

    StorySplit* split_of(const std::string& argument) {
        const std::size_t slash = argument.find('/');
        const auto input = inputs_.find(argument.substr(0, slash));
        if (input == inputs_.end()) {
            fail("the query does not read " + argument);
            return nullptr;
        }
        const char digit = slash == std::string::npos ? '1' : argument.back();
        return &input->second.splits[static_cast<std::size_t>(digit - '0')];
    }

    void arrive(const StoryStep& step) {
        StorySplit* const split = split_of(step.argument);
        if (split == nullptr) return;
        if (step.rests) pump();  // A split that is new opens before its rows come.
        const std::string table = step.argument.substr(0, step.argument.find('/'));
        split->bytes += bytes_of(step.lines, inputs_.at(table).spec.format.declared);
        step.rests ? pump() : work_a_little();
    }

    void work_a_little() {
        const std::size_t turns = random_.below(4 * agents_.size());
        for (std::size_t turn = 0; turn < turns; ++turn)
            agents_[random_.below(agents_.size())]->do_work(1 + random_.below(4));
    }

    void close(const StoryStep& step) {
        if (StorySplit* const split = split_of(step.argument)) split->is_closed = true;
        pump();
    }

    void advance(const StoryStep& step) {
        double seconds = 0;
        const std::string& text = step.argument;
        std::from_chars(text.data(), text.data() + text.size(), seconds);
        clock_.advance(std::llround(seconds * static_cast<double>(kNanosPerSecond)));
        pump();
    }

    void end() {
        for (auto& [name, input] : inputs_)
            input.is_over = true;
        pump();
        if (!execution_->finished()) fail("the inputs have ended and the query has not");
    }

    void stop() {
        execution_->request_stop();
        pump();
        if (!execution_->finished()) fail("the query does not stop");
    }

    void restart() {
        const StoryStep* const step = step_;
        pump();
        stop();
        if (!problem_.empty()) return;
        execution_.reset();
        store_.reset();
        layout_.is_fused = random_.below(3) == 0;
        layout_.shards = layout_.is_fused ? 1 : 1 + random_.below(4);
        layout_.ingest_agents = layout_.is_fused ? 1 : 1 + random_.below(2);
        has_restarted_ = true;
        fail(plan());
        if (problem_.empty()) open_execution();
        step_ = step;
    }

    // Compares what has come out of a sink since the last time, or, where rows change, what is left
    // of all that has come out.
    void expect(const StoryStep& step) {
        const std::string sink = step.argument.empty() ? lines_.begin()->first : step.argument;
        if (!lines_.contains(sink)) return fail("there is no sink " + sink);
        const Schema& schema = *schemas_.at(sink);
        std::vector<std::string> wanted;
        for (const std::string& line : step.lines) {
            std::vector<std::string> cells = split_cells(line);
            if (cells.size() != schema.size()) return fail("how many columns? " + line);
            for (std::size_t i = 0; i < cells.size(); ++i)
                cells[i] = canonical_cell(expected_cell(cells[i], schema[i].type), schema[i].type);
            wanted.push_back(join(cells));
        }
        std::vector<std::string> found = take_rows(sink);
        std::sort(wanted.begin(), wanted.end());
        std::sort(found.begin(), found.end());
        if (wanted == found) return;
        std::string what = "expected of " + sink + "\n";
        for (const std::string& row : wanted)
            what += "  " + row + "\n";
        what += "found\n";
        for (const std::string& row : found)
            what += "  " + row + "\n";
        if (execution_->failed()) what += "and the query failed: " + execution_->error() + "\n";
        fail(what);
    }

    std::vector<std::string> take_rows(const std::string& sink) {
        const Schema& schema = *schemas_.at(sink);
        std::vector<std::string> rows;
        std::istringstream in(std::exchange(lines_.at(sink), ""));
        for (std::string line; std::getline(in, line);) {
            std::vector<std::string> cells = json_values(line);
            const std::string op = unquoted(cells.back());
            cells.pop_back();
            for (std::size_t i = 0; i < cells.size() && i < schema.size(); ++i)
                cells[i] = canonical_cell(unquoted(cells[i]), schema[i].type);
            ++rows_expected_;
            if (changes(sink)) {
                fold(sink, join(cells), op);
            } else {
                if (op != "+I") fail("rows change that should only be gained: " + line);
                rows.push_back(join(cells));
            }
        }
        return changes(sink) ? std::vector(tables_[sink].begin(), tables_[sink].end()) : rows;
    }

    [[nodiscard]] bool changes(const std::string& sink) const {
        return std::any_of(
            topology_->sinks.begin(), topology_->sinks.end(), [&](const SinkSpec& each) {
                return each.name == sink && each.has_changes;
            });
    }

    void fold(const std::string& sink, const std::string& row, std::string_view op) {
        std::multiset<std::string>& table = tables_[sink];
        if (op.starts_with('+')) {
            table.insert(row);
            return;
        }
        const auto found = table.find(row);
        if (found == table.end())
            return fail(std::string(op) + " of a row that is not there: " + row);
        table.erase(found);
    }

    void count(const StoryStep& step) {
        const QueryTotals totals = execution_->totals();
        const std::map<std::string, std::uint64_t> values = {
            {"in", totals.rows_in},
            {"out", totals.rows_out},
            {"malformed", totals.malformed_sum()},
            {"late", totals.late},
            {"filtered", totals.filtered},
            {"null_time", totals.null_time},
        };
        std::istringstream in(step.argument);
        for (std::string pair; in >> pair;) {
            const std::size_t equals = pair.find('=');
            const auto value = values.find(pair.substr(0, equals));
            if (value == values.end()) return fail("what is " + pair + "?");
            if (std::to_string(value->second) != pair.substr(equals + 1))
                return fail("expected " + pair + ", found " + std::to_string(value->second));
        }
    }

    void fails(const StoryStep& step) {
        std::string wanted;
        for (const std::string& line : step.lines)
            wanted += (wanted.empty() ? "" : "\n") + line;
        if (execution_->error() != wanted)
            fail("expected to fail with\n" + wanted + "\nand not with\n" + execution_->error());
        has_failed_ = true;
    }

    // A story that does not say how it ends is stopped.
    void finish() {
        if (!execution_->finished()) stop();
        if (!problem_.empty()) return;
        if (execution_->failed() != has_failed_) return fail("failed: " + execution_->error());
        if (has_failed_) return;
        for (const auto& [sink, lines] : lines_) {
            if (!lines.empty()) fail("nobody expected of " + sink + "\n" + lines);
        }
        if (has_restarted_) return;  // Each process counts for itself.
        const QueryTotals totals = execution_->totals();
        if (totals.rows_in != totals.emitted + totals.malformed_sum() + totals.shed)
            fail("received is not emitted + malformed + shed");
        if (totals.rows_out != rows_expected_) fail("the sinks count other rows than they had");
        if (is_stateless() && totals.emitted != totals.rows_out + totals.filtered)
            fail("entered is not reflected + filtered");
    }

    // One source, one sink, and every row comes out or is filtered.
    [[nodiscard]] bool is_stateless() const {
        if (topology_->sources.size() != 1 || topology_->sinks.size() != 1) return false;
        if (topology_->stages.size() > 2) return false;
        for (const std::string_view word : {"aggregate", "join", "unnest", "window", "union"}) {
            if (topology_->explain.find(word) != std::string::npos) return false;
        }
        return true;
    }

    const Story& story_;
    StoryLayout layout_;  // Of this process.
    Random random_;
    ManualClock clock_;
    SimDisk disk_{1};  // Where there are restarts.
    std::unique_ptr<Store> store_;
    std::shared_ptr<const Topology> topology_;
    std::map<std::string, StoryInput> inputs_;
    std::map<std::string, std::string> files_;  // Of lookup tables, by name.
    std::vector<std::unique_ptr<StoryInput>> file_inputs_;
    std::map<std::string, std::string> lines_;  // Of each sink, since the last expect.
    std::map<std::string, std::multiset<std::string>> tables_;  // Of each sink whose rows change.
    std::map<std::string, SchemaPtr> schemas_;
    std::unique_ptr<Execution> execution_;
    std::vector<Agent*> agents_;
    const StoryStep* step_ = nullptr;
    std::string problem_;
    std::uint64_t rows_expected_ = 0;
    bool has_failed_ = false;
    bool has_restarted_ = false;
};

}  // namespace

std::string StoryLayout::to_string() const {
    std::string out = std::to_string(shards) + " shards, ";
    out += std::to_string(ingest_agents) + " ingest agents, batches of ";
    out += std::to_string(batch_rows) + (is_fused ? ", fused" : "");
    return out + (has_two_phases ? ", two phases" : ", one phase");
}

std::vector<StoryLayout> story_layouts() {
    std::vector<StoryLayout> layouts;
    for (const std::size_t batch_rows : {1024UL, 7UL, 1UL}) {
        for (const bool has_two_phases : {false, true}) {
            layouts.push_back({1, 1, batch_rows, true, has_two_phases});
            for (const std::size_t shards : {1UL, 2UL, 4UL}) {
                for (const std::size_t agents : {1UL, 2UL})
                    layouts.push_back({shards, agents, batch_rows, false, has_two_phases});
            }
        }
    }
    return layouts;
}

std::string run_story(const Story& story, const StoryLayout& layout, std::uint64_t seed) {
    if (story.steps.empty()) return "a story without steps at " + story.place;
    return StoryRun(story, layout, seed).run();
}

}  // namespace thalweg::test
