#include "engine/plan/flink_functions.h"

#include <algorithm>
#include <array>

namespace thalweg::plan {

namespace {

// In order, for the search.
// clang-format off
constexpr auto kNames = std::to_array<std::string_view>({
    "ACOS", "ARRAY_AGG", "ARRAY_APPEND", "ARRAY_CONCAT", "ARRAY_CONTAINS", "ARRAY_DISTINCT",
    "ARRAY_EXCEPT", "ARRAY_INTERSECT", "ARRAY_JOIN", "ARRAY_MAX", "ARRAY_MIN", "ARRAY_POSITION",
    "ARRAY_PREPEND", "ARRAY_REMOVE", "ARRAY_REVERSE", "ARRAY_SLICE", "ARRAY_SORT", "ARRAY_UNION",
    "ASCII", "ASIN", "ATAN", "ATAN2", "BIN", "BTRIM", "CARDINALITY", "CEILING",
    "CHARACTER_LENGTH", "CHR", "COLLECT", "CONVERT_TZ", "COS", "COSH", "COT", "CUME_DIST",
    "CURRENT_DATABASE", "CURRENT_DATE", "CURRENT_ROW_TIMESTAMP", "CURRENT_TIME",
    "CURRENT_WATERMARK", "DAYOFMONTH", "DAYOFWEEK", "DAYOFYEAR", "DECODE", "DEGREES",
    "DENSE_RANK", "E", "ELEMENT", "ELT", "ENCODE", "ENDSWITH", "FROM_BASE64", "FROM_UNIXTIME",
    "HEX", "IFNULL", "INITCAP", "INSTR", "IS_ALPHA",
    "IS_DECIMAL", "IS_DIGIT", "JSON_ARRAY", "JSON_ARRAYAGG", "JSON_EXISTS", "JSON_OBJECT",
    "JSON_OBJECTAGG", "JSON_QUERY", "JSON_QUOTE", "JSON_STRING", "JSON_UNQUOTE", "JSON_VALUE",
    "LAG", "LEAD", "LEFT", "LISTAGG", "LOCALTIME", "LOCALTIMESTAMP", "LOCATE", "LOG", "LOG2",
    "LPAD", "LTRIM", "MAP_ENTRIES", "MAP_FROM_ARRAYS", "MAP_KEYS", "MAP_UNION", "MAP_VALUES",
    "MD5", "MONTH", "NOW", "NTILE", "OVERLAY", "PARSE_JSON", "PARSE_URL", "PERCENTILE",
    "PERCENT_RANK", "PI", "PRINTF", "QUARTER", "RADIANS", "RAND", "RANDOM", "RAND_INTEGER",
    "RANK", "REGEXP", "REGEXP_COUNT", "REGEXP_EXTRACT_ALL", "REGEXP_INSTR", "REGEXP_SUBSTR",
    "REPEAT", "REVERSE", "RIGHT", "ROW_NUMBER", "RPAD", "RTRIM", "SECOND", "SHA1", "SHA2",
    "SHA224", "SHA256", "SHA384", "SHA512", "SIN", "SINH", "STARTSWITH", "STR_TO_MAP", "SUBSTR",
    "TAN", "TANH", "TO_BASE64", "TO_DATE", "TRANSLATE", "TRUNCATE", "TRY_PARSE_JSON", "TYPEOF",
    "UNHEX", "UNIX_TIMESTAMP", "URL_DECODE", "URL_ENCODE", "UUID", "VARIANCE", "WEEK", "YEAR",
});
// clang-format on

static_assert(std::is_sorted(kNames.begin(), kNames.end()));

}  // namespace

bool is_flink_function(std::string_view name) {
    return std::binary_search(kNames.begin(), kNames.end(), name);
}

}  // namespace thalweg::plan
