#pragma once

#include "ingest/datagram_socket.h"
#include "ingest/decoder.h"
#include "ingest/descriptor.h"
#include "ingest/packet_counter.h"
#include "ingest/source.h"
#include "ingest/stream_reader.h"
#include "state/batch.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

class JournalReplay;

// What a full engine does to datagrams that keep arriving. Each one is counted as shed.
enum class OverloadPolicy : std::uint8_t {
    kDropNewest,  // What waits is kept.
    kDropOldest,  // What comes is kept.
    kSample,      // Every second one of what waits is kept.
};

// What a udp table asks for.
struct UdpSettings {
    DatagramSettings socket;
    OverloadPolicy overload = OverloadPolicy::kDropNewest;
    FormatSpec format;
    bool has_journal = false;
    std::string table;  // For messages.
};

// Records in datagrams. The socket is one split.
//
// Contract  Datagrams are taken from the kernel many at a time, merged ones whole, and decoded
//           where they lie. While the outlet is not ready the socket is drained all the same: up to
//           kWaitingMax packets wait, what is beyond is shed by the policy and counted. stop() lets
//           nothing in any more; what had arrived is delivered.
//           Counters: datagrams sent to the socket = received + kernel_dropped, exactly, once the
//           source has finished. Of merged packets that needs PacketCounter; see there.
// Journal   With one, what was received in an earlier life comes first, and nothing is taken from
//           the kernel meanwhile; then each packet is appended before it is decoded. Where the
//           journal has no room packets wait, and are shed, as if the outlet were not ready.
// Threads   The ingest agent's.
class UdpSource final : public Source {
  public:
    static constexpr std::size_t kWaitingMax = PacketBuffer::kSlots / 2;

    UdpSource(UdpSettings settings, SourceInstance instance, IoLoop& loop, SourceEvent event);
    UdpSource(const UdpSource&) = delete;
    UdpSource& operator=(const UdpSource&) = delete;
    ~UdpSource() override = default;

    Result<void> open(Outlet& outlet) override;
    std::size_t poll(std::int64_t now_ns, std::size_t budget, Outlet& outlet) override;
    void stop() override;

    [[nodiscard]] bool finished() const override {
        return is_finished_ && journal_replay_ == nullptr;
    }

    [[nodiscard]] bool is_bounded() const override { return false; }

    [[nodiscard]] const SourceCounters& counters() const override { return counters_; }

    [[nodiscard]] std::int64_t next_poll_ns() const override;

    [[nodiscard]] std::string_view failure() const override { return failure_; }

    [[nodiscard]] Replay replay() const override {
        return settings_.has_journal ? Replay::kJournal : Replay::kNone;
    }

    Result<void> restore(const std::vector<SourcePosition>& positions) override;
    void seal(std::uint64_t epoch, std::vector<SourcePosition>& positions) override;
    [[nodiscard]] bool is_sealed() override;

    [[nodiscard]] bool is_replaying() const override { return journal_replay_ != nullptr; }

    // Datagrams taken from the kernel, of whatever content.
    [[nodiscard]] std::uint64_t received_datagrams() const noexcept { return datagrams_; }

  private:
    bool receive();
    void watch();
    std::size_t deliver(std::size_t budget, Outlet& outlet);
    std::size_t decode_next(Packet& packet, const char* bytes, Batch& rows, CountingOutlet& outlet);
    void reject(const Packet& packet, const char* bytes, RejectReason reason, Outlet& outlet);
    [[nodiscard]] bool has_room() const;
    void name_peer(const Packet& packet);
    [[nodiscard]] Result<void> begin_journal();
    [[nodiscard]] bool has_journal_room() const;
    void flush_journal();
    void journal_packet(Packet& packet, bool is_carried);
    std::size_t replay_some(std::size_t budget, Outlet& outlet);
    [[nodiscard]] bool next_replayed();
    void end_replay();
    void offer(Outlet& outlet);
    std::size_t overload(Outlet& outlet);
    void shed(Packet& packet, Outlet& outlet);
    void look_at_drops(std::int64_t now_ns);
    void count_missing(std::uint64_t arrived);
    void finish(Outlet& outlet);

    UdpSettings settings_;
    std::size_t rows_of_record_;  // At most.
    SourceInstance instance_;
    IoLoop& loop_;
    SourceEvent event_;
    SchemaPtr schema_;
    Batch batch_;
    std::unique_ptr<Batch> shed_batch_;  // Where records are counted that nobody wants.
    std::unique_ptr<Decoder> decoder_;
    SourceCounters counters_;
    ReadyList ready_;
    std::unique_ptr<WatchedDescriptor> socket_;
    PacketBuffer buffer_;
    std::deque<Packet> waiting_;
    std::optional<PacketCounter> counter_;
    DropCounter drops_;
    SplitId split_{};
    std::string peer_;  // Of peer_address_, as text.
    SocketAddress peer_address_;
    std::int64_t now_ns_ = 0;
    std::int64_t sequence_ = 0;
    std::int64_t look_again_ns_ = INT64_MIN;
    std::optional<std::uint64_t> arrived_;  // Then; until the socket is next found empty.
    std::uint64_t datagrams_ = 0;
    std::uint64_t offset_ = 0;                 // Bytes done with.
    JournalReplay* journal_replay_ = nullptr;  // Null: nothing, or no more, to be done again.
    std::optional<Packet> replayed_;           // Being done again; its bytes:
    std::string_view replayed_bytes_;
    std::vector<std::string> replayed_peers_;  // Of each chain.
    bool is_peer_in_journal_ = false;
    std::string failure_;
    bool is_readable_ = true;
    bool is_watched_ = false;
    bool is_offered_ = false;  // The batch is the outlet's for now.
    bool is_flushed_ = true;
    bool is_stopping_ = false;
    bool is_finished_ = false;
};

}  // namespace thalweg
