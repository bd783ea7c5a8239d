#pragma once

#include "ingest/journal.h"
#include "ingest/source.h"
#include "ingest/stream_reader.h"
#include "ingest/stream_replay.h"
#include "state/base/random.h"
#include "tests/support/durable_producers.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace thalweg::test {

// A durable table of the simulator on one ingest agent: sessions of producers, read through the
// engine's own StreamReader and Decoder, sealed at barriers and acknowledged when they are durable.
// With a journal, what it has read is in there as well, and comes back from there.
class DurableSource final : public Source {
  public:
    struct Settings {
        SessionDesk* desk = nullptr;  // Outlives the source.
        std::size_t table = 0;
        std::size_t agent = 0;
        std::uint64_t seed = 0;
        bool is_bounded = false;  // As the engine sees it; it ends in any case.
        std::shared_ptr<Journal> journal = nullptr;
        std::uint64_t* replayed_bytes = nullptr;  // Of the journal, counted there.
    };

    DurableSource(Settings settings, FormatSpec format);

    Result<void> open(Outlet& outlet) override;
    std::size_t poll(std::int64_t now_ns, std::size_t budget, Outlet& outlet) override;
    void stop() override;

    [[nodiscard]] bool finished() const override;

    [[nodiscard]] bool is_bounded() const override { return settings_.is_bounded; }

    [[nodiscard]] const SourceCounters& counters() const override { return workspace_.counters(); }

    [[nodiscard]] Replay replay() const override {
        return settings_.journal == nullptr ? Replay::kAcknowledged : Replay::kJournal;
    }

    [[nodiscard]] std::string_view failure() const override { return failure_; }

    [[nodiscard]] bool is_sealed() override {
        return settings_.journal == nullptr || settings_.journal->is_sealed();
    }

    [[nodiscard]] bool is_replaying() const override { return replay_ != nullptr; }

    Result<void> restore(const std::vector<SourcePosition>& positions) override;
    void seal(std::uint64_t epoch, std::vector<SourcePosition>& positions) override;
    void commit(std::uint64_t epoch) override;

  private:
    std::size_t take_sessions(Outlet& outlet);
    std::size_t serve(std::size_t producer,
                      std::int64_t now_ns,
                      std::size_t budget,
                      Outlet& outlet);
    bool read(std::size_t producer, std::int64_t now_ns);
    void release(std::size_t producer, Outlet& outlet);
    std::size_t replay_some(std::size_t budget, Outlet& outlet);
    void journal_bytes(std::size_t producer, std::string_view bytes);
    void keep_promises();

    // What was read up to `bytes` in the journal is so many records of a producer.
    struct Kept {
        std::uint64_t bytes = 0;
        std::size_t producer = 0;
        std::size_t records = 0;
    };

    Settings settings_;
    FormatSpec format_;
    StreamWorkspace workspace_;
    Random random_;
    std::map<std::size_t, std::unique_ptr<StreamReader>> readers_;  // By producer.
    std::optional<std::size_t> current_;  // Has its bytes in the workspace.
    std::unique_ptr<StreamReplay> replay_;
    std::deque<Kept> kept_;  // Not promised yet.
    std::uint64_t journalled_bytes_ = 0;
    std::string failure_;
    std::int64_t now_ns_ = 0;
    bool is_stopping_ = false;
    bool is_flushed_ = true;
};

}  // namespace thalweg::test
