#include "state/type.h"

#include "state/base/assertion.h"
#include "state/multiset.h"

#include <utility>

namespace thalweg {

namespace {

Type nested(TypeKind kind, std::vector<Field> fields) {
    return {kind, true, 0, 0, std::make_shared<const std::vector<Field>>(std::move(fields))};
}

std::string with_length(std::string_view name, const Type& type) {
    return std::string(name) + "(" + std::to_string(type.precision) + ")";
}

std::string row_to_string(const Type& type) {
    std::string text = "ROW<";
    for (const Field& field : *type.fields) {
        if (text.back() != '<') text += ", ";
        text += "`" + field.name + "` " + field.type.to_string();
    }
    return text + ">";
}

std::string name_of(const Type& type) {
    switch (type.kind) {
        case TypeKind::kNull: return "NULL";
        case TypeKind::kBoolean: return "BOOLEAN";
        case TypeKind::kTinyint: return "TINYINT";
        case TypeKind::kSmallint: return "SMALLINT";
        case TypeKind::kInt: return "INT";
        case TypeKind::kBigint: return "BIGINT";
        case TypeKind::kFloat: return "FLOAT";
        case TypeKind::kDouble: return "DOUBLE";
        case TypeKind::kDecimal:
            return "DECIMAL(" + std::to_string(type.precision) + ", " + std::to_string(type.scale) +
                   ")";
        case TypeKind::kChar: return with_length("CHAR", type);
        case TypeKind::kVarchar:
            return type.precision == Type::kLengthMax ? "STRING" : with_length("VARCHAR", type);
        case TypeKind::kBinary: return with_length("BINARY", type);
        case TypeKind::kVarbinary:
            return type.precision == Type::kLengthMax ? "BYTES" : with_length("VARBINARY", type);
        case TypeKind::kDate: return "DATE";
        case TypeKind::kTime: return with_length("TIME", type);
        case TypeKind::kTimestamp: return with_length("TIMESTAMP", type);
        case TypeKind::kTimestampLtz: return with_length("TIMESTAMP_LTZ", type);
        case TypeKind::kIntervalYearMonth: return "INTERVAL YEAR TO MONTH";
        case TypeKind::kIntervalDaySecond: return "INTERVAL DAY TO SECOND(3)";
        case TypeKind::kArray: return "ARRAY<" + type.fields->at(0).type.to_string() + ">";
        case TypeKind::kMap:
            if (is_multiset(type)) return "MULTISET<" + type.fields->at(0).type.to_string() + ">";
            return "MAP<" + type.fields->at(0).type.to_string() + ", " +
                   type.fields->at(1).type.to_string() + ">";
        case TypeKind::kRow: return row_to_string(type);
    }
    return "";
}

}  // namespace

Type Type::array(Type element) {
    return nested(TypeKind::kArray, {{"element", std::move(element)}});
}

Type Type::map(Type key, Type value) {
    return nested(TypeKind::kMap, {{"key", std::move(key)}, {"value", std::move(value)}});
}

Type Type::row(std::vector<Field> fields) {
    return nested(TypeKind::kRow, std::move(fields));
}

Type Type::not_null() const {
    return with_nullable(false);
}

Type Type::with_nullable(bool is_nullable) const {
    Type result = *this;
    result.nullable = is_nullable;
    return result;
}

Physical Type::physical() const noexcept {
    switch (kind) {
        case TypeKind::kNull:
        case TypeKind::kBoolean: return Physical::kBool;
        case TypeKind::kTinyint:
        case TypeKind::kSmallint:
        case TypeKind::kInt:
        case TypeKind::kDate:
        case TypeKind::kTime:
        case TypeKind::kIntervalYearMonth: return Physical::kInt32;
        case TypeKind::kBigint:
        case TypeKind::kTimestamp:
        case TypeKind::kTimestampLtz:
        case TypeKind::kIntervalDaySecond: return Physical::kInt64;
        case TypeKind::kFloat: return Physical::kFloat;
        case TypeKind::kDouble: return Physical::kDouble;
        case TypeKind::kDecimal: return Physical::kDecimal;
        case TypeKind::kChar:
        case TypeKind::kVarchar:
        case TypeKind::kBinary:
        case TypeKind::kVarbinary: return Physical::kString;
        case TypeKind::kArray:
        case TypeKind::kMap: return Physical::kList;
        case TypeKind::kRow: break;
    }
    return Physical::kRow;
}

std::string Type::to_string() const {
    return nullable ? name_of(*this) : name_of(*this) + " NOT NULL";
}

bool operator==(const Type& a, const Type& b) {
    if (a.kind != b.kind || a.nullable != b.nullable) return false;
    if (a.precision != b.precision || a.scale != b.scale) return false;
    if ((a.fields == nullptr) != (b.fields == nullptr)) return false;
    return a.fields == nullptr || *a.fields == *b.fields;
}

bool same_but_null(const Type& a, const Type& b) {
    if (a.kind != b.kind || a.precision != b.precision || a.scale != b.scale) return false;
    if ((a.fields == nullptr) != (b.fields == nullptr)) return false;
    if (a.fields == nullptr) return true;
    if (a.fields->size() != b.fields->size()) return false;
    for (std::size_t i = 0; i < a.fields->size(); ++i) {
        if ((*a.fields)[i].name != (*b.fields)[i].name) return false;
        if (!same_but_null((*a.fields)[i].type, (*b.fields)[i].type)) return false;
    }
    return true;
}

std::size_t physical_bytes(Physical physical) noexcept {
    switch (physical) {
        case Physical::kBool: return sizeof(std::uint8_t);
        case Physical::kInt32: return sizeof(std::int32_t);
        case Physical::kInt64: return sizeof(std::int64_t);
        case Physical::kFloat: return sizeof(float);
        case Physical::kDouble: return sizeof(double);
        case Physical::kDecimal: return sizeof(Int128);
        case Physical::kString: return sizeof(StringRef);
        case Physical::kList: return sizeof(ListRef);
        case Physical::kRow: break;
    }
    return 0;
}

}  // namespace thalweg
