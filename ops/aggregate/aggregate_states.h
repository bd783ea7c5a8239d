#pragma once

#include "ops/aggregate/functions.h"
#include "state/base/int128.h"
#include "state/text/decimal.h"

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>
#include <type_traits>

// The states of aggregates, one type each: what ops/aggregate/functions.cc makes tables of
// functions from, and ops/aggregate/retraction.cc what takes values away again.
//
// Shape  Trivial, made of 8-byte words, all zeros at first (ops/aggregate/functions.h). add() takes
//        a value, merge() another state; result() is false where the result is NULL.

namespace thalweg {

inline std::uint64_t wrapping_add(std::uint64_t a, std::int64_t b) noexcept {
    return a + static_cast<std::uint64_t>(b);
}

// Integers wrap at the width of their type.
inline std::int64_t wrap(std::uint64_t sum, TypeKind kind) noexcept {
    switch (kind) {
        case TypeKind::kTinyint: return static_cast<std::int8_t>(sum);
        case TypeKind::kSmallint: return static_cast<std::int16_t>(sum);
        case TypeKind::kInt: return static_cast<std::int32_t>(sum);
        default: return static_cast<std::int64_t>(sum);
    }
}

// What an operation may need beyond state and value.
struct Environment {
    Arena* arena;
    std::uint64_t position;
    std::string_view separator;
};

// An exact sum of any number of DECIMALs: 192 bits, so that the order of additions cannot matter.
struct WideSum {
    std::uint64_t low = 0;
    std::uint64_t middle = 0;
    std::uint64_t high = 0;

    void add(std::uint64_t a, std::uint64_t b, std::uint64_t c) noexcept {
        UInt128 sum = static_cast<UInt128>(low) + a;
        low = static_cast<std::uint64_t>(sum);
        sum = (sum >> 64U) + middle + b;
        middle = static_cast<std::uint64_t>(sum);
        high += c + static_cast<std::uint64_t>(sum >> 64U);
    }

    void add(Int128 value) noexcept {
        const auto bits = static_cast<UInt128>(value);
        add(static_cast<std::uint64_t>(bits),
            static_cast<std::uint64_t>(bits >> 64U),
            value < 0 ? ~std::uint64_t{0} : 0);
    }

    void subtract(Int128 value) noexcept {
        const auto bits = ~static_cast<UInt128>(value);  // -v = ~v + 1.
        add(static_cast<std::uint64_t>(bits),
            static_cast<std::uint64_t>(bits >> 64U),
            value < 0 ? 0 : ~std::uint64_t{0});
        add(1, 0, 0);
    }

    // Nothing when it has more than 38 digits.
    [[nodiscard]] std::optional<Int128> value() const noexcept {
        const auto bits = static_cast<UInt128>(middle) << 64U | low;
        const auto narrow = static_cast<Int128>(bits);
        if (high != (narrow < 0 ? ~std::uint64_t{0} : 0)) return std::nullopt;
        const Int128 limit = power_of_ten(Type::kDecimalPrecisionMax);
        if (narrow >= limit || narrow <= -limit) return std::nullopt;
        return narrow;
    }
};

struct CountState {
    using Value = std::uint8_t;
    std::uint64_t count;

    void merge(const CountState& other, Environment) noexcept { count += other.count; }

    bool result(const BoundAggregate&, std::int64_t& out, Arena&) const noexcept {
        out = static_cast<std::int64_t>(count);
        return true;
    }
};

template <class T>
struct IntegerSum {
    using Value = T;
    std::uint64_t sum;

    void add(T value, Environment) noexcept { sum = wrapping_add(sum, value); }

    void merge(const IntegerSum& other, Environment) noexcept { sum += other.sum; }

    bool result(const BoundAggregate& bound, T& out, Arena&) const noexcept {
        out = static_cast<T>(wrap(sum, bound.call.result_type.kind));
        return true;
    }
};

template <class T>
struct RealSum {
    using Value = T;
    double sum;

    void add(T value, Environment) noexcept { sum += static_cast<double>(value); }

    void merge(const RealSum& other, Environment) noexcept { sum += other.sum; }

    bool result(const BoundAggregate&, T& out, Arena&) const noexcept {
        out = static_cast<T>(sum);
        return true;
    }
};

struct DecimalSum {
    using Value = Int128;
    WideSum sum;

    void add(Int128 value, Environment) noexcept { sum.add(value); }

    void merge(const DecimalSum& other, Environment) noexcept {
        sum.add(other.sum.low, other.sum.middle, other.sum.high);
    }

    bool result(const BoundAggregate&, Int128& out, Arena&) const noexcept {
        const std::optional<Int128> value = sum.value();
        out = value.value_or(0);
        return value.has_value();
    }
};

template <class Sum>
struct Average {
    using Value = typename Sum::Value;
    Sum sum;
    std::int64_t count;

