#include "ingest/json_scanner.h"

#include "ingest/digits.h"
#include "ingest/short_number.h"

#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace thalweg {

namespace {

constexpr std::uint32_t kBlockBytes = 32;

std::uint32_t equal_bytes(const char* a, const char* b) {
    const __m256i left = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(a));
    const __m256i right = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(b));
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(left, right)));
}

// The first quote, backslash, control character or byte beyond ASCII from `at` on. As signed bytes
// the last two are both less than a blank.
const char* find_special(const char* at, const char* limit) {
    const __m256i quote = _mm256_set1_epi8('"');
    const __m256i backslash = _mm256_set1_epi8('\\');
    const __m256i blank = _mm256_set1_epi8(' ');
    for (; at < limit; at += kBlockBytes) {
        const __m256i block = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
        const __m256i special = _mm256_or_si256(
            _mm256_cmpgt_epi8(blank, block),
            _mm256_or_si256(_mm256_cmpeq_epi8(block, quote), _mm256_cmpeq_epi8(block, backslash)));
        const auto mask = static_cast<std::uint32_t>(_mm256_movemask_epi8(special));
        if (mask != 0) return at + std::countr_zero(mask);
    }
    return limit;
}

const char* skip_blanks(const char* at, const char* limit) {
    while (at < limit && (*at == ' ' || *at == '\t'))
        ++at;
    return at;
}

bool is_number_byte(char c) {
    return (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E';
}

// Integers of up to 18 digits for integer columns; what is not that, by its text.
const char* read_number(const char* at,
                        const char* limit,
                        Column& column,
                        std::size_t row,
                        const TextContext& context) {
    const bool is_negative = *at == '-';
    const char* end = at + (is_negative ? 1 : 0);
    if (column.type().is_integer()) {
        const bool starts_with_zero = *end == '0';
        std::uint64_t magnitude = 0;
        const std::size_t digits = read_digits(end, magnitude);
        const bool is_plain = digits > 0 && digits <= 18 && !(starts_with_zero && digits > 1);
        if (is_plain && !is_number_byte(*end)) {
            const auto value = static_cast<std::int64_t>(magnitude);
            return write_integer(is_negative ? -value : value, column, row) ? end : nullptr;
        }
    }
    end = at;
    while (end < limit && is_number_byte(*end))
        ++end;
    const std::string_view text(at, static_cast<std::size_t>(end - at));
    if (!is_json_number(text)) return nullptr;
    if (column.type().kind == TypeKind::kDouble &&
        read_short_double(at, end, column.data<double>()[row])) {
        column.set_valid(row);
        return end;
    }
    return write_json_number(text, column, row, context).is_none() ? end : nullptr;
}

// Up to 15 digits and a sign. What is not that, or may go on, is left to others: nullptr.
[[gnu::always_inline]] inline const char* read_bigint(const char* at,
                                                      Column& column,
                                                      std::size_t row) {
    const std::size_t sign = *at == '-' ? 1 : 0;
    const char* const first = at + sign;
    const std::size_t digits = ShortNumber::count_digits(first);
    if (digits - 1 >= ShortNumber::kBytesMax - 1) [[unlikely]]
        return nullptr;
    if (*first == '0' && digits > 1) [[unlikely]]
        return nullptr;
    const auto magnitude = static_cast<std::int64_t>(ShortNumber::value_of(first, digits));
    const auto mask = -static_cast<std::int64_t>(sign);
    column.set_valid(row);
    column.data<std::int64_t>()[row] = (magnitude ^ mask) - mask;
    return first + digits;
}

// The same with a point.
[[gnu::always_inline]] inline const char* read_double(const char* at,
                                                      Column& column,
                                                      std::size_t row) {
    const std::size_t sign = *at == '-' ? 1 : 0;
    const std::size_t size = ShortNumber::count_digits_and_points(at + sign);
    if (size >= ShortNumber::kBytesMax) [[unlikely]]
        return nullptr;
    const bool has_zeros = at[sign] == '0' && is_number_byte(at[sign + 1]) && at[sign + 1] != '.';
    if (has_zeros) [[unlikely]]
        return nullptr;
    column.set_valid(row);
    double& value = column.data<double>()[row];
    return ShortNumber::read_double(at, sign + size, value) ? at + sign + size : nullptr;
}

// The bytes behind a value of t(rue), f(alse) or n(ull), or nullptr.
const char* end_of_word(const char* at) {
    if (std::memcmp(at, "true", 4) == 0 || std::memcmp(at, "null", 4) == 0) return at + 4;
    if (std::memcmp(at, "false", 5) == 0) return at + 5;
    return nullptr;
}

const char* skip_value(const char* at, const char* limit) {
    if (*at == '"') {
        at = find_special(at + 1, limit);
        return at < limit && *at == '"' ? at + 1 : nullptr;
    }
    if (*at == '-' || (*at >= '0' && *at <= '9')) {
        while (at < limit && is_number_byte(*at))
            ++at;
        return at;
    }
    return end_of_word(at);
}

const char* read_string(const char* at,
                        const char* limit,
                        Column& column,
                        std::size_t row,
                        const TextContext& context) {
    const char* const first = at + 1;
    const char* const end = find_special(first, limit);
    if (end >= limit || *end != '"') return nullptr;
    const std::string_view text(first, static_cast<std::size_t>(end - first));
    if (column.type().is_character()) {
        write_string(text, column, row);
    } else if (!write_json_string(text, column, row, context).is_none()) {
        return nullptr;
    }
    return end + 1;
}

const char* read_value(
    const char* at, const char* limit, const JsonNode& node, JsonRow& row, RowAppender& rows) {
    if (*at == 'n') {
        const char* const end = end_of_word(at);
        return end != nullptr && row.write_null(node, rows).is_none() ? end : nullptr;
    }
    row.mark_seen(node.first_leaf);
    if (node.column == JsonNode::kNoColumn) return skip_value(at, limit);
    Column& column = rows.column(static_cast<std::size_t>(node.column));
    if (*at == '"') return read_string(at, limit, column, rows.row(), row.context());
    if (*at == '-' || (*at >= '0' && *at <= '9'))
        return read_number(at, limit, column, rows.row(), row.context());
    const char* const end = end_of_word(at);
    if (end == nullptr) return nullptr;
    return write_json_boolean(*at == 't', column, rows.row()).is_none() ? end : nullptr;
}

}  // namespace

