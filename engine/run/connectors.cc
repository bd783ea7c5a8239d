#include "engine/run/connectors.h"

namespace thalweg {

Connectors standard_connectors() {
    Connectors connectors;
    connectors.make_door = [] {
        const auto loop = std::make_shared<IoLoop>();
        IngestDoor door;
        door.make_source = [loop](
                               const SourceSpec& spec, SourceInstance instance, SourceEvent event) {
            return make_source(spec, instance, *loop, std::move(event));
        };
        door.poll = [loop] { return loop->poll(); };
        door.wake_descriptor = loop->descriptor();
        return door;
    };
    connectors.make_sink = [](const SinkSpec& spec, SinkEvent event) {
        return make_sink(spec, std::move(event));
    };
    connectors.make_outbox_sink = [](const SinkSpec& spec, OutboxGive give) -> Result<OutboxSink> {
        if (!has_outbox(spec)) return OutboxSink{};
        return make_outbox_sink(spec, std::move(give));
    };
    return connectors;
}

}  // namespace thalweg
