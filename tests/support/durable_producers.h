#pragma once

#include "ingest/source.h"
#include "state/base/random.h"
#include "tests/support/sim_network.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

// The other side of a durable table in the simulator: producers that number their records, keep
// them until they hear that they are durable, and send them again.
//
// Shape    A producer has a session for good and a connection now and then. It lives on when the
//          engine dies. What a life of the engine knows of sessions is in SessionDesk, made anew
//          with each: how far each is accepted, which ingest agent owns it, what was sealed.
// Journal  Where the engine keeps one, what is durable in it is promised: it need not come again,
//          though it is in no epoch yet. Everything else is as if somebody sent it for the first
//          time.
// Pace     A record is sent only when its time is less than a watermark's delay ahead of the
//          earliest record that is not durable. So whatever is sent again, on whichever
//          connection, comes in time, and what comes out depends on no order.
// Threads  One.

namespace thalweg::test {

// A bug on purpose, to see that it is seen.
enum class CrashPlant : std::uint8_t {
    kNone,
    kAckEarly,          // Producers hear of an epoch when it is sealed.
    kNoDedup,           // What is sent again is taken again.
    kHandOverAnyTime,   // A session changes agents that are in different epochs.
    kNoAlignment,       // Operators take rows from behind the barrier into the snapshot.
    kNoDirectorySync,   // The store's directory is never synced.
    kIgnoreSyncError,   // The store's fdatasync may fail, and nobody asks.
    kPublishFirst,      // Results are out before their snapshot has its name.
    kNoChecksums,       // Bits rot, and nobody sees it.
    kShardNotRestored,  // One shard begins empty.
    kSwitchEarly,       // Senders go by the new owners of key groups in front of the barrier.
    kStateNotMoved,     // Key groups get other shards, and their state stays behind.
    kNoReplay,          // What is in the journal is not done again.
    kNoCarry,           // What of a record came in front of a cut is not repeated behind it.
};

struct Producer {
    std::size_t table = 0;
    std::string id;
    std::string bytes;              // All records, each with its delimiter.
    std::vector<std::size_t> ends;  // Of each.
    std::vector<SimItem> records;
    std::vector<std::int64_t> least_times;  // Of all records from this one on.

    std::uint64_t epoch = 0;   // Of its session: so many connections.
    std::size_t acked = 0;     // Records that it knows to be durable, and does not have any more.
    std::size_t promised = 0;  // The same of those that are in a journal; at least `acked`.
    std::size_t sendable = 0;  // Records that it may have sent by now.
    std::size_t resent = 0;

    bool is_connected = false;
    bool is_accepted = false;
    bool is_lost = false;  // The connection, and what was on its way.
    std::size_t agent = 0;
    std::size_t arrived = 0;  // Offsets in bytes.
    std::size_t taken = 0;

    [[nodiscard]] std::size_t offset_of(std::size_t record) const {
        return record == 0 ? 0 : ends[record - 1];
    }

    [[nodiscard]] std::size_t records_before(std::size_t offset) const;

    [[nodiscard]] bool is_done() const { return acked == records.size(); }
};

class Producers {
  public:
    // The clients of a network without faults become producers. `ahead_ns` is the pace.
    Producers(const SimNetwork& network, std::int64_t ahead_ns);

    [[nodiscard]] std::vector<Producer>& all() noexcept { return all_; }

    [[nodiscard]] const std::vector<Producer>& all() const noexcept { return all_; }

    // One connects, loses its connection, or has some bytes arrive.
    void step(Random& random, std::size_t agents, bool is_healed);

    // The engine is gone.
    void lose_all();

    // Records up to `count` are durable, says the engine.
    void acknowledge(Producer& producer, std::size_t count);

    // They are in a journal.
    static void promise(Producer& producer, std::size_t count);

  private:
    void pace();

    std::vector<Producer> all_;
    std::int64_t ahead_ns_;
};

// What the sources of one life share.
class SessionDesk {
  public:
    SessionDesk(Producers& producers, std::size_t agents, CrashPlant plant);

    [[nodiscard]] Producers& producers() noexcept { return producers_; }

    [[nodiscard]] CrashPlant plant() const noexcept { return plant_; }

    void restore(std::size_t table, const std::vector<SourcePosition>& positions);

    // What the journals have of a producer, when they were read after a crash.
    void restore_journal(std::string_view id, std::size_t offset);

    // With journals, after that: what came back from them has been made durable.
    void promise_accepted();

    // I8, after recovery: what was acknowledged is gone from the producer.
    void check_promises();

    // Whether the agent may have the session of this producer, which has connected; it is told
    // where to go on.
    [[nodiscard]] bool grant(std::size_t agent, std::size_t producer, Random& random);
    void release(std::size_t producer);

    void accept(std::size_t producer, std::size_t records);

    [[nodiscard]] std::size_t accepted(std::size_t producer) const {
        return sessions_[producer].accepted;
    }

    void seal(std::size_t table,
              std::size_t agent,
              std::uint64_t epoch,
              std::vector<SourcePosition>& positions);
    void commit(std::uint64_t epoch);

    // All records of the table are accepted.
    [[nodiscard]] bool is_over(std::size_t table) const;

    std::string problem;
    std::uint64_t trims = 0;  // Records sent again and not taken again.
    std::uint64_t waits = 0;  // For a session whose owner is in another epoch.
    std::uint64_t moves = 0;  // To another agent.
    std::uint64_t refusals = 0;

  private:
    struct Session {
        std::size_t accepted = 0;
        std::size_t owner = 0;
        bool is_live = false;
    };

    struct Sealed {
        std::uint64_t epoch = 0;
        std::size_t producer = 0;
        std::size_t accepted = 0;
    };

    Producers& producers_;
    CrashPlant plant_;
    std::vector<Session> sessions_;
    std::map<std::pair<std::size_t, std::size_t>, std::uint64_t> open_epochs_;  // Table, agent.
    std::vector<Sealed> sealed_;
};

}  // namespace thalweg::test
