#include "bench/by_hand/operators.h"
#include "bench/by_hand/slot_table.h"
#include "state/base/time.h"

#include <array>
#include <bit>
#include <vector>

namespace thalweg::bench::by_hand {

namespace {

struct SessionSlot {
    std::int64_t key, start_ms, last_ms, count, sum;
};

// Each record leaves a note of when its session ends if no other comes; notes are in order of time,
// and one whose session has had another record since means nothing.
class Sessions {
  public:
    Sessions(std::size_t keys, const SessionSpec& spec, Results& results)
        : table_(keys),
          notes_(std::bit_ceil(spec.rows_per_gap)),
          gap_ms_(spec.gap_ms),
          result_(results) {}

    [[nodiscard]] SlotTable<SessionSlot>& table() noexcept { return table_; }

    [[gnu::always_inline]] void add(const Record& record) {
        SessionSlot& slot = table_.find(record.key);
        if (slot.count != 0 && slot.last_ms + gap_ms_ < record.ts_ms) [[unlikely]]
            close(slot);
        if (slot.count == 0) {
            slot.key = record.key;
            slot.start_ms = record.ts_ms;
        }
        slot.last_ms = record.ts_ms;
        ++slot.count;
        slot.sum += record.value;
        notes_[last_++ & (notes_.size() - 1)] = {record.ts_ms, &slot};
        end_until(record.ts_ms);
    }

    void finish() {
        end_until(INT64_MAX);
        result_.flush();
    }

  private:
    struct Note {
        std::int64_t ts_ms;
        SessionSlot* slot;
    };

    [[gnu::always_inline]] void end_until(std::int64_t now_ms) {
        const std::size_t mask = notes_.size() - 1;
        for (; first_ < last_; ++first_) {
            const Note& note = notes_[first_ & mask];
            if (note.ts_ms + gap_ms_ > now_ms) break;
            __builtin_prefetch(notes_[(first_ + 8) & mask].slot);
            if (note.slot->count != 0 && note.slot->last_ms == note.ts_ms) close(*note.slot);
        }
    }

    void close(SessionSlot& slot) {
        result_.add({slot.start_ms * kNanosPerMilli,
                     (slot.last_ms + gap_ms_) * kNanosPerMilli,
                     slot.key,
                     slot.count,
                     slot.sum});
        slot.count = 0;
        slot.sum = 0;
    }

    SlotTable<SessionSlot> table_;
    std::vector<Note> notes_;
    std::uint64_t first_ = 0;
    std::uint64_t last_ = 0;
    std::int64_t gap_ms_;
    RowWriter<std::array<std::int64_t, 5>> result_;
};

}  // namespace

void session(std::span<const Record> records,
             std::size_t keys,
             const SessionSpec& spec,
             Results& results) {
    Sessions sessions(keys, spec, results);
    const bool is_large = sessions.table().outgrows_cache();
    constexpr std::size_t kAhead = SlotTable<SessionSlot>::kAhead;
    for (std::size_t i = 0; i < records.size(); ++i) {
        if (is_large && i + kAhead < records.size())
            sessions.table().prefetch(records[i + kAhead].key);
        sessions.add(records[i]);
    }
    sessions.finish();
}

}  // namespace thalweg::bench::by_hand
