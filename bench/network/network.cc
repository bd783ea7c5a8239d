#include "bench/network/wire_latency.h"
#include "bench/network/wire_query.h"
#include "bench/workloads/families.h"

#include <string>
#include <string_view>
#include <utility>

namespace thalweg::bench {

namespace {

constexpr std::size_t kTinyPart = 2'000;
constexpr std::size_t kDatagramRecords = 43;  // Of 1,400 bytes; all datagrams are full.

WireQuery query_of(std::string bench, std::size_t millions, std::size_t keys, bool is_tiny) {
    WireQuery query;
    query.bench = std::move(bench);
    query.variant = keys >= 1'000'000 ? std::to_string(keys / 1'000'000) + " M keys"
                    : keys >= 1'000   ? std::to_string(keys / 1'000) + " k keys"
                                      : std::to_string(keys) + " keys";
    const auto whole = [](std::size_t records) {
        return records / kDatagramRecords * kDatagramRecords;
    };
    query.stream.count = whole(millions * 1'000'000 / (is_tiny ? kTinyPart : 1));
    query.stream.keys = is_tiny && keys > 10'000 ? keys / kTinyPart : keys;
    query.stream.per_second = query.stream.count / 2;
    query.check_records = is_tiny ? query.stream.count : whole(query.stream.count / 8);
    return query;
}

}  // namespace

std::vector<Workload> network_workloads(const MeasureOptions& options) {
    constexpr std::size_t kKeys[] = {100, 10'000, 1'000'000};
    std::vector<Workload> workloads;
    for (const std::size_t keys : kKeys)
        workloads.push_back(workload_of(query_of("tcp", 16, keys, options.is_tiny)));
    for (const std::size_t keys : kKeys) {
        WireQuery query = query_of("udp", 16, keys, options.is_tiny);
        query.transport = Transport::kUdp;
        workloads.push_back(workload_of(std::move(query)));
    }
    for (const std::size_t keys : kKeys) {
        WireQuery query = query_of("json_tcp", 4, keys, options.is_tiny);
        query.format = WireFormat::kJson;
        workloads.push_back(workload_of(std::move(query)));
    }
    for (const std::size_t keys : kKeys) {
        WireQuery query = query_of("csv_tcp", 4, keys, options.is_tiny);
        query.format = WireFormat::kCsv;
        workloads.push_back(workload_of(std::move(query)));
    }
    constexpr std::pair<Keeps, std::string_view> kKeeps[] = {{Keeps::kEpochs, "epochs"},
                                                             {Keeps::kJournal, "journal"}};
    for (const Transport transport : {Transport::kTcp, Transport::kUdp}) {
        for (const auto& [keeps, name] : kKeeps) {
            WireQuery query = query_of("durability", 16, 10'000, options.is_tiny);
            query.variant = (transport == Transport::kTcp ? "tcp, " : "udp, ") + std::string(name);
            query.transport = transport;
            query.keeps = keeps;
            query.may_be_memory = options.is_tiny;
            workloads.push_back(workload_of(std::move(query)));
        }
    }
    WireQuery ysb;
    ysb.bench = "ysb_tcp";
    ysb.given = yahoo_case(options);
    ysb.variant = ysb.given->variant;
    ysb.stream.count = ysb.given->records;
    ysb.check_records = ysb.given->check_records;
    workloads.push_back(workload_of(std::move(ysb)));
    for (Workload& workload : latency_workloads(options))
        workloads.push_back(std::move(workload));
    return workloads;
}

}  // namespace thalweg::bench
