#pragma once

#include "ingest/descriptor.h"
#include "ingest/socket.h"
#include "ingest/source.h"
#include "state/base/status.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace thalweg {

// Listens on a TCP address or a unix socket.
//
// Contract  With one instance the address is bound alone, so that one in use is an error. With
//           several, every instance listens on the same TCP port by SO_REUSEPORT; instances open
//           in the order of their index, and the first makes sure that nobody else has the port. A
//           unix socket that nobody listens on any more is replaced.
//           `receive_buffer_bytes` 0 leaves the size to the kernel, which then adapts it.
[[nodiscard]] Result<Descriptor> listen_on(const SocketAddress& address,
                                           SourceInstance instance,
                                           std::size_t receive_buffer_bytes);

// A connection made by us: tried again, ever more slowly, until it is there.
//
// Threads  The loop's agent's.
class StreamDialer {
  public:
    static constexpr std::int64_t kDelayFirstNs = 100'000'000;
    static constexpr std::int64_t kDelayMaxNs = 5'000'000'000;

    StreamDialer(IoLoop& loop, SocketAddress address, SourceEvent event)
        : loop_(loop), address_(address), event_(std::move(event)) {}

    // Starts an attempt when it is time, or, when `is_writable`, looks how the one under way went.
    // Returns the connection, or a closed descriptor while there is none. `number` is what the
    // loop notes in `ready` when dial() shall be called with is_writable.
    [[nodiscard]] Descriptor dial(std::int64_t now_ns,
                                  bool is_writable,
                                  std::uint64_t number,
                                  const ReadyList& ready);

    // Dials again after a connection was lost.
    void redial(std::int64_t now_ns);

    // When dial() wants to be called; the largest int64 while an attempt is under way.
    [[nodiscard]] std::int64_t next_ns() const noexcept { return next_ns_; }

  private:
    void start(std::int64_t now_ns, std::uint64_t number, const ReadyList& ready);
    void failed(int error, std::int64_t now_ns);

    IoLoop& loop_;
    SocketAddress address_;
    SourceEvent event_;
    std::unique_ptr<WatchedDescriptor> attempt_;
    std::int64_t next_ns_ = INT64_MIN;
    std::int64_t delay_ns_ = kDelayFirstNs;
};

}  // namespace thalweg
