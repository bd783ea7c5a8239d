#pragma once

#include "engine/plan/catalog.h"
#include "engine/plan/logical.h"
#include "engine/plan/settings.h"
#include "engine/run/topology.h"
#include "engine/sql/location.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace thalweg::plan {

struct PhysicalOptions {
    bool is_fused = false;  // One shard and one ingest agent on one thread: one phase suffices.
    HashSeed seed = HashSeed::from(0);
    AggregatePhases phases = AggregatePhases::kAuto;
    TimeZonePtr zone = TimeZone::utc();
    bool shows_changes = false;  // EXPLAIN CHANGELOG_MODE: says what kinds of rows operators give.
    std::int64_t state_ttl_ns = 0;  // Of state that nothing else ends; 0: none.
};

// Relational trees to one topology: operators onto stages, exchanges where keys demand them, one
// scan for each source table however many queries read it.
//
// Rules
//   place      rows stay on the ingest agent that decoded them until an operator needs a key
//   exchange   a GROUP BY or join hashes to the owner of the key; a GROUP BY does not when the rows
//              are partitioned by a part of the key already. Without keys all goes to shard 0.
//   two phases a GROUP BY that can be split runs once before its exchange and once behind it
class PhysicalPlanner {
  public:
    explicit PhysicalPlanner(PhysicalOptions options) : options_(std::move(options)) {}

    // Adds a query that ends in a sink. Several may end in that of one table; null: a sink of its
    // own. Throws SqlError at `at` for what cannot be laid out.
    void add(const RelPtr& rel, SinkSpec sink, const TableDefinition* target, sql::Location at);

    // After the last add(): shared scans, the topology and its EXPLAIN text.
    [[nodiscard]] Topology finish();

    // What the settings ask for and no operator does.
    [[nodiscard]] const std::vector<std::string>& warnings() const noexcept { return warnings_; }

  private:
    // Rows on their way: the open stage that makes them.
    struct Stream {
        std::size_t stage = 0;
        std::vector<std::size_t> partition;  // Columns; empty: rows of a key may be anywhere.
        bool is_windowed = false;            // Emitted as windows fire.
        std::string lineage = {};            // What was done to the rows so far, in a few digits.
    };

    struct StageNotes {
        std::vector<std::string> lines;
        std::vector<std::string> columns;  // Names of what flows after the latest line.
        std::vector<std::string> columns_aside;
    };

    struct ScanUse {
        std::shared_ptr<const BoundTable> table;
        std::vector<ScanColumn> outputs;
        std::size_t stage = 0;
        ExprPtr filter;  // Over the outputs: what stands at once behind the scan. Or null.
    };

    Stream compile(const RelPtr& rel);
    Stream compile_expand(const Rel& rel, const Expand& node);
    Stream compile_scan(const Rel& rel, const Scan& node);
    // The rows of a scan, or those of the table of its latest rows by key; physical_scan.cc.
    Stream keep_latest(const Rel& rel, const Scan& node, Stream scan);
    Stream compile_aggregate(const Rel& rel, const Aggregate& node);
    Stream compile_group_aggregate(const Rel& rel, const Aggregate& node);
    Stream compile_join(const Rel& rel, const WindowJoin& node);
    Stream compile_stream_join(const Rel& rel, const StreamJoin& node);  // physical_join.cc
    std::array<std::int64_t, 2> ttls_of(const StreamJoin& node);
    Stream compile_lookup(const Rel& rel, const LookupJoin& node);
    Stream compile_union(const Rel& rel, const UnionAll& node);

    // plan_window.cc
    Stream compile_session(const Rel& rel, const AssignWindow& node);
    Stream compile_session_aggregate(const Rel& rel, const Aggregate& node);
    // The rows of each window as they are when it fires, of rows that change until then.
    Stream settle_windows(const Stream& input, const Aggregate& node);

    // plan_rank.cc, and OVER: plan_over.cc
    Stream compile_rank(const Rel& rel, const Rank& node);
    Stream compile_window_rank(const Rel& rel, const Rank& node);
    Stream compile_sort(const Rel& rel, const Sort& node);
    Stream compile_over(const Rel& rel, const Over& node);
    Stream compile_match(const Rel& rel, const Match& node);  // plan_match.cc
    // The stage where rows of a partition meet: that of `input`, if they do already, or a new one.
    // The rows that are given have the columns of the input first.
    [[nodiscard]] Stream gather_partitions(const Stream& input,
                                           SchemaPtr schema,
                                           const std::vector<std::size_t>& partition,
                                           const std::string& name);

    std::size_t new_stage(Place place, std::string name);
    void append(std::size_t stage, OpFactory op, std::string line, const Rel& rel);
    // The same for an operator with state, which snapshots know by `identity`.
    void append_stateful(
        std::size_t stage, OpFactory op, std::string line, std::string identity, const Rel& rel);
    void connect(std::size_t from, SchemaPtr schema, Output output);
    // Where there is a TTL that the state of `what` does not have: warns of it.
    void warn_without_ttl(const std::string& what);

    // Rows of `stream` to `target`, so that equal keys meet.
    void exchange(const Stream& stream,
                  SchemaPtr schema,
                  std::vector<std::size_t> keys,
                  std::size_t target,
                  std::size_t port);
    [[nodiscard]] bool is_local(const Stream& stream, const std::vector<std::size_t>& keys) const;
    void check_session_is_whole(const Stream& input, const Aggregate& node) const;
    void add_window(const WindowSpec& spec);
    // As if each millisecond ended a window: whether a row is late is then judged by the watermark
    // in force when it came, however rows come together.
    void add_each_millisecond();
    void finish_source(const std::shared_ptr<const BoundTable>& table,
                       const std::vector<const ScanUse*>& uses);
    [[nodiscard]] std::string explain() const;

    PhysicalOptions options_;
    sql::Location at_;  // Of the query being added.
    Topology topology_;
    std::vector<StageNotes> notes_;
    std::vector<ScanUse> scans_;
    std::vector<WindowSpec> windows_;
    std::vector<std::vector<std::string>> source_lines_;
    std::vector<std::vector<std::string>> lookup_lines_;
    std::map<const TableDefinition*, std::size_t> sink_stages_;  // Of null: the latest.
    std::vector<std::string> warnings_;
};

}  // namespace thalweg::plan