    void add(Value value, Environment environment) noexcept {
        sum.add(value, environment);
        ++count;
    }

    void merge(const Average& other, Environment environment) noexcept {
        sum.merge(other.sum, environment);
        count += other.count;
    }

    template <class T>
    bool result(const BoundAggregate& bound, T& out, Arena&) const noexcept {
        if (count == 0) return false;
        if constexpr (std::is_same_v<T, Int128>) {
            return decimal_result(bound, out);
        } else if constexpr (std::is_floating_point_v<T>) {
            out = static_cast<T>(sum.sum / static_cast<double>(count));
        } else {
            out = static_cast<T>(static_cast<std::int64_t>(sum.sum) / count);
        }
        return true;
    }

    // Rounds half up, away from zero. The quotient is taken first, so that only its remainder is
    // brought to the scale of the result.
    bool decimal_result(const BoundAggregate& bound, Int128& out) const noexcept {
        const std::optional<Int128> total = sum.sum.value();
        if (!total) return false;
        const std::int32_t digits = bound.call.result_type.scale - bound.call.argument_type.scale;
        const Int128 factor = power_of_ten(digits);
        const Int128 whole = *total / count;
        const Int128 limit = power_of_ten(Type::kDecimalPrecisionMax - digits);
        if (whole >= limit || whole <= -limit) return false;
        const Int128 rest = *total % count * factor;
        Int128 fraction = rest / count;
        const Int128 left = rest % count;
        if ((left < 0 ? -left : left) >= (Int128{count} + 1) / 2) fraction += left < 0 ? -1 : 1;
        out = whole * factor + fraction;
        return true;
    }
};

// Values as unsigned words in the same order, so that zero is below them all.
inline constexpr std::uint64_t kSign64 = std::uint64_t{1} << 63U;

template <class T>
std::uint64_t to_ordered(T value) noexcept {
    if constexpr (std::is_floating_point_v<T>) {
        double wide = static_cast<double>(value);
        if (std::isnan(wide)) wide = std::numeric_limits<double>::quiet_NaN();
        const auto bits = std::bit_cast<std::uint64_t>(wide);
        return (bits & kSign64) != 0 ? ~bits : bits | kSign64;
    } else {
        return static_cast<std::uint64_t>(static_cast<std::int64_t>(value)) ^ kSign64;
    }
}

template <class T>
T from_ordered(std::uint64_t ordered) noexcept {
    if constexpr (std::is_floating_point_v<T>) {
        const std::uint64_t bits = (ordered & kSign64) != 0 ? ordered ^ kSign64 : ~ordered;
        return static_cast<T>(std::bit_cast<double>(bits));
    } else {
        return static_cast<T>(ordered ^ kSign64);
    }
}

template <class T, bool kMax>
struct WordExtremum {
    using Value = T;
    std::uint64_t best;

    void keep(std::uint64_t candidate) noexcept { best = candidate > best ? candidate : best; }

    void add(T value, Environment) noexcept {
        const std::uint64_t ordered = to_ordered(value);
        keep(kMax ? ordered : ~ordered);
    }

    void merge(const WordExtremum& other, Environment) noexcept { keep(other.best); }

    bool result(const BoundAggregate&, T& out, Arena&) const noexcept {
        out = from_ordered<T>(kMax ? best : ~best);
        return true;
    }
};

template <bool kMax>
struct DecimalExtremum {
    using Value = Int128;
    std::uint64_t low;
    std::uint64_t high;

    [[nodiscard]] UInt128 best() const noexcept { return static_cast<UInt128>(high) << 64U | low; }

    void keep(UInt128 candidate) noexcept {
        if (candidate <= best()) return;
        low = static_cast<std::uint64_t>(candidate);
        high = static_cast<std::uint64_t>(candidate >> 64U);
    }

    static constexpr UInt128 kSign = static_cast<UInt128>(1) << 127U;

    void add(Int128 value, Environment) noexcept {
        const UInt128 ordered = static_cast<UInt128>(value) ^ kSign;
        keep(kMax ? ordered : ~ordered);
    }

    void merge(const DecimalExtremum& other, Environment) noexcept { keep(other.best()); }

    bool result(const BoundAggregate&, Int128& out, Arena&) const noexcept {
        out = static_cast<Int128>((kMax ? best() : ~best()) ^ kSign);
        return true;
    }
};

inline StringRef copy_text(const StringRef& text, Arena& arena) {
    return text.is_inline() ? text : StringRef(arena.copy(text.view()));
}

template <bool kMax>
struct TextExtremum {
    using Value = StringRef;
    OwnedText best;

    void add(const StringRef& value, Environment environment) {
        if (best.is_filled != 0 && (kMax ? value <= best.text : value >= best.text)) return;
        best.assign(value, *environment.arena);
    }

