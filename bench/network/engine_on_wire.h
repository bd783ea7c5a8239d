#pragma once

#include "bench/check_sum.h"
#include "engine/run/clock.h"
#include "engine/run/log.h"
#include "engine/run/query.h"
#include "state/base/status.h"
#include "state/store/store.h"

#include <cstdint>
#include <memory>
#include <string>

namespace thalweg::bench {

// A query as `thalweg run` runs it, on one thread, whose table and sink listen on ports of the
// kernel's choice.
class EngineOnWire {
  public:
    struct Settings {
        CheckSum* sum = nullptr;  // Sums the result up, instead of the sink that the SQL names.
        bool polls = false;
        Store* store = nullptr;  // Where its state goes, every second; borrowed.
    };

    // Returns when it listens.
    [[nodiscard]] static Result<std::unique_ptr<EngineOnWire>> start(const std::string& sql,
                                                                     const Settings& settings);

    [[nodiscard]] std::uint16_t input_port() const noexcept { return ports_->input; }

    [[nodiscard]] std::uint16_t result_port() const noexcept { return ports_->result; }

    // Windows that are open fire. Fails where the query did, or where its balance does not hold.
    [[nodiscard]] Result<QueryTotals> stop();

  private:
    struct Ports {
        std::uint16_t input = 0;
        std::uint16_t result = 0;
    };

    EngineOnWire();

    [[nodiscard]] Connectors connectors(CheckSum* sum) const;

    RealClock clock_;
    Log log_;
    std::shared_ptr<Ports> ports_;
    std::unique_ptr<Query> query_;
};

}  // namespace thalweg::bench
