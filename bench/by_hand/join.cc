#include "bench/by_hand/operators.h"
#include "bench/by_hand/slot_table.h"

#include <array>
#include <vector>

namespace thalweg::bench::by_hand {

namespace {

// Seven values of one key and side in a cache line, the latest first in a chain of lines.
struct alignas(64) Block {
    std::uint32_t next = 0;  // 0: none.
    std::uint32_t count = 0;
    std::array<std::int64_t, 7> values{};
};

static_assert(sizeof(Block) == 64);

struct JoinSlot {
    std::int64_t key;
    std::array<std::uint32_t, 2> heads;  // Blocks; 0: none.
};

class Values {
  public:
    Values() : blocks_(1) {}

    [[nodiscard]] const Block& operator[](std::uint32_t index) const { return blocks_[index]; }

    [[gnu::always_inline]] void add(std::uint32_t& head, std::int64_t value) {
        if (head == 0 || blocks_[head].count == blocks_[head].values.size()) {
            blocks_.push_back({head, 0, {}});
            head = static_cast<std::uint32_t>(blocks_.size() - 1);
        }
        Block& block = blocks_[head];
        block.values[block.count++] = value;
    }

  private:
    std::vector<Block> blocks_;
};

}  // namespace

void join(std::span<const Record> records,
          std::size_t keys,
          std::int64_t extra_end,
          Results& results) {
    SlotTable<JoinSlot> table(keys);
    Values values;
    RowWriter<std::array<std::int64_t, 3>> result(results);
    const bool is_large = table.outgrows_cache();
    for (std::size_t i = 0; i < records.size(); ++i) {
        const Record& record = records[i];
        if (is_large && i + table.kAhead < records.size())
            table.prefetch(records[i + table.kAhead].key);
        JoinSlot& slot = table.find(record.key);
        slot.key = record.key;
        const std::size_t side = record.extra < extra_end ? 0 : 1;
        for (std::uint32_t at = slot.heads[1 - side]; at != 0; at = values[at].next) {
            const Block& block = values[at];
            for (std::uint32_t k = 0; k < block.count; ++k) {
                const std::int64_t other = block.values[k];
                result.add({record.key,
                            side == 0 ? record.value : other,
                            side == 0 ? other : record.value});
            }
        }
        values.add(slot.heads[side], record.value);
    }
    result.flush();
}

}  // namespace thalweg::bench::by_hand
