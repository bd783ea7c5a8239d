// The direct index against a map of keys, over random boxes of one to four parts that grow.

#include "state/direct_index.h"

#include "state/base/random.h"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <vector>

namespace thalweg {
namespace {

constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::uint64_t kTooMany = DirectIndex::kSlotsMax + 1;

TEST_CASE("direct index: slots that ranges need") {
    using Ranges = std::vector<KeyRange>;

    struct Case {
        Ranges ranges;
        std::uint64_t slots;
    };

    const std::vector<Case> cases = {
        {{{0, 0}}, 2},
        {{{-5, 5}}, 12},
        {{{kLeast, kLeast}}, 2},
        {{{kMost - 1, kMost}}, 3},
        {{{}}, 1},
        {{{}, {7, 9}}, 4},
        {{{1, 2}, {1, 3}, {1, 4}}, 60},
        {{{kLeast, kMost}}, kTooMany},
        {{{kLeast, kMost}, {kLeast, kMost}, {kLeast, kMost}, {kLeast, kMost}}, kTooMany},
        {{{0, (1LL << 31) - 3}}, DirectIndex::kSlotsMax - 1},
        {{{0, (1LL << 31) - 1}}, kTooMany},
    };
    for (const Case& each : cases) {
        CAPTURE(each.slots);
        DirectIndex index;
        CHECK_EQ(index.slots_for(each.ranges), each.slots);
        CHECK_EQ(index.cover(each.ranges, 1000), each.slots <= 1000);
        CHECK_EQ(index.is_open(), each.slots <= 1000);
    }
    CHECK_EQ(DirectIndex(0).slots_for(Ranges{{7, 7}, {-3, 3}}), 7);
    CHECK_EQ(DirectIndex(1).slots_for(Ranges{{7, 7}, {-3, 3}}), 14);
}

// A random key column and what it holds, NULL as nothing.
class Keys {
  public:
    Keys(Random& random, Type type, std::int64_t origin, std::uint64_t width)
        : random_(&random), column_(std::move(type)), origin_(origin), width_(width) {}

    void widen(std::int64_t down, std::uint64_t by) {
        origin_ -= down;
        width_ += by;
    }

    void fill(bool with_nulls) {
        column_.clear();
        for (std::size_t row = 0; row < kBatchRows; ++row) {
            const std::int64_t value = origin_ + static_cast<std::int64_t>(random_->below(width_));
            switch (column_.physical()) {
                case Physical::kBool:
                    column_.data<std::uint8_t>()[row] = static_cast<std::uint8_t>(value & 1);
                    break;
                case Physical::kInt32:
                    column_.data<std::int32_t>()[row] = static_cast<std::int32_t>(value);
                    break;
                default: column_.data<std::int64_t>()[row] = value; break;
            }
            if (with_nulls && random_->below(5) == 0) column_.set_null(row);
        }
    }

    [[nodiscard]] std::uint64_t word(std::size_t row) const {
        std::int64_t value = 0;
        switch (column_.physical()) {
            case Physical::kBool: value = column_.data<std::uint8_t>()[row]; break;
            case Physical::kInt32: value = column_.data<std::int32_t>()[row]; break;
            default: value = column_.data<std::int64_t>()[row]; break;
        }
        return static_cast<std::uint64_t>(value);
    }

    [[nodiscard]] const Column& column() const { return column_; }

  private:
    Random* random_;
    Column column_;
    std::int64_t origin_;
    std::uint64_t width_;
};

class Model {
  public:
    using Words = std::array<std::uint64_t, 5>;  // The last: which are NULL.

    explicit Model(std::uint64_t seed) : random_(seed) {
        const std::array<Type, 4> types = {
            Type::bigint(), Type::integer(), Type::boolean(), Type::of(TypeKind::kTinyint)};
        const std::size_t parts = 1 + random_.below(DirectIndex::kPartsMax);
        for (std::size_t k = 0; k < parts; ++k) {
            const std::array<std::int64_t, 4> origins = {kLeast + 100, kMost - 100, -7, 1'000'000};
            const Type type = types[random_.below(types.size())];
            const std::int64_t origin = type.physical() == Physical::kInt64
                                            ? origins[random_.below(origins.size())]
                                            : 3 - static_cast<std::int64_t>(random_.below(9));
            keys_.emplace_back(random_, type, origin, 1 + random_.below(5));
        }
        ranges_.resize(parts);
        nullable_ = random_.below(16);
        index_ = DirectIndex(nullable_);
    }

