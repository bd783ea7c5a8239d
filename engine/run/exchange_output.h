#pragma once

#include "engine/run/batch_home.h"
#include "engine/run/edge_item.h"
#include "engine/run/gather.h"
#include "engine/run/idle.h"
#include "engine/run/key_groups.h"
#include "engine/run/ring.h"
#include "engine/run/stage_output.h"
#include "engine/run/topology.h"
#include "state/base/hash.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

namespace thalweg {

// The way to one instance of a stage on another agent: an open batch that fills, and items that
// wait because the ring or the mailbox was full.
//
// Threads  The producer's.
class Lane {
  public:
    // What is the same for all items of an edge from one agent.
    struct Address {
        std::uint8_t port = 0;
        std::uint32_t channel = 0;
        std::uint16_t producer = 0;
    };

    // Exactly one of ring and gather is given. `wake` says whom to wake after a push, if anybody.
    // Everything is borrowed.
    struct Target {
        Ring<EdgeItem>* ring = nullptr;
        Gather* gather = nullptr;
        WakeSignal* const* wake = nullptr;
    };

    Lane(Target target, BatchPool& pool, Address address);
    Lane(Lane&&) noexcept = default;
    Lane& operator=(Lane&&) = delete;
    Lane(const Lane&) = delete;
    Lane& operator=(const Lane&) = delete;
    ~Lane();

    // Pushes what waits; true when nothing is left waiting.
    [[nodiscard]] bool ready();

    // Copies rows into the open batch, sending full ones; returns whether it sent any.
    bool append(const BatchView& rows, Selection selection, Watermark step);

    // Sends the open batch, if there is one.
    void send_open();

    // Sends a word behind the rows.
    void send(ItemKind kind, Watermark watermark);

  private:
    void push(const EdgeItem& item);
    [[nodiscard]] bool try_push(const EdgeItem& item);

    Target target_;
    BatchPool* pool_;
    Address address_;
    std::unique_ptr<Batch> open_;
    Watermark open_step_;
    std::deque<EdgeItem> waiting_;  // Bounded: a piece of work begins only while it is empty.
};

// An edge to other agents: rows are copied into batches and sent by hash, to one shard, to all in
// turn, or to the merge agent. Words about time go to every instance of the target, behind the rows
// that came before them. Behind each barrier the owners of key groups may be others (KeyGroupMaps).
//
// Cost     A row is copied once. Keys are hashed a column at a time, rows are scattered a column at
//          a time: no branch per value.
// Threads  The producer's.
class ExchangeOutput final : public StageOutput {
  public:
    struct Settings {
        Exchange exchange = Exchange::kHash;
        std::vector<std::size_t> keys;
        HashSeed seed = HashSeed::from(0);
        const KeyGroupMaps* maps = nullptr;  // kHash; borrowed, as is the next.
        GroupLoads* loads = nullptr;         // Null: nobody counts.
    };

    ExchangeOutput(Settings settings, std::vector<Lane> lanes);

    [[nodiscard]] bool ready() override;
    void emit(const BatchView& rows, Watermark step) override;
    void advance(Watermark watermark) override;
    void idle() override;
    void flush() override;
    void barrier() override;
    void end() override;

  private:
    void scatter(const BatchView& rows, Watermark step);
    void spread();
    void send_all(ItemKind kind, Watermark watermark);

    Settings settings_;
    std::vector<Lane> lanes_;
    const KeyGroupMap* map_ = nullptr;  // kHash.
    std::size_t spread_index_ = 0;
    std::vector<std::uint64_t> hashes_;
    std::vector<std::uint16_t> rows_;  // kBatchRows places for each lane.
    std::vector<std::uint32_t> counts_;
};

}  // namespace thalweg
