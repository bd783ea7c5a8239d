#pragma once

#include "engine/sink/sink.h"
#include "ingest/source.h"
#include "ops/expr/expr.h"
#include "ops/lookup_table.h"
#include "ops/op.h"
#include "ops/window.h"
#include "state/base/hash.h"
#include "state/base/ids.h"
#include "state/schema.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace thalweg {

// The plan's promise to the runtime: a graph of stages, the waist between SQL and threads. A
// planner, a test or another front-end builds one; engine/run executes it and has never heard of
// SQL.
//
// Shape   A stage is a chain of operators at one place. Its outputs lead to ports of other stages
//         or to sinks; every stage after the first of a path is reached through edges only, and the
//         graph has no cycle. Each (stage, port) may have several edges: that is UNION ALL.
//
//           ingest agent i                shard s                       merge agent
//         +-----------------+  kHash   +--------------+  kGather   +-----------------+
//         | source 0 stage 0 |========>| stage 1, ops |===========>| stage 2, sink 0 |
//         +-----------------+          +--------------+            +-----------------+
//
// Places  kIngest: one instance per ingest agent, fed by the source or by another kIngest stage
//         (kForward). kShard: one instance per shard. kMerge: one instance.
// Time    A stage's watermark is the minimum over all edges into it and, for each, over all
//         producing instances. Immutable once built; shared by all threads.

enum class Place : std::uint8_t { kIngest, kShard, kMerge };

enum class Exchange : std::uint8_t {
    kForward,    // Direct call, same place, same agent.
    kHash,       // By the hash of `keys` to the shard that owns the key group.
    kSingleton,  // All rows to shard 0.
    kSpread,     // To any shard, in turn: stateless work worth distributing.
    kGather,     // To the merge agent.
    kSink,       // Into a sink; from kMerge stages only.
};

struct Output {
    Exchange exchange = Exchange::kForward;
    StageId target;                 // All but kSink.
    std::size_t port = 0;           // Of the target.
    std::vector<std::size_t> keys;  // kHash: columns of this stage's output.
    std::size_t sink = 0;           // kSink: index in Topology::sinks.
    bool is_aside = false;          // Of what the last operator emits aside (Emitter), not else.
    SchemaPtr schema;               // Of what leaves here; null: the stage's output_schema.
    bool is_ordered = false;  // kGather: merge emits rows in watermark order: all shards' rows of
                              // one window before any row of the next.
};

// The lookup tables of a running query, in the order of Topology::lookups.
using LookupTables = std::vector<LookupTablePtr>;

// Makes one instance of an operator: of nothing, or of the lookup tables that it reads.
class OpFactory {
  public:
    template <class Make>
        requires std::is_invocable_v<const Make&>
    OpFactory(Make make)
        : make_([make = std::move(make)](const LookupTables&) { return make(); }) {}

    template <class Make>
        requires(std::is_invocable_v<const Make&, const LookupTables&> &&
                 !std::is_same_v<Make, OpFactory>)
    OpFactory(Make make) : make_(std::move(make)) {}

    // What the operator computes from which input, in words: the name of its state in snapshots.
    // Empty: it has none.
    [[nodiscard]] const std::string& identity() const noexcept { return identity_; }

    void set_identity(std::string identity) { identity_ = std::move(identity); }

    [[nodiscard]] std::unique_ptr<Op> operator()(const LookupTables& tables) const {
        return make_(tables);
    }

  private:
    std::function<std::unique_ptr<Op>(const LookupTables&)> make_;
    std::string identity_;
};

struct Stage {
    std::string name;  // For EXPLAIN and metrics: "aggregate ip by window".
    Place place = Place::kShard;
    std::size_t port_count = 1;
    std::vector<OpFactory> ops;
    SchemaPtr output_schema;
    std::vector<Output> outputs;
};

// How a source's rows get their time.
struct EventTime {
    std::size_t column = 0;            // Of SourceStage::columns' result: the row time.
    ExprPtr watermark;                 // Over the same columns: WATERMARK FOR column AS watermark.
    std::int64_t idle_timeout_ns = 0;  // 0: a silent split holds the watermark back for ever.
};

// A source table and the head of its plan. On each ingest agent: decode the wanted columns, compute
// `columns`, assign watermarks, hand the rows to `stage`.
struct SourceStage {
    SourceSpec source;
    std::vector<ExprPtr> columns;  // Over the wanted columns; the stage's input.
    std::optional<EventTime> event_time;
    // The windows that see this row time unchanged: where one of them ends, a batch is cut, so that
    // lateness is judged as if the watermark moved after every row.
    std::vector<WindowSpec> windows;
    StageId stage;
};

// A bounded table that operators look rows up in: read whole, once, before anything runs, and
// shared by all that read it.
struct LookupSource {
    SourceSpec source;
    std::vector<ExprPtr> columns;  // Over the wanted columns.
    std::vector<OpFactory> ops;    // Without state: what becomes of them before they are kept.
    LookupTableSpec table;
};

struct Topology {
    std::vector<SourceStage> sources;
    std::vector<LookupSource> lookups;
    std::vector<Stage> stages;
    std::vector<SinkSpec> sinks;
    HashSeed seed = HashSeed::from(0);
    std::string explain;  // What `thalweg explain` prints.
};

}  // namespace thalweg
