#pragma once

#include "bench/by_hand/results.h"
#include "bench/input.h"
#include "bench/trace_rows.h"

#include <cstddef>
#include <cstdint>
#include <span>

// The rivals over traces, written as those in bench/by_hand/by_hand.h are. They know the ranges of
// small fields (bench/trace_rows.h), which index arrays instead of being hashed.

namespace thalweg::bench::by_hand {

// SUM(cpu) per category over the last 60 s, every second; per job, of the events of type 3.
void cm1(Input& input, Results& results);
void cm2(Input& input, Results& results);

// AVG(value) over the last 3,600 s, every second; per plug, household and house over the last
// 128 s; the same of household 3 over the last 3,600 s.
void sg1(Input& input, Results& results);
void sg2(Input& input, Results& results);
void sg3(Input& input, Results& results);

// Per highway, direction and mile: AVG(speed) over the last 300 s, every second, where it is below
// 40; per vehicle, highway, direction and mile: COUNT(*) over the last 30 s.
void lrb1(Input& input, Results& results);
void lrb2(Input& input, Results& results);

// AVG of the first three sensors over the last 60 s, every second.
void me1(Input& input, Results& results);

// COUNT(*) per auction over the last 60 s, every second.
void nbq5(Input& input, Results& results);

// COUNT(*) and MAX(ts) per campaign and 100 s, of the views (event type 0) of the advertisements of
// `ads`: an id of AdRow or WideAdRow, and its campaign, a number below kCampaigns.
inline constexpr std::size_t kCampaigns = 100;

template <class Id>
struct Ad {
    Id id;
    std::int64_t campaign;
};

void ysb(std::span<const Ad<std::int64_t>> ads, Input& input, Results& results);
void ysb(std::span<const Ad<WideId>> ads, Input& input, Results& results);

}  // namespace thalweg::bench::by_hand
