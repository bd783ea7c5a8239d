#pragma once

#include "state/base/status.h"
#include "tools/load/address.h"
#include "tools/load/file_records.h"
#include "tools/load/generator_spec.h"
#include "tools/load/report.h"
#include "tools/load/results.h"
#include "tools/load/schedule.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

// Sends records to a streaming engine and measures: what `thalweg load` does, without its command
// line.

namespace thalweg::load {

struct LoadOptions {
    Address target;
    std::shared_ptr<const LoadedFile> file;  // Either this, whose bytes fit `layout`,
    FileLayout layout;
    GeneratorSpec generate;  // or this.
    double rate = 0;         // Records a second, of all connections; 0: no limit.
    std::size_t connections = 1;
    std::size_t threads = 1;
    std::uint64_t count = kUnlimited;  // Records, of all connections.
    std::int64_t duration_ns = kForever;
    std::size_t datagram_bytes = 1400;
    bool one_per_datagram = false;
    std::int64_t pack_ns = -1;  // -1: 50 us where the rate makes that 16 records, else none.
    std::int64_t connect_timeout_ns = 5'000'000'000;
    std::int64_t close_timeout_ns = 5'000'000'000;
    std::optional<Address> results;
    ResultLayout result_layout;
    std::int64_t results_timeout_ns = 2'000'000'000;  // Without a result, after all was sent.
};

// Connects, sends everything, closes and waits until the peers have read it.
//
// Shape     Thread t owns the connections t, t + threads, ...; the caller's thread is thread 0, and
//           it reads the results, polling. Sends that are due are never put off by those that are
//           blocked. Streams are closed by halves, so that nothing on the way is lost.
// Threads   `stop` may be set by any thread or signal handler: no more records are taken then.
//           `progress` is called on the caller's thread, twice a second.
// Failure   What cannot be connected in time is an error; what breaks later is in the summary.
using Progress = std::function<void(const Totals&, std::int64_t elapsed_ns)>;

[[nodiscard]] Result<LoadSummary> run_load(const LoadOptions& options,
                                           const std::atomic<bool>& stop,
                                           const Progress& progress);

}  // namespace thalweg::load
