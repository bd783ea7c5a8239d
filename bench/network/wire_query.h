#pragma once

#include "bench/record_stream.h"
#include "bench/whole_query.h"
#include "bench/workload.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace thalweg::bench {

enum class Transport : std::uint8_t { kTcp, kUdp };

// What of the query survives a crash: nothing; its state, an epoch every second; or that and all
// that was received, in a journal.
enum class Keeps : std::uint8_t { kNothing, kEpochs, kJournal };

// COUNT, SUM, MIN, MAX per key and tumbling second of records that come over loopback; or `given`,
// a query over rows of its own, by TCP.
struct WireQuery {
    std::string bench;    // "tcp"
    std::string variant;  // "10 k keys"
    Transport transport = Transport::kTcp;
    WireFormat format = WireFormat::kRawStruct;
    StreamSpec stream;
    std::size_t check_records = 0;   // Of these, in the run that the oracle checks.
    std::optional<QueryCase> given;  // Its table is called 'stdin' in its SQL.
    Keeps keeps = Keeps::kNothing;   // Else the rival is the same query that keeps nothing.
    bool may_be_memory = false;      // Where it keeps it: only results count.
};

// Sends the records from a thread on the other processor, as `thalweg load` does and as fast as
// they go, first to the engine, then to a loop written by hand, and so on.
//
// Right   Before anything is timed, the result of either side must be the oracle's in a check sum.
//         While timing, TCP must bring every record, and both sides must give as many rows; UDP may
//         lose some, but what was sent must be what was received and what the kernel dropped,
//         exactly where the kernel can be asked (PacketCounter), and never less than that.
// Timed   records/s is by the clock, from when the sender begins to when the last window is out,
//         of what was received. ns/record is processor time of the receiving side: the process
//         without the thread that sends. The kernel moves packets over loopback at the cost of
//         either.
[[nodiscard]] Workload workload_of(WireQuery query);

}  // namespace thalweg::bench
