#pragma once

#include "engine/run/agent.h"
#include "engine/run/clock.h"
#include "engine/run/query_control.h"
#include "ingest/journal.h"
#include "state/base/time.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace thalweg {

// Writes the journals of the sources of one ingest agent, and waits for the disk in its place.
//
// Failure   A full disk: the group is tried again ten times a second, and the sources read nothing
//           meanwhile. Any other error fails the query (I5).
// Threads   Its runner's, which it shares with nobody who is in a hurry.
class JournalAgent final : public Agent {
  public:
    // Borrows the control and the clock.
    struct Settings {
        std::string name;
        QueryControl* control = nullptr;
        const Clock* clock = nullptr;
        std::function<void(std::string_view text)> say;
    };

    explicit JournalAgent(Settings settings) : settings_(std::move(settings)) {}

    // Setting up.
    void add_journal(std::shared_ptr<Journal> journal) { journals_.push_back(std::move(journal)); }

    [[nodiscard]] const std::vector<std::shared_ptr<Journal>>& journals() const noexcept {
        return journals_;
    }

    std::size_t do_work(std::size_t budget) override;

    [[nodiscard]] std::string_view name() const noexcept override { return settings_.name; }

  private:
    Settings settings_;
    std::vector<std::shared_ptr<Journal>> journals_;
    std::int64_t try_again_ns_ = INT64_MIN;  // By the steady clock.
    bool is_degraded_ = false;
};

}  // namespace thalweg
