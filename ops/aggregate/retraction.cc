#include "ops/aggregate/retraction.h"

#include "ops/aggregate/aggregate_states.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_set>
#include <utility>

namespace thalweg {

namespace {

bool is_true(const Column& column, std::size_t row) {
    return column.data<std::uint8_t>()[row] != 0 && !column.is_null(row);
}

// How a value of physical type T is kept: in an order that is that of the values.
template <class T>
auto to_kept(const T& value) {
    if constexpr (std::is_same_v<T, StringRef>) {
        return value;
    } else if constexpr (std::is_same_v<T, Int128>) {
        return static_cast<UInt128>(value) ^ DecimalExtremum<true>::kSign;
    } else {
        return to_ordered(value);
    }
}

template <class T>
using KeptValue = decltype(to_kept(T{}));

template <class T>
T from_kept(const KeptValue<T>& kept, Arena& arena) {
    if constexpr (std::is_same_v<T, StringRef>) {
        return copy_text(kept, arena);
    } else if constexpr (std::is_same_v<T, Int128>) {
        return static_cast<Int128>(kept ^ DecimalExtremum<true>::kSign);
    } else {
        return from_ordered<T>(kept);
    }
}

// DISTINCT takes -0.0 and 0.0 for one.
template <class T>
auto to_seen(const T& value) {
    if constexpr (std::is_floating_point_v<T>) {
        return to_kept(value + T{0});
    } else {
        return to_kept(value);
    }
}

// The sum of the numbers among some doubles, and how many are none. Begins again when all are gone.
struct CountedReal {
    double sum;
    std::uint64_t numbers;
    std::uint64_t not_numbers;
    std::uint64_t infinities;
    std::uint64_t minus_infinities;

    void add(double value) noexcept {
        if (std::isfinite(value)) {
            sum += value;
            ++numbers;
        } else {
            ++other(value);
        }
    }

    void retract(double value) noexcept {
        if (std::isfinite(value)) {
            sum -= value;
            if (--numbers == 0) sum = 0;
        } else {
            --other(value);
        }
    }

    [[nodiscard]] double value() const noexcept {
        if (not_numbers != 0 || (infinities != 0 && minus_infinities != 0))
            return std::numeric_limits<double>::quiet_NaN();
        if (infinities != 0) return std::numeric_limits<double>::infinity();
        return minus_infinities != 0 ? -std::numeric_limits<double>::infinity() : sum;
    }

  private:
    [[nodiscard]] std::uint64_t& other(double value) noexcept {
        return std::isnan(value) ? not_numbers : value > 0 ? infinities : minus_infinities;
    }
};

// The states: count says how many values there are, none make NULL.
struct CountOfRows {
    using Value = std::uint8_t;
    std::int64_t count;
};

template <class T>
struct SumOf {
    using Value = T;
    static constexpr bool kIsReal = std::is_floating_point_v<T>;
    using Sum = std::conditional_t<std::is_same_v<T, Int128>,
                                   DecimalSum,
                                   std::conditional_t<kIsReal, CountedReal, IntegerSum<T>>>;
    std::int64_t count;
    Sum sum;

    void add(T value) noexcept {
        if constexpr (kIsReal) {
            sum.add(static_cast<double>(value));
        } else {
            sum.add(value, Environment{});
        }
    }

    void retract(T value) noexcept {
        if constexpr (kIsReal) {
            sum.retract(static_cast<double>(value));
        } else if constexpr (std::is_same_v<T, Int128>) {
            sum.sum.subtract(value);
        } else {
            sum.sum -= static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
        }
    }

    bool result(const BoundAggregate& bound, T& out, Arena& arena) const {
        if constexpr (kIsReal) {
            out = static_cast<T>(sum.value());
            return true;
        } else {
            return sum.result(bound, out, arena);
        }
    }
};

template <class T>
struct AverageOf : SumOf<T> {
    bool result(const BoundAggregate& bound, T& out, Arena& arena) const {
        if constexpr (std::is_floating_point_v<T>) {
            out = static_cast<T>(this->sum.value() / static_cast<double>(this->count));
            return true;
        } else {
            const Average<typename SumOf<T>::Sum> average{this->sum, this->count};
            return average.result(bound, out, arena);
        }
    }
};

// Welford's steps, and backwards. What is no number is counted.
template <class T>
struct VarianceOf {
    using Value = T;
    std::int64_t count;
    Variance<T> finite;
    std::int64_t others;

