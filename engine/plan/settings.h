#pragma once

#include "state/base/status.h"
#include "state/base/time.h"
#include "state/text/time_zone.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg::plan {

enum class AggregatePhases : std::uint8_t { kAuto, kOne, kTwo };

// What SET and --set change: the session's options, by Flink's names. An option that Flink has and
// Thalweg gives no meaning to is kept and warned about, never refused, so that a file stays
// runnable in both places.
class Settings {
  public:
    Settings();

    // Fails when the value does not fit the key. Appends to `warnings` for a key without meaning.
    [[nodiscard]] Result<void> set(const std::string& key,
                                   const std::string& value,
                                   std::vector<std::string>& warnings);

    // An empty key resets all.
    void reset(const std::string& key);

    [[nodiscard]] const TimeZonePtr& zone() const noexcept { return zone_; }

    [[nodiscard]] AggregatePhases aggregate_phases() const noexcept { return phases_; }

    // 'table.exec.sink.not-null-enforcer': whether a row with NULL in a NOT NULL column of its sink
    // is left out; else it fails the query.
    [[nodiscard]] bool drops_null_rows() const noexcept { return drops_null_rows_; }

    // 'table.exec.source.idle-timeout': 0 for none.
    [[nodiscard]] std::int64_t idle_timeout_ns() const noexcept { return idle_timeout_ns_; }

    // 'table.exec.state.ttl': 0 for none.
    [[nodiscard]] std::int64_t state_ttl_ns() const noexcept { return state_ttl_ns_; }

    // 'parallelism.default': 0 when not set.
    [[nodiscard]] std::uint32_t parallelism() const noexcept { return parallelism_; }

    // 'state.dir': where the query keeps what survives its process; empty: nowhere.
    [[nodiscard]] const std::string& state_directory() const noexcept { return state_directory_; }

    // 'execution.checkpointing.interval'.
    [[nodiscard]] std::int64_t epoch_interval_ns() const noexcept { return epoch_interval_ns_; }

    // 'execution.rebalancing.enabled'.
    [[nodiscard]] bool rebalances() const noexcept { return rebalances_; }

    [[nodiscard]] const std::map<std::string, std::string>& values() const noexcept {
        return values_;
    }

  private:
    std::map<std::string, std::string> values_;
    TimeZonePtr zone_;
    AggregatePhases phases_ = AggregatePhases::kAuto;
    bool drops_null_rows_ = false;
    std::int64_t idle_timeout_ns_ = 0;
    std::int64_t state_ttl_ns_ = 0;
    std::uint32_t parallelism_ = 0;
    std::string state_directory_;
    std::int64_t epoch_interval_ns_ = kNanosPerSecond;
    bool rebalances_ = false;
};

}  // namespace thalweg::plan
