#include "bench/workload.h"

#include "bench/whole_query.h"

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
    add(query_workloads(options), all);
    return all;
}

}  // namespace thalweg::bench
