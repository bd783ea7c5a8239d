#pragma once

#include "ingest/decoder.h"
#include "ingest/outlet.h"
#include "ingest/producer_frame.h"
#include "ingest/record_cutter.h"
#include "ingest/session_directory.h"
#include "ingest/source.h"
#include "state/batch.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace thalweg {

// What the connections of one durable source on one agent share: one at a time is served. The
// decoder too, since a BATCH holds whole records and leaves nothing behind in it.
struct ProducerHall {
    // Fails for nothing that the source's check has passed. Borrows the directory.
    ProducerHall(const FormatSpec& format, SourceInstance instance);

    Batch batch;
    std::unique_ptr<Decoder> decoder;
    RecordCutter cutter;
    SourceCounters counters;
    std::shared_ptr<SessionDirectory> directory;
    std::size_t instance = 0;
    std::size_t payload_bytes_max = 0;

    // What may be on its way to us on one connection.
    [[nodiscard]] std::uint64_t credit_bytes() const noexcept { return 4 * payload_bytes_max; }
};

// The server's side of one connection of the producer protocol (docs/PROTOCOL.md): frames in, rows
// to the outlet, frames out. Knows no socket and no clock.
//
//   kGreeting --HELLO--> kWaiting --claim granted--> kOpen --END, error, fence--> kLeaving
//       \----------------- REFUSE ----------------------/ \--drain()--> kDraining --/
//
// Contract  take() each frame that has come, in order, then deliver() until has_batch() is false,
//           while `outlet` is ready. What is appended to output() goes to the peer. Records count
//           as accepted, one by one, when they have been handed to the outlet, so a barrier may
//           come in the middle of a BATCH. A BATCH is applied only if its payload is `count` whole
//           records; else the connection leaves, and nothing of it is applied. When is_leaving()
//           turns true nothing more is taken; the session is still the connection's until let_go().
// Threads   The ingest agent's.
class ProducerConnection {
  public:
    ProducerConnection(ProducerHall& hall, std::uint64_t number, std::string peer);

    // `frame` is of kind kFrame or a broken one; its body stays until has_batch() is false.
    void take(const Frame& frame, std::int64_t now_ns, Outlet& outlet);

    // While is_waiting(): asks for the session again.
    void try_open(Outlet& outlet);

    // Decodes and offers the batch, up to about `budget` records; returns how many that were.
    std::size_t deliver(std::size_t budget, Outlet& outlet);

    // Another connection has the session: what is left of the batch is dropped.
    void fence(Outlet& outlet);

    // The peer is gone, or time is up: as after a refusal, without a word.
    void leave(Outlet& outlet);

    // With everything offered behind the outlet: the session is free.
    void let_go();

    // Nothing more will be read: tells the peer so. Acknowledgements may follow.
    void drain(std::uint64_t drain_ms, Outlet& outlet);

    // Appends an ACK if one is due, or, when nothing more is to be read for now, if there is
    // something to say. Not while something waits to be sent.
    void acknowledge(bool is_idle);

    void note_durable(std::uint64_t durable_seq) noexcept { progress_.durable = durable_seq; }

    [[nodiscard]] std::string& output() noexcept { return output_; }

    [[nodiscard]] bool has_batch() const noexcept { return !payload_.empty(); }

    [[nodiscard]] bool is_greeting() const noexcept { return state_ == State::kGreeting; }

    [[nodiscard]] bool is_waiting() const noexcept { return state_ == State::kWaiting; }

    [[nodiscard]] bool is_open() const noexcept { return state_ == State::kOpen; }

    [[nodiscard]] bool is_leaving() const noexcept { return state_ == State::kLeaving; }

    // Whether it holds a session: seal() must be told how far that has come.
    [[nodiscard]] bool has_session() const noexcept { return progress_.session != nullptr; }

    [[nodiscard]] const SessionDirectory::Progress& progress() const noexcept { return progress_; }

    // Why the connection was refused or closed by us; empty if it was not.
    [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

    [[nodiscard]] const std::string& peer() const noexcept { return peer_; }

  private:
    enum class State : std::uint8_t { kGreeting, kWaiting, kOpen, kDraining, kLeaving };

    void greet(std::string_view body, Outlet& outlet);
    void refuse(RefuseCode code, std::string_view text, Outlet& outlet);
    void settle(const SessionDirectory::Claim& claim, Outlet& outlet);
    void welcome(const SessionDirectory::Claim& claim, Outlet& outlet);
    void take_batch(std::string_view body, Outlet& outlet);
    void take_end(std::string_view body, Outlet& outlet);
    void malformed(std::string_view what, Outlet& outlet);
    void count_consumed(std::string_view consumed);

    ProducerHall& hall_;
    SessionDirectory::Holder holder_;
    std::string peer_;
    std::int64_t connection_id_;
    State state_ = State::kGreeting;
    SessionId session_id_;
    std::uint64_t last_acked_ = 0;
    SessionDirectory::Progress progress_;
    SplitId split_{};
    std::string_view payload_;        // Of the batch being delivered.
    std::uint64_t bytes_unsaid_ = 0;  // Accepted since the last ACK.
    std::uint64_t durable_said_ = 0;
    std::uint64_t accepted_said_ = 0;
    bool is_ack_due_ = false;
    std::uint64_t offset_ = 0;  // Of payload_ in all payloads.
    std::int64_t sequence_ = 0;
    std::int64_t receive_time_ns_ = 0;
    std::string output_;
    std::string reason_;
};

}  // namespace thalweg
