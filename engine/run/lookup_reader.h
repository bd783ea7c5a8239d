#pragma once

#include "engine/run/connectors.h"
#include "engine/run/topology.h"
#include "ingest/outlet.h"
#include "ops/expr/program.h"
#include "ops/op.h"
#include "state/base/status.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace thalweg {

// Reads one lookup table whole: the ordinary source and decoder of its table, its columns computed
// and its operators run as in a stage, and the rows kept.
//
// Threads  The one that opens the query, before anything runs.
// Failure  A file that is not there or cannot be read, a record that cannot be decoded where none
//          may be ignored, an expression that fails on a row.
class LookupReader final : private Outlet {
  public:
    using OnReject = std::function<void(const std::string& name, const Rejected& record)>;

    // Borrows the source; `now_ns` is processing time for all of its rows.
    LookupReader(const LookupSource& lookup, std::int64_t now_ns, OnReject on_reject);
    ~LookupReader();

    // Once.
    [[nodiscard]] Result<LookupTablePtr> read(IngestDoor& door, SourceEvent event);

  private:
    class Link;

    SplitId open_split() override { return {split_count_++}; }

    void close_split(SplitId /*split*/) override {}

    [[nodiscard]] bool ready() override { return !context_.failed(); }

    void offer(SplitId split, const Batch& rows) override;
    void reject(const Rejected& record) override;

    void flush() override {}

    void keep(const BatchView& rows);

    const LookupSource& lookup_;
    OnReject on_reject_;
    OpContext context_;
    Program columns_;
    std::vector<std::unique_ptr<Op>> ops_;
    std::vector<std::unique_ptr<Link>> links_;  // links_[i] stands before ops_[i], or the table.
    std::shared_ptr<LookupTable> table_;
    std::uint32_t split_count_ = 0;
};

}  // namespace thalweg
