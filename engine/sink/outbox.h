#pragma once

#include "engine/sink/sink.h"
#include "state/base/status.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

// Results that appear exactly once. Encoded results of an epoch lie in the snapshot of that epoch
// (its outbox) and are published once that is durable; after a crash they are published again, to
// the same place, so that whoever reads them sees nothing twice and nothing vanish.

namespace thalweg {

// The bytes of one sink in one epoch, in pieces. Calls `visit` for each piece in order, until it
// fails; may be called again, and gives the same bytes.
using OutboxBytes = std::function<Result<void>(
    const std::function<Result<void>(std::span<const std::byte>)>& visit)>;

// Where the outbox of one sink goes.
//
// Shape     position() says in a few bytes where the next epoch will be published (the length of a
//           file, the number of a part): it is recorded in the snapshot of that epoch, and what is
//           published from there is the same however often it is done.
// Contract  First, and once, recover() with the position recorded by the last durable epoch, or
//           start_fresh(). After recover() publish() of the epochs that were durable and not known
//           to be published, in their order and at the instants of the first time: all of them may
//           have been published, or some, or one in part. Then of each later one, also of those
//           without bytes: time may complete what earlier ones began. When publish() has returned,
//           the epoch is durable, and readers see of it what they will see until the next. Nothing
//           that was visible before changes or goes, at any instant, also not during recovery; but
//           a power cut may take what was visible and not yet durable, and recovery brings the same
//           back.
// Threads   One at a time; not that of the agents: calls may wait for the disk.
// Failure   Results that name the file. kFull: there is no room, and the same epoch may be
// published
//           again later. Any other error is final; the next process publishes the epoch.
class OutboxTarget {
  public:
    OutboxTarget() = default;
    OutboxTarget(const OutboxTarget&) = delete;
    OutboxTarget& operator=(const OutboxTarget&) = delete;
    virtual ~OutboxTarget() = default;

    // Fails for what can never work: no such directory, or a destination that is not as it was left
    // (shorter than the position, or with bytes behind it that are not ours).
    [[nodiscard]] virtual Result<void> recover(std::string_view position) = 0;
    [[nodiscard]] virtual Result<void> start_fresh() = 0;

    // Before each position(): the query has started, and what was there before a fresh one goes. A
    // start that fails costs nobody a file.
    [[nodiscard]] virtual Result<void> take_over() = 0;

    [[nodiscard]] virtual std::string position() const = 0;

    [[nodiscard]] virtual Result<void> publish(std::uint64_t epoch,
                                               std::int64_t now_ns,
                                               const OutboxBytes& bytes) = 0;

    // The query has come to its end, and all was published: what is kept open is finished. Epochs
    // without bytes may still be published, and position() asked for.
    [[nodiscard]] virtual Result<void> close() = 0;
};

// The two halves of a sink whose results appear exactly once: rows to bytes, on the merge agent,
// and bytes to their destination. Null target: this connector has no such thing, and writes
// directly, at least once.
struct OutboxSink {
    std::unique_ptr<Sink> encoder;  // Its results go to `give`; flush() leaves nothing behind.
    std::unique_ptr<OutboxTarget> target;
};

// Takes encoded bytes of a sink, on the merge agent's thread; called from write() and flush().
using OutboxGive = std::function<void(std::string_view bytes)>;

[[nodiscard]] bool has_outbox(const SinkSpec& spec);

// Fails like make_sink, which touches no destination either.
[[nodiscard]] Result<OutboxSink> make_outbox_sink(const SinkSpec& spec, OutboxGive give);

}  // namespace thalweg
