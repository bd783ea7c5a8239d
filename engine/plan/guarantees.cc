#include "engine/plan/guarantees.h"

#include "engine/sink/outbox.h"
#include "ingest/source.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace thalweg::plan {

namespace {

// Which sinks the rows of a stage reach.
std::vector<bool> sinks_behind(const Topology& topology, std::size_t stage) {
    std::vector<bool> reached(topology.sinks.size(), false);
    for (const Output& output : topology.stages[stage].outputs) {
        if (output.exchange == Exchange::kSink) {
            reached[output.sink] = true;
            continue;
        }
        const std::vector<bool> below = sinks_behind(topology, output.target.value);
        for (std::size_t i = 0; i < below.size(); ++i)
            reached[i] = reached[i] || below[i];
    }
    return reached;
}

std::string_view promise(Replay replay, bool has_outbox) {
    if (replay == Replay::kNone) {
        return has_outbox
                   ? "no result twice; records read since the last epoch are lost"
                   : "nothing: results may come again, records read since the last epoch are lost";
    }
    if (replay == Replay::kJournal) {
        return has_outbox ? "exactly once for what is in the journal; the last 4 ms of input may "
                            "be lost"
                          : "at least once for what is in the journal; the last 4 ms of input, "
                            "whose results may be out, may be lost";
    }
    return has_outbox ? "exactly once" : "at least once";
}

}  // namespace

std::vector<std::string> guarantee_lines(const Topology& topology) {
    std::vector<std::string> lines{"after a crash, started again on its state directory"};
    for (const SourceStage& source : topology.sources) {
        const auto traits = check_source(source.source);
        const Replay replay = traits ? traits->replay : Replay::kNone;
        const std::vector<bool> reached = sinks_behind(topology, source.stage.value);
        for (std::size_t i = 0; i < reached.size(); ++i) {
            if (!reached[i]) continue;
            const SinkSpec& sink = topology.sinks[i];
            lines.push_back("    " + source.source.name + " -> " + sink.name + ": " +
                            std::string(promise(replay, has_outbox(sink))) +
                            (sink.numbers.empty() ? "" : "; rows are numbered"));
        }
    }
    return lines;
}

}  // namespace thalweg::plan
