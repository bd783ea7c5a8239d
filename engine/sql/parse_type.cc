#include "engine/sql/grammar.h"
#include "engine/sql/literal.h"
#include "engine/sql/suggest.h"

#include <array>

namespace thalweg::sql {
namespace {

enum class Parameters : std::uint8_t { kNone, kPrecision, kPrecisionAndScale };

struct TypeWord {
    std::string_view word;
    TypeKind kind;
    Parameters parameters = Parameters::kNone;
};

constexpr auto kTypes = std::to_array<TypeWord>({
    {"BOOLEAN", TypeKind::kBoolean},
    {"TINYINT", TypeKind::kTinyInt},
    {"SMALLINT", TypeKind::kSmallInt},
    {"INT", TypeKind::kInt},
    {"INTEGER", TypeKind::kInt},
    {"BIGINT", TypeKind::kBigInt},
    {"FLOAT", TypeKind::kFloat},
    {"DOUBLE", TypeKind::kDouble},
    {"DECIMAL", TypeKind::kDecimal, Parameters::kPrecisionAndScale},
    {"DEC", TypeKind::kDecimal, Parameters::kPrecisionAndScale},
    {"NUMERIC", TypeKind::kDecimal, Parameters::kPrecisionAndScale},
    {"CHAR", TypeKind::kChar, Parameters::kPrecision},
    {"CHARACTER", TypeKind::kChar, Parameters::kPrecision},
    {"VARCHAR", TypeKind::kVarChar, Parameters::kPrecision},
    {"STRING", TypeKind::kString},
    {"BINARY", TypeKind::kBinary, Parameters::kPrecision},
    {"VARBINARY", TypeKind::kVarBinary, Parameters::kPrecision},
    {"BYTES", TypeKind::kBytes},
    {"DATE", TypeKind::kDate},
    {"TIME", TypeKind::kTime, Parameters::kPrecision},
    {"TIMESTAMP", TypeKind::kTimestamp, Parameters::kPrecision},
    {"TIMESTAMP_LTZ", TypeKind::kTimestampLtz, Parameters::kPrecision},
    {"INTERVAL", TypeKind::kInterval},
    {"ARRAY", TypeKind::kArray},
    {"MULTISET", TypeKind::kMultiset},
    {"MAP", TypeKind::kMap},
    {"ROW", TypeKind::kRow},
    {"RAW", TypeKind::kRaw},
    {"VARIANT", TypeKind::kVariant},
    {"BITMAP", TypeKind::kBitmap},
    {"GEOGRAPHY", TypeKind::kGeography},
    {"DESCRIPTOR", TypeKind::kDescriptor},
});

// `INT ARRAY ARRAY`: more than anyone writes, few enough to multiply with kDepthLimit.
constexpr int kTypeSuffixLimit = 4;

const TypeWord* find_type(std::string_view word) {
    for (const TypeWord& type : kTypes) {
        if (same_keyword(type.word, word)) return &type;
    }
    return nullptr;
}

std::string nearest_type(std::string_view word) {
    std::array<std::string_view, kTypes.size()> words;
    for (std::size_t i = 0; i < words.size(); ++i)
        words[i] = kTypes[i].word;
    return nearest(word, std::span<const std::string_view>(words));
}

}  // namespace

TypeName Grammar::parse_type() {
    const Nesting nesting(*this);
    const Location start = here();
    TypeName type = parse_simple_type();
    parse_nullability(type);
    int suffixes = 0;
    while (at_keyword("ARRAY") || at_keyword("MULTISET")) {
        // This form nests outwards, a level for each word, without recursion here.
        if (++suffixes > kTypeSuffixLimit) throw SqlError(here(), "the type is nested too deep");
        TypeName outer;
        outer.kind = accept_keyword("ARRAY") ? TypeKind::kArray : TypeKind::kMultiset;
        if (outer.kind == TypeKind::kMultiset) expect_keyword("MULTISET");
        outer.elements.push_back(std::move(type));
        type = std::move(outer);
        parse_nullability(type);
    }
    type.location = since(start);
    return type;
}

TypeName Grammar::parse_simple_type() {
    TypeName type;
    const TypeWord* const known = at_kind(TokenKind::kWord) ? find_type(text(peek())) : nullptr;
    if (known == nullptr) {
        const Location start = here();
        const bool plain = at_kind(TokenKind::kWord);
        type.kind = TypeKind::kNamed;
        type.name = expect_qualified_name("a data type");
        if (plain && type.name->parts.size() == 1) {
            const std::string& word = type.name->parts.front().text;
            throw SqlError(start, "unknown data type " + word, did_you_mean(nearest_type(word)));
        }
        return type;
    }
    take();
    type.kind = known->kind;
    if (known->parameters != Parameters::kNone) {
        parse_precision(type, known->parameters == Parameters::kPrecisionAndScale);
    }
    switch (type.kind) {
        case TypeKind::kDouble: accept_keyword("PRECISION"); break;
        case TypeKind::kTime: accept_time_zone(false); break;
        case TypeKind::kTimestamp: parse_timestamp_type(type); break;
        case TypeKind::kInterval: parse_interval_type(type); break;
        case TypeKind::kArray:
        case TypeKind::kMultiset:
        case TypeKind::kMap: parse_element_types(type); break;
        case TypeKind::kRow: parse_row_type(type); break;
        case TypeKind::kRaw:
            if (at_symbol("(")) throw not_supported(here(), "RAW with a class and a serializer");
            break;
        default: break;
    }
    return type;
}

void Grammar::parse_precision(TypeName& type, bool with_scale) {
    if (!accept_symbol("(")) return;
    type.precision = expect_number(with_scale ? "a precision" : "a length or precision");
    if (with_scale && accept_symbol(",")) type.scale = expect_number("a scale");
    expect_symbol(")", "after the parameters of the type");
}

void Grammar::parse_nullability(TypeName& type) {
    if (accept_keywords("NOT", "NULL")) {
        type.nullable = false;
    } else {
        accept_keyword("NULL");
    }
}

// TIME ZONE with nothing before it is no part of the grammar: WITHOUT or WITH [LOCAL] leads.
bool Grammar::accept_time_zone(bool with) {
    if (!accept_keyword(with ? "WITH" : "WITHOUT")) return false;
    const bool local = with && accept_keyword("LOCAL");
    expect_keyword("TIME");
    expect_keyword("ZONE");
    return local;
}

void Grammar::parse_timestamp_type(TypeName& type) {
    if (at_keyword("WITHOUT")) {
        accept_time_zone(false);
    } else if (at_keyword("WITH")) {
        type.kind = accept_time_zone(true) ? TypeKind::kTimestampLtz : TypeKind::kTimestampTz;
    }
}

void Grammar::parse_interval_type(TypeName& type) {
    const auto unit = [&] {
        const std::optional<TimeUnit> found =
            at_kind(TokenKind::kWord) ? time_unit(text(peek())) : std::nullopt;
        const bool good = found && (*found == TimeUnit::kYear || *found == TimeUnit::kMonth ||
                                    (*found >= TimeUnit::kDay && *found <= TimeUnit::kSecond));
        if (!good) fail_expected("YEAR, MONTH, DAY, HOUR, MINUTE or SECOND");
        take();
        return *found;
    };
    const Location start = here();
    type.interval_first = unit();
    parse_precision(type, type.interval_first == TimeUnit::kSecond);
    type.interval_last = type.interval_first;
    if (!accept_keyword("TO")) return;
    type.interval_last = unit();
    const bool year_month = type.interval_first <= TimeUnit::kMonth;
    const bool mixed = year_month != (type.interval_last <= TimeUnit::kMonth);
    if (mixed || type.interval_last <= type.interval_first) {
        throw SqlError(since(start),
                       "an interval goes from a longer unit to a shorter one",
                       "write YEAR TO MONTH or DAY TO SECOND");
    }
    if (type.interval_last == TimeUnit::kSecond && accept_symbol("(")) {
        type.scale = expect_number("a precision");
        expect_symbol(")", "after the precision");
    }
}

void Grammar::parse_element_types(TypeName& type) {
    expect_symbol("<", "before the element type");
    type.elements.push_back(parse_type());
    if (type.kind == TypeKind::kMap) {
        expect_symbol(",", "between the key type and the value type of MAP");
        type.elements.push_back(parse_type());
    }
    expect_symbol(">", "after the element type");
}

void Grammar::parse_row_type(TypeName& type) {
    if (accept_symbol("<>")) return;
    const bool angle = accept_symbol("<");
    if (!angle) expect_symbol("(", "or '<' before the fields of ROW");
    const std::string_view close = angle ? ">" : ")";
    if (accept_symbol(close)) return;
    do {
        TypeField field{expect_any_name("a field name"), parse_type(), std::nullopt};
        if (at_kind(TokenKind::kString)) field.comment = expect_string("a comment");
        type.fields.push_back(std::move(field));
        check_list(type.fields.size());
    } while (accept_symbol(","));
    expect_symbol(close, "after the fields of ROW");
}

}  // namespace thalweg::sql
