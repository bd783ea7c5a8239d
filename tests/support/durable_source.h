#pragma once

#include "ingest/source.h"
#include "ingest/stream_reader.h"
#include "state/base/random.h"
#include "tests/support/durable_producers.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string_view>

namespace thalweg::test {

// A durable table of the simulator on one ingest agent: sessions of producers, read through the
// engine's own StreamReader and Decoder, sealed at barriers and acknowledged when they are durable.
class DurableSource final : public Source {
  public:
    struct Settings {
        SessionDesk* desk = nullptr;  // Outlives the source.
        std::size_t table = 0;
        std::size_t agent = 0;
        std::uint64_t seed = 0;
        bool is_bounded = false;  // As the engine sees it; it ends in any case.
    };

    DurableSource(Settings settings, FormatSpec format);

    Result<void> open(Outlet& outlet) override;
    std::size_t poll(std::int64_t now_ns, std::size_t budget, Outlet& outlet) override;
    void stop() override;

    [[nodiscard]] bool finished() const override;

    [[nodiscard]] bool is_bounded() const override { return settings_.is_bounded; }

    [[nodiscard]] const SourceCounters& counters() const override { return workspace_.counters(); }

    [[nodiscard]] Replay replay() const override { return Replay::kAcknowledged; }

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

    Settings settings_;
    FormatSpec format_;
    StreamWorkspace workspace_;
    Random random_;
    std::map<std::size_t, std::unique_ptr<StreamReader>> readers_;  // By producer.
    std::optional<std::size_t> current_;  // Has its bytes in the workspace.
    bool is_stopping_ = false;
    bool is_flushed_ = true;
};

}  // namespace thalweg::test
