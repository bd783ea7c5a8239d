#pragma once

#include "bench/by_hand/results.h"
#include "bench/record_stream.h"

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace thalweg::bench::by_hand {

// A socket of a rival on a port of the kernel's choice: what one writes in an afternoon who needs
// one stream from one peer. Failing system calls end the program.
class Receiver {
  public:
    enum class Kind { kTcp, kUdp };

    explicit Receiver(Kind kind);
    Receiver(const Receiver&) = delete;
    Receiver& operator=(const Receiver&) = delete;
    ~Receiver();

    [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

    // COUNT, SUM, MIN, MAX of value per key and tumbling second, of one TCP connection up to its
    // end, which is received 256 KiB at a time.
    void aggregate_stream(WireFormat format, std::size_t keys, Results& results);

    // The same of raw-struct records in datagrams, merged by the kernel and received 8 packets a
    // system call, until the socket is empty after `is_over`. Returns how many records came.
    std::size_t aggregate_datagrams(const std::atomic<bool>& is_over,
                                    std::size_t keys,
                                    Results& results);

    // Hands the records with a value below `value_end` to the peer of the other listener, as they
    // come, asking the kernel again and again. Up to the end of one connection.
    void filter_stream(Receiver& to, std::int64_t value_end);

  private:
    [[nodiscard]] int accept_one() const;

    int socket_;
    std::uint16_t port_ = 0;
};

}  // namespace thalweg::bench::by_hand
