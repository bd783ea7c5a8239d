#pragma once

#include "state/base/status.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace thalweg {

// Collects bytes and hands them to a file descriptor in large writes.
//
// Shape    buffer() is appended to by encoders; give() sends it on when it has grown past
//          kBufferBytes, flush() always. Writes may block on a pipe that nobody reads.
// Threads  One at a time.
// Failure  Errors carry what was tried and errno's words; the bytes are then lost.
class FdWriter {
  public:
    static constexpr std::size_t kBufferBytes = 256 * 1024;

    // Does not own the descriptor. `name` is for messages: "standard output", a path.
    FdWriter(int descriptor, std::string name) : descriptor_(descriptor), name_(std::move(name)) {}

    [[nodiscard]] std::string& buffer() noexcept { return buffer_; }

    [[nodiscard]] const std::string& buffer() const noexcept { return buffer_; }

    [[nodiscard]] Result<void> give();
    [[nodiscard]] Result<void> flush();

    // Bytes written to the descriptor so far.
    [[nodiscard]] std::uint64_t written_bytes() const noexcept { return written_bytes_; }

  private:
    int descriptor_;
    std::string name_;
    std::string buffer_;
    std::uint64_t written_bytes_ = 0;
};

// "cannot open /tmp/x: No such file or directory": what was tried, on what, why not.
[[nodiscard]] std::string describe_errno(std::string_view what, std::string_view name, int error);

}  // namespace thalweg
