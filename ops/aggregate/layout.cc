#include "ops/aggregate/layout.h"

#include "ops/aggregate/update_loop.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

namespace thalweg {

namespace {

constexpr unsigned kCountPart = 1;
constexpr unsigned kSumPart = 2;
constexpr unsigned kMinPart = 4;
constexpr unsigned kMaxPart = 8;

// The part of a run that a call can be; 0 if none.
unsigned part_of(const AggregateCall& call) {
    if (call.is_distinct || call.filter) return 0;
    switch (call.kind) {
        case AggregateKind::kCountStar:
        case AggregateKind::kCount: return kCountPart;
        case AggregateKind::kSum: return kSumPart;
        case AggregateKind::kMin: return kMinPart;
        case AggregateKind::kMax: return kMaxPart;
        default: return 0;
    }
}

bool can_run(const AggregateCall& call) {
    if (part_of(call) == 0 || call.kind == AggregateKind::kCountStar) return false;
    const Physical physical = call.argument_type.physical();
    return physical == Physical::kInt64 || physical == Physical::kDouble;
}

// DISTINCT changes nothing for those that ignore repetition.
AggregateCall simplify(AggregateCall call) {
    switch (call.kind) {
        case AggregateKind::kMin:
        case AggregateKind::kMax:
        case AggregateKind::kFirstValue:
        case AggregateKind::kLastValue: call.is_distinct = false; break;
        default: break;
    }
    return call;
}

bool needs_flag(const AggregateCall& call) {
    if (call.kind == AggregateKind::kCountStar || call.kind == AggregateKind::kCount) return false;
    return call.argument_type.nullable || call.filter.has_value();
}

constexpr std::uint64_t kSign = std::uint64_t{1} << 63U;

std::uint64_t ordered(std::int64_t value) noexcept {
    return static_cast<std::uint64_t>(value) ^ kSign;
}

std::uint64_t ordered(double value) noexcept {
    const auto bits = std::bit_cast<std::uint64_t>(value == value ? value : __builtin_nan(""));
    return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

void add_to(std::uint64_t& sum, std::int64_t value) noexcept {
    sum += static_cast<std::uint64_t>(value);
}

void add_to(std::uint64_t& sum, double value) noexcept {
    sum = std::bit_cast<std::uint64_t>(std::bit_cast<double>(sum) + value);
}

// The states of a run, adjacent words: COUNT, SUM, MIN, MAX, those that it has; in front of them
// the flags of the group, if kHasFlags. Taking those in a pass of their own was 5 % of a query over
// 10,000 keys.
template <unsigned kParts, bool kHasFlags>
struct RunState {
    static constexpr auto kWords = static_cast<std::size_t>(std::popcount(kParts));

    std::array<std::uint64_t, kWords + (kHasFlags ? 1 : 0)> words;

    template <class T>
    void add(T value, std::uint64_t flags) noexcept {
        std::uint64_t* word = words.data();
        if constexpr (kHasFlags) {
            if ((*word & flags) != flags) *word |= flags;  // Once in the life of most groups.
            ++word;
        }
        if constexpr ((kParts & kCountPart) != 0) ++*word++;
        if constexpr ((kParts & kSumPart) != 0) add_to(*word++, value);
        if constexpr ((kParts & kMinPart) != 0) {
            *word = std::max(*word, ~ordered(value));
            ++word;
        }
        if constexpr ((kParts & kMaxPart) != 0) *word = std::max(*word, ordered(value));
    }
};

template <class T, unsigned kParts, bool kHasFlags>
void update_states(std::size_t offset, std::uint64_t flags, const AggregateInput& input) {
    using State = RunState<kParts, kHasFlags>;
    const T* const values = input.column->template data<T>();
    const std::uint64_t flags_apart = kHasFlags ? 0 : flags;
    update_rows<State>(input, offset, flags_apart, [values, flags](State& state, std::size_t row) {
        state.add(values[row], flags);
    });
}

template <class T, unsigned kParts>
void update_parts(const AggregateLayout::Run& run, const AggregateInput& input) {
    constexpr std::size_t kFlagBytes = 8;
    if constexpr (kParts != 0) {
        if (run.flags != 0 && run.offset == kFlagBytes) {
            update_states<T, kParts, true>(0, run.flags, input);
            return;
        }
        update_states<T, kParts, false>(run.offset, run.flags, input);
    }
}

using UpdateParts = void (*)(const AggregateLayout::Run&, const AggregateInput&);

template <class T, std::size_t... kParts>
constexpr std::array<UpdateParts, sizeof...(kParts)> table_of(std::index_sequence<kParts...>) {
    return {update_parts<T, unsigned{kParts}>...};
}

constexpr auto kIntegerUpdates = table_of<std::int64_t>(std::make_index_sequence<16>());
constexpr auto kDoubleUpdates = table_of<double>(std::make_index_sequence<16>());

}  // namespace

AggregateLayout::AggregateLayout(const std::vector<AggregateCall>& calls) {
    for (const AggregateCall& call : calls) {
        BoundAggregate bound;
        bound.call = simplify(call);
        bound.functions = aggregate_functions(bound.call);
        if (needs_flag(bound.call)) {
            ASSERT(calls_.size() < 64);
            bound.flag = std::uint64_t{1} << calls_.size();
            has_flags_ = true;
        }
        calls_.push_back(std::move(bound));
    }
    payload_bytes_ = has_flags_ ? 8 : 0;
    std::vector<bool> is_placed(calls_.size(), false);
    for (std::size_t i = 0; i < calls_.size(); ++i) {
        if (!is_placed[i] && can_run(calls_[i].call)) add_run(i, is_placed);
    }
    for (std::size_t i = 0; i < calls_.size(); ++i) {
        if (is_placed[i]) continue;
        singles_.push_back(i);
        place(i);
    }
}

// The run of call `first`'s argument: of each part the first call that is not placed yet.
void AggregateLayout::add_run(std::size_t first, std::vector<bool>& is_placed) {
    Run run;
    run.argument = calls_[first].call.argument;
    run.physical = calls_[first].call.argument_type.physical();
    run.offset = static_cast<std::uint32_t>(payload_bytes_);
    for (unsigned part = kCountPart; part <= kMaxPart; part *= 2) {
        for (std::size_t k = 0; k < calls_.size(); ++k) {
            const AggregateCall& call = calls_[k].call;
            const bool fits = call.kind == AggregateKind::kCountStar ||
                              (can_run(call) && call.argument == run.argument);
            if (is_placed[k] || !fits || part_of(call) != part) continue;
            is_placed[k] = true;
            run.parts |= part;
            run.flags |= calls_[k].flag;
            run.calls.push_back(k);
            place(k);
            break;
        }
    }
    runs_.push_back(std::move(run));
}

void AggregateLayout::place(std::size_t call) {
    calls_[call].offset = static_cast<std::uint32_t>(payload_bytes_);
    payload_bytes_ += calls_[call].functions.state_bytes;
}

void AggregateLayout::update_run(const Run& run, const AggregateInput& input) {
    const auto& updates = run.physical == Physical::kInt64 ? kIntegerUpdates : kDoubleUpdates;
    updates[run.parts](run, input);
}

void AggregateLayout::append_partial_fields(std::vector<Field>& fields) const {
    const Type word = Type::bigint().not_null();
    if (has_flags_) fields.push_back({"flags", word});
    for (std::size_t i = 0; i < calls_.size(); ++i) {
        const std::string name = "state" + std::to_string(i);
        const AggregateFunctions& functions = calls_[i].functions;
        for (std::uint32_t k = 0; k < word_bytes(functions) / 8; ++k)
            fields.push_back({name + "_" + std::to_string(k), word});
        if (functions.has_text)
            fields.push_back({name, calls_[i].call.argument_type.with_nullable(true)});
    }
}

std::size_t AggregateLayout::partial_columns() const {
    std::size_t total = has_flags_ ? 1 : 0;
    for (const BoundAggregate& bound : calls_)
        total += word_bytes(bound.functions) / 8 + (bound.functions.has_text ? 1 : 0);
    return total;
}

void AggregateLayout::finish(const BoundAggregate& bound,
                             const PackedGroups& groups,
                             Batch& batch,
                             std::size_t first_row,
                             std::size_t column) {
    bound.functions.finish(bound,
                           {.count = groups.count,
                            .column = &batch.column(column),
                            .first_row = first_row,
                            .arena = &batch.arena(),
                            .first_state = groups.first,
                            .stride = groups.stride});
}

void AggregateLayout::save(const PackedGroups& groups,
                           Batch& batch,
                           std::size_t first_row,
                           std::size_t first_column) const {
    std::size_t column = first_column;
    const auto save_word = [&](std::uint32_t offset) {
        auto* const words = batch.column(column++).data<std::int64_t>() + first_row;
        if (groups.positions != nullptr) {
            for (std::size_t i = 0; i < groups.count; ++i)
                std::memcpy(&words[i], groups[i] + offset, 8);
            return;
        }
        const std::byte* source = groups.first + offset;
        for (std::size_t i = 0; i < groups.count; ++i, source += groups.stride)
            std::memcpy(&words[i], source, 8);
    };
    if (has_flags_) save_word(0);
    for (const BoundAggregate& bound : calls_) {
        const std::uint32_t words = word_bytes(bound.functions);
        for (std::uint32_t at = 0; at < words; at += 8)
            save_word(bound.offset + at);
        if (bound.functions.has_text)
            save_texts(groups, bound.offset + words, batch, first_row, column++);
    }
}

void AggregateLayout::save_texts(const PackedGroups& groups,
                                 std::uint32_t offset,
                                 Batch& batch,
                                 std::size_t first_row,
                                 std::size_t column) {
    Column& texts = batch.column(column);
    StringRef* const target = texts.data<StringRef>() + first_row;
    for (std::size_t i = 0; i < groups.count; ++i) {
        const auto& owned = *reinterpret_cast<const OwnedText*>(groups[i] + offset);
        if (owned.is_filled == 0) {
            texts.set_null(first_row + i);
            target[i] = {};
            continue;
        }
        texts.set_valid(first_row + i);
        const StringRef& text = owned.text;
        target[i] = text.is_inline() ? text : StringRef(batch.arena().copy(text.view()));
    }
}

void AggregateLayout::load(const BatchView& view,
                           std::size_t first_column,
                           Selection rows,
                           std::byte* groups) const {
    if (rows.empty()) return;  // There may be no groups at all.
    std::size_t column = first_column;
    const std::size_t stride = payload_bytes_;
    const auto load_word = [&](std::uint32_t offset) {
        const auto* const words = view[column++].data<std::int64_t>();
        std::byte* target = groups + offset;
        rows.for_each([&](std::size_t row) {
            std::memcpy(target, &words[row], 8);
            target += stride;
        });
    };
    if (has_flags_) load_word(0);
    for (const BoundAggregate& bound : calls_) {
        const std::uint32_t words = word_bytes(bound.functions);
        for (std::uint32_t at = 0; at < words; at += 8)
            load_word(bound.offset + at);
        if (bound.functions.has_text)
            load_texts(view[column++], rows, groups + bound.offset + words);
    }
}

void AggregateLayout::load_texts(const Column& texts, Selection rows, std::byte* target) const {
    rows.for_each([&](std::size_t row) {
        OwnedText owned;
        if (!texts.is_null(row)) {
            owned.text = texts.data<StringRef>()[row];
            owned.is_filled = 1;
        }
        std::memcpy(target, static_cast<const void*>(&owned), sizeof owned);
        target += payload_bytes_;
    });
}

void AggregateLayout::load(std::byte* group,
                           const BatchView& view,
                           std::size_t first_column,
                           std::size_t row) const {
    std::size_t column = first_column;
    const auto load_word = [&](std::uint32_t offset) {
        *reinterpret_cast<std::int64_t*>(group + offset) = view[column++].data<std::int64_t>()[row];
    };
    if (has_flags_) load_word(0);
    for (const BoundAggregate& bound : calls_) {
        const std::uint32_t words = word_bytes(bound.functions);
        for (std::uint32_t at = 0; at < words; at += 8)
            load_word(bound.offset + at);
        if (bound.functions.has_text)
            load_texts(view[column++], Selection::range(row, 1), group + bound.offset + words);
    }
}

void AggregateLayout::restore(std::byte* group,
                              const BatchView& view,
                              std::size_t first_column,
                              std::size_t row,
                              Arena& arena) const {
    load(group, view, first_column, row);
    for (const BoundAggregate& bound : calls_) {
        if (!bound.functions.has_text) continue;
        const std::uint32_t offset = bound.offset + word_bytes(bound.functions);
        auto& owned = *reinterpret_cast<OwnedText*>(group + offset);
        if (owned.is_filled != 0) owned.assign(StringRef(owned.text), arena);
    }
}

}  // namespace thalweg
