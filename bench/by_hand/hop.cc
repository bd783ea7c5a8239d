#include "bench/by_hand/by_hand.h"
#include "bench/by_hand/slot_table.h"
#include "state/base/time.h"

#include <array>
#include <vector>

namespace thalweg::bench::by_hand {

namespace {

struct Total {
    std::int64_t count = 0;
    std::int64_t sum = 0;
};

// Keys have numbers. Each second is an array of totals by number; the window is their running sum:
// what comes in is added, what falls out is taken away.
class HoppingGroups {
  public:
    HoppingGroups(std::size_t keys, std::size_t seconds, Results& results)
        : numbers_(keys),
          window_(keys),
          slices_(seconds, std::vector<Total>(keys)),
          result_(results) {}

    [[gnu::always_inline]] void add(const Record& record) {
        if (record.ts_ms >= end_ms_) [[unlikely]] {
            if (end_ms_ != 0) close_until(second_end_ms(record.ts_ms));
            end_ms_ = second_end_ms(record.ts_ms);
        }
        Slot& slot = numbers_.find(record.key);
        if (slot.key == 0) [[unlikely]] {
            slot = {record.key, keys_.size()};
            keys_.push_back(record.key);
        }
        Total& total = slices_[open_][slot.number];
        ++total.count;
        total.sum += record.value;
    }

    void finish() {
        const auto seconds = static_cast<std::int64_t>(slices_.size());
        close_until(end_ms_ + seconds * 1000);
        result_.flush();
    }

  private:
    struct Slot {
        std::int64_t key;
        std::size_t number;
    };

    void close_until(std::int64_t end_ms) {
        for (; end_ms_ < end_ms; end_ms_ += 1000) {
            fire();
            open_ = (open_ + 1) % slices_.size();
            drop(slices_[open_]);
        }
    }

    void fire() {
        const std::vector<Total>& slice = slices_[open_];
        for (std::size_t i = 0; i < keys_.size(); ++i) {
            Total& total = window_[i];
            total.count += slice[i].count;
            total.sum += slice[i].sum;
            if (total.count == 0) continue;
            result_.add({end_ms_ * kNanosPerMilli, keys_[i], total.count, total.sum});
        }
    }

    void drop(std::vector<Total>& slice) {
        for (std::size_t i = 0; i < keys_.size(); ++i) {
            window_[i].count -= slice[i].count;
            window_[i].sum -= slice[i].sum;
            slice[i] = {};
        }
    }

    SlotTable<Slot> numbers_;
    std::vector<std::int64_t> keys_;
    std::vector<Total> window_;
    std::vector<std::vector<Total>> slices_;
    std::size_t open_ = 0;
    std::int64_t end_ms_ = 0;
    RowWriter<std::array<std::int64_t, 4>> result_;
};

}  // namespace

void hop(std::span<const Record> records, std::size_t keys, std::size_t seconds, Results& results) {
    HoppingGroups groups(keys, seconds, results);
    for (const Record& record : records)
        groups.add(record);
    groups.finish();
}

}  // namespace thalweg::bench::by_hand