    void merge(const TextExtremum& other, Environment environment) {
        if (other.best.is_filled != 0) add(other.best.text, environment);
    }

    bool result(const BoundAggregate&, StringRef& out, Arena& arena) const {
        out = copy_text(best.text, arena);
        return best.is_filled != 0;
    }
};

// FIRST_VALUE and LAST_VALUE: of the non-null values, the one that arrived first or last.
template <class T, bool kLast>
struct ValueAt {
    using Value = T;
    static constexpr std::size_t kWords = sizeof(T) == 16 ? 2 : 1;
    std::uint64_t position;  // 0: none yet.
    std::uint64_t words[kWords];

    void keep(const std::uint64_t* source, std::uint64_t at) noexcept {
        if (position != 0 && (kLast ? at < position : at > position)) return;
        position = at;
        std::memcpy(words, source, sizeof words);
    }

    void add(T value, Environment environment) noexcept {
        std::uint64_t source[kWords] = {};
        std::memcpy(source, &value, sizeof value);
        keep(source, environment.position);
    }

    void merge(const ValueAt& other, Environment) noexcept {
        if (other.position != 0) keep(other.words, other.position);
    }

    bool result(const BoundAggregate&, T& out, Arena&) const noexcept {
        std::memcpy(&out, words, sizeof out);
        return position != 0;
    }
};

template <bool kLast>
struct TextAt {
    using Value = StringRef;
    std::uint64_t position;  // 0: none yet.
    OwnedText value;

    void keep(const StringRef& text, std::uint64_t at, Arena& arena) {
        if (position != 0 && (kLast ? at < position : at > position)) return;
        position = at;
        value.assign(text, arena);
    }

    void add(const StringRef& text, Environment environment) {
        keep(text, environment.position, *environment.arena);
    }

    void merge(const TextAt& other, Environment environment) {
        if (other.position != 0) keep(other.value.text, other.position, *environment.arena);
    }

    bool result(const BoundAggregate&, StringRef& out, Arena& arena) const {
        out = copy_text(value.text, arena);
        return position != 0;
    }
};

// LISTAGG: values in the order of their arrival, each behind a separator but the first.
struct TextList {
    using Value = StringRef;
    OwnedText list;

    void add(const StringRef& value, Environment environment) {
        list.append(environment.separator, value, *environment.arena);
    }

    void merge(const TextList& other, Environment environment) {
        if (other.list.is_filled != 0) add(other.list.text, environment);
    }

    bool result(const BoundAggregate&, StringRef& out, Arena& arena) const {
        out = copy_text(list.text, arena);
        return list.is_filled != 0;
    }
};

// Mean and sum of squared differences from it, updated value by value (Welford, 1962) and merged
// pairwise (Chan, Golub and LeVeque, 1979). DECIMALs are taken unscaled and scaled at the end.
template <class T>
struct Variance {
    using Value = T;
    std::int64_t count;
    double mean;
    double squares;

    void add(T value, Environment) noexcept {
        const auto wide = static_cast<double>(value);
        ++count;
        const double difference = wide - mean;
        mean += difference / static_cast<double>(count);
        squares += difference * (wide - mean);
    }

    void merge(const Variance& other, Environment) noexcept {
        if (other.count == 0) return;
        const auto mine = static_cast<double>(count);
        const auto theirs = static_cast<double>(other.count);
        const double difference = other.mean - mean;
        count += other.count;
        mean += difference * (theirs / (mine + theirs));
        squares += other.squares + difference * difference * (mine * theirs / (mine + theirs));
    }

    bool result(const BoundAggregate& bound, double& out, Arena&) const noexcept {
        const AggregateKind kind = bound.call.kind;
        const bool is_sample =
            kind == AggregateKind::kVarSamp || kind == AggregateKind::kStddevSamp;
        const std::int64_t divisor = is_sample ? count - 1 : count;
        if (divisor <= 0) return false;
        out = squares / static_cast<double>(divisor);
        if (kind == AggregateKind::kStddevPop || kind == AggregateKind::kStddevSamp)
            out = std::sqrt(out);
        return true;
    }

    bool result(const BoundAggregate& bound, Int128& out, Arena& arena) const noexcept {
        double value = 0;
        if (!result(bound, value, arena)) return false;
        const AggregateKind kind = bound.call.kind;
        const bool is_root =
            kind == AggregateKind::kStddevPop || kind == AggregateKind::kStddevSamp;
        const auto unit = static_cast<double>(power_of_ten(bound.call.argument_type.scale));
        const Type& type = bound.call.result_type;
        const std::optional<Int128> decimal =
            decimal_from_double(value / (is_root ? unit : unit * unit), type.precision, type.scale);
        out = decimal.value_or(0);
        return decimal.has_value();
    }
};

}  // namespace thalweg
