#pragma once

#include "state/base/status.h"
#include "state/batch.h"
#include "state/text/time_zone.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace thalweg {

struct SinkCounters {
    std::uint64_t rows = 0;     // Taken by write().
    std::uint64_t bytes = 0;    // Encoded.
    std::uint64_t dropped = 0;  // Rows lost at a peer that went away or fell behind (udp, tcp).
};

// What the engine counts for whoever reads a sink: which epoch a row is of, and the how many-th row
// it is (engine/run/epoch/result_numbers.h).
enum class ResultNumber : std::uint8_t { kEpoch, kSequence };

struct NumberColumn {
    std::size_t index = 0;  // In the schema.
    ResultNumber number = ResultNumber::kEpoch;
};

// A sink table, as the planner read it.
struct SinkSpec {
    std::string name;                            // The table's, for messages.
    std::string connector;                       // print stdout filesystem tcp udp unix blackhole
    std::map<std::string, std::string> options;  // All WITH options, connector's and format's.
    std::string format;                          // json csv raw-struct changelog-json, "" for print
    SchemaPtr schema;
    std::vector<std::size_t> required;  // Columns that must not be given a NULL.
    std::vector<NumberColumn> numbers;  // By index. All others are given by the query.
    TimeZonePtr zone = TimeZone::utc();
    bool has_changes = false;  // The query changes rows that it has given.
};

// Where results leave. Takes rows, encodes them, and writes as the destination can take it.
//
// Contract  write() takes all rows of the view (copying or encoding them) and must only be called
//           while ready() is true. poll() moves bytes on, reconnects, and never waits for a peer;
//           files may block on the page cache, as every write(2) does. flush() asks that what was
//           taken become visible soon (a line reader at the end of a batch). close() writes what is
//           left, renames what is complete, and gives up on an unreachable peer after the time
//           given.
// Threads   The merge agent's.
// Failure   open() fails with one clear line for what can never work (a directory that is not
//           there); a peer that is not up yet is retried with backoff. An I/O error on a file fails
//           the query.
class Sink {
  public:
    Sink() = default;
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;
    virtual ~Sink() = default;

    [[nodiscard]] virtual Result<void> open() = 0;
    [[nodiscard]] virtual bool ready() = 0;
    [[nodiscard]] virtual Result<void> write(const BatchView& rows) = 0;
    virtual Result<void> poll(std::int64_t now_ns) = 0;
    virtual void flush() = 0;
    [[nodiscard]] virtual Result<void> close() = 0;

    // Whether everything that write() took has left this process. A barrier waits for it: what a
    // destination has not taken belongs to no durable epoch.
    [[nodiscard]] virtual bool is_drained() const = 0;

    [[nodiscard]] virtual const SinkCounters& counters() const = 0;
};

// Whether the sink can take updates and deletions (changelog-json), or only insertions.
[[nodiscard]] bool takes_changes(const SinkSpec& spec);

using SinkEvent = std::function<void(std::string_view text)>;

// Fails like make_source: unknown connector, format, option, type.
[[nodiscard]] Result<std::unique_ptr<Sink>> make_sink(const SinkSpec& spec, SinkEvent event);
[[nodiscard]] Result<void> check_sink(const SinkSpec& spec);

}  // namespace thalweg
