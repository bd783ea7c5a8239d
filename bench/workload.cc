#include "bench/workload.h"

#include "bench/workloads/families.h"

#include <utility>

namespace thalweg::bench {

namespace {

void add(std::vector<Workload> family, std::vector<Workload>& all) {
    for (Workload& workload : family)
        all.push_back(std::move(workload));
}

}  // namespace

std::vector<Workload> workloads(const MeasureOptions& options) {
    std::vector<Workload> all;
    add(record_workloads(options), all);
    add(yahoo_workloads(options), all);
    add(cluster_workloads(options), all);
    add(smart_grid_workloads(options), all);
    add(linear_road_workloads(options), all);
    add(manufacturing_workloads(options), all);
    add(auction_workloads(options), all);
    add(network_workloads(options), all);
    add(scaling_workloads(options), all);
    return all;
}

}  // namespace thalweg::bench
