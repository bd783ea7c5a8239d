#pragma once

#include <array>
#include <cstdint>

// The rows of the traces as they lie in memory, which is as `raw-struct` reads them: fields in the
// order of the tables, nothing between them. Times are seconds.

namespace thalweg::bench {

struct ClusterRow {
    std::int64_t ts, job_id, task_id, machine_id;
    std::int32_t event_type, user_id, category, priority;
    float cpu, ram, disk;
    std::int32_t constraints;
};

static_assert(sizeof(ClusterRow) == 64);

struct GridRow {
    std::int64_t ts;
    float value;
    std::int32_t property, plug, household, house, padding;
};

static_assert(sizeof(GridRow) == 32);

struct RoadRow {
    std::int64_t ts;
    std::int32_t vehicle;
    float speed;
    std::int32_t highway, lane, direction, position;
};

static_assert(sizeof(RoadRow) == 32);

struct PlantRow {
    std::int64_t ts;
    std::int32_t sensors[14];
};

static_assert(sizeof(PlantRow) == 64);

struct BidRow {
    std::int64_t ts, auction, bidder, price;
    char extra[96];
};

static_assert(sizeof(BidRow) == 128);

// An advertisement was shown or clicked at: ids as BIGINT, and as 16 bytes.
struct AdRow {
    std::int64_t ts, user_id, page_id, ad_id, ad_type, event_type, ip_address, padding;
};

static_assert(sizeof(AdRow) == 64);

using WideId = std::array<std::uint64_t, 2>;

struct WideAdRow {
    std::int64_t ts;
    WideId user_id, page_id, ad_id;
    std::int64_t ad_type, event_type;
    WideId ip_address;
    char padding[40];
};

static_assert(sizeof(WideAdRow) == 128);

}  // namespace thalweg::bench
