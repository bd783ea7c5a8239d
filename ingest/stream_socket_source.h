#pragma once

#include "ingest/descriptor.h"
#include "ingest/socket.h"
#include "ingest/source.h"
#include "ingest/stream_journal.h"
#include "ingest/stream_reader.h"
#include "ingest/stream_replay.h"
#include "ingest/stream_socket.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace thalweg {

// What a tcp or unix table asks for.
struct StreamSocketSettings {
    std::optional<HostPort> where;  // Of tcp.
    std::string path;               // Of unix.
    bool is_connecting = false;     // Mode connect: we go to them.
    std::size_t connection_limit = 10'000;
    std::int64_t idle_timeout_ns = 0;      // 0 is never.
    std::size_t receive_buffer_bytes = 0;  // 0 is the kernel's choice.
    FormatSpec format;
    bool has_journal = false;
    std::string table;  // For messages.
};

// Streams of records over TCP or unix sockets. Each connection is a split from the moment it is
// accepted, so that connections made together keep each other's watermark.
//
// Contract  Reads whatever has arrived, one buffer of a connection after another's. While the
//           outlet is not ready nothing is read: the kernel's buffers fill and the peers wait. A
//           peer that is silent, sends garbage or goes in the middle of a record costs only itself.
//           A connection beyond the limit is closed at once. A connection of ours (mode connect)
//           that ends is made again.
// Journal   With one, what was received in an earlier life comes first; then each read is appended
//           before it is decoded, and nothing is read while the journal has no room.
// Cost      A connection that had something a moment ago is asked again by recv() itself, a hundred
//           rounds of the agent long, before the loop watches it again: that would be three system
//           calls more for each time it runs dry. Few are treated so, that many cost nothing.
// Threads   The ingest agent's.
class StreamSocketSource final : public Source {
  public:
    StreamSocketSource(StreamSocketSettings settings,
                       SourceInstance instance,
                       IoLoop& loop,
                       SourceEvent event);
    StreamSocketSource(const StreamSocketSource&) = delete;
    StreamSocketSource& operator=(const StreamSocketSource&) = delete;
    ~StreamSocketSource() override;

    Result<void> open(Outlet& outlet) override;
    std::size_t poll(std::int64_t now_ns, std::size_t budget, Outlet& outlet) override;
    void stop() override;

    [[nodiscard]] bool finished() const override {
        return is_stopping_ && connections_.empty() && replay_ == nullptr;
    }

    [[nodiscard]] bool is_bounded() const override { return false; }

    [[nodiscard]] const SourceCounters& counters() const override { return workspace_.counters(); }

    [[nodiscard]] std::int64_t next_poll_ns() const override;

    [[nodiscard]] std::string_view failure() const override { return failure_; }

    [[nodiscard]] Replay replay() const override {
        return settings_.has_journal ? Replay::kJournal : Replay::kNone;
    }

    Result<void> restore(const std::vector<SourcePosition>& positions) override;
    void seal(std::uint64_t epoch, std::vector<SourcePosition>& positions) override;
    [[nodiscard]] bool is_sealed() override;

    [[nodiscard]] bool is_replaying() const override { return replay_ != nullptr; }

  private:
    struct Connection;

    [[nodiscard]] Result<void> begin_journal();

    [[nodiscard]] StreamJournal written() const { return StreamJournal(*instance_.journal); }

    std::size_t replay_some(std::size_t budget, Outlet& outlet);
    void flush_journal(std::int64_t now_ns);
    [[nodiscard]] bool may_read() const;

    [[nodiscard]] Result<void> listen(const SocketAddress& address);
    std::size_t take_ready(std::int64_t now_ns, Outlet& outlet);
    void accept_all(std::int64_t now_ns, Outlet& outlet);
    void add(Descriptor descriptor, std::string peer, std::int64_t now_ns, Outlet& outlet);
    void dial(std::int64_t now_ns, bool is_writable, Outlet& outlet);
    [[nodiscard]] Connection* next_in_turn();
    std::size_t serve(Connection& connection,
                      std::int64_t now_ns,
                      std::size_t budget,
                      Outlet& outlet);
    bool read(Connection& connection, std::int64_t now_ns);
    void close(Connection& connection, std::int64_t now_ns, Outlet& outlet);
    void expire_idle(std::int64_t now_ns);
    std::size_t finish(std::size_t budget, Outlet& outlet);
    void rest(Connection& connection);
    void watch(Connection& connection);

    StreamSocketSettings settings_;
    SourceInstance instance_;
    IoLoop& loop_;
    SourceEvent event_;
    StreamWorkspace workspace_;
    ReadyList ready_;
    std::unique_ptr<WatchedDescriptor> listener_;
    std::unique_ptr<StreamDialer> dialer_;
    std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_;
    std::deque<std::uint64_t> turns_;  // Numbers of connections that have something to read.
    std::vector<std::uint64_t> hot_;   // Of those that had something a moment ago.
    Connection* current_ = nullptr;    // Has its bytes in the workspace.
    std::uint64_t next_number_ = 2;    // 0 is the listener, 1 the dialer.
    std::int64_t next_connection_id_ = 0;
    std::string socket_path_;               // To remove in the end.
    std::unique_ptr<StreamReplay> replay_;  // Null: nothing, or no more, to be done again.
    std::string failure_;
    std::int64_t accept_again_ns_ = INT64_MAX;
    std::int64_t expire_again_ns_ = INT64_MAX;
    bool has_refused_ = false;
    bool is_flushed_ = true;
    bool is_stopping_ = false;
};

}  // namespace thalweg
