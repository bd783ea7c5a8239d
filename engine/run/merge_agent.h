#pragma once

#include "engine/run/agent.h"
#include "engine/run/batch_home.h"
#include "engine/run/clock.h"
#include "engine/run/edge_item.h"
#include "engine/run/epoch/agent_epoch.h"
#include "engine/run/gather.h"
#include "engine/run/published.h"
#include "engine/run/query_control.h"
#include "engine/run/sink_output.h"
#include "engine/run/stage_instance.h"
#include "engine/sink/sink.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

// What came through one Gather and waits for its stage, one queue for each channel.
//
// Order     Channels of an ordered edge: rows leave in the order of their steps. Those of the least
//           step go, once every other channel has rows of that step or a later one in front, or
//           has reached that step: all rows of one window before any of the next. Nothing of a
//           window is collected; a channel's rows stream as soon as no one can come before them.
//           Other channels: as they come.
//           Behind a barrier nothing of a channel goes until all have brought theirs. All instances
//           have fired the same windows when they come to a barrier, so that no row waits for one
//           from behind it.
//           Instances of a stage that hear the same words are one group. An idle channel does not
//           hold others back, unless one of its own group has woken: what woke that one is on its
//           way to it too. Where agents fall idle and wake while others go on, shards may hear of
//           it in different orders, and one may wait for input that is held up by another's rows:
//           when nothing has moved for kStallNs, what is held back goes.
// Bounds    The channels' credits.
// Threads   The merge agent's.
class GatherQueue {
  public:
    static constexpr std::int64_t kStallNs = kNanosPerSecond;

    // `groups`: for each port, for each of its channels, the group, or kUnordered.
    static constexpr std::size_t kUnordered = 0;

    GatherQueue(Gather& gather,
                StageInstance& target,
                std::vector<std::vector<std::size_t>> groups);
    GatherQueue(GatherQueue&&) = default;
    GatherQueue& operator=(GatherQueue&&) = delete;
    GatherQueue(const GatherQueue&) = delete;
    GatherQueue& operator=(const GatherQueue&) = delete;
    ~GatherQueue();

    // Takes what has come, and gives the stage what may go, up to `budget` items. Batches go to
    // homes[producer]. `now_ns` is processing time.
    [[nodiscard]] std::size_t work(std::size_t budget,
                                   const std::vector<BatchHome*>& homes,
                                   std::int64_t now_ns);

  private:
    struct Channel {
        std::deque<EdgeItem> items;
        Watermark watermark;  // Of the words delivered so far.
        std::size_t group = kUnordered;
        bool is_idle = false;
        bool has_ended = false;
        std::size_t port = 0;
        std::size_t number = 0;  // In its port.
        bool is_awake = false;   // By the last item that came, delivered or not.
    };

    [[nodiscard]] Channel* next_channel();
    [[nodiscard]] bool is_barred(const Channel& channel) const;
    [[nodiscard]] bool may_go(const Channel& channel) const;
    [[nodiscard]] bool may_pass(const Channel& other, Watermark step) const;
    [[nodiscard]] bool is_group_awake(std::size_t group) const;
    void look_for_stall(std::int64_t now_ns);
    void deliver_front(Channel& channel, const std::vector<BatchHome*>& homes);

    Gather* gather_;
    StageInstance* target_;
    std::vector<std::vector<std::size_t>> index_;  // [port][channel] -> channels_.
    std::vector<Channel> channels_;
    std::size_t next_ = 0;       // Where to look first: channels take turns.
    std::int64_t moved_ns_ = 0;  // When something came or went, or nothing was held back.
};

// Puts the outputs of the shards together and feeds the sinks.
//
// A turn: poll the sinks, go on with what was unfinished, take what the mailboxes hold as far as
// the stages are ready. A stage whose sink is full takes nothing, its producers run out of credits,
// and wait. When all stages have ended the sinks are closed and the query is over; where there are
// epochs, when the last of them is durable. After a stop, a sink that takes nothing for five
// seconds, or does not let go of it, fails the query: who asked for an end gets one.
//
// Threads   Its runner's; totals any.
// Failure   A sink's error fails the query.
class MergeAgent final : public Agent {
  public:
    // Borrows the clocks and the control.
    struct Settings {
        std::string name;
        const Clock* clock = nullptr;
        TurnClock* turn = nullptr;
        QueryControl* control = nullptr;
    };

    explicit MergeAgent(Settings settings);

    // Setting up, before the first turn.
    void add_stage(StageInstance& stage) { stages_.push_back(&stage); }

    // The agent's part in epochs, with all its stages; borrowed.
    void set_epoch(AgentEpoch& epoch) { epoch_ = &epoch; }

    [[nodiscard]] Sink& add_sink(std::string name, std::unique_ptr<Sink> sink);

    // For the edge into a sink, by the order in which they were added.
    [[nodiscard]] SinkSeal& seal(std::size_t sink_index) { return outlets_[sink_index]->seal; }

    void add_queue(GatherQueue queue) { queues_.push_back(std::move(queue)); }

    void set_homes(std::vector<BatchHome*> homes) { homes_ = std::move(homes); }

    [[nodiscard]] Result<void> open();

    std::size_t do_work(std::size_t budget) override;

    // After a failure, with all threads gone: lets the sinks show what they were given.
    void give_up();

    [[nodiscard]] std::string_view name() const noexcept override { return settings_.name; }

    [[nodiscard]] SinkCounters sink_totals(std::size_t sink_index) const {
        return outlets_[sink_index]->totals.read();
    }

  private:
    struct Outgoing {
        std::string name;
        std::unique_ptr<Sink> sink;
        Published<SinkCounters> totals;
        SinkSeal seal;
        std::int64_t full_since_ns = 0;  // By the steady clock, after a stop; 0 while it takes.
    };

    [[nodiscard]] std::size_t work_on_epoch();
    [[nodiscard]] bool have_stages_ended() const;
    void finish_in_time(bool has_ended);
    void poll_sinks(bool has_ended);
    void give_up_on_full(Outgoing& outlet);
    void close();
    void publish();

    Settings settings_;
    std::vector<StageInstance*> stages_;
    std::vector<std::unique_ptr<Outgoing>> outlets_;
    std::vector<GatherQueue> queues_;
    std::vector<BatchHome*> homes_;
    AgentEpoch* epoch_ = nullptr;
};

}  // namespace thalweg
