#pragma once

#include "engine/run/execution.h"
#include "engine/run/topology.h"
#include "state/base/random.h"
#include "state/store/store.h"
#include "tests/store/buggy_disk.h"
#include "tests/store/sim_disk.h"
#include "tests/support/durable_producers.h"
#include "tests/support/durable_results.h"
#include "tests/support/manual_clock.h"
#include "tests/support/sim_query.h"
#include "tests/support/story_world.h"
#include "tests/support/watched_disk.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace thalweg::test {

// What outlives a process: producers, disks, the clock, and whoever reads the results.
struct DurableWorld {
    explicit DurableWorld(std::uint64_t seed) : random(seed), store_disk(random()) {}

    Random random;
    ManualClock clock{1'704'110'400 * kNanosPerSecond};
    CrashPlant plant = CrashPlant::kNone;
    SimQuery query;
    std::size_t frame_bytes_max = 256;
    bool has_two_phases = false;
    bool has_journal = false;  // Tables are kept in one.
    std::unique_ptr<Producers> producers;
    SimDisk store_disk;
    std::vector<std::unique_ptr<SimDisk>> sink_disks;  // One for each sink.
    std::vector<DurableTargetSettings> targets;
    std::vector<ReaderView> views;
    std::vector<SchemaPtr> schemas;  // Of the sinks, as planned last.
};

// One process on this world: a store, an execution and what is between them and the disks.
class DurableLife {
  public:
    struct Settings {
        ExecutionSettings execution;
        bool is_bounded = false;
        bool traces = false;
    };

    // What was heard and seen in it.
    struct Notes {
        DiskWatch store;
        DiskWatch sinks;
        Generation first_generation = 0;  // That was recovered.
        std::optional<Generation> generation_at_error;
        std::uint64_t restored_rows = 0;
        std::uint64_t moved_rows = 0;  // Of state, with their key groups.
        bool is_degraded = false;
        std::uint64_t full_store = 0;
        std::uint64_t room_again = 0;
        std::uint64_t full_destination = 0;
        std::uint64_t full_journal = 0;
        std::uint64_t replayed_bytes = 0;
    };

    DurableLife(DurableWorld& world, Settings settings);
    DurableLife(const DurableLife&) = delete;
    DurableLife& operator=(const DurableLife&) = delete;
    ~DurableLife();

    // Recovers and opens; may crash.
    [[nodiscard]] Result<void> open();

    [[nodiscard]] Execution& execution() noexcept { return *execution_; }

    [[nodiscard]] const Store& store() const noexcept { return *store_; }

    [[nodiscard]] SessionDesk& desk() noexcept { return desk_; }

    [[nodiscard]] Notes& notes() noexcept { return notes_; }

    // A bug on purpose: who has not passed the barrier of a move already sends as if he had.
    void switch_early() const;

    // Those of the execution, the coordinator, and who writes journals.
    [[nodiscard]] const std::vector<Agent*>& agents() const noexcept { return agents_; }

  private:
    [[nodiscard]] Result<void> plan();
    [[nodiscard]] Connectors connectors();
    [[nodiscard]] Result<std::unique_ptr<Source>> make_source(const SourceSpec& spec,
                                                              const SourceInstance& instance);
    [[nodiscard]] Result<OutboxSink> make_outbox(const SinkSpec& spec, OutboxGive give);
    void hear(const QueryEvent& event);
    void read_journals();

    DurableWorld& world_;
    Settings settings_;
    Notes notes_;
    StoryInput file_;  // Of lookup table d.
    SessionDesk desk_;
    BuggyDisk buggy_disk_;
    WatchedDisk store_disk_;
    std::vector<std::unique_ptr<WatchedDisk>> sink_disks_;
    std::unique_ptr<Store> store_;
    std::shared_ptr<const Topology> topology_;
    std::unique_ptr<Execution> execution_;
    std::vector<Agent*> agents_;
};

}  // namespace thalweg::test
