#pragma once

#include "ops/frozen_entries.h"
#include "ops/group_dictionary.h"
#include "ops/op_state.h"
#include "ops/ordered_records.h"
#include "ops/rank.h"
#include "ops/record_pool.h"
#include "ops/row_codec.h"
#include "ops/sort_key.h"
#include "ops/state_ttl.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace thalweg {

// What all partitions of one operator share: the forms of keys and rows, their memory, and room to
// work in.
//
// Threads  One at a time.
struct RankPlan {
    explicit RankPlan(const RankSpec& rank_spec);

    // The rows that are kept: the columns of the input, then the arrival; with a TTL then when
    // their partition was written.
    [[nodiscard]] StateTable rows_table() const;

    // The place of an arrival among equal keys, and the arrival of a place.
    [[nodiscard]] std::uint64_t place_of(std::uint64_t arrival) const noexcept {
        return spec.newest_first ? ~arrival : arrival;
    }

    [[nodiscard]] std::size_t memory_bytes() const noexcept {
        return records.memory_bytes() + keys.memory_bytes() + codec.memory_bytes();
    }

    RankSpec spec;
    GroupKey key;
    KeyHistory history;
    RecordPool records;
    SortKeyWriter keys;
    RowCodec codec;
    std::uint64_t next_arrival = 1;

    // Room for one batch.
    GroupKey::Encoded encoded;
    std::vector<std::uint32_t> positions;
    std::vector<const Column*> columns;
};

// The partitions of a Top-N with the rows that may be asked for.
//
// Shape    A dictionary of partitions, and for each the records in order. Where nothing is taken
//          back only rows that rank up to RankSpec::last are kept: others can never come back; of
//          partitions that have so many the beginning of the last one's sort key lies in an array,
//          where most rows are found to come too late (dedup of 1 million keys: 201 ns a row
//          before).
// TTL      Of a partition as a whole (ops/state_ttl.h).
// Snapshot freeze(), then save() until nothing is_frozen(). A partition is written in one piece, at
//          the latest before it changes.
// Lifetime The plan outlives the partitions.
class RankPartitions {
  public:
    explicit RankPartitions(RankPlan& plan)
        : plan_(&plan),
          keys_(plan.key, 0, plan.history),
          has_bounds_(!plan.spec.is_changing && plan.spec.kind != RankKind::kDenseRank &&
                      plan.spec.last != RankSpec::kNoLimit),
          ttl_(plan.spec.ttl_ns) {}

    ~RankPartitions();
    RankPartitions(const RankPartitions&) = delete;
    RankPartitions& operator=(const RankPartitions&) = delete;

    // Writes the partition of each row to plan.positions, its sort key to plan.keys.
    void locate(const BatchView& view, Selection rows);

    // --- The TTL; they do nothing without one. What has expired is the caller's: `gone` ---

    // Makes those of the partitions that were located that have expired empty ones, before anything
    // of the batch is done to them.
    void forget_expired(std::int64_t now_ns, std::vector<Record*>& gone);

    void write_now(std::uint32_t position) {
        if (ttl_.is_on()) written_ms_[position] = ttl_.now_ms();
    }

    // A step of giving back what has expired. Between batches.
    void sweep(std::int64_t now_ns, std::vector<Record*>& gone);

    [[nodiscard]] std::int64_t next_tick_ns() const noexcept {
        return ttl_.next_tick_ns(partitions_.size());
    }

    // --- Rows ---

    // Whether a row with this key, later than all others, would not be kept.
    [[nodiscard]] bool is_beyond(std::uint32_t position, std::span<const std::byte> key) const;

    // Of a partition whose row comes soon: fetches what is_beyond() reads, and then insert().
    // Always inline: g++ 12 drops calls of functions that only prefetch.
    [[gnu::always_inline]] void prefetch_bound(std::uint32_t position) const noexcept {
        if (!bounds_.empty()) __builtin_prefetch(&bounds_[position]);
    }

