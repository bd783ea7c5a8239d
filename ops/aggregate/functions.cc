#include "ops/aggregate/functions.h"

#include "ops/aggregate/aggregate_states.h"
#include "ops/aggregate/update_loop.h"

#include <bit>
#include <cstring>
#include <type_traits>

namespace thalweg {

void OwnedText::assign(const StringRef& value, Arena& arena) {
    is_filled = 1;
    if (value.is_inline()) {
        text = value;
        return;
    }
    if (value.size() > capacity) {
        capacity = value.size() >= (1U << 31U) ? value.size() : std::bit_ceil(value.size());
        buffer = arena.allocate(capacity);
    }
    std::memmove(buffer, value.data(), value.size());
    text = StringRef(std::string_view(buffer, value.size()));
}

void OwnedText::append(std::string_view separator, const StringRef& value, Arena& arena) {
    if (is_filled == 0) {
        assign(value, arena);
        return;
    }
    const std::size_t old_size = text.size();
    const std::size_t size = old_size + separator.size() + value.size();
    ASSERT(size < (std::size_t{1} << 31U));
    if (size > capacity) {
        capacity = std::bit_ceil(static_cast<std::uint32_t>(size));
        char* const larger = arena.allocate(capacity);
        std::memcpy(larger, text.data(), old_size);
        buffer = larger;
    } else if (text.is_inline()) {
        std::memcpy(buffer, text.data(), old_size);
    }
    std::memcpy(buffer + old_size, separator.data(), separator.size());
    std::memcpy(buffer + old_size + separator.size(), value.data(), value.size());
    text = StringRef(std::string_view(buffer, size));
}

namespace {

template <class State>
State& state_at(std::byte* group, std::uint32_t offset) noexcept {
    return *reinterpret_cast<State*>(group + offset);
}

template <class State>
const State& state_at(const std::byte* group, std::uint32_t offset) noexcept {
    return *reinterpret_cast<const State*>(group + offset);
}

std::uint64_t& flags_of(std::byte* group) noexcept {
    return *reinterpret_cast<std::uint64_t*>(group);
}

template <class State>
void update(const BoundAggregate& bound, const AggregateInput& input) {
    if constexpr (std::is_same_v<State, CountState>) {
        const auto same = [](std::size_t i) { return i; };
        update_rows<State>(input, bound.offset, bound.flag, same, [](State& state, std::size_t) {
            ++state.count;
        });
    } else {
        const auto* const values = input.column->template data<typename State::Value>();
        update_rows<State>(input, bound.offset, bound.flag, [&](State& state, std::size_t row) {
            state.add(values[row], {input.arena, input.first_position + row, bound.call.separator});
        });
    }
}

template <class State>
void merge(const BoundAggregate& bound, const AggregateMerge& merge) {
    const std::size_t count = merge.count;
    const Environment environment{merge.arena, 0, bound.call.separator};
    const auto take = [offset = bound.offset, flag = bound.flag, environment](
                          std::byte* target, const std::byte* source) {
        state_at<State>(target, offset).merge(state_at<State>(source, offset), environment);
        if (flag != 0) flags_of(target) |= state_at<std::uint64_t>(source, 0) & flag;
    };
    if (merge.targets != nullptr && merge.sources != nullptr) {
        std::byte* const* const targets = merge.targets;
        const std::byte* const* const sources = merge.sources;
        for (std::size_t i = 0; i < count; ++i)
            take(targets[i], sources[i]);
        return;
    }
    for (std::size_t i = 0; i < count; ++i)
        take(merge.target(i), merge.source(i));
}

template <class State, class Out>
void finish(const BoundAggregate& bound, const AggregateOutput& output) {
    Column& column = *output.column;
    Out* const results = column.template data<Out>() + output.first_row;
    const bool had_nulls = column.has_nulls();
    const std::size_t count = output.count;
    const auto write = [&, offset = bound.offset, flag = bound.flag](std::size_t i,
                                                                     const std::byte* group) {
        const bool is_empty = flag != 0 && (state_at<std::uint64_t>(group, 0) & flag) == 0;
        Out result{};
        if (is_empty || !state_at<State>(group, offset).result(bound, result, *output.arena)) {
            column.set_null(output.first_row + i);
            results[i] = Out{};
        } else {
            if (had_nulls) column.set_valid(output.first_row + i);
            results[i] = result;
        }
    };
    if (const std::byte* const* const states = output.states; states != nullptr) {
        for (std::size_t i = 0; i < count; ++i)
            write(i, states[i]);
        return;
    }
    for (std::size_t i = 0; i < count; ++i)
        write(i, output.state(i));
}

template <class State, class Out>
AggregateFunctions functions_of() {
    static_assert(std::is_trivially_copyable_v<State>);
    static_assert(sizeof(State) % 8 == 0 && alignof(State) <= 8);
    constexpr bool kHasText = std::is_same_v<typename State::Value, StringRef>;
    return {sizeof(State), kHasText, update<State>, merge<State>, finish<State, Out>};
}

template <class T>
AggregateFunctions sum_of() {
    if constexpr (std::is_same_v<T, Int128>) {
        return functions_of<DecimalSum, T>();
    } else if constexpr (std::is_floating_point_v<T>) {
        return functions_of<RealSum<T>, T>();
    } else {
        return functions_of<IntegerSum<T>, T>();
    }
}

template <class T>
AggregateFunctions average_of() {
    if constexpr (std::is_same_v<T, Int128>) {
        return functions_of<Average<DecimalSum>, T>();
    } else if constexpr (std::is_floating_point_v<T>) {
        return functions_of<Average<RealSum<T>>, T>();
    } else {
        return functions_of<Average<IntegerSum<T>>, T>();
    }
}

template <class T, bool kMax>
AggregateFunctions extremum_of() {
    if constexpr (std::is_same_v<T, StringRef>) {
        return functions_of<TextExtremum<kMax>, T>();
    } else if constexpr (std::is_same_v<T, Int128>) {
        return functions_of<DecimalExtremum<kMax>, T>();
    } else {
        return functions_of<WordExtremum<T, kMax>, T>();
    }
}

template <class T, bool kLast>
AggregateFunctions value_at_of() {
    if constexpr (std::is_same_v<T, StringRef>) {
        return functions_of<TextAt<kLast>, T>();
    } else {
        return functions_of<ValueAt<T, kLast>, T>();
    }
}

template <class T>
AggregateFunctions list_of() {
    if constexpr (std::is_same_v<T, StringRef>) {
        return functions_of<TextList, T>();
    } else {
        ASSERT(false);  // aggregate_result_type() has refused it.
        return {};
    }
}

template <class T>
AggregateFunctions variance_of() {
    if constexpr (std::is_same_v<T, Int128>) {
        return functions_of<Variance<T>, Int128>();
    } else {
        return functions_of<Variance<T>, double>();
    }
}

}  // namespace

AggregateFunctions aggregate_functions(const AggregateCall& call) {
    const AggregateKind kind = call.kind;
    if (kind == AggregateKind::kCountStar || kind == AggregateKind::kCount)
        return functions_of<CountState, std::int64_t>();
    return visit_physical(call.argument_type.physical(), [kind]<class T>() -> AggregateFunctions {
        switch (kind) {
            case AggregateKind::kMin: return extremum_of<T, false>();
            case AggregateKind::kMax: return extremum_of<T, true>();
            case AggregateKind::kFirstValue: return value_at_of<T, false>();
            case AggregateKind::kLastValue: return value_at_of<T, true>();
            case AggregateKind::kListAgg: return list_of<T>();
            default: break;
        }
        if constexpr (!std::is_same_v<T, StringRef> && !std::is_same_v<T, std::uint8_t>) {
            if (kind == AggregateKind::kSum) return sum_of<T>();
            if (kind == AggregateKind::kAvg) return average_of<T>();
            return variance_of<T>();
        } else {
            ASSERT(false);  // aggregate_result_type() has refused it.
            return {};
        }
    });
}

}  // namespace thalweg
