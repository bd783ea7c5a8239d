#pragma once

#include "engine/run/connectors.h"
#include "engine/run/execution.h"
#include "engine/run/topology.h"
#include "ops/expr/expr.h"
#include "tests/support/stage_doubles.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace thalweg::test {

// A record of the test sources: key, event time, and what WATERMARK FOR gives for it. A time of
// kNullTime is NULL.
struct Record {
    static constexpr std::int64_t kNullTime = INT64_MIN;

    std::int64_t key = 0;
    std::int64_t time = 0;
    std::int64_t watermark = 0;
};

inline SchemaPtr record_schema() {
    return make_schema(
        {{"key", Type::bigint()}, {"time", Type::timestamp(3)}, {"watermark", Type::timestamp(3)}});
}

inline void fill(Batch& batch, std::span<const Record> rows) {
    batch.clear();
    for (std::size_t i = 0; i < rows.size(); ++i) {
        batch.column(0).data<std::int64_t>()[i] = rows[i].key;
        batch.column(1).data<std::int64_t>()[i] = rows[i].time;
        batch.column(2).data<std::int64_t>()[i] = rows[i].watermark;
        if (rows[i].time != Record::kNullTime) continue;
        batch.column(1).set_null(i);
        batch.column(2).set_null(i);
    }
    batch.set_size(rows.size());
}

// What a VectorSource delivers: each split's records in order, splits in turn.
struct VectorInput {
    std::vector<std::vector<Record>> splits;
    std::size_t batch_rows = kBatchRows;
    bool is_bounded = true;
    bool holds_splits_open = false;  // Unbounded: until stop().
    std::size_t reject_every = 0;    // Of the batches: one record before it is malformed.
    std::string open_error;
    bool is_replay = false;  // All of it was journalled in an earlier life.
};

// Divides its splits among the instances.
class VectorSource final : public Source {
  public:
    VectorSource(VectorInput input, SourceInstance instance) : input_(std::move(input)) {
        for (std::size_t i = instance.index; i < input_.splits.size(); i += instance.count)
            parts_.push_back({std::move(input_.splits[i]), {}, 0, false});
    }

    Result<void> open(Outlet& outlet) override {
        if (!input_.open_error.empty()) return fail(Code::kIo, input_.open_error);
        for (Part& part : parts_)
            part.id = outlet.open_split();
        return {};
    }

    std::size_t poll(std::int64_t, std::size_t budget, Outlet& outlet) override {
        std::size_t done = 0;
        for (Part& part : parts_) {
            if (done >= budget || !outlet.ready()) return done;
            done += read(part, budget - done, outlet);
        }
        if (done == 0) outlet.flush();
        return done;
    }

    void stop() override { is_stopped_ = true; }

    [[nodiscard]] bool is_replaying() const override { return input_.is_replay && !all_closed(); }

    [[nodiscard]] bool finished() const override {
        return all_closed() && (input_.is_bounded || is_stopped_);
    }

    [[nodiscard]] bool is_bounded() const override { return input_.is_bounded; }

    [[nodiscard]] const SourceCounters& counters() const override { return counters_; }

  private:
    struct Part {
        std::vector<Record> records;
        SplitId id;
        std::size_t position = 0;
        bool is_closed = false;
    };

    [[nodiscard]] bool all_closed() const {
        return std::all_of(
            parts_.begin(), parts_.end(), [](const Part& part) { return part.is_closed; });
    }

    std::size_t read(Part& part, std::size_t budget, Outlet& outlet) {
        if (part.is_closed) return 0;
        const std::size_t left = part.records.size() - part.position;
        if (left == 0 || is_stopped_) {
            if (input_.holds_splits_open && !is_stopped_) return 0;
            part.is_closed = true;
            outlet.close_split(part.id);
            return 1;
        }
        ++batches_;
        if (input_.reject_every != 0 && batches_ % input_.reject_every == 0) {
            ++counters_.received_records;
            outlet.reject({RejectReason::kMalformed, "not a record", "??", "peer", 17});
        }
        const std::size_t count = std::min({left, input_.batch_rows, budget});
        fill(batch_, std::span(part.records).subspan(part.position, count));
        part.position += count;
        counters_.received_records += count;
        counters_.emitted_records += count;
        outlet.offer(part.id, batch_);
        return count;
    }

    VectorInput input_;
    std::vector<Part> parts_;
    Batch batch_{record_schema()};
    SourceCounters counters_;
    std::size_t batches_ = 0;
    bool is_stopped_ = false;
};

// What a VectorSink was given, and how it behaves.
struct SinkLog {
    std::vector<Pair> rows;
    std::function<bool()> is_ready;  // Always, if empty.
    std::size_t fail_after = SIZE_MAX;
    std::size_t flushes = 0;
    bool is_closed = false;
};

class VectorSink final : public Sink {
  public:
    explicit VectorSink(std::shared_ptr<SinkLog> log) : log_(std::move(log)) {}

    Result<void> open() override { return {}; }

    [[nodiscard]] bool ready() override { return !log_->is_ready || log_->is_ready(); }