JsonScanner::JsonScanner(const JsonPlan& plan)
    : plan_(plan),
      useful_(std::all_of(plan.root.children.begin(),
                          plan.root.children.end(),
                          [](const JsonNode& node) { return node.is_leaf(); })) {}

const char* JsonScanner::read(const char* at, const char* limit, JsonRow& row, RowAppender& rows) {
    if (!steps_.empty()) [[likely]] {
        const char* const end = read_steps(at, limit, row, rows);
        if (end != nullptr) [[likely]]
            return end;
    }
    return read_any(at, limit, row, rows);
}

// A record that is laid out as the one that the steps were made of: nothing is left to be found
// out. What the steps do not expect they leave to read_any().
const char* JsonScanner::read_steps(const char* at,
                                    const char* limit,
                                    JsonRow& row,
                                    RowAppender& rows) {
    for (const Step& step : steps_) {
        // A step reads at most kDecodePadding bytes from here on, or looks at the limit itself.
        if (at >= limit) return nullptr;
        const std::uint32_t equal = equal_bytes(at, step.guess.bytes.data());
        if ((equal & step.guess.mask) != step.guess.mask) return nullptr;
        at = read_step(step, at + step.guess.size, limit, row, rows);
        if (at == nullptr) return nullptr;
    }
    return at < limit && *at == '}' ? at + 1 : nullptr;
}

