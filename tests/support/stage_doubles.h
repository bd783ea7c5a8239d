#pragma once

#include "engine/run/stage_instance.h"
#include "engine/run/stage_output.h"
#include "ops/op.h"
#include "state/batch.h"
#include "state/schema.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace thalweg::test {

// Rows of (key BIGINT, time TIMESTAMP(3) in ns), enough for every test of engine/run.
inline SchemaPtr pair_schema() {
    return make_schema({{"key", Type::bigint()}, {"time", Type::timestamp(3)}});
}

struct Pair {
    std::int64_t key = 0;
    std::int64_t time = 0;

    friend auto operator<=>(const Pair&, const Pair&) = default;
};

inline void fill(Batch& batch, const std::vector<Pair>& rows) {
    batch.clear();
    for (std::size_t i = 0; i < rows.size(); ++i) {
        batch.column(0).data<std::int64_t>()[i] = rows[i].key;
        batch.column(1).data<std::int64_t>()[i] = rows[i].time;
    }
    batch.set_size(rows.size());
}

inline std::vector<Pair> pairs_of(const BatchView& view) {
    std::vector<Pair> rows;
    view.selection.for_each([&](std::size_t row) {
        rows.push_back({view[0].data<std::int64_t>()[row], view[1].data<std::int64_t>()[row]});
    });
    return rows;
}

// Writes down what reaches the end of an edge; can be full.
class RecordingOutput final : public StageOutput {
  public:
    struct Log {
        bool is_ready = true;
        std::vector<std::string> events;  // "rows 3 @5", "watermark 5", "idle", "barrier", ...
        std::vector<Pair> rows;
    };

    explicit RecordingOutput(std::shared_ptr<Log> log) : log_(std::move(log)) {}

    [[nodiscard]] bool ready() override { return log_->is_ready; }

    void emit(const BatchView& rows, Watermark step) override {
        const std::vector<Pair> pairs = pairs_of(rows);
        log_->rows.insert(log_->rows.end(), pairs.begin(), pairs.end());
        log_->events.push_back("rows " + std::to_string(pairs.size()) + " @" + name(step));
    }

    void advance(Watermark watermark) override {
        log_->events.push_back("watermark " + name(watermark));
    }

    void idle() override { log_->events.emplace_back("idle"); }

    void flush() override { log_->events.emplace_back("flush"); }

    void barrier() override { log_->events.emplace_back("barrier"); }

    void end() override { log_->events.emplace_back("end"); }

  private:
    static std::string name(Watermark watermark) {
        if (watermark.is_max()) return "max";
        if (watermark == Watermark::min()) return "min";
        return std::to_string(watermark.nanos);
    }

    std::shared_ptr<Log> log_;
};

using Events = std::vector<std::string>;

// A stage with one recorded output, and a batch to feed it with.
struct StageBench {
    TurnClock clock;
    QueryControl control;
    std::shared_ptr<RecordingOutput::Log> log = std::make_shared<RecordingOutput::Log>();
    Stage stage;
    std::unique_ptr<StageInstance> instance;
    Batch batch{pair_schema()};

    StageBench(std::vector<OpFactory> ops,
               std::vector<std::size_t> channels,
               bool is_stepwise = false,
               StageInstance::ChannelSets wakers = {},
               StageInstance::ChannelSets origins = {}) {
        stage.ops = std::move(ops);
        stage.port_count = channels.size();
        stage.output_schema = pair_schema();
        instance = std::make_unique<StageInstance>(stage,
                                                   StageInstance::Settings{std::move(channels),
                                                                           std::move(wakers),
                                                                           std::move(origins),
                                                                           is_stepwise,
                                                                           &clock,
                                                                           &control});
        instance->add_output(std::make_unique<RecordingOutput>(log));
    }

    void feed(const std::vector<Pair>& rows, std::size_t port = 0, std::size_t channel = 0) {
        fill(batch, rows);
        instance->process(port, channel, batch.view());
    }

    Events take_events() {
        Events events;
        events.swap(log->events);
        return events;
    }
};

// Counts rows per (window, key), written down as simply as can be: windows of `width` ns, closed by
// Watermark::passes. Emits (key, window_end) once for each row counted, so that sums are visible as
// repetitions; late rows are counted and dropped. `emit_rows_max` makes it resume.
class WindowCountOp final : public Op {
  public:
    explicit WindowCountOp(std::int64_t width, std::size_t emit_rows_max = 2)
        : width_(width), emit_rows_max_(emit_rows_max), batch_(pair_schema()) {}

    void process(std::size_t, const BatchView& rows, OpContext& context, Emitter&) override {
        for (const Pair& row : pairs_of(rows)) {
            const std::int64_t end = (floor_div(row.time, width_) + 1) * width_;
            if (watermark_.passes(end)) {
                ++context.counters.late_rows;
            } else {
                ++open_[{end, row.key}];
            }
        }
    }

    Progress advance(Watermark watermark, OpContext&, Emitter& out) override {
        std::vector<Pair> rows;
        while (!open_.empty() && watermark.passes(open_.begin()->first.key)) {
            if (rows.size() == emit_rows_max_) break;
            auto& [window, count] = *open_.begin();
            rows.push_back({window.time, window.key});
            if (--count == 0) open_.erase(open_.begin());
        }
        if (!rows.empty()) {
            fill(batch_, rows);
            out.emit(batch_.view());
        }
        if (!open_.empty() && watermark.passes(open_.begin()->first.key)) return Progress::kMore;
        watermark_ = watermark;
        return Progress::kDone;
    }

    [[nodiscard]] Watermark next_fire() override {
        if (open_.empty()) return Watermark::max();
        return {open_.begin()->first.key - kNanosPerMilli};
    }

  private:
    std::int64_t width_;
    std::size_t emit_rows_max_;
    Batch batch_;
    Watermark watermark_;
    std::map<Pair, std::size_t> open_;  // Pair{window_end, key}: how many rows.
};

// Keeps rows back until flush(), as a partial aggregate does, or until the watermark moves.
class HoldOp final : public Op {
  public:
    HoldOp() : batch_(pair_schema()) {}

    void process(std::size_t, const BatchView& rows, OpContext& context, Emitter& out) override {
        if (batch_.room() < rows.size()) flush(context, out);
        batch_.append(rows);
    }

    Progress advance(Watermark, OpContext& context, Emitter& out) override {
        flush(context, out);
        return Progress::kDone;
    }

    void flush(OpContext&, Emitter& out) override {
        if (!batch_.empty()) out.emit(batch_.view());
        batch_.clear();
    }

  private:
    Batch batch_;
};

// Emits one row when processing time reaches `due_ns`, and fails on a key of -1.
class TimerOp final : public Op {
  public:
    explicit TimerOp(std::int64_t due_ns) : due_ns_(due_ns), batch_(pair_schema()) {}

    void process(std::size_t, const BatchView& rows, OpContext& context, Emitter& out) override {
        for (const Pair& row : pairs_of(rows)) {
            if (row.key == -1) context.fail("key -1 cannot be");
        }
        out.emit(rows);
    }

    Progress tick(OpContext& context, Emitter& out) override {
        fill(batch_, {{7, context.now_ns}});
        due_ns_ = kNever;
        out.emit(batch_.view());
        return Progress::kDone;
    }

    [[nodiscard]] std::int64_t next_tick_ns() const override { return due_ns_; }

  private:
    std::int64_t due_ns_;
    Batch batch_;
};

}  // namespace thalweg::test
