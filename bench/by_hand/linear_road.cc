#include "bench/by_hand/sliding_groups.h"
#include "bench/by_hand/slot_table.h"
#include "bench/by_hand/totals.h"
#include "bench/by_hand/traces.h"
#include "bench/trace_rows.h"
#include "state/base/time.h"

#include <vector>

namespace thalweg::bench::by_hand {

namespace {

constexpr std::int32_t kFeetPerMile = 5'280;

struct Place {
    std::int32_t highway, direction, mile;
};

// Highways have numbers below 16, directions below 4, miles below 128.
constexpr std::size_t kPlaces = 16 * 4 * 128;

std::uint32_t number_of(const RoadRow& row) {
    const auto bits = [](std::int32_t value, std::uint32_t end) {
        return static_cast<std::uint32_t>(value) % end;
    };
    return (bits(row.highway, 16) * 4 + bits(row.direction, 4)) * 128 +
           bits(row.position / kFeetPerMile, 128);
}

Place place_of(std::uint32_t number) {
    return {static_cast<std::int32_t>(number / (4 * 128)),
            static_cast<std::int32_t>(number / 128 % 4),
            static_cast<std::int32_t>(number % 128)};
}

struct SpeedRow {
    std::int64_t end;
    Place place;
    float speed;

    [[nodiscard]] auto cells() const {
        return std::tuple(end * kNanosPerSecond, place.highway, place.direction, place.mile, speed);
    }
};

struct VehicleRow {
    std::int64_t end;
    std::int32_t vehicle;
    Place place;
    std::int64_t count;

    [[nodiscard]] auto cells() const {
        return std::tuple(
            end * kNanosPerSecond, vehicle, place.highway, place.direction, place.mile, count);
    }
};

struct VehicleSlot {
    std::int64_t key;  // Vehicle and number of the place; never 0, as vehicles count from 1.
    std::uint32_t number;
};

}  // namespace

void lrb1(Input& input, Results& results) {
    constexpr std::size_t kSeconds = 300;
    constexpr float kSlow = 40;
    RowWriter<SpeedRow> writer(results);
    SlidingGroups<RealSum> groups(kPlaces, kSeconds);
    SlidingSeconds seconds(groups, [&](std::int64_t end, auto live) {
        for (const auto& group : live) {
            const float speed = group.total.average();
            writer.add_if(speed < kSlow, {end, place_of(group.number), speed});
        }
    });
    for_each_second<RoadRow>(input, [&](std::span<const RoadRow> rows) {
        seconds.pass(rows.front().ts);
        for (const RoadRow& row : rows) {
            groups.of(number_of(row)).add(row.speed);
        }
    });
    seconds.finish();
    writer.flush();
}

void lrb2(Input& input, Results& results) {
    constexpr std::size_t kSeconds = 30;
    constexpr std::size_t kVehiclePlaces = 16'384;  // Of one trace.
    RowWriter<VehicleRow> writer(results);
    SlotTable<VehicleSlot> numbers(kVehiclePlaces);
    std::vector<VehicleRow> places;  // By number: all but end and count.
    SlidingGroups<Count> groups(kVehiclePlaces, kSeconds);
    SlidingSeconds seconds(groups, [&](std::int64_t end, auto live) {
        for (const auto& group : live) {
            const VehicleRow& row = places[group.number];
            writer.add({end, row.vehicle, row.place, group.total.count});
        }
    });
    for_each_second<RoadRow>(input, [&](std::span<const RoadRow> rows) {
        seconds.pass(rows.front().ts);
        for (const RoadRow& row : rows) {
            const std::uint32_t place = number_of(row);
            const std::int64_t key = row.vehicle * static_cast<std::int64_t>(kPlaces) + place;
            VehicleSlot& slot = numbers.find(key);
            if (slot.key == 0) [[unlikely]] {
                slot = {key, static_cast<std::uint32_t>(places.size())};
                places.push_back({0, row.vehicle, place_of(place), 0});
            }
            ++groups.of(slot.number).count;
        }
    });
    seconds.finish();
    writer.flush();
}

}  // namespace thalweg::bench::by_hand
