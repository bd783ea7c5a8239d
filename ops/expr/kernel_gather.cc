// What turns LISTAGG of bytes into ARRAY_AGG, COLLECT and their like (engine/plan/gathering.h):
// values are made elements, bytes that end where they end (ops/row_codec.h), which LISTAGG puts one
// behind the other, and what comes out is made a value again.

#include "ops/expr/functions.h"
#include "ops/expr/list_values.h"
#include "ops/expr/text_loops.h"
#include "ops/row_codec.h"
#include "state/multiset.h"
#include "state/text/decimal.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_set>
#include <vector>

namespace thalweg {
namespace {

const std::byte* begin_of(std::string_view bytes) {
    return reinterpret_cast<const std::byte*>(bytes.data());
}

// --- Elements -----------------------------------------------------------------------------------

// The cells of the arguments.
void kernel_element(const KernelCall& call) {
    build_texts(call, [&](std::size_t row, std::string& out) {
        for (const Column* const argument : call.arguments)
            RowCodec::append_cell(out, *argument, row);
    });
}

// The first argument behind its size, then what orders it.
void kernel_ordered_element(const KernelCall& call) {
    std::string cell;
    build_texts(call, [&](std::size_t row, std::string& out) {
        cell.clear();
        RowCodec::append_cell(cell, *call.arguments[0], row);
        const auto size = static_cast<std::uint32_t>(cell.size());
        out.append(reinterpret_cast<const char*>(&size), sizeof size);
        out += cell;
        for (std::size_t i = 1; i < call.arguments.size(); ++i)
            RowCodec::append_cell(out, *call.arguments[i], row);
    });
}

// --- In order -----------------------------------------------------------------------------------

// Elements of a list being put in order.
struct Ordering {
    std::vector<Column> keys;
    std::vector<std::string_view> cells;
    std::vector<std::uint32_t> order;
    std::unordered_set<std::string_view> written;
};

void read_ordered(const KernelCall& call, std::string_view bytes, Ordering& all) {
    for (Column& key : all.keys)
        key.clear();
    all.cells.clear();
    const std::byte* from = begin_of(bytes);
    const std::byte* const end = from + bytes.size();
    while (from != end) {
        std::uint32_t size = 0;
        std::memcpy(&size, from, sizeof size);
        from += sizeof size;
        all.cells.emplace_back(reinterpret_cast<const char*>(from), size);
        from += size;
        for (Column& key : all.keys) {
            key.reserve(all.cells.size());
            from = RowCodec::read_cell(from, key, all.cells.size() - 1, call.context.scratch);
        }
    }
}

// Whether element a comes before b: `how` has a letter for each key, 'a' ascending, 'd' descending,
// in capitals where NULL comes first.
bool comes_before(const Ordering& all, std::string_view how, std::uint32_t a, std::uint32_t b) {
    for (std::size_t i = 0; i < all.keys.size(); ++i) {
        const ValueAt left{&all.keys[i], a};
        const ValueAt right{&all.keys[i], b};
        const bool nulls_first = how[i] == 'A' || how[i] == 'D';
        if (left.is_null() != right.is_null()) return left.is_null() == nulls_first;
        const std::strong_ordering order = compare_values(left, right);
        if (order != 0) return (order < 0) == (how[i] == 'A' || how[i] == 'a');
    }
    return false;
}

// $IN_ORDER(list, how, is_distinct, NULL of the type of each key): the cells alone, in their order;
// of those that are equal the first where it is DISTINCT.
void kernel_in_order(const KernelCall& call) {
    if (call.kept == nullptr) {
        auto made = std::make_shared<Ordering>();
        for (const Column* const key : call.arguments.subspan(3))
            made->keys.emplace_back(key->type());
        call.kept = std::move(made);
    }
    Ordering& all = *static_cast<Ordering*>(call.kept.get());
    build_texts_or_null(call, [&](std::size_t row, std::string& out) {
        if (call.arguments[0]->is_null(row)) return false;
        const std::string_view how = texts(call, 1)[row].view();
        const bool is_distinct = call.arguments[2]->data<std::uint8_t>()[row] != 0;
        read_ordered(call, texts(call, 0)[row].view(), all);
        all.order.resize(all.cells.size());
        std::iota(all.order.begin(), all.order.end(), 0U);
        std::stable_sort(all.order.begin(), all.order.end(), [&](std::uint32_t a, std::uint32_t b) {
            return comes_before(all, how, a, b);
        });
        all.written.clear();
        for (const std::uint32_t element : all.order) {
            const std::string_view cell = all.cells[element];
            if (!is_distinct || all.written.insert(cell).second) out += cell;
        }
        return true;
    });
}

// --- Values of elements -------------------------------------------------------------------------

void kernel_array_of(const KernelCall& call) {
    Column& result = call.result;
    Column& elements = result.child(0);
    auto* const lists = result.data<ListRef>();
    std::size_t next = result.child_rows();
    call.selection.for_each([&](std::size_t row) {
        const std::string_view bytes = texts(call, 0)[row].view();
        const std::byte* from = begin_of(bytes);
        const std::byte* const end = from + bytes.size();
        const std::size_t first = next;
        while (from != end) {
            elements.reserve(next + 1);
            from = RowCodec::read_cell(from, elements, next++, call.context.scratch);
        }
        lists[row] = {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(next - first)};
    });
    result.set_child_rows(next);
}

// The elements of one multiset.
struct Elements {
    Column values;
    std::vector<std::uint32_t> order;