    [[gnu::always_inline]] void prefetch(std::uint32_t position) const noexcept {
        __builtin_prefetch(&partitions_[position]);
    }

    [[gnu::always_inline]] void prefetch_back(std::uint32_t position) const noexcept {
        partitions_[position].prefetch_back();
    }

    // Takes a record in, and drops what nobody can ask for any more into `dropped`. For ranks with
    // ties that is left to trim(), once for many.
    void insert(std::uint32_t position, Record* record, std::vector<Record*>& dropped);
    void trim(std::uint32_t position, std::vector<Record*>& dropped);

    // Takes out a row that is equal to the given one; nullptr: there is none.
    [[nodiscard]] Record* take(std::uint32_t position,
                               std::span<const std::byte> key,
                               std::span<const std::byte> row);

    // Calls visit(record, number) for those whose number is asked for, in order.
    template <class Visit>
    void for_each_ranked(std::uint32_t position, const Visit& visit) const {
        const RankSpec& spec = plan_->spec;
        for_each_number(position, [&](Record* record, std::uint64_t number) {
            if (number > spec.last) return false;
            if (number >= spec.first) visit(record, number);
            return true;
        });
    }

    [[nodiscard]] std::size_t size() const noexcept { return partitions_.size(); }

    // Writes rows to table 0 of `out`, behind the columns of the input their arrival.
    void freeze(StateOut& out);

    [[nodiscard]] bool is_frozen() const noexcept { return frozen_.is_frozen(); }

    std::size_t save(std::size_t rows_max);

    // Of a partition that is about to change.
    void save_before(std::uint32_t position);

    // Takes a saved row back, the i-th that was located.
    void restore(const BatchView& view, Selection rows);

    [[nodiscard]] std::size_t memory_bytes() const noexcept {
        const RankSpec& spec = plan_->spec;
        const bool are_few = spec.kind == RankKind::kRowNumber && !spec.is_changing &&
                             spec.last <= OrderedRecords::kFewMax;
        return keys_.memory_bytes() + partitions_.capacity() * sizeof(OrderedRecords) +
               bounds_.capacity() * sizeof(Bound) +
               (are_few ? 0 : record_count_ * 3 * sizeof(Record*)) + frozen_.memory_bytes() +
               written_ms_.capacity() * sizeof(std::int64_t);
    }

  private:
    template <class Visit>
    void for_each_number(std::uint32_t position, const Visit& visit) const {
        std::uint64_t index = 0;
        std::uint64_t number = 0;
        const Record* previous = nullptr;
        partitions_[position].for_each([&](Record* record) {
            ++index;
            const bool is_peer = plan_->spec.kind != RankKind::kRowNumber && previous != nullptr &&
                                 compare_keys(previous->key(), record->key()) == 0;
            if (!is_peer) number = plan_->spec.kind == RankKind::kDenseRank ? number + 1 : index;
            previous = record;
            return visit(record, number);
        });
    }

    // The first 16 bytes of a sort key, zeros behind a shorter one, as a number.
    using Bound = UInt128;

    static constexpr Bound kNoBound = ~Bound{0};

    [[nodiscard]] static Bound bound_of(std::span<const std::byte> key) noexcept;

    void set_bound(std::uint32_t position);
    std::size_t write(std::uint32_t position);
    void take_all(std::uint32_t position, std::vector<Record*>& gone);
    void erase(std::uint32_t position);

    RankPlan* plan_;
    GroupDictionary keys_;
    std::vector<OrderedRecords> partitions_;
    bool has_bounds_;
    std::vector<Bound> bounds_;  // By partition, if any; kNoBound: it has room.
    StateTtl ttl_;
    std::vector<std::int64_t> written_ms_;  // Of each partition, with a TTL.
    std::size_t record_count_ = 0;
    FrozenEntries frozen_;
    StateOut* out_ = nullptr;
    std::vector<std::uint32_t> taken_;
};

}  // namespace thalweg
