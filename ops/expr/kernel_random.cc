// Chance: another value for each row.

#include "ops/expr/functions.h"
#include "ops/expr/text_loops.h"
#include "state/base/random.h"

#include <string>

namespace thalweg {
namespace {

// --- Without a seed -----------------------------------------------------------------------------

// A generator for each call in each program, seeded by the time of its first batch.
Random& generator(const KernelCall& call) {
    if (call.kept == nullptr) {
        const auto address = reinterpret_cast<std::uintptr_t>(&call.kept);
        call.kept = std::make_shared<Random>(static_cast<std::uint64_t>(call.context.now_ns) ^
                                             (std::uint64_t{address} << 20U));
    }
    return *static_cast<Random*>(call.kept.get());
}

bool is_bound(const KernelCall& call, std::int32_t bound) {
    if (bound > 0) return true;
    call.context.fail("RAND_INTEGER: the bound must be above 0, not " + std::to_string(bound));
    return false;
}

void kernel_random(const KernelCall& call) {
    Random& random = generator(call);
    auto* const out = call.result.data<double>();
    call.selection.for_each([&](std::size_t row) { out[row] = random.unit(); });
}

void kernel_random_integer(const KernelCall& call) {
    Random& random = generator(call);
    const auto* const bound = call.arguments[0]->data<std::int32_t>();
    auto* const out = call.result.data<std::int32_t>();
    call.selection.for_each([&](std::size_t row) {
        out[row] = 0;
        if (is_bound(call, bound[row]))
            out[row] =
                static_cast<std::int32_t>(random.below(static_cast<std::uint32_t>(bound[row])));
    });
}

// Of version 4 (RFC 9562): random but for six bits.
void kernel_uuid(const KernelCall& call) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    Random& random = generator(call);
    build_texts(call, [&](std::size_t, std::string& out) {
        const std::uint64_t high = (random() & ~std::uint64_t{0xf000}) | 0x4000U;
        const std::uint64_t low = (random() >> 2U) | (std::uint64_t{1} << 63U);
        for (unsigned digit = 0; digit < 32; ++digit) {
            if (digit == 8 || digit == 12 || digit == 16 || digit == 20) out += '-';
            const std::uint64_t word = digit < 16 ? high : low;
            out += kDigits[word >> (60U - digit % 16 * 4) & 15U];
        }
    });
}

// --- With a seed --------------------------------------------------------------------------------

// The generator that java.util.Random documents, so that a seed gives the numbers that it gives in
// Flink: 48 bits, linear congruential.
class SeededSequence {
  public:
    explicit SeededSequence(std::int32_t seed) noexcept
        : state_((static_cast<std::uint64_t>(std::int64_t{seed}) ^ kFactor) & kMask) {}

    double unit() noexcept {
        const std::uint64_t high = next(26);
        const std::uint64_t low = next(27);
        return static_cast<double>((high << 27U) + low) * 0x1.0p-53;
    }

    // In [0, bound), without a bias.
    std::int32_t below(std::int32_t bound) noexcept {
        const auto limit = static_cast<std::uint64_t>(bound);
        if ((limit & (limit - 1)) == 0) return static_cast<std::int32_t>((limit * next(31)) >> 31U);
        while (true) {
            const std::uint64_t bits = next(31);
            const std::uint64_t value = bits % limit;
            // The last, incomplete run of `bound` values would favour the small ones.
            if (bits - value + (limit - 1) < (std::uint64_t{1} << 31U))
                return static_cast<std::int32_t>(value);
        }
    }

  private:
    static constexpr std::uint64_t kFactor = 0x5deece66dULL;
    static constexpr std::uint64_t kMask = (std::uint64_t{1} << 48U) - 1;

    std::uint64_t next(unsigned bits) noexcept {
        state_ = (state_ * kFactor + 0xbU) & kMask;
        return state_ >> (48U - bits);
    }

    std::uint64_t state_;
};

// What is prepared for a call: also how a program knows the call in its copies, so never nothing.
struct Chance {
    bool has_one_seed =
        false;  // A literal: then the rows share one sequence, else each has its own.
};

Result<std::shared_ptr<const void>> prepare_chance(Arguments, const Type&, const ExprSettings&) {
    return std::shared_ptr<const void>(std::make_shared<const Chance>());
}

Result<std::shared_ptr<const void>> prepare_seed(Arguments arguments,
                                                 const Type&,
                                                 const ExprSettings&) {
    const bool has_one_seed = literal_of(arguments[0]) != nullptr;
    return std::shared_ptr<const void>(std::make_shared<const Chance>(Chance{has_one_seed}));
}

// Calls draw(sequence, row) for each row.
template <class Draw>
void draw_seeded(const KernelCall& call, Draw draw) {
    const auto* const seed = call.arguments[0]->data<std::int32_t>();
    const bool has_one_seed = static_cast<const Chance*>(call.prepared)->has_one_seed;
    call.selection.for_each([&](std::size_t row) {
        if (!has_one_seed) {
            SeededSequence own(seed[row]);
            draw(own, row);
            return;
        }
        if (call.kept == nullptr) call.kept = std::make_shared<SeededSequence>(seed[row]);
        draw(*static_cast<SeededSequence*>(call.kept.get()), row);
    });
}

void kernel_seeded_random(const KernelCall& call) {
    auto* const out = call.result.data<double>();
    draw_seeded(call,
                [=](SeededSequence& sequence, std::size_t row) { out[row] = sequence.unit(); });
}

void kernel_seeded_random_integer(const KernelCall& call) {
    const auto* const bound = call.arguments[1]->data<std::int32_t>();
    auto* const out = call.result.data<std::int32_t>();
    draw_seeded(call, [&](SeededSequence& sequence, std::size_t row) {
        out[row] = is_bound(call, bound[row]) ? sequence.below(bound[row]) : 0;
    });
}

// --- The table ----------------------------------------------------------------------------------

Function random_function(std::string_view name,
                         std::size_t count,
                         ResultRule result,
                         Kernel kernel) {
    return {.name = name,
            .parameters = std::vector<Parameter>(count, Parameter::kInt),
            .result = result,
            .kernel = kernel,
            .volatility = Volatility::kVolatile,
            .prepare = prepare_chance};
}

Function seeded_function(std::string_view name,
                         std::size_t count,
                         ResultRule result,
                         Kernel kernel) {
    Function function = random_function(name, count, result, kernel);
    function.prepare = prepare_seed;
    return function;
}

}  // namespace

std::span<const Function> random_functions() {
    static const std::vector<Function> kFunctions = {
        random_function("RAND", 0, returns_double, kernel_random),
        seeded_function("RAND", 1, returns_double, kernel_seeded_random),
        random_function("RAND_INTEGER", 1, returns_int, kernel_random_integer),
        seeded_function("RAND_INTEGER", 2, returns_int, kernel_seeded_random_integer),
        random_function("UUID", 0, returns_string, kernel_uuid),
    };
    return kFunctions;
}

}  // namespace thalweg
