#pragma once

#include "ingest/descriptor.h"
#include "ingest/source.h"
#include "ingest/stream_reader.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace thalweg {

// Records from standard input, or another descriptor: a pipe, a terminal, a file. One split; the
// first instance has it. Bounded: ends where the input does.
//
// Contract  Never waits, and leaves the flags of the descriptor alone, which other processes share:
//           it reads when the loop says that something is there, and a file at any time. The
//           descriptor stays open.
// Threads   The ingest agent's.
class StdinSource final : public Source {
  public:
    static constexpr int kStandardInput = 0;

    StdinSource(
        FormatSpec format, SourceInstance instance, IoLoop& loop, SourceEvent event, int fd);

    Result<void> open(Outlet& outlet) override;
    std::size_t poll(std::int64_t now_ns, std::size_t budget, Outlet& outlet) override;

    void stop() override { is_stopping_ = true; }

    [[nodiscard]] bool finished() const override { return is_finished_; }

    [[nodiscard]] bool is_bounded() const override { return true; }

    [[nodiscard]] const SourceCounters& counters() const override { return workspace_.counters(); }

    [[nodiscard]] std::int64_t next_poll_ns() const override;

  private:
    bool read(std::int64_t now_ns);
    void finish(Outlet& outlet);

    FormatSpec format_;
    SourceInstance instance_;
    IoLoop& loop_;
    SourceEvent event_;
    int fd_;
    StreamWorkspace workspace_;
    ReadyList ready_;
    std::unique_ptr<WatchedDescriptor> watched_;  // A duplicate; none for what is always ready.
    std::optional<StreamReader> reader_;
    bool is_readable_ = true;
    bool is_flushed_ = true;
    bool is_stopping_ = false;
    bool is_finished_ = false;
};

}  // namespace thalweg
