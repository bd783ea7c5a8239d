#pragma once

#include "ops/op_state.h"
#include "state/arena.h"
#include "state/base/time.h"
#include "state/batch.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace thalweg {

// What operators count. Single writer: the agent that runs them; published by the engine.
struct OpCounters {
    std::uint64_t late_rows = 0;       // Dropped: every window they belong to has fired.
    std::uint64_t filtered_rows = 0;   // Did not satisfy a WHERE, a join's or a HAVING condition.
    std::uint64_t null_time_rows = 0;  // Dropped: NULL where a window needs its time.
};

// What an operator may use while it works, and where it says that the query cannot go on.
//
// `now_ns` is processing time (nanoseconds since 1970), read from the Clock once per turn of the
// agent. `scratch` holds strings made by expressions; the stage resets it after each call from
// outside, when nothing borrows from it any more.
struct OpContext {
    std::int64_t now_ns = 0;
    Arena scratch;
    OpCounters counters;
    std::string error;  // Empty while all is well.

    [[nodiscard]] bool failed() const noexcept { return !error.empty(); }

    // The first failure of a query is kept: it ends the query with this message. For what data does
    // to a query (a CAST that fails, a division by zero), never for what programmers do.
    void fail(std::string message) {
        if (error.empty()) error = std::move(message);
    }
};

// Where an operator puts its rows: the next operator, or the stage's outputs.
class Emitter {
  public:
    virtual void emit(const BatchView& rows) = 0;

    // The other way out, for an operator that has two and is the last of its stage.
    virtual void emit_aside(const BatchView& rows) {
        static_cast<void>(rows);
        ASSERT(false);
    }

  protected:
    ~Emitter() = default;
};

// Whether a call that may emit much has finished, or wants to be called again with the same
// arguments once what it emitted has found room.
enum class Progress : std::uint8_t { kDone, kMore };

// One step of a query on one shard: rows in, rows out, and some state of its own.
//
// Shape     A chain of operators makes a stage (engine/run/topology.h). The first of a chain may
//           have several input ports (a join: 0 left, 1 right), all others have port 0 only.
// State     What an operator remembers between two calls it can write down as rows and take back:
//           state_tables(), freeze(), save(), load().
// Contract  process() emits at most a small multiple of its input; whatever emits in bulk (a window
//           that fires) does so in advance(), in steps of at most kEmitRowsMax rows, returning
//           kMore in between. Nobody calls process() while advance() is unfinished. Watermarks
//           never go back; the one before an operator's first advance() is Watermark::min(). The
//           stage passes the watermark on to the next operator when advance() is kDone.
//           Rows with event time at or before the watermark may still come: they are late.
// Threads   Its shard's thread.
// Failure   Through OpContext::fail. An operator never throws, logs, or reads a clock.
class Op {
  public:
    static constexpr std::size_t kEmitRowsMax = 16 * kBatchRows;
    static constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

    Op() = default;
    Op(const Op&) = delete;
    Op& operator=(const Op&) = delete;
    virtual ~Op() = default;

    virtual void process(std::size_t port,
                         const BatchView& rows,
                         OpContext& context,
                         Emitter& out) = 0;

    // Event time has moved to `watermark`; Watermark::max() is the end of bounded input.
    virtual Progress advance(Watermark watermark, OpContext& context, Emitter& out) {
        static_cast<void>(watermark), static_cast<void>(context), static_cast<void>(out);
        return Progress::kDone;
    }

    // The least watermark at which advance() would emit: the end of its earliest open window less
    // 1 ms, or Watermark::max() when nothing is open or it does not matter. Where the order of
    // windows must survive several shards, the stage advances from one such point to the next.
    [[nodiscard]] virtual Watermark next_fire() { return Watermark::max(); }

    // Processing time is context.now_ns; called when it has reached next_tick_ns().
    virtual Progress tick(OpContext& context, Emitter& out) {
        static_cast<void>(context), static_cast<void>(out);
        return Progress::kDone;
    }

    [[nodiscard]] virtual std::int64_t next_tick_ns() const { return kNever; }

    // The source has nothing more to read for now: emit what was only held back to make batches or
    // partial sums larger. Bounded like process().
    virtual void flush(OpContext& context, Emitter& out) {
        static_cast<void>(context), static_cast<void>(out);
    }

    // --- What survives the process: state as rows (ops/op_state.h) ---

    // The tables of the state; the same for all instances, whenever asked. None: there is nothing
    // to keep between two batches, once flush() has been called.
    [[nodiscard]] virtual std::vector<StateTable> state_tables() const { return {}; }

    // A barrier: from now on save() writes the state as it is now, whatever process() and advance()
    // do in between. Called after flush(), with no unfinished work and nothing frozen. Takes less
    // than a millisecond, whatever there is. `out` is good until save() has returned kDone.
    virtual void freeze(StateOut& out) { static_cast<void>(out); }

    // Writes on, about `rows_max` rows; kDone: all is written, and nothing is frozen any more.
    // Before an operator changes what it has not written yet, it writes it: so it may put rows out
    // in process() and advance() as well.
    virtual Progress save(std::size_t rows_max) {
        static_cast<void>(rows_max);
        return Progress::kDone;
    }

    // Takes rows of a table back, before anything else is called. They come in any order, from any
    // number of instances; `watermark` is the one that those had reached. What cannot be true of a
    // state is context.fail()ed: the bytes were right, but not what wrote them.
    virtual void load(std::size_t table,
                      const BatchView& rows,
                      Watermark watermark,
                      OpContext& context) {
        static_cast<void>(table), static_cast<void>(rows), static_cast<void>(watermark);
        context.fail("an operator without state was given some");
    }

    // Bytes of state held, for metrics and EXPLAIN.
    [[nodiscard]] virtual std::size_t memory_bytes() const { return 0; }
};

}  // namespace thalweg
