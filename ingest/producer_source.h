#pragma once

#include "ingest/descriptor.h"
#include "ingest/producer_connection.h"
#include "ingest/source.h"
#include "ingest/stream_socket_source.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace thalweg {

// A tcp table with 'durability' = 'epoch': producers that number their records, keep them until
// they are durable, and send them again (docs/PROTOCOL.md). What is acknowledged is never lost, and
// what is sent again is not counted again.
//
// Contract  As StreamSocketSource, with a protocol in front: a connection is a split from WELCOME
//           on. A peer that does not read its acknowledgements is not read from. After stop()
//           connections stay open to hear of the epochs that are committed then, until the source
//           goes.
// Restart   Producers that were there before hold the watermark back until each has its session
//           again, or 1 s after they can have it: what one sends again would be late if another had
//           been quicker.
// Limits    A connection that has not said HELLO after 5 s, has not taken our words for 10 s, or
//           sits on after a refusal for 2 s, is closed. One keeps at most one BATCH in memory that
//           is not whole yet.
// Threads   The ingest agent's.
class ProducerSource final : public Source {
  public:
    struct Settings {
        StreamSocketSettings socket;  // Of tcp, mode listen.
        std::size_t sessions_max = 1'000'000;
        std::int64_t sessions_expire_after_ns = 0;  // 0: they are kept for ever.
        std::string table;                          // For messages.
    };

    ProducerSource(Settings settings, SourceInstance instance, IoLoop& loop, SourceEvent event);
    ProducerSource(const ProducerSource&) = delete;
    ProducerSource& operator=(const ProducerSource&) = delete;
    ~ProducerSource() override;

    Result<void> open(Outlet& outlet) override;
    std::size_t poll(std::int64_t now_ns, std::size_t budget, Outlet& outlet) override;
    void stop() override;

    [[nodiscard]] bool finished() const override { return is_stopping_ && is_drained_; }

    [[nodiscard]] bool is_bounded() const override { return false; }

    [[nodiscard]] const SourceCounters& counters() const override { return hall_.counters; }

    [[nodiscard]] std::int64_t next_poll_ns() const override;

    [[nodiscard]] Replay replay() const override { return Replay::kAcknowledged; }

    Result<void> restore(const std::vector<SourcePosition>& positions) override;
    void seal(std::uint64_t epoch, std::vector<SourcePosition>& positions) override;
    void commit(std::uint64_t epoch) override;

  private:
    struct Connection;

    std::size_t take_ready(std::int64_t now_ns);
    void accept_all(std::int64_t now_ns);
    void add(Descriptor descriptor, std::string peer, std::int64_t now_ns);
    void fence(std::int64_t now_ns, Outlet& outlet);
    void release(Outlet& outlet);
    void wait_for_absent(std::int64_t now_ns, Outlet& outlet);
    void open_waiting(Outlet& outlet);
    [[nodiscard]] Connection* next_in_turn();
    std::size_t serve(Connection& connection,
                      std::int64_t now_ns,
                      std::size_t budget,
                      Outlet& outlet);
    bool read(Connection& connection, std::int64_t now_ns);
    std::size_t work(Connection& connection,
                     std::int64_t now_ns,
                     std::size_t budget,
                     Outlet& outlet);
    void unload(Connection& connection);
    void rest(Connection& connection, std::int64_t now_ns, Outlet& outlet);
    void send(Connection& connection);
    void depart(Connection& connection, std::int64_t now_ns, Outlet& outlet);
    void enqueue(Connection& connection);
    void watch(Connection& connection);
    void expire(std::int64_t now_ns, Outlet& outlet);
    void expire_sessions(std::int64_t now_ns);
    [[nodiscard]] std::int64_t deadline_of(const Connection& connection) const;
    std::size_t finish(std::size_t budget, Outlet& outlet);

    Settings settings_;
    SourceInstance instance_;
    IoLoop& loop_;
    SourceEvent event_;
    ProducerHall hall_;
    std::vector<char> buffer_;  // Of the connection that is current, with the decoder's padding.
    std::size_t begin_ = 0;     // Of what is not worked on yet.
    std::size_t end_ = 0;
    ReadyList ready_;
    std::unique_ptr<WatchedDescriptor> listener_;
    std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
    std::deque<std::uint64_t> turns_;       // Numbers of connections that may have something.
    std::vector<std::uint64_t> hot_;        // Of those that had something a moment ago.
    std::vector<std::uint64_t> departing_;  // Of those that leave and were not let go yet.
    std::vector<std::uint64_t> waiting_;    // Of those that wait for their session.
    Connection* current_ = nullptr;         // Has its bytes in the buffer.
    std::uint64_t next_number_ = 1;         // 0 is the listener.
    std::int64_t now_ns_ = 0;               // Of the latest poll.
    std::int64_t accept_again_ns_ = INT64_MAX;
    std::int64_t expire_again_ns_ = INT64_MAX;
    std::int64_t sessions_again_ns_ = INT64_MAX;
    bool waits_for_absent_ = false;  // For producers that were there before a restart.
    std::optional<SplitId> absent_;  // Stands for them.
    std::int64_t absent_until_ns_ = INT64_MAX;
    std::int64_t absent_again_ns_ = 0;        // When the split is too old.
    std::uint64_t first_epoch_ = UINT64_MAX;  // Of this process.
    bool has_committed_ = false;              // Such an epoch: sessions are given out.
    bool has_refused_ = false;
    bool is_flushed_ = true;
    bool is_stopping_ = false;
    bool is_drained_ = false;
};

}  // namespace thalweg
