#pragma once

#include "state/base/assertion.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace thalweg {

// Which variable each row of a match is, from its first row on: as runs, of which a pattern without
// groups has no more than variables.
class MatchHistory {
  public:
    struct Run {
        std::uint32_t variable = 0;
        std::uint32_t count = 0;

        friend bool operator==(const Run&, const Run&) = default;
    };

    MatchHistory() = default;

    explicit MatchHistory(std::vector<Run> runs) : runs_(std::move(runs)) {
        for (const Run& run : runs_)
            size_ += run.count;
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    [[nodiscard]] std::span<const Run> runs() const noexcept { return runs_; }

    void add(std::uint32_t variable) {
        if (runs_.empty() || runs_.back().variable != variable) runs_.push_back({variable, 0});
        ++runs_.back().count;
        ++size_;
    }

    void take_back() {
        DEBUG_ASSERT(size_ != 0);
        if (--runs_.back().count == 0) runs_.pop_back();
        --size_;
    }

    friend bool operator==(const MatchHistory&, const MatchHistory&) = default;

    [[nodiscard]] std::size_t memory_bytes() const noexcept {
        return sizeof(MatchHistory) + runs_.capacity() * sizeof(Run);
    }

  private:
    std::vector<Run> runs_;  // Neighbours are of different variables.
    std::size_t size_ = 0;
};

}  // namespace thalweg
