#pragma once

#include "tools/load/chunk.h"
#include "tools/load/counters.h"
#include "tools/load/record_stream.h"
#include "tools/load/schedule.h"
#include "tools/load/socket.h"

#include <sys/uio.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace thalweg::load {

// How one connection sends.
struct SendPlan {
    Schedule schedule;
    std::uint64_t records_max = kUnlimited;  // Of this connection.
    std::int64_t until_ns = kForever;        // Of a load without a schedule.
    std::int64_t pack_ns = 0;  // How long a due record may wait for others to share its packet.
    bool is_datagram = false;
    bool one_per_datagram = false;  // Without its '\n'.
    std::size_t datagram_bytes = 1400;
};

// One socket and the records it sends. Never blocks.
//
// Shape     Records become due by the schedule. What is due is taken from the stream and handed to
//           the kernel: a stream socket gets it in writes of up to 256 KiB; a datagram socket in
//           datagrams of whole records, up to 64 a system call (sendmmsg), or, where all records
//           have one size, as one buffer that the kernel cuts (UDP_SEGMENT). While the socket is
//           full nothing is taken and nothing is skipped.
// Threads   One at a time; counters() any.
// Failure   A stream that breaks ends the connection: error() says how. A datagram that nobody
//           listens to (ECONNREFUSED) or that is too large counts as an error, and the load goes
//           on.
class Connection {
  public:
    enum class Step : std::uint8_t {
        kMoved,    // Something was sent: call again.
        kBlocked,  // The socket is full.
        kWaiting,  // Nothing is due before due_ns().
        kDone,     // All was sent, or the connection broke.
    };

    Connection(Socket socket, RecordStream stream, const SendPlan& plan);

    Connection(Connection&&) = delete;

    void start_at(std::int64_t unix_ns) noexcept { stream_.start_at(unix_ns); }

    // Sends what is due at `now_ns`, once.
    [[nodiscard]] Step step(std::int64_t now_ns);

    // When the next record is to leave.
    [[nodiscard]] std::int64_t due_ns() const noexcept;

    // Takes no more records; those taken are still sent.
    void stop() noexcept { is_ended_ = true; }

    // A stream: says that nothing follows.
    void half_close();

    // Whether the peer has read everything and closed too; true for datagrams.
    [[nodiscard]] bool is_closed_by_peer();

    [[nodiscard]] int fd() const noexcept { return socket_.fd(); }

    [[nodiscard]] const std::string& error() const noexcept { return error_; }

    [[nodiscard]] const Counters& counters() const noexcept { return counters_; }

    [[nodiscard]] bool is_datagram() const noexcept { return plan_.is_datagram; }

  private:
    // One packet, or one buffer of packets for the kernel to cut.
    struct Message {
        const char* data;
        std::size_t bytes;
        std::uint64_t records;
    };

    [[nodiscard]] std::uint64_t allowed(std::int64_t now_ns);
    [[nodiscard]] Step send_stream();
    [[nodiscard]] Step send_datagrams();
    void take_stream(std::uint64_t records, std::int64_t now_ns);
    void take_datagrams(std::uint64_t records, std::int64_t now_ns);
    void take_uniform(std::uint64_t records, std::int64_t now_ns);
    void slice(Chunk chunk);
    [[nodiscard]] bool survive(int error);
    void enable_segmentation();
    void count_sent(std::uint64_t records, std::size_t bytes);
    void fail_with(const std::string& what);

    Socket socket_;
    RecordStream stream_;
    SendPlan plan_;
    bool is_ended_ = false;
    bool is_failed_ = false;
    bool is_half_closed_ = false;
    bool is_closed_by_peer_ = false;
    bool has_segmentation_ = false;
    std::size_t segment_bytes_ = 0;  // Of a datagram whose records have one size; else 0.
    std::uint64_t taken_ = 0;        // Records.
    std::uint64_t sent_ = 0;         // Records, of those.
    std::vector<Message> messages_;  // Taken and not sent yet, from next_ on.
    std::size_t next_ = 0;
    std::size_t offset_ = 0;  // Bytes of a stream's message that are sent.
    std::string packed_;      // What messages of unequal records point into.
    std::int64_t now_ns_ = 0;
    std::string error_;
    Counters counters_;
};

}  // namespace thalweg::load
