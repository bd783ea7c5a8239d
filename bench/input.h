#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace thalweg::bench {

// The bytes that a query and its rival are measured with, which lie in memory: given piece by piece
// to whoever asks, as often as they are asked for.
//
// Contract  restart() first; then piece() with a position that only grows. What piece() gives is
//           followed by the padding that decoders may read, and holds until the next call.
// Threads   One.
class Input {
  public:
    Input() = default;
    Input(const Input&) = delete;
    Input& operator=(const Input&) = delete;
    virtual ~Input() = default;

    // From the beginning, and no more than so many records.
    virtual void restart(std::size_t records) = 0;

    // The bytes at the position, from the beginning of a record on and at least one whole one;
    // nothing at the end.
    [[nodiscard]] virtual std::string_view piece(std::uint64_t position) = 0;

    // Part `index` of `count`: every count-th block of some records, so that all move on in time
    // together. Parts are read at the same time, each by a thread of its own; they borrow from
    // this one, which has been restarted, until its next restart(). Null: it cannot be parted.
    [[nodiscard]] virtual std::unique_ptr<Input> part(std::size_t index, std::size_t count) const {
        static_cast<void>(index), static_cast<void>(count);
        return nullptr;
    }

    // Since restart() and until the end.
    [[nodiscard]] virtual std::uint64_t bytes() const = 0;
};

}  // namespace thalweg::bench
