#include "engine/plan/catalog.h"
#include "state/multiset.h"

namespace thalweg::plan {

namespace {

using Ast = sql::TypeKind;

std::int32_t bounded(const sql::TypeName& name,
                     std::optional<std::uint32_t> given,
                     std::uint32_t fallback,
                     std::uint32_t low,
                     std::uint32_t high,
                     std::string_view what) {
    const std::uint32_t value = given.value_or(fallback);
    if (value < low || value > high) {
        throw sql::SqlError(name.location,
                            std::string(what) + " must be between " + std::to_string(low) +
                                " and " + std::to_string(high) + ", found " +
                                std::to_string(value));
    }
    return static_cast<std::int32_t>(value);
}

Type with_length(TypeKind kind, const sql::TypeName& name, std::uint32_t fallback) {
    constexpr auto kMax = static_cast<std::uint32_t>(Type::kLengthMax);
    return {kind, true, bounded(name, name.precision, fallback, 1, kMax, "a length"), 0, nullptr};
}

Type with_fraction(TypeKind kind, const sql::TypeName& name, std::uint32_t fallback) {
    return {kind, true, bounded(name, name.precision, fallback, 0, 9, "a precision"), 0, nullptr};
}

Type bind_decimal(const sql::TypeName& name) {
    const std::int32_t precision = bounded(name, name.precision, 10, 1, 38, "DECIMAL's precision");
    const std::int32_t scale =
        bounded(name, name.scale, 0, 0, static_cast<std::uint32_t>(precision), "DECIMAL's scale");
    return Type::decimal(precision, scale);
}

Type bind_row(const sql::TypeName& name) {
    std::vector<Field> fields;
    for (const sql::TypeField& field : name.fields)
        fields.push_back({field.name.text, bind_type(field.type)});
    return Type::row(std::move(fields));
}

Type bind_kind(const sql::TypeName& name) {
    constexpr auto kMax = static_cast<std::uint32_t>(Type::kLengthMax);
    switch (name.kind) {
        case Ast::kBoolean: return Type::boolean();
        case Ast::kTinyInt: return Type::of(TypeKind::kTinyint);
        case Ast::kSmallInt: return Type::of(TypeKind::kSmallint);
        case Ast::kInt: return Type::integer();
        case Ast::kBigInt: return Type::bigint();
        case Ast::kFloat: return Type::real();
        case Ast::kDouble: return Type::double_precision();
        case Ast::kDecimal: return bind_decimal(name);
        case Ast::kChar: return with_length(TypeKind::kChar, name, 1);
        case Ast::kVarChar: return with_length(TypeKind::kVarchar, name, kMax);
        case Ast::kString: return Type::string();
        case Ast::kBinary: return with_length(TypeKind::kBinary, name, 1);
        case Ast::kVarBinary: return with_length(TypeKind::kVarbinary, name, kMax);
        case Ast::kBytes: return Type::bytes();
        case Ast::kDate: return Type::of(TypeKind::kDate);
        case Ast::kTime: return with_fraction(TypeKind::kTime, name, 0);
        case Ast::kTimestamp: return with_fraction(TypeKind::kTimestamp, name, 6);
        case Ast::kTimestampLtz: return with_fraction(TypeKind::kTimestampLtz, name, 6);
        case Ast::kInterval:
            return Type::of(name.interval_first <= sql::TimeUnit::kMonth
                                ? TypeKind::kIntervalYearMonth
                                : TypeKind::kIntervalDaySecond);
        case Ast::kArray: return Type::array(bind_type(name.elements.at(0)));
        case Ast::kMultiset: return multiset_of(bind_type(name.elements.at(0)));
        case Ast::kMap:
            return Type::map(bind_type(name.elements.at(0)), bind_type(name.elements.at(1)));
        case Ast::kRow: return bind_row(name);
        case Ast::kTimestampTz: throw sql::not_supported(name.location, "TIMESTAMP WITH TIME ZONE");
        case Ast::kRaw: throw sql::not_supported(name.location, "RAW");
        case Ast::kVariant: throw sql::not_supported(name.location, "VARIANT");
        case Ast::kBitmap: throw sql::not_supported(name.location, "BITMAP");
        case Ast::kGeography: throw sql::not_supported(name.location, "GEOGRAPHY");
        case Ast::kDescriptor: throw sql::not_supported(name.location, "DESCRIPTOR as a type");
        case Ast::kNamed: break;
    }
    throw sql::SqlError(name.location, "unknown type '" + last_part(*name.name) + "'");
}

}  // namespace

Type bind_type(const sql::TypeName& name) {
    return bind_kind(name).with_nullable(name.nullable);
}

}  // namespace thalweg::plan
