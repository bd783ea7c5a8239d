#pragma once

#include "tests/support/durable_producers.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

// The lives of one durable query, from one number. The whole engine on one thread, its agents and
// the coordinator of its epochs in any order, over disks that crash, tear, forget and refuse; again
// and again it dies, in the middle of any call of a disk or between two steps, and another process
// with other shards, other ingest agents and another hash secret goes on from what the disks have.
// In the end the disks are healed, and the query must come to the end of its input.
//
// What is compared
//   results       What is in the files is what the oracle makes of all records: none is lost,
//                 repeated or changed. Either time is so far behind that no order matters
//                 (Producers), or there is one producer and one ingest agent: then also what is
//                 late.
//   promises      Nobody is asked for a record that he was told is durable (I8).
//   the reader    At no instant does anything vanish or change that was visible in the files, but
//                 for what a power cut takes before it is durable.
//   errors        An error of a disk ends the query; a full disk does not.
//   liveness      Healed, it ends.

namespace thalweg::test {

// Branches that must be met now and then, or the simulation has become tame.
enum class CrashSighting : std::uint8_t {
    kCrashInRecovery,
    kCrashWhileCollecting,
    kCrashBeforeRename,         // In the sync of the snapshot.
    kCrashBeforeDirectorySync,  // Between the rename and it.
    kCrashInPublish,
    kCrashInRetire,
    kKill,
    kPowerCut,
    kIoError,
    kFullStore,
    kRoomAgain,
    kFullDestination,
    kStop,
    kRescale,
    kStateRestored,
    kResendTrimmed,
    kSessionMoved,
    kSessionWaited,
    kUnpublishedRecovered,  // A reader saw something vanish in a power cut and come back.
    kDamageRefused,
    kOneOrder,
    kParts,
    kEndAgain,  // A query that had ended was started again.
    kGroupMoved,
    kStateMoved,       // Rows of it.
    kCrashInMove,      // Before its epoch was durable.
    kJournalReplayed,  // Bytes of it. This and the next: with journals only.
    kFullJournal,
};
inline constexpr std::size_t kCrashSightingCount = 28;

[[nodiscard]] std::string_view name_of(CrashSighting sighting) noexcept;

struct CrashOutcome {
    std::string problem;   // Empty when all is well.
    std::string scenario;  // In words.
    std::string script;
    std::uint64_t trace_hash = 0;
    std::uint64_t steps = 0;
    std::uint64_t lives = 0;
    std::uint64_t epochs = 0;  // Durable ones.
    std::uint64_t rows = 0;
    std::array<std::uint64_t, kCrashSightingCount> sightings{};
};

struct CrashOptions {
    CrashPlant plant = CrashPlant::kNone;
    std::FILE* trace = nullptr;  // Every step is printed to it, unless it is null.
    bool has_journal = false;    // Tables are kept in journals.
};

[[nodiscard]] CrashOutcome simulate_crashes(std::uint64_t seed, const CrashOptions& options = {});

}  // namespace thalweg::test
