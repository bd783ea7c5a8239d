#pragma once

#include "bench/by_hand/results.h"
#include "bench/input.h"
#include "bench/record_stream.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

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

    // The next connection, which is the caller's to close.
    [[nodiscard]] int accept_one() const;

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
    int socket_;
    std::uint16_t port_ = 0;
};

// One TCP connection as the input of a loop over records of one size, which are received 256 KiB at
// a time. The connection is made when the first piece is asked for.
class StreamInput final : public Input {
  public:
    // `bytes` is what will come.
    StreamInput(Receiver& receiver, std::size_t record_bytes, std::uint64_t bytes);
    ~StreamInput() override;

    void restart(std::size_t /*records*/) override {}

    [[nodiscard]] std::string_view piece(std::uint64_t position) override;

    [[nodiscard]] std::uint64_t bytes() const override { return bytes_; }

  private:
    Receiver& receiver_;
    std::size_t record_bytes_;
    std::uint64_t bytes_;
    int peer_ = -1;
    std::vector<char> buffer_;
    std::uint64_t begin_ = 0;  // Of the buffer, in the stream.
    std::size_t filled_ = 0;
};

}  // namespace thalweg::bench::by_hand
