#pragma once

#include "engine/sink/outbox.h"
#include "state/schema.h"
#include "tests/store/sim_disk.h"
#include "tests/support/window_oracle.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

// Results on a disk of their own, as somebody sees them who reads it all the time.

namespace thalweg::test {

// Compares what is visible now with what was visible before: nothing changes or goes. After a power
// cut, what was visible and not durable may be gone until it has been published again; then it is
// the same.
class ReaderView {
  public:
    // What is wrong; empty when all is well.
    [[nodiscard]] std::string look(const SimDisk& disk);

    void power_cut() { is_settling_ = true; }

    // Looks; and what lies before this position of an outbox is durable from now on.
    void note_durable(const SimDisk& disk, std::string_view position);

    // Whether everything is visible again that ever was.
    [[nodiscard]] bool is_settled() const noexcept { return !is_settling_; }

  private:
    using Bytes = std::vector<std::byte>;

    [[nodiscard]] std::string look_settling(const SimDisk& disk);

    std::map<std::string, Bytes> seen_;           // By name.
    std::map<std::string, std::size_t> durable_;  // Bytes.
    bool is_settling_ = false;
    std::string problem_;
};

// What every sink of the simulation writes: one file that grows, or parts that roll soon.
struct DurableTargetSettings {
    bool has_parts = false;
    std::uint64_t part_bytes = 1000;
    std::int64_t part_interval_ns = kNanosPerSecond;
};

// The engine's own outbox for files, on this disk; says how far it has published.
[[nodiscard]] std::unique_ptr<OutboxTarget> make_durable_target(
    const DurableTargetSettings& settings,
    Disk& disk,
    std::function<void(std::string_view position)> on_published);

// The rows in all visible files, read as CSV with '~' for NULL; an unfinished part is a problem.
[[nodiscard]] std::string read_results(const SimDisk& disk,
                                       const Schema& schema,
                                       std::vector<Row>& rows);

}  // namespace thalweg::test
