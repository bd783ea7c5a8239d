#include "bench/by_hand/operators.h"
#include "bench/by_hand/slot_table.h"

#include <algorithm>
#include <array>
#include <vector>

namespace thalweg::bench::by_hand {

namespace {

// How many keys have each count, by count, and what was told of it.
class Histogram {
  public:
    explicit Histogram(Results& results) : result_(results) {}

    // A key that had `count` records has one more.
    [[gnu::always_inline]] void move_on(std::size_t count) {
        if (count + 1 >= bars_.size()) [[unlikely]]
            bars_.resize(2 * (count + 2));
        if (count != 0) add(count, -1);
        add(count + 1, 1);
    }

    void tell() {
        for (const std::size_t count : changed_) {
            Bar& bar = bars_[count];
            bar.is_changed = false;
            if (bar.keys == bar.told) continue;
            const auto of = static_cast<std::int64_t>(count);
            if (bar.told != 0) result_.add({{of, bar.told}, false});
            if (bar.keys != 0) result_.add({{of, bar.keys}, true});
            bar.told = bar.keys;
        }
        changed_.clear();
    }

    void finish() {
        tell();
        result_.flush();
    }

  private:
    struct Bar {
        std::int64_t keys = 0;
        std::int64_t told = 0;
        bool is_changed = false;
    };

    [[gnu::always_inline]] void add(std::size_t count, std::int64_t keys) {
        Bar& bar = bars_[count];
        bar.keys += keys;
        if (bar.is_changed) return;
        bar.is_changed = true;
        changed_.push_back(count);
    }

    std::vector<Bar> bars_;
    std::vector<std::size_t> changed_;
    RowWriter<Change<2>> result_;
};

}  // namespace

void count_of_counts(std::span<const Record> records, std::size_t keys, Results& results) {
    struct Slot {
        std::int64_t key;
        std::size_t count;
    };

    constexpr std::size_t kRecords = 1'024;
    SlotTable<Slot> table(keys);
    Histogram histogram(results);
    const bool is_large = table.outgrows_cache();
    for (std::size_t i = 0; i < records.size(); ++i) {
        if (is_large && i + table.kAhead < records.size())
            table.prefetch(records[i + table.kAhead].key);
        Slot& slot = table.find(records[i].key);
        slot.key = records[i].key;
        histogram.move_on(slot.count++);
        if (i % kRecords == kRecords - 1) histogram.tell();
    }
    histogram.finish();
}

}  // namespace thalweg::bench::by_hand
