#pragma once

#include "bench/whole_query.h"
#include "bench/workload.h"

#include <vector>

// The families, each in the file that is named after it.

namespace thalweg::bench {

// Made records of four 64-bit numbers: aggregate, memory, json, csv, filter, hop, distinct,
// window_join, slide, skew.
[[nodiscard]] std::vector<QueryCase> record_queries(const MeasureOptions& options);

// The same records, an operator that keeps rows or changes them at a time: join, interval_join,
// topn, session, over, dedup, changelog.
[[nodiscard]] std::vector<QueryCase> operator_queries(const MeasureOptions& options);

// scaling: those of record_queries() again, on 2, 4, 8 and 16 processors, as far as there are so
// many.
[[nodiscard]] std::vector<Workload> scaling_workloads(const MeasureOptions& options);

// epochs: those with state, and of the traces below, once more with epochs each second.
[[nodiscard]] std::vector<Workload> epoch_workloads(const MeasureOptions& options);

// cm1, cm2 over a trace of a compute cluster.
[[nodiscard]] std::vector<QueryCase> cluster_queries(const MeasureOptions& options);

// sg1, sg2, sg3 over a trace of a smart grid.
[[nodiscard]] std::vector<QueryCase> smart_grid_queries(const MeasureOptions& options);

// lrb1, lrb2 over a trace of the Linear Road generator.
[[nodiscard]] std::vector<QueryCase> linear_road_queries(const MeasureOptions& options);

// me1 over a trace of a machine's sensors.
[[nodiscard]] std::vector<QueryCase> manufacturing_queries(const MeasureOptions& options);

// Over loopback: ysb_tcp, tcp, udp, json_tcp, csv_tcp, ysb_tcp, latency, idle,
// durability.
[[nodiscard]] std::vector<Workload> network_workloads(const MeasureOptions& options);

// nbq5 over made bids.
[[nodiscard]] std::vector<QueryCase> auction_queries(const MeasureOptions& options);

// ysb over made events, with a lookup join.
[[nodiscard]] std::vector<Workload> yahoo_workloads(const MeasureOptions& options);

// The first of them, for those who run it otherwise.
[[nodiscard]] QueryCase yahoo_case(const MeasureOptions& options);

}  // namespace thalweg::bench
