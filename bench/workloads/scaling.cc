#include "bench/whole_query.h"
#include "bench/workloads/families.h"
#include "engine/run/cpu.h"

#include <array>
#include <memory>
#include <string>
#include <utility>

namespace thalweg::bench {

namespace {

constexpr std::array<std::size_t, 4> kCores = {2, 4, 8, 16};

Workload growth_of(const QueryCase& query, std::size_t cores) {
    const auto shared = std::make_shared<const QueryCase>(query);
    return {
        "scaling", growth_variant(query, cores), [shared, cores](const MeasureOptions& options) {
            return measure_growth(*shared, cores, options);
        }};
}

}  // namespace

std::vector<Workload> scaling_workloads(const MeasureOptions& options) {
    std::vector<Workload> workloads;
    const std::size_t cores_max = cpu_count();
    for (const QueryCase& query : record_queries(options)) {
        if (query.bytes_max != 0) continue;  // About memory, and large.
        for (const std::size_t cores : kCores) {
            if (cores > cores_max || (options.is_tiny && cores > 2)) continue;
            workloads.push_back(growth_of(query, cores));
        }
    }
    return workloads;
}

}  // namespace thalweg::bench
