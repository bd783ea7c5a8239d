#include "bench/whole_query.h"
#include "bench/workloads/families.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace thalweg::bench {

namespace {

// Raw records alone of `aggregate` and its like: what a decoder costs is no matter of epochs.
constexpr std::array<std::string_view, 8> kBenches = {
    "aggregate", "hop", "distinct", "window_join", "cm2", "sg2", "lrb2", "nbq5"};

void add(const std::vector<QueryCase>& queries, std::vector<Workload>& workloads) {
    for (const QueryCase& query : queries) {
        if (std::find(kBenches.begin(), kBenches.end(), query.bench) == kBenches.end()) continue;
        const auto shared = std::make_shared<const QueryCase>(query);
        workloads.push_back(
            {"epochs", epoch_variant(query), [shared](const MeasureOptions& options) {
                 return measure_epochs(*shared, options);
             }});
    }
}

}  // namespace

std::vector<Workload> epoch_workloads(const MeasureOptions& options) {
    std::vector<Workload> workloads;
    add(record_queries(options), workloads);
    add(cluster_queries(options), workloads);
    add(smart_grid_queries(options), workloads);
    add(linear_road_queries(options), workloads);
    add(auction_queries(options), workloads);
    return workloads;
}

}  // namespace thalweg::bench
