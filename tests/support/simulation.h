#pragma once

#include "tests/support/sim_source.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

// One simulated life of a query, from one number: the agents of an Execution on one thread in any
// order, on a clock that only the simulation moves, over a network that splits, delays and cuts,
// with rings and credits so small that they are full most of the time. What comes out is compared
// with the oracle, what was counted with what was sent.
//
// What is compared depends on what the seed leaves certain:
//   one order     One ingest agent: the notes of what it was given, in which order, decide every
//                 late row. The results are exactly the oracle's.
//   nothing late  Several agents, and a watermark behind all disorder: the results are exactly
//                 those of all rows, whoever was first.
//   anything      Reconnects, idle splits and a stop on several agents: no window holds more than
//                 all rows would give it, and what is missing was counted as late.
// The balance of records holds exactly in all of them.

namespace thalweg::test {

// Branches that must be met now and then, or the simulation has become tame.
enum class Sighting : std::uint8_t {
    kEngineFull,
    kLateRow,
    kCutRecord,
    kMalformed,
    kResumedAdvance,
    kResultsDespiteSilence,
    kStopInTheMiddle,
    kSilentWindows,  // Left open by a stop.
    kReconnect,
    kFused,
    kTwoPhases,
    kSinkFull,
    kNullTime,
    kOneOrder,
    kNothingLate,
    kAnything,
};
inline constexpr std::size_t kSightingCount = 16;

[[nodiscard]] std::string_view name_of(Sighting sighting) noexcept;

struct SimOutcome {
    std::string problem;   // Empty when all is well.
    std::string scenario;  // In words.
    std::string script;
    std::uint64_t trace_hash = 0;
    std::uint64_t steps = 0;
    std::uint64_t rows = 0;
    std::array<std::uint64_t, kSightingCount> sightings{};
};

// Prints every step to `trace` unless it is null.
[[nodiscard]] SimOutcome simulate(std::uint64_t seed,
                                  Plant plant = Plant::kNone,
                                  std::FILE* trace = nullptr);

}  // namespace thalweg::test
