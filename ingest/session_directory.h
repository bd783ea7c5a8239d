#pragma once

#include "ingest/session_id.h"
#include "ingest/source.h"
#include "state/base/status.h"
#include "state/base/time.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

namespace thalweg {

// The sessions of one durable source, on all ingest agents: how far each has come, how far that is
// durable, and which connection speaks for it.
//
// Shape     A session belongs to the instance that accepted its last record (after a restart, to
// any)
//           and is sealed by that instance alone. Its numbers begin at 1; `accepted` counts what
//           was offered, `durable` what a committed epoch holds. Nothing is forgotten but what its
//           producer ended, so that no resend is ever taken for something new; and, where a limit
//           was set, sessions that nobody has spoken for so long. Their time is what pass_time()
//           has seen go by: a clock that jumps or stands still makes no session older, a restart
//           makes all of them young.
//
// One voice A session has one live connection. A claim with the same or a higher epoch fences the
//           one before: its instance is told (fenced()), lets go when all it accepted is behind its
//           outlet (release()), and only then the claim is granted. Between instances one thing
//           more must hold: both have the same epoch open. Else records of a later epoch (of the
//           instance that has sealed) would lie before records of an earlier one (of the instance
//           that has not), and the position that the latter seals would cover what its snapshot
//           does not hold. Barriers of an epoch are milliseconds apart, so that is a short wait.
//
// Recovery  What was recovered is told to nobody before an epoch of this process is durable (I3 of
//           state/store/store.h): claims of sessions that were there before wait for it.
// Cost      A seal names every session of its instance, since a snapshot stands alone: 0.03 ms for
//           1,000, 1 ms for 10,000, 20 ms for 100,000 (Zen 5). Idle ones cost as much as busy ones:
//           producers that are done should say END.
// Threads   Any. The lock guards everything below it; it is taken a few times a connection, a seal
//           and a commit, never for a record or a batch.
// Failure   As values; the limit is an answer (kFull).
class SessionDirectory {
  public:
    // Of the server: drawn when its state was made, and a number that grows from start to start.
    struct Identity {
        SessionId server;
        std::uint64_t incarnation = 0;
    };

    // A connection: its instance, and its number there.
    struct Holder {
        std::size_t instance = 0;
        std::uint64_t connection = 0;

        friend bool operator==(const Holder&, const Holder&) = default;
    };

    // Opaque to all others: a name for what is behind the lock. Stays where it is until end().
    struct Session {
        SessionId id;
        std::uint64_t epoch = 0;
        std::uint64_t accepted = 0;  // As of the last release or seal, while a connection is live.
        std::uint64_t sealed = 0;
        std::uint64_t durable = 0;
        std::size_t owner = 0;
        std::uint64_t serial = 0;   // No other session has it, also not one of the same id.
        std::int64_t used_ns = 0;   // When it was last granted or released, by elapsed_ns_.
        bool is_recovered = false;  // Untold, as long as no epoch was committed.
        bool is_absent = false;     // Nobody has spoken for it since it was recovered.
        std::optional<Holder> live = std::nullopt;
        std::optional<Holder> claimant = std::nullopt;
    };

    enum class Verdict : std::uint8_t {
        kGranted,
        kWaiting,   // Claim again, soon: the session is not free yet.
        kUnknown,   // Nobody knows the session, and it has acknowledged records.
        kDataLoss,  // The producer has been promised more than is here.
        kFenced,    // A higher epoch has come, or another claim after this one.
        kFull,      // There are as many sessions as there may be.
    };

    struct Claim {
        Verdict verdict = Verdict::kWaiting;
        Session* session = nullptr;  // When granted, from here on the holder's.
        std::uint64_t accepted = 0;
        std::uint64_t durable = 0;
    };

    // What a connection says and hears of its session.
    struct Progress {
        Session* session = nullptr;
        std::uint64_t accepted = 0;
        std::uint64_t durable = 0;
    };

    SessionDirectory(std::size_t instance_count, const Identity& identity);

    [[nodiscard]] const Identity& identity() const noexcept { return identity_; }

    // Sessions, of all instances; the same on each of them.
    void set_limit(std::size_t sessions_max);

