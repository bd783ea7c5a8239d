#pragma once

#include "engine/run/clock.h"
#include "engine/run/log.h"
#include "engine/run/query.h"
#include "state/base/status.h"

#include <tl/expected.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

// How a process runs its queries. Zero means: as many as the machine suggests.
struct EngineOptions {
    std::size_t shards = 0;          // 1 to 1,024
    std::size_t ingest_threads = 0;  // 1 to 1,024
    std::vector<unsigned> pin;       // Processors for the threads (thread_layout()).
    DrainPolicy drain = DrainPolicy::kAuto;
    std::size_t batch_rows = kBatchRows;          // 1 to kBatchRows; smaller is for tests.
    bool polls = false;                           // Threads never nap: least latency, a core each.
    std::map<std::string, std::string> settings;  // As SET at the start of every script.
    std::string state_directory;       // Where a query keeps what survives; else 'state.dir'.
    bool drops_state = false;          // State that the query has no place for is given up.
    bool accepts_loss = false;         // A damaged newest generation: go on from the one before it.
    bool accepts_file_system = false;  // A state directory in memory, or on another machine.
};

// A script that parsed, bound and planned: what it would run, and what it said.
struct Prepared {
    std::shared_ptr<const Topology> topology;  // Null: the script starts nothing.
    std::string printed;                       // By its EXPLAIN and SET statements.
    std::vector<std::string> warnings;
    std::size_t shards = 1;  // As the options say or, where they do not, 'parallelism.default'.
    std::string state_directory;  // Empty: nothing survives the process.
    std::int64_t epoch_interval_ns = kNanosPerSecond;
    bool rebalances = false;
};

// The engine as a library: scripts in, running queries out. This header is the whole embedding API.
//
//   Engine engine(options);
//   auto prepared = engine.prepare("orders.sql", text);     // or a rendered error
//   auto query = engine.start(*prepared);                   // threads run
//   ... query->request_stop(); Summary summary = query->wait();
//
// Threads   prepare() and start(): one at a time. Queries: see engine/run/query.h.
// Failure   prepare() gives the error as the terminal shows it: file, line, column, the line with a
//           caret, a hint. start() fails for what can never run: a port in use, a missing file.
class Engine {
  public:
    explicit Engine(EngineOptions options);

    [[nodiscard]] tl::expected<Prepared, std::string> prepare(std::string_view file_name,
                                                              std::string_view script) const;

    // Opens sources and sinks and starts the threads. `prepared` has a topology.
    // The query borrows the engine, and holds the lock of its state directory.
    [[nodiscard]] Result<std::unique_ptr<Query>> start(const Prepared& prepared);

    // What would become of the state in a directory if the query were started on it, in lines:
    // kept, starts empty, refused. Reads it without a lock.
    [[nodiscard]] static Result<std::string> compare_state(const Prepared& prepared,
                                                           const std::string& directory);

    [[nodiscard]] Log& log() noexcept { return log_; }

  private:
    [[nodiscard]] Result<EpochSettings> open_store(const Prepared& prepared) const;

    EngineOptions options_;  // With counts that are no longer zero.
    bool are_shards_given_;
    HashSeed seed_;
    RealClock clock_;
    Log log_;
};

// "0,2-5" as a list of processors.
[[nodiscard]] Result<std::vector<unsigned>> parse_pin_list(std::string_view text);

// "0.1.0"
[[nodiscard]] std::string_view version() noexcept;

}  // namespace thalweg
