#include "ops/expr/type_rules.h"

#include <algorithm>
#include <utility>

namespace thalweg {

namespace {

constexpr std::int32_t kScaleKept = 6;

std::int32_t whole_digits(const Type& type) {
    return type.precision - type.scale;
}

Type widest_decimal(const Type& a, const Type& b) {
    const Type left = as_decimal(a);
    const Type right = as_decimal(b);
    const std::int32_t scale = std::max(left.scale, right.scale);
    const std::int32_t whole = std::max(whole_digits(left), whole_digits(right));
    // Flink keeps the digits before the point and cuts those behind it.
    const std::int32_t precision = std::min(whole + scale, Type::kDecimalPrecisionMax);
    return Type::decimal(precision, std::min(scale, precision - std::min(whole, precision)));
}

std::optional<Type> merged_numeric(const Type& a, const Type& b) {
    if (!a.is_numeric() || !b.is_numeric()) return std::nullopt;
    if (a.is_integer() && b.is_integer()) return Type::of(std::max(a.kind, b.kind));
    if (a.is_exact() && b.is_exact()) return widest_decimal(a, b);
    if (a.kind == TypeKind::kDouble || b.kind == TypeKind::kDouble) return Type::double_precision();
    if (a.kind == TypeKind::kDecimal || b.kind == TypeKind::kDecimal)
        return Type::double_precision();
    return Type::real();
}

std::optional<Type> merged_text(const Type& a, const Type& b) {
    const bool characters = a.is_character() && b.is_character();
    const bool bytes = a.is_binary() && b.is_binary();
    if (!characters && !bytes) return std::nullopt;
    if (a.kind == b.kind && a.precision == b.precision) return a;
    // CHAR of different lengths becomes VARCHAR: nothing is padded.
    Type type = characters ? Type::string() : Type::bytes();
    type.precision = std::max(a.precision, b.precision);
    return type;
}

std::optional<Type> merged_time(const Type& a, const Type& b) {
    if (a.kind == b.kind && (a.is_timestamp() || a.kind == TypeKind::kTime)) {
        Type type = a;
        type.precision = std::max(a.precision, b.precision);
        return type;
    }
    if (a.is_timestamp() && b.is_timestamp())
        return Type::timestamp_ltz(std::max(a.precision, b.precision));
    if (a.kind == TypeKind::kDate && b.is_timestamp()) return b;
    if (b.kind == TypeKind::kDate && a.is_timestamp()) return a;
    return std::nullopt;
}

std::optional<Type> merged_fields(const Type& a, const Type& b) {
    if (a.kind != b.kind || a.fields == nullptr || b.fields == nullptr) return std::nullopt;
    if (a.fields->size() != b.fields->size()) return std::nullopt;
    std::vector<Field> fields = *a.fields;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const std::optional<Type> type = merged_type(fields[i].type, (*b.fields)[i].type);
        if (!type.has_value()) return std::nullopt;
        fields[i].type = *type;
    }
    Type type = a;
    type.fields = std::make_shared<const std::vector<Field>>(std::move(fields));
    return type;
}

std::optional<Type> merged_kind(const Type& a, const Type& b) {
    if (a.kind == TypeKind::kNull) return b;
    if (b.kind == TypeKind::kNull) return a;
    if (const auto type = merged_numeric(a, b)) return type;
    if (const auto type = merged_text(a, b)) return type;
    if (const auto type = merged_time(a, b)) return type;
    if (a.fields != nullptr) return merged_fields(a, b);
    return a.kind == b.kind ? std::optional<Type>(a) : std::nullopt;
}

}  // namespace

Type adjusted_decimal(std::int32_t precision, std::int32_t scale) {
    if (precision <= Type::kDecimalPrecisionMax) return Type::decimal(precision, scale);
    const std::int32_t whole = precision - scale;
    const std::int32_t kept = std::min(scale, kScaleKept);
    return Type::decimal(Type::kDecimalPrecisionMax,
                         std::max(Type::kDecimalPrecisionMax - whole, kept));
}

