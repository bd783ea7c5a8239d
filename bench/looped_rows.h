#pragma once

#include "bench/input.h"
#include "bench/trace.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace thalweg::bench {

// A trace that never ends: its rows again and again, each round later than the one before by the
// time that the trace spans. A run is as long as one likes, while the bytes stay few: they fit a
// second- or third-level cache, as those do that a socket has just delivered.
//
// A piece is given its new times in place when it is asked for, that is right before it is decoded,
// so the price of that is in every measurement, the rival's too: one addition to the first 8 bytes
// of each row, which brings the row's line near.
class LoopedRows final : public Input {
  public:
    static constexpr std::size_t kPieceRows = 1024;  // As many as a batch takes.

    explicit LoopedRows(std::shared_ptr<const Trace> trace);

    void restart(std::size_t records) override;
    [[nodiscard]] std::string_view piece(std::uint64_t position) override;

    [[nodiscard]] std::uint64_t bytes() const override { return end_; }

  private:
    void move_on(std::size_t first_byte, std::size_t end_byte) noexcept;

    std::shared_ptr<const Trace> trace_;
    std::string bytes_;              // The trace's and padding, with the times of this round.
    std::uint64_t end_ = 0;          // Position.
    std::uint64_t moved_until_ = 0;  // Position: rows before it have the times of this round.
};

}  // namespace thalweg::bench
