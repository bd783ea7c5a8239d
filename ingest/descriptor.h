#pragma once

#include "ingest/source.h"
#include "state/base/status.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace thalweg {

// Owns a file descriptor.
class Descriptor {
  public:
    Descriptor() = default;

    explicit Descriptor(int fd) noexcept : fd_(fd) {}

    Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

    Descriptor& operator=(Descriptor&& other) noexcept;
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor();

    [[nodiscard]] int get() const noexcept { return fd_; }

    [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }

    [[nodiscard]] int release() noexcept { return std::exchange(fd_, -1); }

    void close() noexcept;

  private:
    int fd_ = -1;
};

// Where the loop writes down which descriptors became ready, by the numbers their source gave them.
// A source drains it; a source that is gone leaves it to the last handler.
using ReadyList = std::shared_ptr<std::vector<std::uint64_t>>;

// A descriptor that the loop can watch. Watching is for one event: when the descriptor is readable
// (writable) its number is appended to the ready list, once; then it is watched again by another
// call. What the loop cannot watch, such as a regular file, is ready at once.
//
// Threads  The loop's agent's.
class WatchedDescriptor {
  public:
    enum class Event : std::uint8_t { kReadable, kWritable };

    WatchedDescriptor(IoLoop& loop, Descriptor descriptor);
    WatchedDescriptor(const WatchedDescriptor&) = delete;
    WatchedDescriptor& operator=(const WatchedDescriptor&) = delete;
    ~WatchedDescriptor();

    [[nodiscard]] int get() const noexcept { return fd_; }

    void watch(Event event, std::uint64_t number, const ReadyList& ready);

    // Takes the descriptor from the loop without closing it.
    [[nodiscard]] Descriptor release();

  private:
    struct Watched;

    int fd_;
    std::unique_ptr<Watched> watched_;
};

// "Connection refused" for an errno.
[[nodiscard]] std::string text_of_errno(int error);

// An I/O error in one line: "cannot WHAT: Connection refused".
[[nodiscard]] tl::unexpected<Error> fail_errno(std::string_view what, int error);

}  // namespace thalweg
