#pragma once

#include "ingest/format.h"
#include "ingest/outlet.h"
#include "state/base/status.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

// Everything a source counts. Written by its agent, published by the engine.
//
//   received = emitted + malformed (the sum of `rejected`) + shed
struct SourceCounters {
    std::uint64_t received_records = 0;
    std::uint64_t received_bytes = 0;
    std::uint64_t emitted_records = 0;
    std::array<std::uint64_t, kRejectReasonCount> rejected{};
    std::uint64_t shed_records = 0;    // Dropped by the overload policy (udp).
    std::uint64_t kernel_dropped = 0;  // Datagrams, by SO_MEMINFO (udp).
    std::uint64_t connections_opened = 0;
    std::uint64_t connections_closed = 0;
    std::uint64_t repeated_records = 0;     // Sent again and known already: not received (durable).
    std::uint64_t refused_connections = 0;  // By the limit, or told why by REFUSE (durable).
    std::uint64_t journal_bytes = 0;        // Of those received now, durable in the journal.
    std::uint64_t journal_groups = 0;       // They were written in.
};

// A table's connector, as the planner read it.
struct SourceSpec {
    std::string name;                            // The table's, for messages.
    std::string connector;                       // tcp, udp, unix, stdin, filesystem, datagen
    std::map<std::string, std::string> options;  // All WITH options, connector's and format's.
    FormatSpec format;
};

// An event worth a line in the log: "listening on 127.0.0.1:9000", "peer gone". Sources do not log;
// they say.
using SourceEvent = std::function<void(std::string_view text)>;

// How far one part of the input has come: a session of a producer, a file. `position` counts what
// its kind counts (records of a session, bytes of a file) in all that was offered; `epoch` is the
// incarnation of the session, 0 where there is no such thing. Of two positions with one id the
// greater (epoch, position) is true.
struct SourcePosition {
    std::string id;
    std::uint64_t epoch = 0;
    std::uint64_t position = 0;

    friend bool operator==(const SourcePosition&, const SourcePosition&) = default;
};

// What becomes of a source's records when the process dies.
enum class Replay : std::uint8_t {
    kNone,          // What was read since the last durable epoch is gone.
    kPositions,     // It is read again from its position: a file.
    kAcknowledged,  // The producer keeps it until it is durable, and sends it again.
    kJournal,       // It is written down when it comes, and read again from there.
};

// The event loop of one ingest agent: wraps boost::asio::io_context, so that nothing above needs
// Asio's headers. Sources register with it; the agent polls it.
class IoLoop {
  public:
    IoLoop();
    IoLoop(const IoLoop&) = delete;
    IoLoop& operator=(const IoLoop&) = delete;
    ~IoLoop();

    // Runs what is ready, without waiting; returns how many handlers ran.
    std::size_t poll();

    // Waits until something is ready or the time is over: how an idle ingest agent parks.
    std::size_t wait(std::chrono::nanoseconds at_most);

    // Any thread: ends a wait().
    void wake();

    // Readable while a descriptor has what it was last watched for, whether or not poll() has noted
    // it: for whoever sleeps outside the loop. Not for handlers posted by wake().
    [[nodiscard]] int descriptor() const noexcept;

    struct Impl;

    [[nodiscard]] Impl& impl() noexcept { return *impl_; }

  private:
    std::unique_ptr<Impl> impl_;
};

// Where records come from: sockets, files, a generator. Bytes in, batches to the Outlet.
//
// Contract  open() binds, connects or opens, and fails with one clear line (a port in use, a
//           missing file) before anything runs. poll() reads and decodes up to about `budget`
//           records, never waits, and does nothing while outlet.ready() is false; when there is
//           nothing more to read it calls outlet.flush() once. After stop() nothing more is read
//           from outside; what was read is still delivered. finished(): a bounded source has
//           delivered everything and closed its splits, or a stopped one has. SO_REUSEPORT lets
//           each ingest agent listen on the same address; files and generated rows are divided
//           among `instance_count` instances.
// Threads   Its ingest agent's.
class Source {
  public:
    Source() = default;
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    virtual ~Source() = default;

