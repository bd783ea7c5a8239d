#pragma once

#include "engine/run/agent.h"
#include "engine/run/batch_home.h"
#include "engine/run/clock.h"
#include "engine/run/edge_item.h"
#include "engine/run/epoch/agent_epoch.h"
#include "engine/run/query_control.h"
#include "engine/run/ring.h"
#include "engine/run/stage_instance.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace thalweg {

// One core and everything it owns: an instance of each kShard stage, and the rings into them.
//
// There is a ring for each producer and each target stage, so that an item is only ever behind
// items for the same stage. A producer is an instance of a stage or, on an ingest agent, of all
// stages behind one source: where several ways lead from there to the target, what was sent in
// order arrives in order, and nothing is sent behind a barrier before all of them have theirs.
// Where all channels of a ring are barred (StageInstance) it is not read. The graph of stages has
// no cycle, hence neither has the graph of who waits for whom, and the last stage waits only for
// the merge agent, which waits for no shard: no deadlock, whatever the capacities.
//
// Threads  Its runner's.
class ShardAgent final : public Agent {
  public:
    // Borrows the clocks and the control.
    struct Settings {
        std::string name;
        const Clock* clock = nullptr;
        TurnClock* turn = nullptr;
        QueryControl* control = nullptr;
        std::size_t home_capacity = 256;
    };

    explicit ShardAgent(Settings settings);

    // The agent's part in epochs, with all its stages; borrowed, before the first turn.
    void set_epoch(AgentEpoch& epoch) { epoch_ = &epoch; }

    // Setting up, before the first turn. Stages in topological order.
    void add_stage(StageInstance& stage) { stages_.push_back(&stage); }

    struct Channel {
        std::size_t port = 0;
        std::size_t number = 0;
    };

    struct Inbound {
        Ring<EdgeItem>* ring = nullptr;
        StageInstance* target = nullptr;
        std::vector<Channel> channels = {};  // Of the target.
        BatchHome* home = nullptr;           // Where its batches go afterwards.
    };

    void add_ring(const Inbound& inbound) { inbound_.push_back(inbound); }

    std::size_t do_work(std::size_t budget) override;

    [[nodiscard]] std::string_view name() const noexcept override { return settings_.name; }

    [[nodiscard]] BatchHome& home() noexcept { return home_; }

  private:
    [[nodiscard]] static bool is_barred(const Inbound& inbound);
    [[nodiscard]] std::size_t work_on_epoch();
    [[nodiscard]] static std::size_t drain(const Inbound& inbound, std::size_t budget);

    Settings settings_;
    BatchHome home_;
    std::vector<StageInstance*> stages_;
    std::vector<Inbound> inbound_;
    AgentEpoch* epoch_ = nullptr;
};

// Gives one item to its stage, which is ready if the item carries rows.
void deliver(const EdgeItem& item, StageInstance& target);

}  // namespace thalweg