    void run() {
        for (int step = 0; step < 30; ++step) {
            for (std::size_t k = 0; k < keys_.size(); ++k)
                keys_[k].fill(((nullable_ >> k) & 1U) != 0 && random_.below(2) == 0);
            take_batch();
            if (random_.below(3) == 0) {
                keys_[random_.below(keys_.size())].widen(
                    static_cast<std::int64_t>(random_.below(3)), 3);
            }
            if (random_.below(8) == 0) {
                index_.clear();
                ranges_.assign(keys_.size(), {});
                positions_.clear();
            }
        }
    }

  private:
    [[nodiscard]] Words words_of(std::size_t row) const {
        Words words{};
        for (std::size_t k = 0; k < keys_.size(); ++k) {
            const bool is_null = keys_[k].column().is_null(row);
            words[k] = is_null ? 0 : keys_[k].word(row);
            words[4] |= std::uint64_t{is_null} << k;
        }
        return words;
    }

    static DirectIndex::Key key_of(const Words& words) { return {words.data(), words[4]}; }

    void take_batch() {
        std::vector<const Column*> columns;
        for (const Keys& each : keys_)
            columns.push_back(&each.column());
        std::vector<std::uint16_t> list;
        for (std::size_t row = 0; row < kBatchRows; ++row) {
            if (random_.below(3) != 0) list.push_back(static_cast<std::uint16_t>(row));
        }
        const Selection rows =
            random_.below(2) == 0 ? Selection::list(list) : Selection::range(17, 900);
        std::vector<std::uint32_t> found(rows.size());
        bool all_covered = index_.is_open();
        for (std::size_t i = 0; all_covered && i < rows.size(); ++i)
            all_covered = index_.covers(key_of(words_of(rows[i])));
        if (index_.is_open()) {
            const bool is_outside =
                index_.find(columns, rows, found) == DirectIndex::Found::kOutside;
            REQUIRE_EQ(is_outside, !all_covered);
        }
        if (!all_covered) {
            for (std::size_t k = 0; k < keys_.size(); ++k)
                ranges_[k].take(keys_[k].column(), rows);
            REQUIRE(index_.cover(ranges_, 1U << 24U));
            for (const auto& [words, position] : positions_)
                index_.slot(key_of(words)) = position + 1;
        }
        check(columns, rows, found);
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const Words words = words_of(rows[i]);
            const auto next = static_cast<std::uint32_t>(positions_.size());
            positions_.emplace(words, next);
            index_.slot(key_of(words)) = positions_[words] + 1;
        }
        check(columns, rows, found);
    }

    void check(const std::vector<const Column*>& columns,
               Selection rows,
               std::vector<std::uint32_t>& found) {
        const DirectIndex::Found result = index_.find(columns, rows, found);
        bool any_absent = false;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const auto at = positions_.find(words_of(rows[i]));
            const std::uint32_t expected =
                at == positions_.end() ? DirectIndex::kAbsent : at->second;
            if (found[i] != expected) FAIL(rows[i]);
            any_absent |= expected == DirectIndex::kAbsent;
        }
        CHECK_EQ(result, any_absent ? DirectIndex::Found::kAbsent : DirectIndex::Found::kAll);
    }

    Random random_;
    std::vector<Keys> keys_;
    std::vector<KeyRange> ranges_;
    std::map<Words, std::uint32_t> positions_;
    std::uint64_t nullable_ = 0;
    DirectIndex index_;
};

TEST_CASE("direct index: agrees with a map, whatever its parts are and however they grow") {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        CAPTURE(seed);
        Model(seed).run();
    }
}

TEST_CASE("direct index: growing little by little at the limit is refused in the end") {
    DirectIndex index;
    std::vector<KeyRange> ranges = {{0, 900}};
    int steps = 0;
    while (index.cover(ranges, 1000) && steps < 90) {
        ++ranges[0].high;
        ++steps;
    }
    CHECK_GT(steps, 10);
    CHECK_LT(steps, 90);
    index.clear();
    CHECK(index.cover(ranges, 1000));
}

}  // namespace
}  // namespace thalweg
