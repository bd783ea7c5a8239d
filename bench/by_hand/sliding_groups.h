#pragma once

#include "bench/input.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace thalweg::bench::by_hand {

// Where the rows of the first one's second end: a look at every eighth, since they are in order.
template <class Row>
[[nodiscard]] const Row* end_of_second(const Row* first, const Row* end) {
    constexpr std::ptrdiff_t kStep = 8;
    const std::int64_t second = first->ts;
    while (end - first >= kStep && first[kStep - 1].ts == second)
        first += kStep;
    while (first != end && first->ts == second)
        ++first;
    return first;
}

// Calls `body` with the rows of the input, as many at a time as are of one second and in one piece.
template <class Row, class Body>
void for_each_second(Input& input, const Body& body) {
    std::uint64_t position = 0;
    for (std::string_view piece = input.piece(0); !piece.empty(); piece = input.piece(position)) {
        position += piece.size();
        const auto* rows = reinterpret_cast<const Row*>(piece.data());
        for (const Row* const end = rows + piece.size() / sizeof(Row); rows != end;) {
            const Row* const next = end_of_second(rows, end);
            body(std::span<const Row>(rows, next));
            rows = next;
        }
    }
}

// Groups of a window that slides by a second: what comes in is added, what falls out is taken away,
// so that a row costs the same however long the window is, and groups without rows cost nothing.
//
// Shape
//   A group has a number, found by the caller, small enough to index an array with. `live_` has the
//   groups of the window one behind the other, in no order; `slices_` has, for each second, the
//   groups that had rows in it. Both are found by number through an index that is never cleared:
//   an entry counts if what it points at points back (Briggs and Torczon, 1993).
//
// A Total is trivial, zero at first, has `count`, and operators += and -= between totals.
template <class Total>
class SlidingGroups {
  public:
    struct Group {
        std::uint32_t number = 0;
        Total total{};
    };

    SlidingGroups(std::size_t numbers, std::size_t seconds)
        : place_in_slice_(numbers), place_in_live_(numbers), slices_(seconds) {}

    // The group's total of the second that is open.
    [[gnu::always_inline]] Total& of(std::uint32_t number) {
        return place_of(number, place_in_slice_, slices_[open_]).total;
    }

    // Closes the second that is open: calls emit() with the groups of the window that ends with it.
    template <class Emit>
    void close_second(const Emit& emit) {
        for (const Group& part : slices_[open_])
            place_of(part.number, place_in_live_, live_).total += part.total;
        emit(std::span<const Group>(live_));
        open_ = open_ + 1 == slices_.size() ? 0 : open_ + 1;
        for (const Group& part : slices_[open_])
            take_away(part);
        slices_[open_].clear();
    }

    [[nodiscard]] std::size_t seconds() const noexcept { return slices_.size(); }

  private:
    using Groups = std::vector<Group>;

    [[gnu::always_inline]] static Group& place_of(std::uint32_t number,
                                                  std::vector<std::uint32_t>& places,
                                                  Groups& groups) {
        std::uint32_t& place = places[number];
        if (place >= groups.size() || groups[place].number != number) [[unlikely]] {
            place = static_cast<std::uint32_t>(groups.size());
            groups.push_back({number, {}});
        }
        return groups[place];
    }

    void take_away(const Group& part) {
        Group& group = live_[place_in_live_[part.number]];
        group.total -= part.total;
        if (group.total.count != 0) return;
        group = live_.back();
        place_in_live_[group.number] = place_in_live_[part.number];
        live_.pop_back();
    }

    std::vector<std::uint32_t> place_in_slice_;
    std::vector<std::uint32_t> place_in_live_;
    std::vector<Groups> slices_;
    Groups live_;
    std::size_t open_ = 0;
};

// Closes seconds as the rows pass them. `end` is that of the second that is open.
template <class Total, class Emit>
class SlidingSeconds {
  public:
    SlidingSeconds(SlidingGroups<Total>& groups, Emit emit) : groups_(groups), emit_(emit) {}

    // Before the rows of a second.
    [[gnu::always_inline]] void pass(std::int64_t second) {
        if (second >= end_) [[unlikely]]
            close_until(second + 1);
    }

    // After the last: the windows that still hold rows.
    void finish() { close_until(end_ + static_cast<std::int64_t>(groups_.seconds())); }

  private:
    void close_until(std::int64_t end) {
        if (end_ == 0) end_ = end;
        for (; end_ < end; ++end_)
            groups_.close_second([&](auto live) { emit_(end_, live); });
    }

    SlidingGroups<Total>& groups_;
    Emit emit_;
    std::int64_t end_ = 0;
};

}  // namespace thalweg::bench::by_hand