inline const char* JsonScanner::read_step(
    const Step& step, const char* at, const char* limit, JsonRow& row, RowAppender& rows) {
    switch (step.reading) {
        case Reading::kSkip: return at < limit ? skip_value(at, limit) : nullptr;
        case Reading::kBigint: return read_bigint(at, rows.column(step.column), rows.row());
        case Reading::kDouble: return read_double(at, rows.column(step.column), rows.row());
        case Reading::kText:
            if (at >= limit || *at != '"') return nullptr;
            return read_string(at, limit, rows.column(step.column), rows.row(), row.context());
        case Reading::kAny:
            return at < limit ? read_value(at, limit, *step.guess.node, row, rows) : nullptr;
    }
    return nullptr;
}

// Makes steps of the guesses, if they are right for so many fields and each leaf is among them
// once: then there is nothing to complete.
void JsonScanner::learn_steps(std::size_t fields, RowAppender& rows) {
    has_news_ = false;
    steps_.clear();
    if (!plan_.derived.empty()) return;
    std::vector<std::size_t> leaves;
    std::vector<Step> steps;
    for (std::size_t field = 0; field < fields; ++field) {
        Step step{guesses_[field], Reading::kSkip, 0};
        if (step.guess.mask == 0) return;
        if (const JsonNode* const node = step.guess.node; node != nullptr) {
            leaves.push_back(node->first_leaf);
            if (node->column != JsonNode::kNoColumn) {
                step.column = static_cast<std::size_t>(node->column);
                const Type& type = rows.column(step.column).type();
                step.reading = type.kind == TypeKind::kBigint   ? Reading::kBigint
                               : type.kind == TypeKind::kDouble ? Reading::kDouble
                               : type.is_character()            ? Reading::kText
                                                                : Reading::kAny;
            }
        }
        steps.push_back(step);
    }
    std::sort(leaves.begin(), leaves.end());
    const bool has_twice = std::adjacent_find(leaves.begin(), leaves.end()) != leaves.end();
    if (!has_twice && leaves.size() == plan_.leaves.size()) steps_ = std::move(steps);
}

const char* JsonScanner::read_any(const char* at,
                                  const char* limit,
                                  JsonRow& row,
                                  RowAppender& rows) {
    row.start();
    for (std::size_t field = 0; field < kFieldsMax; ++field) {
        at = find_value(at, limit, field);
        if (at == nullptr || at >= limit) return nullptr;
        at = node_ == nullptr ? skip_value(at, limit) : read_value(at, limit, *node_, row, rows);
        if (at == nullptr || at >= limit) return nullptr;
        if (*at != '}') continue;
        if (!row.complete(rows).is_none()) return nullptr;
        if (has_news_) learn_steps(field + 1, rows);
        return at + 1;
    }
    return nullptr;
}

const char* JsonScanner::find_value(const char* at, const char* limit, std::size_t field) {
    const Guess& guess = guesses_[field];
    if (guess.mask != 0 && (equal_bytes(at, guess.bytes.data()) & guess.mask) == guess.mask) {
        node_ = guess.node;
        return at + guess.size;
    }
    return learn(at, limit, field);
}

const char* JsonScanner::learn(const char* at, const char* limit, std::size_t field) {
    const char* const first = at;
    at = skip_blanks(at, limit);
    if (at >= limit || *at != (field == 0 ? '{' : ',')) return nullptr;
    at = skip_blanks(at + 1, limit);
    if (at >= limit || *at != '"') return nullptr;
    const char* const key = at + 1;
    const char* const end = find_special(key, limit);
    if (end >= limit || *end != '"') return nullptr;
    node_ = JsonPlan::find(plan_.root, {key, static_cast<std::size_t>(end - key)}, hint_);
    at = skip_blanks(end + 1, limit);
    if (at >= limit || *at != ':') return nullptr;
    at = skip_blanks(at + 1, limit);
    const auto size = static_cast<std::size_t>(at - first);
    if (at < limit && size <= kBlockBytes) {
        Guess& guess = guesses_[field];
        std::memcpy(guess.bytes.data(), first, size);
        guess.mask = static_cast<std::uint32_t>((std::uint64_t{1} << size) - 1);
        guess.size = static_cast<std::uint32_t>(size);
        guess.node = node_;
        has_news_ = true;
    }
    return at;
}

}  // namespace thalweg
