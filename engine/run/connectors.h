#pragma once

#include "engine/sink/outbox.h"
#include "engine/sink/sink.h"
#include "ingest/source.h"
#include "state/base/status.h"

#include <cstddef>
#include <functional>
#include <memory>

namespace thalweg {

// The outer side of one ingest agent: makes its sources, and runs the event loop that they share.
// Called on the thread that opens the query first, then on the agent's.
struct IngestDoor {
    std::function<Result<std::unique_ptr<Source>>(const SourceSpec&, SourceInstance, SourceEvent)>
        make_source;
    // Runs what is ready, without waiting; returns how much that was.
    std::function<std::size_t()> poll;
    // Readable when poll() has something to do, or -1.
    int wake_descriptor = -1;
};

// How a query reaches the world. Tests and the simulator bring a world of their own.
struct Connectors {
    std::function<IngestDoor()> make_door;  // Once for each ingest agent.
    std::function<Result<std::unique_ptr<Sink>>(const SinkSpec&, SinkEvent)> make_sink;
    // The same for a query with a state directory: results that appear exactly once, or a null
    // target for a sink that has no such thing. Empty: none has.
    std::function<Result<OutboxSink>(const SinkSpec&, OutboxGive)> make_outbox_sink = {};
};

// The real ones: sockets, files, generators.
[[nodiscard]] Connectors standard_connectors();

}  // namespace thalweg