    [[nodiscard]] virtual Result<void> open(Outlet& outlet) = 0;

    // `now_ns` is processing time (wall clock), `budget` a number of records. Returns how much was
    // done; 0 lets the agent idle.
    virtual std::size_t poll(std::int64_t now_ns, std::size_t budget, Outlet& outlet) = 0;

    virtual void stop() = 0;
    [[nodiscard]] virtual bool finished() const = 0;

    // Why the input cannot be read on, when that must not pass for its end: a bounded source that
    // has lost a part. The engine fails the query with it. Empty while all is well.
    [[nodiscard]] virtual std::string_view failure() const { return {}; }

    // Whether the input ends by itself (a file, datagen with number-of-rows, stdin).
    [[nodiscard]] virtual bool is_bounded() const = 0;

    [[nodiscard]] virtual const SourceCounters& counters() const = 0;

    // When poll() wants to be called although nothing arrives (paced generation, reconnect): an
    // instant of the same clock as now_ns; the largest int64 for never.
    [[nodiscard]] virtual std::int64_t next_poll_ns() const { return INT64_MAX; }

    // --- What survives the process (docs/decisions/0007-epochs.md) ---

    [[nodiscard]] virtual Replay replay() const { return Replay::kNone; }

    // Before open(): the positions of all instances together, as of the epoch that was recovered.
    // An instance picks those that are its business, and goes on behind them. Fails for what cannot
    // be gone on from: a file that is shorter than its position.
    [[nodiscard]] virtual Result<void> restore(const std::vector<SourcePosition>& positions) {
        static_cast<void>(positions);
        return {};
    }

    // A barrier: everything offered so far belongs to `epoch` or earlier ones, and everything later
    // does not. Appends where each part of the input has come to, also those that are not open any
    // more. Called between polls, while the outlet holds nothing.
    virtual void seal(std::uint64_t epoch, std::vector<SourcePosition>& positions) {
        static_cast<void>(epoch), static_cast<void>(positions);
    }

    // Whether all that the latest seal() relies on is on the disk: no epoch is committed before.
    // Asked again and again until it is.
    [[nodiscard]] virtual bool is_sealed() { return true; }

    // What an earlier life had received is being delivered again: no epoch begins before that is
    // over.
    [[nodiscard]] virtual bool is_replaying() const { return false; }

    // What was offered up to seal(`epoch`) is durable: the time to acknowledge it. Epochs grow; not
    // every one is told.
    virtual void commit(std::uint64_t epoch) { static_cast<void>(epoch); }
};

class Journal;
class SessionDirectory;

struct SourceInstance {
    std::size_t index = 0;  // Of this ingest agent among `count`.
    std::size_t count = 1;
    // One for all instances of a source, from an engine that commits epochs. Without it a source
    // whose producers wait for that cannot be opened.
    std::shared_ptr<SessionDirectory> sessions = nullptr;
    // At the end of a bounded input the query does not end: what may yet become a record stays
    // where it is, for the run that finds the rest.
    bool rests_at_end = false;
    // Of this instance, from the same engine. A source with 'durability' = 'journal' cannot be
    // opened without it.
    std::shared_ptr<Journal> journal = nullptr;
};

// Fails for an unknown connector or option, a missing required option, a bad value; the error names
// the option, and the near miss of a misspelt one.
[[nodiscard]] Result<std::unique_ptr<Source>> make_source(const SourceSpec& spec,
                                                          SourceInstance instance,
                                                          IoLoop& loop,
                                                          SourceEvent event);

// The same checks without making anything: for `thalweg check` and the planner. Also says whether
// the source is bounded.
struct SourceTraits {
    bool is_bounded = false;
    Framing default_framing = Framing::kNewline;
    bool ignore_parse_errors = true;  // For FormatSpec::ignore_parse_errors.
    // kAcknowledged, kJournal: only with an engine that commits epochs.
    Replay replay = Replay::kNone;
};

[[nodiscard]] Result<SourceTraits> check_source(const SourceSpec& spec);

}  // namespace thalweg
