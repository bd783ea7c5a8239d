#pragma once

#include "state/base/status.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace thalweg {

// A time zone of the tz database ("Asia/Shanghai", "UTC") or a fixed offset ("+08:00", "GMT+8").
//
// A local instant is the wall clock's reading counted as if it were UTC. to_utc of a reading that
// happens twice gives the first; of one that is skipped, the instant of the change.
// Immutable; any thread.
class TimeZone {
  public:
    [[nodiscard]] static Result<std::shared_ptr<const TimeZone>> find(std::string_view name);
    [[nodiscard]] static std::shared_ptr<const TimeZone> utc();

    [[nodiscard]] const std::string& name() const noexcept { return name_; }

    [[nodiscard]] bool is_utc() const noexcept { return is_fixed_ && offset_ns_ == 0; }

    [[nodiscard]] std::int64_t to_local(std::int64_t utc_ns) const;
    [[nodiscard]] std::int64_t to_utc(std::int64_t local_ns) const;

  private:
    TimeZone(std::string name, bool is_fixed, std::int64_t offset_ns, const void* zone)
        : name_(std::move(name)), is_fixed_(is_fixed), offset_ns_(offset_ns), zone_(zone) {}

    std::string name_;
    bool is_fixed_;
    std::int64_t offset_ns_;
    const void* zone_;  // The library's zone, alive as long as the process; null when fixed.
};

using TimeZonePtr = std::shared_ptr<const TimeZone>;

}  // namespace thalweg
