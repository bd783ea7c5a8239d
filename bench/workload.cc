#include "bench/workload.h"

#include "bench/recovery.h"
#include "bench/workloads/families.h"

#include <utility>

namespace thalweg::bench {

namespace {

void add(std::vector<Workload> family, std::vector<Workload>& all) {
    for (Workload& workload : family)
        all.push_back(std::move(workload));
}

void add_queries(std::vector<QueryCase> queries, std::vector<Workload>& all) {
    for (QueryCase& query : queries)
        all.push_back(workload_of(std::move(query)));
}

}  // namespace

std::vector<Workload> workloads(const MeasureOptions& options) {
    std::vector<Workload> all;
    add_queries(record_queries(options), all);
    add_queries(operator_queries(options), all);
    add(yahoo_workloads(options), all);
    add_queries(cluster_queries(options), all);
    add_queries(smart_grid_queries(options), all);
    add_queries(linear_road_queries(options), all);
    add_queries(manufacturing_queries(options), all);
    add_queries(auction_queries(options), all);
    add(network_workloads(options), all);
    add(scaling_workloads(options), all);
    add(epoch_workloads(options), all);
    all.push_back(recovery_workload(options));
    return all;
}

}  // namespace thalweg::bench
