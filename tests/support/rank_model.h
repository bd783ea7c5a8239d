#pragma once

#include "ops/op.h"
#include "ops/row_kinds.h"
#include "ops/sort_key.h"
#include "state/base/random.h"
#include "tests/support/changes.h"
#include "tests/support/state_rows.h"
#include "tests/support/window_oracle.h"
#include "tests/support/window_stream.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

// What Top-N, OVER and ORDER BY mean, said simply: all rows are kept, by partition and sorted.
// Random changelogs for them, and states that are saved while rows come and taken over by others.

namespace thalweg {

// What one has and the other has not.
inline std::string difference(const Texts& found, const Texts& wanted) {
    std::string text;
    std::vector<std::string> only;
    std::set_difference(
        found.begin(), found.end(), wanted.begin(), wanted.end(), std::back_inserter(only));
    for (const std::string& row : only)
        text += "surplus " + row + "\n";
    only.clear();
    std::set_difference(
        wanted.begin(), wanted.end(), found.begin(), found.end(), std::back_inserter(only));
    for (const std::string& row : only)
        text += "missing " + row + "\n";
    return text;
}

inline void feed_changes(Op& op,
                         const std::vector<Change>& changes,
                         OpContext& context,
                         Emitter& out) {
    Batch batch(stream_schema());
    bool has_kinds = false;
    for (std::size_t i = 0; i < changes.size(); ++i) {
        for (std::size_t column = 0; column < kColumns; ++column)
            set_value(batch.column(column), i, changes[i].row[column], batch.arena());
        has_kinds = has_kinds || changes[i].kind != RowKind::kInsert;
    }
    batch.set_size(changes.size());
    for (std::size_t i = 0; has_kinds && i < changes.size(); ++i)
        batch.make_kinds()[i] = changes[i].kind;
    op.process(0, batch.view(), context, out);
}

// --- The order of rows ---

inline int compare(const Value& a, const Value& b) {
    ASSERT(a.data.index() == b.data.index());
    return std::visit(
        [&]<class T>(const T& left) {
            if constexpr (std::is_same_v<T, Value::List>) {
                return 0;
            } else {
                const T& right = std::get<T>(b.data);
                return left < right ? -1 : right < left ? 1 : 0;
            }
        },
        a.data);
}

inline int compare(const Value& a, const Value& b, const SortItem& item) {
    if (a.is_null() || b.is_null()) {
        if (a.is_null() && b.is_null()) return 0;
        return a.is_null() == item.nulls_first ? -1 : 1;
    }
    return item.is_descending ? compare(b, a) : compare(a, b);
}

inline int compare(const Row& a, const Row& b, const std::vector<SortItem>& order) {
    for (const SortItem& item : order) {
        const int result = compare(a[item.column], b[item.column], item);
        if (result != 0) return result;
    }
    return 0;
}

struct Held {
    Row row;
    std::int64_t place = 0;  // Among equal rows.
};

// Partitions by their keys as texts, each in order.
class Table {
  public:
    Table(std::vector<std::size_t> keys, std::vector<SortItem> order)
        : keys_(std::move(keys)), order_(std::move(order)) {}

    void insert(const Row& row, std::int64_t place) {
        std::vector<Held>& rows = partitions[key_of(row)];
        const Held held{row, place};
        rows.insert(std::upper_bound(rows.begin(),
                                     rows.end(),
                                     held,
                                     [this](const Held& a, const Held& b) { return less(a, b); }),
                    held);
    }

    void erase(const Row& row) {
        std::vector<Held>& rows = partitions[key_of(row)];
        const auto found = std::find_if(
            rows.begin(), rows.end(), [&](const Held& each) { return each.row == row; });
        if (found != rows.end()) rows.erase(found);
    }

    [[nodiscard]] bool are_peers(const Held& a, const Held& b) const {
        return compare(a.row, b.row, order_) == 0;
    }

    std::map<std::string, std::vector<Held>> partitions;

  private:
    [[nodiscard]] bool less(const Held& a, const Held& b) const {
        const int order = compare(a.row, b.row, order_);
        return order != 0 ? order < 0 : a.place < b.place;
    }

    [[nodiscard]] std::string key_of(const Row& row) const {
        std::string key;
        for (const std::size_t column : keys_)
            key += text_of(row[column]) + "|";
        return key;
    }

    std::vector<std::size_t> keys_;
    std::vector<SortItem> order_;
};

inline std::vector<std::size_t> random_keys(Random& random) {
    static constexpr std::size_t kKeys[] = {kKey, kText, kInt};
    std::vector<std::size_t> keys;
    for (std::uint64_t count = random.below(3); count > 0; --count) {
        const std::size_t key = kKeys[random.below(std::size(kKeys))];
        if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
    }
    return keys;
}

inline std::vector<SortItem> random_order(Random& random, std::uint64_t least) {
    static constexpr std::size_t kColumnsToSort[] = {
        kInt, kTiny, kBig, kReal, kMoney, kText, kFlag, kTime};
    std::vector<SortItem> order;
    for (std::uint64_t count = least + random.below(3); count > 0; --count) {
        order.push_back({kColumnsToSort[random.below(std::size(kColumnsToSort))],
                         chance(random, 2),
                         chance(random, 2)});
    }
    return order;
}

// --- Instances that are fed, saved and restored ---

using Make = std::function<std::unique_ptr<Op>()>;

class Instances {
  public:
    Instances(Make make, std::vector<std::size_t> keys, std::size_t count)
        : make_(std::move(make)), keys_(std::move(keys)) {
        grow(count);
    }