Type as_decimal(const Type& exact) {
    switch (exact.kind) {
        case TypeKind::kTinyint: return Type::decimal(3, 0);
        case TypeKind::kSmallint: return Type::decimal(5, 0);
        case TypeKind::kInt: return Type::decimal(10, 0);
        case TypeKind::kBigint: return Type::decimal(19, 0);
        default: return exact;
    }
}

Type decimal_sum_type(const Type& a, const Type& b) {
    const std::int32_t scale = std::max(a.scale, b.scale);
    return adjusted_decimal(std::max(whole_digits(a), whole_digits(b)) + scale + 1, scale);
}

Type decimal_product_type(const Type& a, const Type& b) {
    return adjusted_decimal(a.precision + b.precision + 1, a.scale + b.scale);
}

Type decimal_quotient_type(const Type& a, const Type& b) {
    const std::int32_t scale = std::max(kScaleKept, a.scale + b.precision + 1);
    return adjusted_decimal(whole_digits(a) + b.scale + scale, scale);
}

Type decimal_modulo_type(const Type& a, const Type& b) {
    const std::int32_t scale = std::max(a.scale, b.scale);
    return adjusted_decimal(std::min(whole_digits(a), whole_digits(b)) + scale, scale);
}

Type decimal_round_type(const Type& a, std::int32_t digits) {
    if (digits >= a.scale) return Type::decimal(a.precision, a.scale);
    const std::int32_t whole = 1 + whole_digits(a);  // Rounding may carry into a new digit.
    if (digits < 0) return Type::decimal(std::min(Type::kDecimalPrecisionMax, whole), 0);
    return Type::decimal(std::min(Type::kDecimalPrecisionMax, whole + digits), digits);
}

std::optional<Type> merged_type(const Type& a, const Type& b) {
    std::optional<Type> type = merged_kind(a, b);
    if (type.has_value()) type->nullable = a.nullable || b.nullable;
    return type;
}

std::optional<Type> compared_type(const Type& a, const Type& b) {
    if (auto type = merged_type(a, b)) return type;
    const auto takes_text = [](const Type& type) {
        return type.is_numeric() || type.is_timestamp() || type.kind == TypeKind::kDate ||
               type.kind == TypeKind::kTime || type.kind == TypeKind::kBoolean;
    };
    if (a.is_character() && takes_text(b)) return b.with_nullable(a.nullable || b.nullable);
    if (b.is_character() && takes_text(a)) return a.with_nullable(a.nullable || b.nullable);
    return std::nullopt;
}

bool is_implicit(const Type& from, const Type& to) {
    if (from.kind == TypeKind::kNull) return true;
    if (from.is_character() && to.is_character()) return true;
    if (from.is_binary() && to.is_binary()) return true;
    if (from.is_numeric() && to.is_numeric()) {
        if (from.kind == TypeKind::kDecimal && to.kind == TypeKind::kDecimal) return true;
        const auto type = merged_numeric(from, to);
        return type->kind == to.kind;
    }
    if (from.kind == TypeKind::kTimestamp && to.kind == TypeKind::kTimestampLtz) return true;
    if (from.kind == TypeKind::kTimestampLtz && to.kind == TypeKind::kTimestamp) return true;
    if (from.kind == TypeKind::kDate && to.is_timestamp()) return true;
    if (from.kind != to.kind) return false;
    if (from.fields == nullptr) return true;
    if (from.fields->size() != to.fields->size()) return false;
    for (std::size_t i = 0; i < from.fields->size(); ++i) {
        if (!is_implicit((*from.fields)[i].type, (*to.fields)[i].type)) return false;
    }
    return true;
}

Result<Type> common_type(const std::vector<Type>& types) {
    if (types.empty()) return fail(Code::kInvalid, "no types to find a common type of");
    std::optional<Type> type = types.front();
    for (const Type& next : types) {
        const std::optional<Type> merged = merged_type(*type, next);
        if (!merged.has_value()) {
            return fail(Code::kInvalid,
                        "no common type of " + type->to_string() + " and " + next.to_string());
        }
        type = merged;
    }
    return *std::move(type);
}

}  // namespace thalweg