    void add(T value) noexcept {
        if (!std::isfinite(static_cast<double>(value))) {
            ++others;
        } else {
            finite.add(value, Environment{});
        }
    }

    void retract(T value) noexcept {
        const auto wide = static_cast<double>(value);
        if (!std::isfinite(wide)) {
            --others;
            return;
        }
        if (finite.count <= 1) {
            finite = {};
            return;
        }
        const double difference = wide - finite.mean;
        --finite.count;
        finite.mean -= difference / static_cast<double>(finite.count);
        finite.squares = std::max(0.0, finite.squares - difference * (wide - finite.mean));
    }

    template <class Out>
    bool result(const BoundAggregate& bound, Out& out, Arena& arena) const {
        if constexpr (std::is_same_v<Out, double>) {
            if (others != 0) {
                const bool is_sample = bound.call.kind == AggregateKind::kVarSamp ||
                                       bound.call.kind == AggregateKind::kStddevSamp;
                out = std::numeric_limits<double>::quiet_NaN();
                return !is_sample || count > 1;
            }
        }
        return finite.result(bound, out, arena);
    }
};

template <class State>
void apply_plain(const Column* column, std::size_t offset, const RetractionInput& input) {
    for (std::size_t i = 0; i < input.rows.size(); ++i) {
        auto& state = *reinterpret_cast<State*>(input.groups[i] + offset);
        const bool is_delete = input.deletes[i] != 0;
        state.count += is_delete ? -1 : 1;
        if constexpr (!std::is_same_v<State, CountOfRows>) {
            const auto& value = column->data<typename State::Value>()[input.rows[i]];
            is_delete ? state.retract(value) : state.add(value);
        }
    }
}

template <class State, class Out>
void finish_plain(const BoundAggregate& bound, const RetractionOutput& output) {
    Out* const results = output.column->data<Out>();
    for (std::size_t i = 0; i < output.rows.size(); ++i) {
        const auto& state = *reinterpret_cast<const State*>(output.groups[i] + bound.offset);
        const std::size_t row = output.rows[i];
        Out result{};
        bool is_null = false;
        if constexpr (std::is_same_v<State, CountOfRows>) {
            result = state.count;
        } else {
            is_null = state.count <= 0 || !state.result(bound, result, *output.arena);
            if (is_null) result = Out{};
        }
        results[row] = result;
        is_null ? output.column->set_null(row) : output.column->set_valid(row);
    }
}

template <class State, class Out>
RetractableCall::PlainFunctions plain_of() {
    static_assert(std::is_trivially_copyable_v<State>);
    static_assert(sizeof(State) % 8 == 0 && alignof(State) <= 8);
    return {sizeof(State), apply_plain<State>, finish_plain<State, Out>};
}

// Nothing for calls that keep values.
RetractableCall::PlainFunctions plain_functions(const AggregateCall& call) {
    const AggregateKind kind = call.kind;
    if (kind == AggregateKind::kCountStar || kind == AggregateKind::kCount)
        return plain_of<CountOfRows, std::int64_t>();
    return visit_physical(
        call.argument_type.physical(), [kind]<class T>() -> RetractableCall::PlainFunctions {
            if constexpr (!std::is_same_v<T, StringRef> && !std::is_same_v<T, std::uint8_t>) {
                using Out = std::conditional_t<std::is_same_v<T, Int128>, Int128, double>;
                switch (kind) {
                    case AggregateKind::kSum: return plain_of<SumOf<T>, T>();
                    case AggregateKind::kAvg: return plain_of<AverageOf<T>, T>();
                    case AggregateKind::kVarPop:
                    case AggregateKind::kVarSamp:
                    case AggregateKind::kStddevPop:
                    case AggregateKind::kStddevSamp: return plain_of<VarianceOf<T>, Out>();
                    default: break;
                }
            }
            return {};
        });
}

template <class T, class Bags>
auto& bags_of(Bags& bags) {
    return std::get<ValueBags<KeptValue<T>>>(bags);
}

template <class T, class Lists>
auto& lists_of(Lists& lists) {
    return std::get<ValueLists<KeptValue<T>>>(lists);
}

void make(AnyValueBags& bags, const Type& type) {
    visit_physical(type.physical(), [&]<class T>() { bags.emplace<ValueBags<KeptValue<T>>>(); });
}

void make(AnyValueLists& lists, const Type& type) {
    visit_physical(type.physical(), [&]<class T>() { lists.emplace<ValueLists<KeptValue<T>>>(); });
}

std::size_t bytes_of(const auto& trees) {
    return std::visit(
        []<class Trees>(const Trees& each) -> std::size_t {
            if constexpr (std::is_same_v<Trees, std::monostate>) {
                return 0;
            } else {
                return each.memory_bytes();
            }
        },
        trees);
}

// Forgets a group's values in `trees`, if there are any.
void release_in(auto& trees, auto& root) {
    std::visit(
        [&]<class Trees>(Trees& each) {
            if constexpr (!std::is_same_v<Trees, std::monostate>) each.release(root);
        },
        trees);
}

}  // namespace

RetractableCall::RetractableCall(const AggregateCall& call, std::size_t offset)
    : offset_(offset), plain_(plain_functions(call)) {
    bound_.call = call;
    if (counts_seen()) make(seen_, call.argument_type);
    bound_.offset = static_cast<std::uint32_t>(offset + (counts_seen() ? 8 : 0));
    if (is_list()) {
        make(lists_, call.argument_type);
        state_bytes_ = sizeof(ValueListEnds);
    } else if (plain_.bytes == 0) {
        make(bags_, call.argument_type);
        state_bytes_ = 8;
    } else {
        state_bytes_ = plain_.bytes;
    }
    state_bytes_ += bound_.offset - offset_;
}

bool RetractableCall::counts_seen() const noexcept {
    return bound_.call.is_distinct && !is_list();
}

bool RetractableCall::is_list() const noexcept {
    return bound_.call.kind == AggregateKind::kFirstValue ||
           bound_.call.kind == AggregateKind::kLastValue ||
           bound_.call.kind == AggregateKind::kListAgg;
}

std::uint32_t& RetractableCall::seen_root(std::byte* group) const {
    return *reinterpret_cast<std::uint32_t*>(group + offset_);
}

std::uint32_t& RetractableCall::bag_root(std::byte* group) const {
    return *reinterpret_cast<std::uint32_t*>(group + bound_.offset);
}

ValueListEnds& RetractableCall::list_ends(std::byte* group) const {
    return *reinterpret_cast<ValueListEnds*>(group + bound_.offset);
}

void RetractableCall::apply(const BatchView& view,
                            const RetractionInput& input,
                            std::uint64_t first_position) {
    const bool has_argument = bound_.call.kind != AggregateKind::kCountStar;
    const Column* const column = has_argument ? &view[bound_.call.argument] : nullptr;
    const bool has_nulls = column != nullptr && column->has_nulls();
    if (!bound_.call.filter && !has_nulls && !counts_seen() && plain_.bytes != 0) {
        plain_.apply(column, bound_.offset, input);
        return;
    }
    pick(view, input);
    if (counts_seen()) pick_transitions(*column);
    if (plain_.bytes != 0) {
        plain_.apply(column, bound_.offset, picked_);
    } else if (is_list()) {
        apply_list(*column, first_position);
    } else {
        apply_bag(*column);
    }
}

// The rows that pass the filter and whose argument is not null.
void RetractableCall::pick(const BatchView& view, const RetractionInput& input) {
    const bool has_argument = bound_.call.kind != AggregateKind::kCountStar;
    const Column* const column = has_argument ? &view[bound_.call.argument] : nullptr;
    const Column* const filter = bound_.call.filter ? &view[*bound_.call.filter] : nullptr;
    picked_.clear();
    for (std::size_t i = 0; i < input.rows.size(); ++i) {
        const std::uint16_t row = input.rows[i];
        if (filter != nullptr && !is_true(*filter, row)) continue;
        if (column != nullptr && column->is_null(row)) continue;
        picked_.add(input.groups[i], row, input.deletes[i]);
    }
}

// Of the rows picked, those whose value comes first to its group, or is the last to go.
void RetractableCall::pick_transitions(const Column& column) {
    visit_physical(column.physical(), [&]<class T>() {
        auto& bags = bags_of<T>(seen_);
        using Removed = typename std::remove_reference_t<decltype(bags)>::Removed;
        const T* const values = column.data<T>();
        std::size_t kept = 0;
        for (std::size_t i = 0; i < picked_.rows.size(); ++i) {
            std::uint32_t& root = seen_root(picked_.groups[i]);
            const auto value = to_seen(values[picked_.rows[i]]);
            const bool is_other = picked_.deletes[i] != 0
                                      ? bags.remove(root, value) == Removed::kLast
                                      : bags.add(root, value);
            if (!is_other) continue;
            picked_.groups[kept] = picked_.groups[i];
            picked_.rows[kept] = picked_.rows[i];
            picked_.deletes[kept++] = picked_.deletes[i];
        }
        picked_.groups.resize(kept);
        picked_.rows.resize(kept);
        picked_.deletes.resize(kept);
    });
}

void RetractableCall::apply_bag(const Column& column) {
    visit_physical(column.physical(), [&]<class T>() {
        auto& bags = bags_of<T>(bags_);
        const T* const values = column.data<T>();
        for (std::size_t i = 0; i < picked_.rows.size(); ++i) {
            std::uint32_t& root = bag_root(picked_.groups[i]);
            const auto value = to_kept(values[picked_.rows[i]]);
            if (picked_.deletes[i] != 0) {
                bags.remove(root, value);
            } else {
                bags.add(root, value);
            }
        }
    });
}

void RetractableCall::apply_list(const Column& column, std::uint64_t first_position) {
    visit_physical(column.physical(), [&]<class T>() {
        auto& lists = lists_of<T>(lists_);
        const T* const values = column.data<T>();
        for (std::size_t i = 0; i < picked_.rows.size(); ++i) {
            const std::uint16_t row = picked_.rows[i];
            ValueListEnds& ends = list_ends(picked_.groups[i]);
            const auto value = to_kept(values[row]);
            if (picked_.deletes[i] != 0) {
                lists.remove(ends, value);
            } else {
                lists.add(ends, value, first_position + row);
            }
        }
    });
}

void RetractableCall::finish(const RetractionOutput& output) const {
    if (plain_.bytes != 0) {
        plain_.finish(bound_, output);
    } else if (bound_.call.kind == AggregateKind::kListAgg) {
        finish_texts(output);
    } else {
        finish_kept(output);
    }
}

// One of the values of each group.
void RetractableCall::finish_kept(const RetractionOutput& output) const {
    const AggregateKind kind = bound_.call.kind;
    Column& column = *output.column;
    visit_physical(column.physical(), [&]<class T>() {
        T* const results = column.data<T>();
        for (std::size_t i = 0; i < output.rows.size(); ++i) {
            const std::size_t row = output.rows[i];
            const std::byte* const state = output.groups[i] + bound_.offset;
            const auto& ends = *reinterpret_cast<const ValueListEnds*>(state);
            if (ends.root == 0) {
                results[row] = T{};
                column.set_null(row);
                continue;
            }
            const auto& kept = kind == AggregateKind::kMin   ? bags_of<T>(bags_).least(ends.root)
                               : kind == AggregateKind::kMax ? bags_of<T>(bags_).greatest(ends.root)
                               : kind == AggregateKind::kFirstValue
                                   ? lists_of<T>(lists_).first(ends)
                                   : lists_of<T>(lists_).last(ends);
            results[row] = from_kept<T>(kept, *output.arena);
            column.set_valid(row);
        }
    });
}

// LISTAGG. Of equal values of DISTINCT, all of which are kept, the first stands for all.
void RetractableCall::finish_texts(const RetractionOutput& output) const {
    const auto& lists = std::get<ValueLists<StringRef>>(lists_);
    const std::string_view separator = bound_.call.separator;
    std::string text;
    std::unordered_set<std::string_view> written;
    for (std::size_t i = 0; i < output.rows.size(); ++i) {
        const std::size_t row = output.rows[i];
        const std::byte* const state = output.groups[i] + bound_.offset;
        const auto& ends = *reinterpret_cast<const ValueListEnds*>(state);
        text.clear();
        written.clear();
        bool is_first = true;
        lists.for_each(ends, [&](const StringRef& value, std::uint64_t) {
            if (bound_.call.is_distinct && !written.insert(value.view()).second) return;
            if (!std::exchange(is_first, false)) text += separator;
            text += value.view();
        });
        ASSERT(text.size() <= std::numeric_limits<std::uint32_t>::max());
        StringRef& result = output.column->data<StringRef>()[row];
        result = StringRef(output.arena->copy(text));
        ends.root == 0 ? output.column->set_null(row) : output.column->set_valid(row);
    }
}

void RetractableCall::release(std::byte* group) {
    if (counts_seen()) release_in(seen_, seen_root(group));
    if (is_list()) {
        release_in(lists_, list_ends(group));
    } else if (plain_.bytes == 0) {
        release_in(bags_, bag_root(group));
    }
    std::memset(group + offset_, 0, state_bytes_);
}

std::span<std::uint64_t> RetractableCall::plain_words(std::byte* group) const {
    return {reinterpret_cast<std::uint64_t*>(group + bound_.offset), plain_word_count()};
}

bool RetractableCall::keeps(Kept kind) const noexcept {
    return kind == Kept::kSeen ? counts_seen() : plain_.bytes == 0;
}

void RetractableCall::save_values(Kept kind, std::size_t table, const SavedGroup& group) const {
    visit_physical(bound_.call.argument_type.physical(), [&]<class T>() {
        const auto save = [&](const KeptValue<T>& value, std::uint64_t number) {
            Batch& batch = group.out->open(table, 1);
            const std::size_t row = batch.size();
            const std::size_t keys = group.key->size();
            std::vector<Column*> columns;
            for (std::size_t i = 0; i < keys; ++i)
                columns.push_back(&batch.column(i));
            group.key->decode(group.entry, 0, 1, columns, row, batch.arena());
            batch.column(keys).template data<T>()[row] = from_kept<T>(value, batch.arena());
            batch.column(keys + 1).template data<std::int64_t>()[row] =
                static_cast<std::int64_t>(number);
            batch.set_size(row + 1);
        };
        if (kind == Kept::kSeen) {
            bags_of<T>(seen_).for_each(seen_root(group.state), save);
        } else if (is_list()) {
            lists_of<T>(lists_).for_each(list_ends(group.state), save);
        } else {
            bags_of<T>(bags_).for_each(bag_root(group.state), save);
        }
    });
}

void RetractableCall::load_value(
    Kept kind, std::byte* group, const Column& values, std::size_t row, std::uint64_t number) {
    visit_physical(values.physical(), [&]<class T>() {
        const auto value = to_kept(values.data<T>()[row]);
        if (kind == Kept::kSeen) {
            bags_of<T>(seen_).add(seen_root(group), value, number);
        } else if (is_list()) {
            lists_of<T>(lists_).add(list_ends(group), value, number);
        } else {
            bags_of<T>(bags_).add(bag_root(group), value, number);
        }
    });
}

std::size_t RetractableCall::memory_bytes() const noexcept {
    return bytes_of(seen_) + bytes_of(bags_) + bytes_of(lists_);
}

}  // namespace thalweg