    void feed(const std::vector<Change>& changes, OpContext& context, Emitter& out) {
        std::vector<std::vector<Change>> parts(ops_.size());
        Batch batch(stream_schema());
        for (const Change& change : changes) {
            for (std::size_t column = 0; column < kColumns; ++column)
                set_value(batch.column(column), 0, change.row[column], batch.arena());
            batch.set_size(1);
            parts[shard_of(batch.view(), 0, keys_, ops_.size())].push_back(change);
        }
        for (std::size_t i = 0; i < parts.size(); ++i) {
            if (!parts[i].empty()) feed_changes(*ops_[i], parts[i], context, out);
        }
    }

    void advance(Watermark watermark, OpContext& context, Emitter& out) {
        for (const auto& op : ops_) {
            while (op->advance(watermark, context, out) == Progress::kMore) {
            }
        }
    }

    // A barrier; `meanwhile` happens while the state is written, and is forgotten.
    void restart(Random& random,
                 Watermark watermark,
                 OpContext& context,
                 const std::function<void()>& meanwhile) {
        SavedInstances saved(ops_);
        saved.save(ops_, 30, random, [&] {
            if (chance(random, 2)) meanwhile();
        });
        ops_.clear();
        grow(1 + random.below(3));
        saved.load(ops_, watermark, context, random);
    }

  private:
    void grow(std::size_t count) {
        while (ops_.size() < count)
            ops_.push_back(make_());
    }

    Make make_;
    std::vector<std::size_t> keys_;
    std::vector<std::unique_ptr<Op>> ops_;
};

// --- Changes in, changes out ---

// The rows of all partitions as what an operator gives of them.
using Give = std::function<Texts(const Table&)>;

class ChangesModel {
  public:
    ChangesModel(std::uint64_t seed, bool is_changing, bool newest_first)
        : random_(seed), is_changing_(is_changing), newest_first_(newest_first) {}

    void run(const Make& make,
             const std::vector<std::size_t>& keys,
             const std::vector<SortItem>& order,
             const Give& give) {
        Instances instances(make, keys, 1 + random_.below(3));
        Table table(keys, order);
        for (int round = 0; round < 10; ++round) {
            feed(instances, table);
            REQUIRE_EQ(fold_.orphans, 0);
            REQUIRE_EQ(difference(fold_.rows, give(table)), "");
            if (!chance(random_, 3)) continue;
            const Table table_then = table;
            const auto held_then = held_;
            const std::int64_t place_then = place_;
            Fold then;
            then.rows = fold_.rows;
            instances.restart(random_, Watermark::min(), context_, [&] { feed(instances, table); });
            REQUIRE_FALSE(context_.failed());
            REQUIRE_EQ(difference(fold_.rows, give(table)), "");
            table = table_then;
            held_ = held_then;
            place_ = place_then;
            fold_ = then;
        }
    }

    Random& random() { return random_; }

  private:
    void feed(Instances& instances, Table& table) {
        std::vector<Change> changes;
        for (std::uint64_t count = 1 + random_.below(40); count > 0; --count) {
            const bool is_deletion = is_changing_ && chance(random_, 3);
            if (is_deletion && !held_.empty() && !chance(random_, 10)) {
                const std::size_t at = random_.below(held_.size());
                changes.push_back(
                    {held_[at], chance(random_, 2) ? RowKind::kDelete : RowKind::kUpdateBefore});
                held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(at));
            } else if (is_deletion) {
                changes.push_back({random_row(random_, 7 * kMilli), RowKind::kDelete});
            } else {
                Row row = random_row(random_, between(random_, 0, 3) * kMilli);
                if (!held_.empty() && chance(random_, 4)) row = held_[random_.below(held_.size())];
                held_.push_back(row);
                changes.push_back(
                    {row, chance(random_, 2) ? RowKind::kInsert : RowKind::kUpdateAfter});
            }
            const Change& last = changes.back();
            if (is_gain(last.kind)) {
                ++place_;
                table.insert(last.row, newest_first_ ? -place_ : place_);
            } else {
                table.erase(last.row);
            }
        }
        instances.feed(changes, context_, fold_);
    }

    Random random_;
    bool is_changing_;
    bool newest_first_;
    std::vector<Row> held_;
    std::int64_t place_ = 0;
    Fold fold_;
    OpContext context_;
};

}  // namespace thalweg
