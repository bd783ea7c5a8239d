#include "tests/nexmark/nexmark_run.h"

#include "engine/plan/planner.h"
#include "engine/run/clock.h"
#include "engine/run/log.h"
#include "engine/run/query.h"
#include "engine/sink/cell_text.h"
#include "ops/row_kinds.h"

#include <doctest/doctest.h>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <utility>

namespace thalweg::test {

namespace {

std::string read_text(const std::string& path) {
    std::ifstream file(path);
    REQUIRE_MESSAGE(file.good(), path);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// Folds changes.
class FoldingSink final : public Sink {
  public:
    explicit FoldingSink(RowCounts& rows) : rows_(rows) {}

    Result<void> open() override { return {}; }

    [[nodiscard]] bool ready() override { return true; }

    Result<void> write(const BatchView& view) override {
        view.selection.for_each([&](std::size_t row) {
            const auto at = rows_.try_emplace(text_of(view, row)).first;
            at->second += is_gain(view.kind(row)) ? 1 : -1;
            if (at->second == 0) rows_.erase(at);
        });
        counters_.rows += view.size();
        return {};
    }

    Result<void> poll(std::int64_t) override { return {}; }

    void flush() override {}

    Result<void> close() override { return {}; }

    [[nodiscard]] bool is_drained() const override { return true; }

    [[nodiscard]] const SinkCounters& counters() const override { return counters_; }

  private:
    static std::string text_of(const BatchView& view, std::size_t row) {
        std::string text;
        for (const Column* const column : view.columns) {
            if (column != view.columns.front()) text += '|';
            if (column->is_null(row)) {
                text += "NULL";
            } else if (column->physical() == Physical::kString) {
                text += column->data<StringRef>()[row].view();
            } else {
                append_cell_text(text, *column, row, ' ');
            }
        }
        return text;
    }

    RowCounts& rows_;
    SinkCounters counters_;
};

// The file that q13 looks rows up in; goes when it is done.
class NotesFile {
  public:
    NotesFile() : path_(std::filesystem::temp_directory_path() / unique_name()) {
        std::ofstream file(path_);
        for (int i = 0; i < 10'000; ++i)
            file << i << ",note " << i << "\n";
    }

    NotesFile(const NotesFile&) = delete;
    NotesFile& operator=(const NotesFile&) = delete;

    ~NotesFile() {
        std::error_code error;
        std::filesystem::remove(path_, error);
    }

    [[nodiscard]] std::string path() const { return path_.string(); }

  private:
    std::string unique_name() const {
        return "nexmark_notes_" + std::to_string(::getpid()) + "_" +
               std::to_string(reinterpret_cast<std::uintptr_t>(this));
    }

    std::filesystem::path path_;
};

// The real sources, but for their options, and one sink.
Connectors connectors_of(const std::map<std::string, std::string>& options,
                         const std::string& notes,
                         RowCounts& rows) {
    Connectors connectors = standard_connectors();
    connectors.make_door = [=, make_door = connectors.make_door] {
        IngestDoor door = make_door();
        door.make_source = [=, make_source = door.make_source](const SourceSpec& spec,
                                                               const SourceInstance& instance,
                                                               const SourceEvent& event) {
            SourceSpec changed = spec;
            if (spec.connector == "nexmark") {
                for (const auto& [name, value] : options)
                    changed.options.insert_or_assign(name, value);
            } else {
                changed.options.insert_or_assign("path", notes);
            }
            return make_source(changed, instance, event);
        };
        return door;
    };
    connectors.make_sink = [&rows](const SinkSpec&, auto) -> Result<std::unique_ptr<Sink>> {
        return std::make_unique<FoldingSink>(rows);
    };
    return connectors;
}

}  // namespace

RowCounts run_nexmark(const std::string& query,
                      const std::map<std::string, std::string>& options,
                      NexmarkLayout layout) {
    const std::string folder = std::string(THALWEG_SOURCE_DIR) + "/bench/nexmark/";
    const std::string script = read_text(folder + "table.sql") + read_text(folder + query + ".sql");
    plan::PlanOptions plan_options;
    plan_options.is_fused = layout.shards == 1 && layout.ingest_threads == 1;
    auto planned = plan::plan_script(script, plan_options);
    RowCounts rows;
    REQUIRE_MESSAGE(planned.has_value(), planned.error().message());
    const NotesFile notes;
    const RealClock clock;
    Log log(clock);
    log.set_level(LogLevel::kError);
    RunOptions run;
    run.shards = layout.shards;
    run.ingest_threads = layout.ingest_threads;
    auto started = Query::start(
        planned->topology, run, connectors_of(options, notes.path(), rows), clock, log);
    REQUIRE_MESSAGE(started.has_value(), started.error().message);
    const Summary summary = (*started)->wait();
    CHECK_EQ(summary.error, "");
    CHECK_EQ(summary.totals.late, 0);
    CHECK_EQ(std::to_string(summary.totals.rows_in), options.at("events.num"));
    return rows;
}

}  // namespace thalweg::test
