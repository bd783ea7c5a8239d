#pragma once

#include "state/base/status.h"
#include "tools/load/load.h"

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>

namespace thalweg::load {

// What a durable load has done so far.
struct DurableTotals {
    std::uint64_t records = 0;  // Handed to the client.
    std::uint64_t sent = 0;     // For the first time.
    std::uint64_t resent = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t connections = 0;  // That were welcomed.
};

struct DurableOptions {
    std::string session;  // 32 hexadecimal digits; empty: drawn, and ended at the end.
    std::uint32_t session_epoch = 0;
    std::uint64_t last_acked = 0;
    std::size_t retain_bytes = std::size_t{64} << 20U;  // Of records that are not acknowledged.
    std::int64_t give_up_ns = 60'000'000'000;           // Without any acknowledgement.
};

struct DurableSummary {
    DurableTotals totals;
    std::int64_t elapsed_ns = 0;
    std::string session;
    bool is_complete = false;  // All records are acknowledged.
    bool was_stopped = false;
    std::string problem;  // Why it is not complete.
};

using DurableProgress = std::function<void(const DurableTotals&, std::int64_t elapsed_ns)>;

// Sends the records of `options` (file or generated, its rate, count and duration) to a table with
// 'durability' = 'epoch' as one producer, and waits until every one is acknowledged: what `thalweg
// load --durable` does, without its command line.
//
// Threads   The caller's. `stop` may be set by any: no more records are taken then, and those that
//           were are still waited for.
// Failure   What cannot be begun is an error; a load that is not acknowledged in full says why.
[[nodiscard]] Result<DurableSummary> run_durable_load(const LoadOptions& options,
                                                      const DurableOptions& durable,
                                                      const std::atomic<bool>& stop,
                                                      const DurableProgress& progress);

[[nodiscard]] std::string to_text(const DurableSummary& summary);
[[nodiscard]] std::string to_json(const DurableSummary& summary);
[[nodiscard]] std::string progress_text(const DurableTotals& totals, std::int64_t elapsed_ns);

}  // namespace thalweg::load