    explicit Elements(const Type& type) : values(type) {}
};

// In the order of values. An empty one of nothing.
void kernel_multiset_of(const KernelCall& call) {
    Column& result = call.result;
    if (call.kept == nullptr)
        call.kept = std::make_shared<Elements>(result.type().fields->at(0).type);
    Elements& all = *static_cast<Elements*>(call.kept.get());
    std::size_t next = result.child_rows();
    call.selection.for_each([&](std::size_t row) {
        all.values.clear();
        all.order.clear();
        const bool is_empty = call.arguments[0]->is_null(row);
        const std::string_view bytes = is_empty ? "" : texts(call, 0)[row].view();
        const std::byte* from = begin_of(bytes);
        const std::byte* const end = from + bytes.size();
        while (from != end) {
            const std::size_t at = all.order.size();
            all.values.reserve(at + 1);
            from = RowCodec::read_cell(from, all.values, at, call.context.scratch);
            all.order.push_back(static_cast<std::uint32_t>(at));
        }
        const auto value = [&](std::size_t i) { return ValueAt{&all.values, all.order[i]}; };
        std::stable_sort(all.order.begin(), all.order.end(), [&](std::uint32_t a, std::uint32_t b) {
            return compare_values({&all.values, a}, {&all.values, b}) < 0;
        });
        const std::size_t first = next;
        for (std::size_t i = 0; i < all.order.size(); ++i) {
            if (i == 0 || compare_values(value(i - 1), value(i)) != 0) {
                result.child(0).reserve(next + 1);
                result.child(1).reserve(next + 1);
                copy_element(result.child(0), next, all.values, all.order[i], call.context.scratch);
                result.child(1).data<std::int32_t>()[next++] = 0;
            }
            ++result.child(1).data<std::int32_t>()[next - 1];
        }
        result.data<ListRef>()[row] = {static_cast<std::uint32_t>(first),
                                       static_cast<std::uint32_t>(next - first)};
    });
    result.set_child_rows(next);
}

// The values of a multiset, each as often as it is there. How often that is data may say in a few
// bytes: so there is a limit for all of a batch.
void kernel_elements_of(const KernelCall& call) {
    constexpr std::int64_t kElementsMax = std::int64_t{1} << 24U;
    const Column& multisets = *call.arguments[0];
    ListWriter writer(call);
    std::int64_t total = 0;
    call.selection.for_each([&](std::size_t row) {
        const ListElements values = list_elements(multisets, row);
        const ListElements counts = list_elements(multisets, row, 1);
        for (std::size_t i = 0; i < values.count; ++i) {
            const ValueAt count = counts[i];
            if (count.is_null()) continue;
            total += std::max(count.column->data<std::int32_t>()[count.row], 0);
            if (total > kElementsMax) {
                call.context.fail("UNNEST: the multisets of a batch have more than " +
                                  std::to_string(kElementsMax) + " values");
                return;
            }
            for (auto k = count.column->data<std::int32_t>()[count.row]; k > 0; --k)
                writer.add(values[i]);
        }
        writer.finish(row);
    });
}

// $TEXTS_OF(list, separator): elements of one text each, joined.
void kernel_texts_of(const KernelCall& call) {
    build_texts(call, [&](std::size_t row, std::string& out) {
        const std::string_view separator = texts(call, 1)[row].view();
        std::string_view bytes = texts(call, 0)[row].view();
        bool is_first = true;
        while (!bytes.empty()) {
            std::uint32_t size = 0;
            std::memcpy(&size, bytes.data() + 1, sizeof size);  // Behind the byte of NULL.
            if (!is_first) out += separator;
            is_first = false;
            out += bytes.substr(1 + sizeof size, size);
            bytes.remove_prefix(1 + sizeof size + size);
        }
    });
}

// --- PERCENTILE ---------------------------------------------------------------------------------

// Values and how often each is there, in order.
struct Weighted {
    std::vector<std::pair<double, std::int64_t>> values;  // Each with how many come up to it.
};

constexpr std::size_t kWeightedBytes = 2 * (1 + sizeof(std::int64_t));

// Why not, where one is there less than no time, or all of them too often to be counted.
const char* read_weighted(std::string_view bytes, Weighted& all) {
    all.values.clear();
    for (; bytes.size() >= kWeightedBytes; bytes.remove_prefix(kWeightedBytes)) {
        double value = 0;
        std::int64_t count = 0;
        std::memcpy(&value, bytes.data() + 1, sizeof value);
        std::memcpy(&count, bytes.data() + 2 + sizeof value, sizeof count);
        if (count < 0) return "PERCENTILE: a frequency is negative";
        if (count != 0) all.values.emplace_back(value, count);
    }
    std::sort(all.values.begin(), all.values.end(), [](const auto& a, const auto& b) {
        if (std::isnan(a.first) || std::isnan(b.first))
            return std::isnan(b.first) && !std::isnan(a.first);
        return a.first < b.first;
    });
    std::int64_t total = 0;
    for (auto& [value, count] : all.values) {
        if (__builtin_add_overflow(total, count, &total))
            return "PERCENTILE: the frequencies add up to more than a BIGINT";
        count = total;
    }
    return nullptr;
}

double value_at(const Weighted& all, std::int64_t place) {
    return std::upper_bound(
               all.values.begin(),
               all.values.end(),
               place,
               [](std::int64_t wanted, const auto& each) { return wanted < each.second; })
        ->first;
}

// Between the two values around the place.
double percentile(const Weighted& all, double share) {
    const std::int64_t last = all.values.back().second - 1;
    const double place = share * static_cast<double>(last);
    // As a double the last place may be behind itself.
    const auto in_range = [last](double at) {
        return at < static_cast<double>(last) ? static_cast<std::int64_t>(at) : last;
    };
    const std::int64_t below = in_range(std::floor(place));
    const std::int64_t above = in_range(std::ceil(place));
    const double low = value_at(all, below);
    if (below == above) return low;
    const double high = value_at(all, above);
    return (static_cast<double>(above) - place) * low + (place - static_cast<double>(below)) * high;
}

// An element of an ARRAY of numbers; NULL is none that fits.
double share_of(ValueAt share) {
    if (share.is_null()) return -1;
    return visit_physical(share.column->physical(), [&]<class T>() -> double {
        if constexpr (std::is_same_v<T, Int128>) {
            return decimal_to_double(share.column->data<T>()[share.row],
                                     share.column->type().scale);
        } else if constexpr (std::is_same_v<T, StringRef>) {
            return -1;  // bind_percentile() has refused it.
        } else {
            return static_cast<double>(share.column->data<T>()[share.row]);
        }
    });
}

bool is_share(const KernelCall& call, double share) {
    if (share >= 0 && share <= 1) return true;
    call.context.fail("PERCENTILE: a percentage is not between 0 and 1");
    return false;
}

// $PERCENTILE_OF(list, percentage), or percentages.
void kernel_percentile(const KernelCall& call) {
    Column& result = call.result;
    const bool is_list = result.physical() == Physical::kList;
    Weighted all;
    std::size_t next = result.child_rows();
    call.selection.for_each([&](std::size_t row) {
        if (const char* const problem = read_weighted(texts(call, 0)[row].view(), all)) {
            call.context.fail(problem);
            return;
        }
        if (all.values.empty()) {
            result.set_null(row);
            return;
        }
        if (!is_list) {
            const double share = call.arguments[1]->data<double>()[row];
            if (is_share(call, share)) result.data<double>()[row] = percentile(all, share);
            return;
        }
        const ListElements shares = list_elements(*call.arguments[1], row);
        const std::size_t first = next;
        result.child(0).reserve(next + shares.count);
        for (std::size_t i = 0; i < shares.count; ++i) {
            const ValueAt share = shares[i];
            const double wanted = share_of(share);
            if (!is_share(call, wanted)) return;
            result.child(0).data<double>()[next++] = percentile(all, wanted);
        }
        result.data<ListRef>()[row] = {static_cast<std::uint32_t>(first),
                                       static_cast<std::uint32_t>(next - first)};
    });
    result.set_child_rows(next);
}

Type returns_bytes(Arguments) {
    return Type::bytes();
}

Type returns_elements(Arguments arguments) {
    return Type::array(arguments[0]->type.fields->at(0).type);
}

Result<Signature> bind_percentile(Arguments arguments) {
    const Type& shares = arguments[1]->type;
    if (shares.kind == TypeKind::kArray && shares.fields->front().type.is_numeric())
        return Signature{{Type::bytes(), shares}, Type::array(Type::double_precision().not_null())};
    if (!shares.is_numeric())
        return fail(Code::kInvalid,
                    "PERCENTILE takes a number or an ARRAY of numbers, not " +
                        shares.with_nullable(true).to_string());
    return Signature{{Type::bytes(), Type::double_precision()}, Type::double_precision()};
}

}  // namespace

std::span<const Function> gather_functions() {
    using enum Parameter;
    static const std::vector<Function> kFunctions = {
        {.name = "$ELEMENT",
         .parameters = {kAny},
         .is_variadic = true,
         .result = returns_bytes,
         .kernel = kernel_element,
         .nulls = NullRule::kOwn,
         .nullability = Nullability::kNever},
        // NULL where there is none.
        {.name = "$PRESENT_ELEMENT",
         .parameters = {kAny},
         .is_variadic = true,
         .result = returns_bytes,
         .kernel = kernel_element},
        {.name = "$ORDERED_ELEMENT",
         .parameters = {kAny, kAny},
         .is_variadic = true,
         .result = returns_bytes,
         .kernel = kernel_ordered_element,
         .nulls = NullRule::kOwn,
         .nullability = Nullability::kNever},
        {.name = "$IN_ORDER",
         .parameters = {kBinary, kString, kBoolean, kAny},
         .is_variadic = true,
         .result = returns_bytes,
         .kernel = kernel_in_order,
         .nulls = NullRule::kOwn,
         .nullability = Nullability::kAlways},
        {.name = "$ARRAY_OF", .parameters = {kBinary}, .kernel = kernel_array_of},
        {.name = "$MULTISET_OF",
         .parameters = {kBinary},
         .kernel = kernel_multiset_of,
         .nulls = NullRule::kOwn,
         .nullability = Nullability::kNever},
        {.name = "$ELEMENTS_OF",
         .parameters = {kMap},
         .result = returns_elements,
         .kernel = kernel_elements_of},
        {.name = "$TEXTS_OF",
         .parameters = {kBinary, kString},
         .result = returns_string,
         .kernel = kernel_texts_of},
        {.name = "$PERCENTILE_OF",
         .parameters = {kBinary, kAny},
         .kernel = kernel_percentile,
         .nullability = Nullability::kAlways,
         .bind = bind_percentile},
    };
    return kFunctions;
}

}  // namespace thalweg
