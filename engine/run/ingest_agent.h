#pragma once

#include "engine/run/agent.h"
#include "engine/run/batch_home.h"
#include "engine/run/clock.h"
#include "engine/run/connectors.h"
#include "engine/run/epoch/agent_epoch.h"
#include "engine/run/published.h"
#include "engine/run/query_control.h"
#include "engine/run/source_outlet.h"
#include "engine/run/stage_instance.h"
#include "ingest/source.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

// When open windows fire although their time has not come: as soon as a source has ended by itself,
// at any end, or at none.
enum class DrainPolicy : std::uint8_t { kAuto, kAlways, kNever };

// What one source on one agent has counted.
struct SourceTotals {
    SourceCounters source;
    std::uint64_t rows_delivered = 0;
    std::array<std::uint64_t, kRejectReasonCount> rejected{};
};

// One front door: its sources, their event loop, and the stages that run beside them.
//
// A turn: take home what came back, go on with what was unfinished, run the event loop, poll each
// source, see who has ended. While the stages are full the outlets are not ready, and the sources
// read nothing: TCP's own window closes, datagrams are shed.
//
// Several sources begin gently, a record of each in turn. Else a file of a thousand rows would be
// over before the next one is opened, and what is late in it for a join of both, whose watermark is
// the least of theirs, would depend on sizes of buffers.
//
// Epochs    When one is asked for, an input is not read until its outlet holds nothing and its
//           stage is not at work; then it says how far it has come, and the barrier goes out. What
//           a stopped source leaves open goes into the last epoch: its channel does not end.
// Threads   Its runner's; totals() any.
class IngestAgent final : public Agent {
  public:
    // Borrows the clocks and the control.
    struct Settings {
        std::string name;
        IngestDoor door;
        const Clock* clock = nullptr;
        TurnClock* turn = nullptr;
        QueryControl* control = nullptr;
        DrainPolicy drain = DrainPolicy::kAuto;
        std::size_t home_capacity = 256;
    };

    explicit IngestAgent(Settings settings);

    // Setting up, before the first turn. Stages in topological order.
    void add_stage(StageInstance& stage) { stages_.push_back(&stage); }

    void add_source(std::unique_ptr<Source> source, SourceOutlet::Settings outlet);

    // The agent's part in epochs, with all its stages; borrowed. `index` is its own.
    void set_epoch(AgentEpoch& epoch, std::uint32_t index) {
        epoch_ = &epoch;
        index_ = index;
    }

    [[nodiscard]] std::uint32_t index() const noexcept { return index_; }

    // Goes on from what all instances of a source have written down; before open().
    [[nodiscard]] Result<void> restore(std::size_t source_index,
                                       const std::vector<SourcePosition>& positions,
                                       Watermark watermark,
                                       bool has_had_split);

    // Opens the sources; the first that cannot be opened is the error. One that has nothing to read
    // ends here.
    [[nodiscard]] Result<void> open();

    std::size_t do_work(std::size_t budget) override;

    [[nodiscard]] std::string_view name() const noexcept override { return settings_.name; }

    [[nodiscard]] int wake_descriptor() const noexcept override {
        return settings_.door.wake_descriptor;
    }

    [[nodiscard]] BatchHome& home() noexcept { return home_; }

    [[nodiscard]] IngestDoor& door() noexcept { return settings_.door; }

    // Of the source with this index in the topology, as of the latest turn.
    [[nodiscard]] SourceTotals totals(std::size_t source_index) const {
        return inputs_[source_index]->totals.read();
    }

  private:
    // So many turns take a record from each source: half a millisecond.
    static constexpr std::size_t kGentleTurns = 256;

    struct Input {
        std::string name;
        std::unique_ptr<SourceOutlet> outlet;
        std::unique_ptr<Source> source;  // Goes first: it may know the outlet.
        bool is_stopped = false;
        bool has_ended = false;
        bool is_at_rest = false;  // Stopped, and all was delivered; the channel stays open.
        std::uint64_t sealed_epoch = 0;
        Published<SourceTotals> totals;
    };

    [[nodiscard]] std::size_t work_on_epoch();
    [[nodiscard]] bool seal(Input& input);
    [[nodiscard]] bool is_replaying() const;
    [[nodiscard]] bool is_sealed();
    [[nodiscard]] bool is_between(const Input& input) const;
    [[nodiscard]] std::size_t poll_all(std::size_t budget);
    [[nodiscard]] std::size_t poll(Input& input, std::size_t records_max);
    void flush_in_time();
    void finish(Input& input);
    void publish();

    Settings settings_;
    BatchHome home_;
    std::vector<StageInstance*> stages_;
    std::vector<std::unique_ptr<Input>> inputs_;  // In the order of the topology.
    std::int64_t flushed_at_ns_ = 0;
    std::size_t gentle_turns_left_ = kGentleTurns;
    AgentEpoch* epoch_ = nullptr;
    std::uint32_t index_ = 0;
    std::uint64_t committed_ = 0;   // The sources know of this epoch.
    bool are_all_at_rest_ = false;  // The inputs, each when it was sealed.
};

}  // namespace thalweg
