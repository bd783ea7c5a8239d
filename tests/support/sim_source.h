#pragma once

#include "ingest/source.h"
#include "ingest/stream_reader.h"
#include "state/base/random.h"
#include "state/batch.h"
#include "tests/support/sim_network.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

// The simulator's side of a table: reads the connections of a SimNetwork as a tcp source reads
// sockets, through the engine's own StreamReader and Decoder.

namespace thalweg::test {

enum class SimStep : std::uint8_t { kOpen, kRows, kClose, kStop };

// What the engine was given, in order.
struct SimNote {
    SimStep step = SimStep::kRows;
    std::size_t connection = 0;
    std::size_t rows = 0;
};

// A bug on purpose, to see that it is seen.
enum class Plant : std::uint8_t {
    kNone,
    kDropRecord,       // The source loses a row.
    kRepeatBatch,      // The source delivers some rows twice.
    kEarlyWatermark,   // The watermark runs ahead of what WATERMARK FOR says.
    kNoCuts,           // Lateness is judged a batch at a time.
    kWrongShard,       // Rows of one key go to any shard.
    kUnorderedGather,  // Windows of different shards meet in any order.
};

// What the sources of a simulation share with it.
struct SimDesk {
    SimNetwork* network = nullptr;
    std::vector<SimNote> notes;
    std::uint64_t refusals = 0;  // Polls that found the engine full.
    Plant plant = Plant::kNone;
    std::uint64_t batches = 0;
};

// Between the reader and the engine: takes notes, and carries out planted bugs.
class SimOutlet final : public Outlet {
  public:
    SimOutlet(SimDesk& desk, SchemaPtr schema) : desk_(desk), schema_(std::move(schema)) {}

    void set_target(Outlet& target) { target_ = &target; }

    void set_connection(std::size_t connection) { connection_ = connection; }

    SplitId open_split() override;
    void close_split(SplitId split) override;

    bool ready() override { return target_->ready(); }

    void offer(SplitId split, const Batch& rows) override;

    void reject(const Rejected& record) override { target_->reject(record); }

    void flush() override { target_->flush(); }

  private:
    SimDesk& desk_;
    SchemaPtr schema_;
    Outlet* target_ = nullptr;
    std::size_t connection_ = 0;
    std::unique_ptr<Batch> changed_;  // By a planted bug; until the outlet wants the next.
};

class SimSource final : public Source {
  public:
    struct Settings {
        SimDesk* desk = nullptr;  // Outlives the source.
        std::size_t table = 0;
        std::size_t agent = 0;
        std::uint64_t seed = 0;
        bool is_bounded = false;
        bool accepts_at_open = false;  // Who is connected by then counts from the start.
    };

    SimSource(Settings settings, FormatSpec format);

    Result<void> open(Outlet& outlet) override;
    std::size_t poll(std::int64_t now_ns, std::size_t budget, Outlet& outlet) override;

    void stop() override;

    [[nodiscard]] bool finished() const override;

    [[nodiscard]] bool is_bounded() const override { return settings_.is_bounded; }

    [[nodiscard]] const SourceCounters& counters() const override { return workspace_.counters(); }

  private:
    std::size_t accept_all();
    std::size_t serve(std::size_t connection, std::int64_t now_ns, std::size_t budget);
    void read(std::size_t connection, std::int64_t now_ns);
    void close(std::size_t connection);
    std::size_t finish(std::size_t budget);

    Settings settings_;
    FormatSpec format_;
    StreamWorkspace workspace_;
    SimOutlet outlet_;
    Random random_;
    std::map<std::size_t, std::unique_ptr<StreamReader>> readers_;  // By connection.
    std::optional<std::size_t> current_;  // Has its bytes in the workspace.
    bool is_stopping_ = false;
    bool is_flushed_ = true;
};

}  // namespace thalweg::test
