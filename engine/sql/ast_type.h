#pragma once

#include "engine/sql/location.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// Names, options and data types as they are written: the leaves of the syntax tree (ast.h).

namespace thalweg::sql {

struct Name {
    std::string text;  // Without quotes, doubled backticks undone.
    Location location;
    bool quoted = false;
};

/// `a.b.c`; never empty.
struct QualifiedName {
    std::vector<Name> parts;
    Location location;
};

/// A quoted string of the text, decoded.
struct Text {
    std::string value;
    Location location;
};

/// One `'key' = 'value'` of WITH, SET or a hint.
struct Option {
    Text key;
    Text value;
};

/// `/*+ NAME(...) */`: options for OPTIONS('k'='v'), STATE_TTL, LOOKUP; plain words for others.
struct Hint {
    Name name;
    std::vector<Option> options;
    std::vector<Text> arguments;
};

enum class TimeUnit : std::uint8_t {
    kMillennium,
    kCentury,
    kDecade,
    kYear,
    kQuarter,
    kMonth,
    kWeek,
    kDay,
    kHour,
    kMinute,
    kSecond,
    kMillisecond,
    kMicrosecond,
    kNanosecond,
    kEpoch,
    kDayOfYear,    // DOY
    kDayOfWeek,    // DOW
    kIsoYear,      // ISOYEAR
    kIsoDayOfWeek  // ISODOW
};

enum class TypeKind : std::uint8_t {
    kBoolean,
    kTinyInt,
    kSmallInt,
    kInt,
    kBigInt,
    kFloat,
    kDouble,
    kDecimal,  // precision, scale
    kChar,     // precision = length
    kVarChar,  // precision = length; without one it is a STRING
    kString,
    kBinary,     // precision = length
    kVarBinary,  // precision = length
    kBytes,
    kDate,
    kTime,          // precision
    kTimestamp,     // precision
    kTimestampTz,   // precision; WITH TIME ZONE
    kTimestampLtz,  // precision; also WITH LOCAL TIME ZONE
    kInterval,      // interval_first, interval_last, precision of the first unit, scale of seconds
    kArray,         // elements[0]
    kMultiset,      // elements[0]
    kMap,           // elements[0] to elements[1]
    kRow,           // fields
    kRaw,
    kVariant,
    kBitmap,
    kGeography,
    kDescriptor,
    kNamed,  // a structured type of the catalog: name
};

struct TypeField;

/// A data type as written. Absent precision and scale are absent: the binder knows the defaults.
struct TypeName {
    TypeKind kind = TypeKind::kInt;
    Location location;
    bool nullable = true;  // false after NOT NULL
    std::optional<std::uint32_t> precision;
    std::optional<std::uint32_t> scale;
    TimeUnit interval_first = TimeUnit::kDay;
    TimeUnit interval_last = TimeUnit::kSecond;
    std::vector<TypeName> elements;
    std::vector<TypeField> fields;
    std::optional<QualifiedName> name;
};

struct TypeField {
    Name name;
    TypeName type;
    std::optional<Text> comment;
};

}  // namespace thalweg::sql
