#pragma once

#include "ingest/descriptor.h"
#include "ingest/producer_frame.h"
#include "ingest/socket.h"
#include "state/base/random.h"
#include "state/base/status.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace thalweg {

// A producer of the protocol in docs/PROTOCOL.md, for programs that hand records to a durable tcp
// table: numbers them, keeps each until it is acknowledged, connects again when a connection ends,
// and sends again what was not acknowledged.
//
// Contract  append() records, call step() over and over: it connects, sends and hears, and never
//           waits; wait() sleeps until there may be something to do. When append() says kFull the
//           retention is full: step() until it is not. All is safe when is_acknowledged(); then
//           end() makes the server forget the session, for one that never comes back. The first
//           record is number last_acked + 1; a new process with an old session brings the records
//           behind last_acked again, the same under the same numbers, and a higher epoch.
// Memory    What is not acknowledged, at most `retain_bytes`, and one BATCH.
// Threads   One at a time. `now_ns` is of any clock that does not go back.
// Failure   As values. A connection that ends is made again; a refusal that waiting cannot cure
// ends
//           the client: failure() is then what to tell a human. Nothing throws.
class ProducerClient {
  public:
    struct Settings {
        SocketAddress address;
        SessionId session;
        std::uint32_t session_epoch =
            0;  // On the wire the high half, over the connection's number.
        std::uint64_t last_acked = 0;
        std::size_t retain_bytes = std::size_t{64} << 20U;
        std::size_t batch_bytes = 64 * 1024;  // Of a BATCH's payload, about.
        std::int64_t backoff_first_ns = 50'000'000;
        std::int64_t backoff_max_ns = 5'000'000'000;
        std::int64_t silence_ns = 10'000'000'000;  // Then the connection is dead.
        std::uint64_t seed = 1;                    // Of the backoff's random part.
    };

    // What has happened so far, over all connections.
    struct Counters {
        std::uint64_t appended = 0;
        std::uint64_t sent = 0;    // Records, for the first time.
        std::uint64_t resent = 0;  // Records, again.
        std::uint64_t acknowledged = 0;
        std::uint64_t connections = 0;  // That were welcomed.
    };

    explicit ProducerClient(const Settings& settings);
    ProducerClient(const ProducerClient&) = delete;
    ProducerClient& operator=(const ProducerClient&) = delete;
    ~ProducerClient();

    // Keeps a record, without its framing. kFull: not now; kInvalid: never, it is longer than the
    // server takes or holds its delimiter, or the client has failed.
    [[nodiscard]] Code append(std::string_view record);

    // Connects, sends and hears what can be without waiting; returns whether anything moved.
    bool step(std::int64_t now_ns);

    // Sleeps until a step has something to do, or for `at_most_ns`.
    void wait(std::int64_t now_ns, std::int64_t at_most_ns) const;

    // After the last record: once all is acknowledged the server is told to forget the session.
    void end() noexcept { is_ending_ = true; }

    [[nodiscard]] bool is_ended() const noexcept { return state_ == State::kEnded; }

    // Whether every record that was appended is durable.
    [[nodiscard]] bool is_acknowledged() const noexcept { return records_.empty(); }

    // Why there is no going on; empty while there is.
    [[nodiscard]] const std::string& failure() const noexcept { return failure_; }

    // Of the last connection that ended, for messages.
    [[nodiscard]] const std::string& trouble() const noexcept { return trouble_; }

    [[nodiscard]] std::uint64_t last_acked() const noexcept { return first_seq_ - 1; }

    [[nodiscard]] const Counters& counters() const noexcept { return counters_; }

    // Of the latest welcome; version 0 before the first.
    [[nodiscard]] const Welcome& welcome() const noexcept { return welcome_; }

  private:
    enum class State : std::uint8_t {
        kIdle,        // Until next_dial_ns_.
        kConnecting,  //
        kGreeting,    // HELLO is said.
        kOpen,
        kDraining,  // The server stops: nothing is sent any more.
        kEnded,
        kFailed,
    };

    // Bytes of BATCHes on their way, up to the record `last`.
    struct Flight {
        std::uint64_t last = 0;
        std::uint64_t bytes = 0;
    };

    void dial(std::int64_t now_ns);
    bool finish_dial(std::int64_t now_ns);
    bool hear(std::int64_t now_ns);
    void take(const Frame& frame, std::int64_t now_ns);
    void take_welcome(const Frame& frame, std::int64_t now_ns);
    void take_refuse(const Frame& frame, std::int64_t now_ns);
    void take_progress(std::uint64_t durable, std::uint64_t accepted);
    void drop_durable();
    bool fill();
    void append_batch();
    bool flush(std::int64_t now_ns);
    void keep_alive(std::int64_t now_ns);
    void lose(std::string_view why, std::int64_t now_ns);
    void fail_for_good(std::string text);
    [[nodiscard]] bool fits_framing(std::string_view record) const;

    [[nodiscard]] std::uint64_t last_seq() const noexcept {
        return first_seq_ + records_.size() - 1;
    }

    Settings settings_;
    Random random_;
    State state_ = State::kIdle;
    Descriptor socket_;
    Welcome welcome_;
    bool is_ending_ = false;
    bool has_said_end_ = false;
    std::deque<std::string> records_;  // From first_seq_ on.
    std::size_t retained_bytes_ = 0;
    std::uint64_t first_seq_;
    std::uint64_t next_seq_ = 0;  // To send on this connection.
    std::uint64_t unsent_seq_;    // Never sent yet, on any.
    std::uint64_t accepted_ = 0;  // On this connection.
    std::uint64_t durable_ = 0;
    std::uint64_t credit_bytes_ = 0;
    std::uint64_t flight_bytes_ = 0;
    std::deque<Flight> flights_;
    std::string output_;
    std::string input_;
    std::string payload_;
    std::int64_t next_dial_ns_ = INT64_MIN;
    std::int64_t backoff_ns_;
    std::int64_t heard_at_ns_ = 0;
    bool is_pinged_ = false;
    std::uint64_t pings_ = 0;
    std::uint32_t dials_ = 0;
    std::string failure_;
    std::string trouble_;
    Counters counters_;
};

}  // namespace thalweg