    // How long a session without a connection is kept; the same on each of them. 0: for ever.
    void set_expiry(std::int64_t expire_after_ns);

    // Every instance says now and then what the wall clock shows. Forgets, some at a time, sessions
    // that have expired, of which everything is durable; returns how many.
    [[nodiscard]] std::size_t pass_time(std::int64_t now_ns);

    // Before anything else. All instances bring the same positions; the first is heard.
    [[nodiscard]] Result<void> restore(std::span<const SourcePosition> positions);

    [[nodiscard]] Claim claim(Holder holder,
                              const SessionId& id,
                              std::uint64_t epoch,
                              std::uint64_t last_acked);

    // The claim again, while it waits.
    [[nodiscard]] Claim claim_again(Holder holder, const SessionId& id);

    // A claim that is given up: its connection went while it waited.
    void withdraw(Holder holder, const SessionId& id);

    // The holder's connection is over, and all it accepted has gone through its outlet.
    void release(Holder holder, Progress progress);

    // The producer has heard that everything up to `last_seq` is durable and will not come back:
    // forgets the session. False, and nothing done, when that is not all there is.
    [[nodiscard]] bool end(Holder holder, Progress progress, std::uint64_t last_seq);

    // Connections of the instance that have to let go; each is named once. Costs a load while there
    // are none.
    [[nodiscard]] std::vector<std::uint64_t> fenced(std::size_t instance);

    // A barrier of the instance. `live` is what its connections have accepted; appends the
    // positions of all its sessions.
    void seal(std::size_t instance,
              std::uint64_t epoch,
              std::span<const Progress> live,
              std::vector<SourcePosition>& positions);

    // What all instances sealed up to `epoch` is durable. Every instance says so; the first is
    // heard.
    void commit(std::uint64_t epoch);

    // Fills in what is durable.
    void read_durable(std::span<Progress> live) const;

    [[nodiscard]] std::size_t size() const;

    // Sessions that were recovered, and that nobody has been granted since. When it is zero for one
    // instance, connections of others may still be about to open their splits.
    [[nodiscard]] std::size_t absent() const noexcept {
        return absent_.load(std::memory_order_relaxed);  // Relaxed: no data comes with it.
    }

  private:
    static constexpr std::size_t kSealedPerSession = 4;
    static constexpr std::size_t kSealedMin = 1'024;
    static constexpr std::int64_t kTimeStepNs = 10 * kNanosPerSecond;  // More is a jump.
    static constexpr std::size_t kVisitedAtOnce = 1'024;

    struct Sealed {
        std::uint64_t epoch;
        SessionId id;
        std::uint64_t serial;
        std::uint64_t accepted;
    };

    using Sessions = std::list<Session>;

    // What one instance owns.
    struct Instance {
        Sessions sessions;             // In the order of used_ns.
        std::uint64_t open_epoch = 0;  // One more than it sealed last.
        std::vector<std::uint64_t> fenced;
    };

    [[nodiscard]] Claim try_grant(Holder holder, Session& session);
    void touch(Session& session, std::size_t owner);
    [[nodiscard]] bool may_expire(const Session& session) const;
    [[nodiscard]] std::size_t expire(Instance& instance);
    void bound_sealed();

    Identity identity_;
    mutable std::mutex mutex_;  // Guards everything below but the hints.
    std::size_t sessions_max_ = 1'000'000;
    std::int64_t expire_after_ns_ = 0;
    std::int64_t elapsed_ns_ = 0;
    std::int64_t now_ns_ = 0;
    std::uint64_t last_serial_ = 0;
    bool is_restored_ = false;
    bool has_committed_ = false;
    std::uint64_t first_epoch_ = UINT64_MAX;  // That was sealed by this process.
    std::uint64_t committed_ = 0;
    std::vector<Instance> instances_;
    std::unordered_map<SessionId, Sessions::iterator, SessionId::Hash> sessions_;
    std::deque<Sealed> sealed_;  // Not committed yet.
    std::atomic<std::size_t> absent_ = 0;
    std::unique_ptr<std::atomic<bool>[]> has_fenced_;  // Of each instance: `fenced` is not empty.
};

}  // namespace thalweg