    Result<void> write(const BatchView& rows) override {
        const std::vector<Pair> pairs = pairs_of(rows);
        log_->rows.insert(log_->rows.end(), pairs.begin(), pairs.end());
        counters_.rows += pairs.size();
        if (log_->rows.size() >= log_->fail_after) return fail(Code::kIo, "the disk is full");
        return {};
    }

    Result<void> poll(std::int64_t) override { return {}; }

    void flush() override { ++log_->flushes; }

    Result<void> close() override {
        log_->is_closed = true;
        return {};
    }

    [[nodiscard]] bool is_drained() const override { return true; }

    [[nodiscard]] const SinkCounters& counters() const override { return counters_; }

  private:
    std::shared_ptr<SinkLog> log_;
    SinkCounters counters_;
};

// Sources by the name of their table, one sink log for each sink name.
struct World {
    std::map<std::string, VectorInput> inputs;
    std::map<std::string, std::shared_ptr<SinkLog>> logs;

    [[nodiscard]] Connectors connectors() {
        Connectors connectors;
        connectors.make_door = [this] {
            IngestDoor door;
            door.make_source = [this](const SourceSpec& spec,
                                      SourceInstance instance,
                                      auto) -> Result<std::unique_ptr<Source>> {
                return std::make_unique<VectorSource>(inputs.at(spec.name), instance);
            };
            door.poll = [] { return std::size_t{0}; };
            return door;
        };
        connectors.make_sink = [this](const SinkSpec& spec, auto) -> Result<std::unique_ptr<Sink>> {
            std::shared_ptr<SinkLog>& log = logs[spec.name];
            if (log == nullptr) log = std::make_shared<SinkLog>();
            return std::make_unique<VectorSink>(log);
        };
        return connectors;
    }
};

inline WindowSpec tumble(std::int64_t size_ns) {
    WindowSpec window;
    window.size_ns = size_ns;
    window.slide_ns = size_ns;
    window.start_column = 1;
    return window;
}

inline Output edge(Exchange exchange, std::uint32_t target, std::size_t port = 0) {
    Output output;
    output.exchange = exchange;
    output.target = {target};
    output.port = port;
    if (exchange == Exchange::kHash) output.keys = {0};
    return output;
}

inline Output sink_edge(std::size_t sink) {
    Output output;
    output.exchange = Exchange::kSink;
    output.sink = sink;
    return output;
}

inline SourceStage source_stage(std::string name, std::uint32_t stage, std::int64_t window_ns) {
    SourceStage source;
    source.source.name = std::move(name);
    source.columns = {make_column(0, Type::bigint()),
                      make_column(1, Type::timestamp(3)),
                      make_column(2, Type::timestamp(3))};
    source.event_time = EventTime{1, make_column(2, Type::timestamp(3)), 0};
    source.windows = {tumble(window_ns)};
    source.stage = {stage};
    return source;
}

inline Stage stage(std::string name, Place place, std::vector<OpFactory> ops, Output output) {
    Stage made;
    made.name = std::move(name);
    made.place = place;
    made.ops = std::move(ops);
    made.output_schema = pair_schema();
    made.outputs.push_back(std::move(output));
    return made;
}

// events -> by key -> counts per window -> in order -> results.
inline Topology count_topology(std::int64_t window_ns) {
    Topology topology;
    topology.sources = {source_stage("events", 0, window_ns)};
    Stage read = stage("read", Place::kIngest, {}, edge(Exchange::kHash, 1));
    read.output_schema = record_schema();
    Output gather = edge(Exchange::kGather, 2);
    gather.is_ordered = true;
    Stage count = stage("count",
                        Place::kShard,
                        {[window_ns] { return std::make_unique<WindowCountOp>(window_ns, 3); }},
                        gather);
    topology.stages = {read, count, stage("merge", Place::kMerge, {}, sink_edge(0))};
    SinkSpec sink;
    sink.name = "results";
    topology.sinks = {sink};
    return topology;
}

// Rows processed one at a time, in the order of one split: what count_topology must give.
struct CountOracle {
    std::vector<Pair> rows;  // (key, window end), by window, then key.
    std::uint64_t late = 0;
};

inline CountOracle count_one_at_a_time(std::span<const Record> records,
                                       std::int64_t window_ns,
                                       bool fires_all = true) {
    CountOracle oracle;
    Watermark watermark;
    std::map<Pair, std::size_t> counts;
    for (const Record& record : records) {
        const std::int64_t end = (floor_div(record.time, window_ns) + 1) * window_ns;
        if (watermark.passes(end)) {
            ++oracle.late;
        } else {
            ++counts[{end, record.key}];
        }
        watermark = std::max(watermark, Watermark{record.watermark});
    }
    for (const auto& [window, count] : counts) {
        if (!fires_all && !watermark.passes(window.key)) continue;
        for (std::size_t i = 0; i < count; ++i)
            oracle.rows.push_back({window.time, window.key});
    }
    return oracle;
}

// Sorted by window, then key: for comparing runs whose order within a window differs.
inline std::vector<Pair> by_window(std::vector<Pair> rows) {
    std::sort(rows.begin(), rows.end(), [](const Pair& a, const Pair& b) {
        return std::pair(a.time, a.key) < std::pair(b.time, b.key);
    });
    return rows;
}

}  // namespace thalweg::test
