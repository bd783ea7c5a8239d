#pragma once

#include "engine/run/agent.h"
#include "engine/run/clock.h"
#include "engine/run/epoch/epoch_desk.h"
#include "engine/run/epoch/group_mover.h"
#include "engine/run/epoch/manifest.h"
#include "engine/run/query_control.h"
#include "engine/sink/outbox.h"
#include "state/base/time.h"
#include "state/store/journal_files.h"
#include "state/store/store.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

// Turns what the agents say into durable epochs, one at a time.
//
//   due: request -> parts come, each is a section at once -> all agents are done
//     -> outboxes and manifest -> Store::commit          the epoch is durable from here on
//     -> announce (sources acknowledge) -> publish the outboxes -> retire what is old
//
// Results   Every epoch is published, also one without results: time may complete what an earlier
//           one began. Encoded results of sinks with an outbox come as parts all the time, and stay
//           in memory until they are published (EpochDesk bounds them). Every snapshot has those
//           that were not published when it was written, with the place where the first of them
//           goes: so whoever recovers publishes them again, there, before any other.
// Recovery  What was recovered leaves the process only when an epoch of this process is durable:
//           the first one is due at once.
// Journals  Every source with a journal begins a new segment at the barrier. So segments whose
//           numbers were taken before an epoch was asked for hold nothing that is not in it: when
//           the next one is durable they are deleted.
// End       After a stop the epoch in which all inputs are at rest is the last. So it is, once its
//           results are out, when inputs rest at their ends because windows are to stay open: the
//           next life reads what has been added to them. Else, at the end of all inputs, the one
//           that follows has the last results; when they are out and destinations are closed, one
//           more says that the query has ended. Then it may finish.
// Failure   A full disk: the epoch is given up, its results wait for the next one, which is tried a
//           second later; nothing is acknowledged meanwhile. Any other error of the disk fails the
//           query (I5).
// Threads   Its runner's; it may wait for the disk, so it shares it with nobody who is in a hurry.
class EpochCoordinator final : public Agent {
  public:
    // Borrows all but the outboxes.
    struct Settings {
        Store* store = nullptr;
        JournalFiles* journals = nullptr;
        EpochDesk* desk = nullptr;
        GroupMover* mover = nullptr;  // Null: no key group ever moves.
        QueryControl* control = nullptr;
        const Clock* clock = nullptr;
        std::size_t agents = 0;  // That take part.
        std::int64_t interval_ns = kNanosPerSecond;
        Manifest manifest;  // But for the values that change.
        std::function<void(std::string_view text)> say;
    };

    explicit EpochCoordinator(Settings settings) : settings_(std::move(settings)) {}

    // Setting up: a sink by its name in snapshots, what was recovered of it, and where it goes.
    void add_outbox(std::string name,
                    std::unique_ptr<OutboxTarget> target,
                    std::deque<OutboxEpoch> unpublished);

    [[nodiscard]] const Manifest& manifest() const noexcept { return settings_.manifest; }

    // Before them: their names.
    void add_outbox_name(std::string name) {
        settings_.manifest.outboxes.push_back(std::move(name));
    }

    std::size_t do_work(std::size_t budget) override;

    [[nodiscard]] std::string_view name() const noexcept override { return "epochs"; }

    // Durable ones, in this process.
    [[nodiscard]] std::uint64_t committed() const noexcept { return committed_; }

  private:
    struct Outbox {
        std::string name;
        std::unique_ptr<OutboxTarget> target;
        std::deque<OutboxEpoch> epochs;  // Not published; the oldest first.
        std::uint32_t sections = 0;      // Of the snapshot being written.
    };

    [[nodiscard]] bool is_due();
    void begin();
    void take(EpochPart& part);
    void take_outbox(EpochPart& part);
    void take_section(const EpochPart& part);
    void complete();
    [[nodiscard]] Result<void> write_section(const SectionLabel& label,
                                             std::span<const std::byte> bytes);
    [[nodiscard]] Result<void> write_waiting();
    void number_outboxes();
    [[nodiscard]] Result<void> write_sealed();
    [[nodiscard]] Result<void> write_outbox_epoch(Outbox& outbox, const OutboxEpoch& epoch);
    [[nodiscard]] Result<void> write_manifest();
    void after_commit();
    void publish();
    void close_outboxes();
    void give_up(const Error& error);
    void wait_for_room();
    void note(Result<void> result);

    Settings settings_;
    std::vector<Outbox> outboxes_;
    std::uint64_t epoch_ = 0;  // Requested last.
    std::uint64_t committed_ = 0;
    Generation segment_before_ = 0;          // The last number before the epoch.
    Generation segment_before_durable_ = 0;  // The same of the latest durable one; 0: none here.
    SnapshotWriter* writer_ = nullptr;       // Of the epoch that is being collected.
    bool is_collecting_ = false;
    std::size_t last_parts_ = 0;
    bool are_all_at_rest_ = false;
    std::size_t resting_ = 0;               // EpochDesk::resting() when it was asked for.
    bool is_end_ = false;                   // Nothing can come after the epoch being collected.
    bool are_results_out_ = false;          // All of them, and destinations are closed.
    Result<void> status_;                   // Of its sections.
    std::int64_t next_due_ns_ = INT64_MIN;  // By the steady clock.
    bool is_degraded_ = false;              // No epoch could become durable, for want of room.
    bool is_waiting_for_room_ = false;      // Nothing but time makes the next epoch due.
    bool is_finished_ = false;
};

}  // namespace thalweg
