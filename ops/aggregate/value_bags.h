#pragma once

#include "ops/aggregate/text_store.h"
#include "ops/aggregate/value_trees.h"
#include "state/base/int128.h"
#include "state/string_ref.h"

#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <variant>

// The values of groups, kept so that any of them can be taken away again: multisets in the order of
// values (MIN, MAX, DISTINCT), and lists in the order of arrival (FIRST_VALUE, LAST_VALUE,
// LISTAGG).
//
// Shape     Trees of all groups in one pool (ops/aggregate/value_trees.h); a group has the number
//           of its root. A multiset costs 24 bytes a distinct value of 8 bytes, a list 32 a value.
//           Values are std::uint64_t, UInt128 or StringRef; strings are copied.
// Lifetime  Strings that come out are good until their value is taken away.
// Threads   One at a time.

namespace thalweg {

// Copies what strings borrow; nothing for all other values.
template <class V>
class ValueKeeper {
  public:
    [[nodiscard]] V keep(const V& value) {
        if constexpr (std::is_same_v<V, StringRef>) {
            return texts_.keep(value);
        } else {
            return value;
        }
    }

    void give_back(const V& value) {
        if constexpr (std::is_same_v<V, StringRef>) texts_.give_back(value);
    }

    [[nodiscard]] std::size_t memory_bytes() const noexcept { return texts_.memory_bytes(); }

  private:
    TextStore texts_;
};

template <class V>
class ValueBags {
  public:
    enum class Removed : std::uint8_t { kAbsent, kOneOfMany, kLast };

    // Returns whether the value was not there.
    bool add(std::uint32_t& root, const V& value, std::uint64_t count = 1) {
        const std::uint32_t found = trees_.find(root, {value, 0});
        if (found != 0) {
            trees_[found].count += count;
            return false;
        }
        trees_.insert(root, {keeper_.keep(value), count});
        return true;
    }

    Removed remove(std::uint32_t& root, const V& value) {
        const std::uint32_t found = trees_.find(root, {value, 0});
        if (found == 0) return Removed::kAbsent;
        if (--trees_[found].count != 0) return Removed::kOneOfMany;
        const V kept = trees_[found].value;
        trees_.erase(root, found);
        keeper_.give_back(kept);
        return Removed::kLast;
    }

    // Of a multiset that has some.
    [[nodiscard]] const V& least(std::uint32_t root) const {
        return trees_[trees_.least(root)].value;
    }

    [[nodiscard]] const V& greatest(std::uint32_t root) const {
        return trees_[trees_.greatest(root)].value;
    }

    // Calls visit(value, count) in order.
    template <class Visit>
    void for_each(std::uint32_t root, const Visit& visit) const {
        trees_.for_each(root, [&](const Entry& entry) { visit(entry.value, entry.count); });
    }

    void release(std::uint32_t& root) {
        for_each(root, [this](const V& value, std::uint64_t) { keeper_.give_back(value); });
        trees_.release(root);
    }

    [[nodiscard]] std::size_t memory_bytes() const noexcept {
        return trees_.memory_bytes() + keeper_.memory_bytes();
    }

  private:
    struct Entry {
        V value;
        std::uint64_t count;

        [[nodiscard]] static bool less(const Entry& a, const Entry& b) noexcept {
            return a.value < b.value;
        }
    };

    ValueTrees<Entry> trees_;
    ValueKeeper<V> keeper_;
};

// What the owner of a list keeps; all zeros: an empty one.
struct ValueListEnds {
    std::uint32_t root;
    std::uint32_t first;
    std::uint32_t last;
    std::uint32_t unused;
};

template <class V>
class ValueLists {
  public:
    // `position` says where in the list, each another; most are greater than all before.
    void add(ValueListEnds& ends, const V& value, std::uint64_t position) {
        std::uint32_t before = ends.last;
        while (before != 0 && trees_[before].position > position)
            before = trees_[before].previous;
        const std::uint32_t after = before == 0 ? ends.first : trees_[before].next;
        const std::uint32_t node =
            trees_.insert(ends.root, {keeper_.keep(value), position, before, after});
        (before == 0 ? ends.first : trees_[before].next) = node;
        (after == 0 ? ends.last : trees_[after].previous) = node;
    }

    // Takes the first of equal values away. Returns whether there was one.
    bool remove(ValueListEnds& ends, const V& value) {
        const std::uint32_t node = trees_.find_from(ends.root, {value, 0, 0, 0});
        if (node == 0) return false;
        const Entry entry = trees_[node];
        if (value < entry.value) return false;
        (entry.previous == 0 ? ends.first : trees_[entry.previous].next) = entry.next;
        (entry.next == 0 ? ends.last : trees_[entry.next].previous) = entry.previous;
        trees_.erase(ends.root, node);
        keeper_.give_back(entry.value);
        return true;
    }

    // Of a list that has some.
    [[nodiscard]] const V& first(const ValueListEnds& ends) const {
        return trees_[ends.first].value;
    }

    [[nodiscard]] const V& last(const ValueListEnds& ends) const { return trees_[ends.last].value; }

    // Calls visit(value, position) from first to last.
    template <class Visit>
    void for_each(const ValueListEnds& ends, const Visit& visit) const {
        for (std::uint32_t node = ends.first; node != 0; node = trees_[node].next)
            visit(trees_[node].value, trees_[node].position);
    }

    void release(ValueListEnds& ends) {
        for_each(ends, [this](const V& value, std::uint64_t) { keeper_.give_back(value); });
        trees_.release(ends.root);
        ends = {};
    }

    [[nodiscard]] std::size_t memory_bytes() const noexcept {
        return trees_.memory_bytes() + keeper_.memory_bytes();
    }

  private:
    struct Entry {
        V value;
        std::uint64_t position;
        std::uint32_t previous;
        std::uint32_t next;

        // Equal values in the order of their arrival.
        [[nodiscard]] static bool less(const Entry& a, const Entry& b) noexcept {
            return a.value < b.value || (!(b.value < a.value) && a.position < b.position);
        }
    };

    ValueTrees<Entry> trees_;
    ValueKeeper<V> keeper_;
};

using AnyValueBags = std::
    variant<std::monostate, ValueBags<std::uint64_t>, ValueBags<UInt128>, ValueBags<StringRef>>;
using AnyValueLists = std::
    variant<std::monostate, ValueLists<std::uint64_t>, ValueLists<UInt128>, ValueLists<StringRef>>;

}  // namespace thalweg
