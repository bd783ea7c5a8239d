#include "ops/function_notes.h"

#include <algorithm>
#include <array>

namespace thalweg {

namespace {

constexpr std::string_view kIntroduction =
    "What the expressions of a query may call. Names are written in any case. They mean what "
    "they mean in Flink;\n"
    "where ours differ, the table says so. Unless it says otherwise, the result is NULL when an "
    "argument is, positions\n"
    "and lengths count characters (code points), positions begin with 1, and what belongs to a "
    "day or an hour is read\n"
    "off the clock of `table.local-time-zone`. A wrong pattern, format or unit that is a literal "
    "is an error when the\n"
    "query is planned; data that has no answer (1/0, `CAST('x' AS INT)`) ends the query, and so "
    "does a text beyond\n"
    "64 MiB.";

constexpr auto kComparisonAndLogic = std::to_array<FunctionNote>({
    {"=, <>, <, <=, >, >=", "compare two values of one type; strings by their bytes"},
    {"IS DISTINCT FROM, IS NOT DISTINCT FROM", "compare, with NULL equal to NULL; never NULL"},
    {"BETWEEN", "a >= b and a <= c"},
    {"IN", "whether a value is in the list"},
    {"LIKE, NOT LIKE",
     "whether the whole text fits: `%` any text, `_` one character, also a line feed; `ESCAPE` "
     "names the character that takes these as they are, else there is none"},
    {"SIMILAR TO, NOT SIMILAR TO",
     "the same with `|` `*` `+` `?` `{}` `()` `[]` too; all else, also `.`, stands for itself, "
     "as in the SQL standard"},
    {"IS NULL, IS NOT NULL", "never NULL"},
    {"IS TRUE, IS FALSE, IS UNKNOWN", "never NULL"},
    {"IS NOT TRUE, IS NOT FALSE, IS NOT UNKNOWN", "never NULL"},
    {"OVERLAPS",
     "`(start, end) OVERLAPS (start, end)`: whether two periods share a moment; an end may be an "
     "interval, and both ends may come in any order"},
    {"AND, OR, NOT", "in three values; the right side is computed only for rows where it matters"},
});

constexpr auto kArithmetic = std::to_array<FunctionNote>({
    {"+, -, *, /, %",
     "on numbers; `/` of two integers is an integer; integers wrap around; `+` and `-` also add "
     "intervals to times and to each other, `*` makes an interval n times as long"},
    {"MOD", "the remainder, with the sign of the first"},
    {"ABS, SIGN", "the value without its sign; -1, 0 or 1"},
    {"CEIL, CEILING, FLOOR", "up, down to a whole number; `FLOOR(time TO unit)` see below"},
    {"ROUND, TRUNCATE", "to n digits after the point (0 by default), half away from zero; cut off"},
    {"POWER, SQRT, EXP", "powers and roots, as DOUBLE"},
    {"LN, LOG2, LOG10", "logarithms to the bases e, 2 and 10"},
    {"LOG", "`LOG(x)` to the base e, `LOG(base, x)`"},
    {"SIN, COS, TAN, COT", "of radians"},
    {"ASIN, ACOS, ATAN, ATAN2", "back to radians"},
    {"SINH, COSH, TANH", "hyperbolic functions"},
    {"DEGREES, RADIANS", "from the one to the other"},
    {"PI, E", "constants"},
    {"RAND",
     "a DOUBLE in [0, 1), another one for each row; `RAND(seed)` with a literal seed: Java's "
     "sequence"},
    {"RAND_INTEGER", "`RAND_INTEGER([seed,] bound)`: an INT in [0, bound), likewise"},
    {"UUID", "a random UUID (version 4), another one for each row"},
    {"HEX",
     "the hexadecimal digits, in capitals, of an integer's 64 bits without leading zeros, or of "
     "a text's bytes"},
    {"BIN", "the binary digits of an integer's 64 bits without leading zeros"},
    {"UNHEX",
     "hexadecimal digits to BYTES; of an odd number the first gives a zero byte; NULL for any "
     "other character"},
});

constexpr auto kChoiceAndConversion = std::to_array<FunctionNote>({
    {"CASE", "the first branch whose condition is TRUE; branches run on their rows only"},
    {"IF", "`IF(condition, then, else)`"},
    {"COALESCE, IFNULL", "the first value that is not NULL"},
    {"NULLIF", "NULL when both are equal, else the first"},
    {"GREATEST, LEAST", "of any number of values"},
    {"CAST", "to another type; a value that has none ends the query"},
    {"TRY_CAST", "to another type; a value that has none is NULL"},
    {"TYPEOF", "the type as text: `INT NOT NULL`"},
    {"IS_ALPHA, IS_DIGIT",
     "whether all characters are letters, digits; FALSE for NULL and for an empty text"},
    {"IS_DECIMAL", "whether the text is a number as Java reads it; FALSE for NULL"},
});

constexpr auto kArraysMapsRows = std::to_array<FunctionNote>({
    {"ARRAY, MAP, ROW", "make one: `ARRAY[1, 2]`, `MAP['k', 1]`, `ROW(1, 'a')`"},
    {"ITEM", "`array[n]` from 1, `map[key]`; NULL where there is none"},
    {"FIELD", "`row.field`"},
    {"CARDINALITY", "how many elements or entries"},
    {"ELEMENT", "the only element; NULL of an empty array; more than one ends the query"},
    {"ARRAY_CONTAINS", "whether the element is there; NULL counts as one"},
    {"ARRAY_POSITION", "where it is first, from 1, or 0"},
    {"ARRAY_MIN, ARRAY_MAX", "the least, the greatest element; NULLs do not count"},
    {"ARRAY_APPEND, ARRAY_PREPEND", "with one more element at the end, at the front"},
    {"ARRAY_REMOVE", "without all elements that are equal to this one"},
    {"ARRAY_REVERSE", "the last element first"},
    {"ARRAY_CONCAT", "one array after the other"},
    {"ARRAY_DISTINCT", "every element once, where it came first"},
    {"ARRAY_UNION, ARRAY_EXCEPT, ARRAY_INTERSECT",
     "the elements, each once, of either, of the first alone, of both"},
    {"ARRAY_SLICE",
     "`ARRAY_SLICE(array, from[, to])`: from 1, with both ends; below 0 from the end"},
    {"ARRAY_SORT",
     "`ARRAY_SORT(array[, ascending[, nulls first]])`: NULL is the least unless it says otherwise"},
    {"ARRAY_JOIN",
     "`ARRAY_JOIN(texts, delimiter[, instead of NULL])`: one text; NULLs are skipped"},
    {"MAP_KEYS, MAP_VALUES, MAP_ENTRIES", "an array of the keys, the values, rows of both"},
    {"MAP_FROM_ARRAYS", "of keys and values; arrays of two lengths end the query"},
    {"MAP_UNION", "the entries of all; of equal keys the last counts"},
    {"STR_TO_MAP",
     "`STR_TO_MAP(text[, ',', '='])`: entries and their keys and values, parted by regular "
     "expressions"},
});

constexpr auto kStrings = std::to_array<FunctionNote>({
    {"||", "joins two texts"},
    {"CONCAT", "joins any number; NULL if one is"},
    {"CONCAT_WS",
     "joins with a separator, its first argument; skips NULLs; NULL only if the separator is"},
    {"CHAR_LENGTH, CHARACTER_LENGTH", "how many characters"},
    {"UPPER, LOWER", "letter for letter, for Latin, Greek, Cyrillic and Armenian letters"},
    {"INITCAP", "words of letters and digits with a capital first and small letters after it"},
    {"SUBSTRING, SUBSTR",
     "from a position, with a length or to the end; a position below 0 counts from the end, 0 is "
     "1; NULL for a length below 0"},
    {"LEFT, RIGHT", "the first, last n characters; none when n is below 0"},
    {"TRIM",
     "without blanks at both ends; `TRIM(LEADING set FROM text)`: without the characters of a "
     "set at one end or (`BOTH`) both"},
    {"BTRIM, LTRIM, RTRIM",
     "the same at both ends, the left, the right; the set is the second argument"},
    {"LPAD, RPAD",
     "filled up or cut to n characters; NULL when n is below 0 or the filling is empty"},
    {"REPEAT", "n times"},
    {"REVERSE", "the last character first"},
    {"REPLACE", "every place of one text by another"},
    {"TRANSLATE",
     "every character of one set by that of the other in the same place; dropped where the other "
     "is shorter"},
    {"OVERLAY",
     "replaces so many characters from a position; a position outside of the text changes nothing"},
    {"POSITION", "`POSITION(part IN text)`: where it begins first, or 0"},
    {"LOCATE", "`LOCATE(part, text[, from])`: the same, from a position on"},
    {"INSTR", "`INSTR(text, part)`: the same"},
    {"COUNT_CHAR",
     "`COUNT_CHAR(text, c)`: how often the first character of c is in it, 0 for NULL. Flink has it "
     "from Nexmark, by `CREATE FUNCTION`"},
    {"STARTSWITH, ENDSWITH", "whether the text begins, ends so"},
    {"SPLIT", "the parts between delimiters, an ARRAY; an empty delimiter gives the characters"},
    {"SPLIT_INDEX", "part number n, from 0; NULL when there is none"},
    {"ELT", "`ELT(n, a, b, ...)`: value number n, from 1, or NULL"},
    {"ASCII", "the number of the first character, 0 for an empty text"},
    {"CHR", "the character of a number's lowest eight bits; empty below 0"},
    {"TO_BASE64, FROM_BASE64", "base 64 and back; what is not base 64 ends the query"},
    {"PRINTF",
     "`PRINTF(format, ...)`: in the language of Java's Formatter (`%5d`, `%.2f`, `%-8s`, `%x`); "
     "NULL for a format that is none or does not fit"},
    {"ENCODE, DECODE",
     "text to BYTES and back: US-ASCII, ISO-8859-1, UTF-8, UTF-16, UTF-16BE, UTF-16LE; `?` for "
     "what has no byte"},
    {"URL_ENCODE, URL_DECODE",
     "as forms send it, a blank as `+`; NULL for a wrong escape, U+FFFD for what is no UTF-8"},
    {"PARSE_URL",
     "`PARSE_URL(url, part[, key])`: PROTOCOL, HOST, PATH, QUERY (or the value of its key, a plain "
     "text where Flink reads a regular expression), REF, FILE, AUTHORITY or USERINFO; NULL where "
     "there is none"},
    {"MD5, SHA1, SHA224, SHA256, SHA384, SHA512", "a digest in hexadecimal digits"},
    {"SHA2", "`SHA2(text, bits)`: the same with 224, 256, 384 or 512"},
});

constexpr auto kRegularExpressions = std::to_array<FunctionNote>({
    {"REGEXP", "whether some part of the text matches; FALSE for an empty pattern"},
    {"REGEXP_EXTRACT", "the first match, or its group n; NULL without match or group"},
    {"REGEXP_EXTRACT_ALL",
     "an ARRAY of group n, 1 by default, of every match; NULL without such a group"},
    {"REGEXP_SUBSTR", "the first match; NULL without one"},
    {"REGEXP_COUNT", "how many matches"},
    {"REGEXP_INSTR", "where the first match begins, from 1, or 0"},
    {"REGEXP_REPLACE",
     "every match by a text, in which `$1` and `${name}` are groups (Flink takes them as they "
     "are) and a backslash takes the next character as it is"},
});

constexpr auto kTime = std::to_array<FunctionNote>({
    {"EXTRACT",
     "`EXTRACT(unit FROM time)` as BIGINT; knows `DOW` (Sunday is 1), `ISODOW`, `DOY`, "
     "`ISOYEAR`, `EPOCH`, `DECADE`, `CENTURY`, `MILLENNIUM`, `MICROSECOND`, `NANOSECOND` too; "
     "`WEEK` is ISO's, parts of a second count within the second"},
    {"YEAR, QUARTER, MONTH, WEEK", "short for EXTRACT"},
    {"DAYOFYEAR, DAYOFMONTH, DAYOFWEEK", "short for EXTRACT of DOY, DAY, DOW"},
    {"HOUR, MINUTE, SECOND", "short for EXTRACT"},
    {"FLOOR, CEIL",
     "`FLOOR(time TO unit)`: to the start of the unit before, after; weeks begin on Sundays"},
    {"TIMESTAMPADD", "`TIMESTAMPADD(unit, n, time)`: n units later; months end on their last day"},
    {"TIMESTAMPDIFF",
     "`TIMESTAMPDIFF(unit, from, to)`: how many full units, as INT; more than INT holds ends the "
     "query"},
    {"CURRENT_TIMESTAMP, NOW, CURRENT_ROW_TIMESTAMP",
     "the present, TIMESTAMP_LTZ(3), one for all rows of a batch"},
    {"PROCTIME", "the same, as processing time"},
    {"LOCALTIMESTAMP", "what the session's clock reads, TIMESTAMP(3)"},
    {"CURRENT_DATE", "its date"},
    {"CURRENT_TIME, LOCALTIME", "its time"},
    {"TO_TIMESTAMP",
     "text, with a pattern or as `2020-10-10 12:30:05.123`, to TIMESTAMP(3); NULL when it is none"},
    {"TO_TIMESTAMP_LTZ",
     "a number of seconds (precision 0), milliseconds (3, the default), microseconds (6) or "
     "nanoseconds (9) since 1970, or text in UTC, to TIMESTAMP_LTZ"},
    {"TO_DATE", "text, with a pattern or as `2020-10-10`, to DATE; NULL when it is none"},
    {"DATE_FORMAT", "a time as text after a pattern"},
    {"UNIX_TIMESTAMP",
     "the present in seconds; of a text, with a pattern or as `2020-10-10 12:30:05`: the least "
     "BIGINT when it is none"},
    {"FROM_UNIXTIME", "seconds since 1970 as text, with a pattern or as `2020-10-10 12:30:05`"},
    {"CONVERT_TZ",
     "`CONVERT_TZ(text, from, to)`: the same instant on the clock of another zone; NULL when the "
     "text is none"},
});

constexpr auto kJson = std::to_array<FunctionNote>({
    {"IS JSON VALUE, IS JSON OBJECT, IS JSON ARRAY, IS JSON SCALAR",
     "whether the text is such JSON; `IS JSON` is short for the first; FALSE for NULL"},
    {"JSON_EXISTS",
     "`JSON_EXISTS(text, path [{TRUE | FALSE | UNKNOWN | ERROR} ON ERROR])`: whether something "
     "but null lies there; FALSE on error by default"},
    {"JSON_VALUE",
     "`JSON_VALUE(text, path [RETURNING type] [{NULL | ERROR | DEFAULT x} ON EMPTY] [... ON "
     "ERROR])`: the scalar there as STRING, BOOLEAN, INTEGER or DOUBLE; NULL by default"},
    {"JSON_QUERY",
     "`JSON_QUERY(text, path [WITH [CONDITIONAL] WRAPPER] [{NULL | ERROR | EMPTY ARRAY | EMPTY "
     "OBJECT} ON EMPTY] [... ON ERROR])`: the array or object there, as text without blanks, "
     "members in the order of their keys; one beyond 64 MiB is an error"},
    {"JSON_STRING", "a value as JSON"},
    {"JSON_OBJECT",
     "`JSON_OBJECT(KEY k VALUE v, ... [{NULL | ABSENT} ON NULL])`: an object, in the order of "
     "its keys; null for NULL by default"},
    {"JSON_ARRAY",
     "`JSON_ARRAY(v, ... [{NULL | ABSENT} ON NULL])`: an array; NULLs are left out by default"},
    {"JSON_QUOTE, JSON_UNQUOTE", "text as a JSON string, and back; what is no JSON string stays"},
});

constexpr auto kAggregates = std::to_array<FunctionNote>({
    {"COUNT", "rows, or values that are not NULL"},
    {"APPROX_COUNT_DISTINCT", "as `COUNT(DISTINCT x)`: exact, and keeps every value once"},
    {"SUM, AVG", "of numbers; AVG of integers is an integer"},
    {"MIN, MAX", "of anything that compares"},
    {"VAR_POP, VAR_SAMP, VARIANCE", "variances"},
    {"STDDEV_POP, STDDEV_SAMP, STDDEV", "their roots"},
    {"FIRST_VALUE, LAST_VALUE", "of the rows as they came"},
    {"LISTAGG",
     "of texts as they came, joined; the second argument, a literal, stands between them, else a "
     "comma; `LISTAGG(x, '-') WITHIN GROUP (ORDER BY y)`: in that order"},
    {"ARRAY_AGG",
     "`ARRAY_AGG([DISTINCT] x [{RESPECT | IGNORE} NULLS] [ORDER BY y, ...])`: an ARRAY of the "
     "values as they came, or in an order; NULLs are kept by default; NULL of no rows"},
    {"COLLECT", "a MULTISET of the values, without NULLs; one of nothing is empty"},
    {"JSON_ARRAYAGG",
     "`JSON_ARRAYAGG(v [{NULL | ABSENT} ON NULL])`: a JSON array; NULLs are left out by default"},
    {"JSON_OBJECTAGG",
     "`JSON_OBJECTAGG([KEY] k VALUE v [{NULL | ABSENT} ON NULL])`: a JSON object in the order of "
     "its keys, of equal ones the last; null for NULL by default"},
    {"PERCENTILE",
     "`PERCENTILE(x, p [, frequency])`: the value below which the share p, from 0 to 1, lies, "
     "between two values in proportion; an ARRAY of shares gives an ARRAY; exact, keeps all "
     "values"},
});

constexpr auto kSections = std::to_array<FunctionSection>({
    {"Comparison and logic", "", kComparisonAndLogic, ""},
    {"Arithmetic", "", kArithmetic, ""},
    {"Choice and conversion", "", kChoiceAndConversion, ""},
    {"Arrays, maps, rows", "", kArraysMapsRows, ""},
    {"Strings", "", kStrings, ""},
    {"Regular expressions",
     "Java's spelling on RE2, which finds each match in linear time: no look-around, no back "
     "references, no possessive\n"
     "quantifiers, no intersections in `[]`; these are errors, never another meaning. `.` matches "
     "all but the line feed,\n"
     "`$` the very end.",
     kRegularExpressions,
     ""},
    {"Time",
     "Units are `MILLISECOND` `SECOND` `MINUTE` `HOUR` `DAY` `WEEK` `MONTH` `QUARTER` `YEAR`, "
     "also in the plural.",
     kTime,
     "Patterns are those of Java's DateTimeFormatter: `y` `u` year, `M` `L` month (`MMM` Jan, "
     "`MMMM` January), `d` day,\n"
     "`D` day of the year, `Q` quarter, `E` weekday (`EEE` Mon, `EEEE` Monday), `H` `k` `h` `K` "
     "hour, `a` AM or PM, `m`\n"
     "minute, `s` second, `S` digits of its fraction, `X` `Z` offset (read only), `'text'`."},
    {"JSON",
     "Paths begin with `$` and go on with `.name`, `['name']`, `[index]` (below 0 from the end), "
     "`[from:to]`, `[*]`, `.*`\n"
     "and `..name`; the last four find lists. In the mode `strict` (the default) it is an error "
     "when the text is no JSON or\n"
     "nothing lies at the path, after `lax ` nothing is found then; in both it is one when a path "
     "looks at more than four\n"
     "million values. Of equal keys `.name` means the last. Numbers have 64 bits: a text with an "
     "integer beyond them, or a\n"
     "number beyond DOUBLE, is no JSON here, and fractions keep the digits of a DOUBLE. Filters "
     "and functions in paths are\n"
     "not supported.",
     kJson,
     ""},
    {"Aggregates", "", kAggregates, ""},
});

// Calls visit(name) for the names of a line until it returns true.
template <class Visit>
bool any_name(std::string_view names, Visit visit) {
    constexpr std::string_view kBetween = ", ";
    while (true) {
        const std::size_t end = names.find(kBetween);
        if (visit(names.substr(0, end))) return true;
        if (end == std::string_view::npos) return false;
        names.remove_prefix(end + kBetween.size());
    }
}

// A bar would end the cell of a table.
void append_cell(std::string& out, std::string_view text) {
    for (const char c : text) {
        if (c == '|') out += '\\';
        out += c;
    }
}

void append_paragraphs(std::string& out, std::string_view text) {
    if (text.empty()) return;
    out += '\n';
    out += text;
    out += '\n';
}

void append_note(std::string& out, const FunctionNote& note) {
    out += '|';
    any_name(note.names, [&](std::string_view name) {
        out += " `";
        append_cell(out, name);
        out += '`';
        return false;
    });
    out += " | ";
    append_cell(out, note.text);
    out += " |\n";
}

bool same_name(std::string_view name, std::string_view upper) {
    return std::ranges::equal(name, upper, [](char a, char b) {
        return (a >= 'a' && a <= 'z' ? static_cast<char>(a - 'a' + 'A') : a) == b;
    });
}

}  // namespace

std::span<const FunctionSection> function_sections() {
    return kSections;
}

const FunctionNote* find_function_note(std::string_view name) {
    for (const FunctionSection& section : kSections) {
        for (const FunctionNote& note : section.notes) {
            const bool is_it =
                any_name(note.names, [&](std::string_view each) { return same_name(name, each); });
            if (is_it) return &note;
        }
    }
    return nullptr;
}

std::string functions_document() {
    std::string out = "# Functions and operators\n";
    append_paragraphs(out, kIntroduction);
    for (const FunctionSection& section : kSections) {
        out += "\n## ";
        out += section.title;
        out += '\n';
        append_paragraphs(out, section.introduction);
        out += "\n| name | what it does |\n|---|---|\n";
        for (const FunctionNote& note : section.notes)
            append_note(out, note);
        append_paragraphs(out, section.remark);
    }
    return out;
}

}  // namespace thalweg
