#include "ingest/csv_block.h"

#include "ingest/short_number.h"

#include <immintrin.h>

#include <algorithm>
#include <bit>

namespace thalweg {

namespace {

constexpr std::size_t kBlockBytes = 64;
// Lines of one call, so many that the loops over columns pay, so few that all of it stays in the
// first-level cache.
constexpr std::size_t kRowsMax = 128;
constexpr std::size_t kEndsMax = 1024;
constexpr std::size_t kRowsMin = 8;

// The special bytes of 64, a bit each.
struct BlockMasks {
    std::uint64_t ends;  // Delimiters and line ends.
    std::uint64_t quotes;
    std::uint64_t high;  // Beyond ASCII.
};

class BlockScanner {
  public:
    BlockScanner(char delimiter, char quote)
        : delimiter_(_mm256_set1_epi8(delimiter)), quote_(_mm256_set1_epi8(quote)) {}

    [[nodiscard, gnu::always_inline]] BlockMasks scan(const char* at) const noexcept {
        const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at));
        const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + 32));
        return {both(ends_of(low), ends_of(high)),
                both(_mm256_cmpeq_epi8(low, quote_), _mm256_cmpeq_epi8(high, quote_)),
                both(low, high)};
    }

  private:
    [[gnu::always_inline]] __m256i ends_of(__m256i bytes) const noexcept {
        return _mm256_or_si256(_mm256_cmpeq_epi8(bytes, delimiter_),
                               _mm256_cmpeq_epi8(bytes, newline_));
    }

    [[gnu::always_inline]] static std::uint64_t both(__m256i low, __m256i high) noexcept {
        return static_cast<std::uint32_t>(_mm256_movemask_epi8(low)) |
               static_cast<std::uint64_t>(static_cast<std::uint32_t>(_mm256_movemask_epi8(high)))
                   << 32U;
    }

    __m256i delimiter_;
    __m256i quote_;
    __m256i newline_ = _mm256_set1_epi8('\n');
};

// The bits below the lowest that is set.
std::uint64_t below_lowest(std::uint64_t mask) noexcept {
    return (mask & (0 - mask)) - 1;
}

// Appends base + the number of each set bit, four at a time: a block has about so many. Writes up
// to 3 beyond.
[[gnu::always_inline]] inline std::uint32_t* append_bits(std::uint64_t mask,
                                                         std::uint32_t base,
                                                         std::uint32_t* out) noexcept {
    const int count = std::popcount(mask);
    std::uint32_t* at = out;
    do {
        for (std::size_t i = 0; i < 4; ++i) {
            at[i] = base + static_cast<std::uint32_t>(std::countr_zero(mask));
            mask &= mask - 1;
        }
        at += 4;
    } while (mask != 0);
    return out + count;
}

bool can_take(const FormatSpec& spec, const CsvDialect& dialect, const AppendPlan& plan) {
    return spec.framing == Framing::kNewline && !dialect.escape && !dialect.null_literal &&
           !dialect.allows_comments && plan.of_record.empty() && plan.lists.empty() &&
           spec.declared.size() >= 2 && spec.declared.size() <= kEndsMax / kRowsMin;
}

}  // namespace

CsvBlock::CsvBlock(const FormatSpec& spec,
                   const CsvDialect& dialect,
                   const AppendPlan& plan,
                   const CsvRow& row)
    : row_(row),
      delimiter_(dialect.delimiter),
      quote_(dialect.quote.value_or(dialect.delimiter)),
      declared_(spec.declared.size()) {
    if (!can_take(spec, dialect, plan) || !row.is_flat()) return;
    rows_max_ = std::min(kRowsMax, kEndsMax / declared_);
    rows_next_ = std::min(kRowsMin, rows_max_);
    // append_bits() writes a block's worth, and a few more, behind what is wanted.
    ends_.resize(1 + rows_max_ * declared_ + 2 * kBlockBytes);
    ends_[0] = UINT32_MAX;
}

std::size_t CsvBlock::take(std::string_view rest,
                           std::size_t line_bytes_max,
                           RowAppender& rows,
                           const TextContext& context) {
    if (pause_left_ != 0) {
        --pause_left_;
        return 0;
    }
    const std::size_t lines_max = std::min(rows_next_, rows.room());
    find_specials(rest, lines_max * declared_);
    std::size_t lines = count_plain(rest, lines_max, line_bytes_max);
    for (const CsvRow::Target& target : row_.targets())
        lines = read_target(target, rest.data(), lines, rows, context);
    if (lines == 0) {
        rows_next_ = std::min(kRowsMin, rows_max_);
        pause_left_ = std::exchange(pause_, std::min(2 * pause_, kPauseMax)) - 1;
        return 0;
    }
    if (lines == lines_max) {
        rows_next_ = std::min(2 * rows_next_, rows_max_);
        pause_ = 1;
    }
    rows.accept_many(lines);
    return ends_[lines * declared_] + std::size_t{1};
}

// Of the front of `rest`, up to a quote: at least as many as wanted, if there are so many.
void CsvBlock::find_specials(std::string_view rest, std::size_t wanted) {
    const BlockScanner scanner(delimiter_, quote_);
    const bool has_quotes = quote_ != delimiter_;
    std::uint32_t* out = ends_.data() + 1;
    const std::uint32_t* const full = out + wanted;
    std::uint64_t high = 0;
    for (std::size_t at = 0; at < rest.size() && out < full; at += kBlockBytes) {
        BlockMasks masks = scanner.scan(rest.data() + at);
        const std::size_t left = rest.size() - at;
        const std::uint64_t inside =
            left >= kBlockBytes ? UINT64_MAX : (std::uint64_t{1} << left) - 1;
        std::uint64_t wanted_bits = masks.ends & inside;
        high |= masks.high & inside;
        const bool has_quote = has_quotes && (masks.quotes & inside) != 0;
        if (has_quote) wanted_bits &= below_lowest(masks.quotes);
        if (wanted_bits != 0) out = append_bits(wanted_bits, static_cast<std::uint32_t>(at), out);
        if (has_quote) break;
    }
    is_ascii_ = high == 0;
    end_count_ = static_cast<std::size_t>(out - ends_.data() - 1);
}

// How many lines from the first on have as many fields as are declared.
std::size_t CsvBlock::count_plain(std::string_view rest,
                                  std::size_t lines_max,
                                  std::size_t line_bytes_max) const {
    const std::size_t lines_end = std::min(lines_max, end_count_ / declared_);
    const std::uint32_t* end = ends_.data() + 1;
    for (std::size_t line = 0; line < lines_end; ++line) {
        const std::uint32_t first = end[-1] + 1;
        bool is_plain = true;
        for (std::size_t i = 0; i + 1 < declared_; ++i)
            is_plain &= rest[*end++] == delimiter_;
        is_plain &= rest[*end] == '\n';
        is_plain &= *end++ - first <= line_bytes_max;
        if (!is_plain) return line;
    }
    return lines_end;
}

// Writes the column's cells of so many lines, and returns before which of them it ended, for want
// of a value.
template <class Read>
std::size_t CsvBlock::read_column(const CsvRow::Target& target,
                                  const char* bytes,
                                  std::size_t lines,
                                  RowAppender& rows,
                                  const TextContext& context,
                                  const Read& read) const {
    Column& column = rows.column(target.column);
    const bool is_last = target.field + 1 == declared_;
    const std::uint32_t* end = ends_.data() + 1 + target.field;
    for (std::size_t line = 0; line < lines; ++line, end += declared_) {
        const char* const first = bytes + static_cast<std::uint32_t>(end[-1] + 1);
        std::size_t size = *end - static_cast<std::uint32_t>(end[-1] + 1);
        if (is_last && size != 0 && first[size - 1] == '\r') --size;
        const std::size_t row = rows.row() + line;
        if (read(first, size, row)) [[likely]] {
            column.set_valid(row);
        } else if (!row_.write_cell({first, size}, column, row, context).is_none()) {
            return line;
        }
    }
    return lines;
}

std::size_t CsvBlock::read_target(const CsvRow::Target& target,
                                  const char* bytes,
                                  std::size_t lines,
                                  RowAppender& rows,
                                  const TextContext& context) const {
    Column& column = rows.column(target.column);
    const Type& type = column.type();
    if (type.kind == TypeKind::kBigint) {
        std::int64_t* const values = column.data<std::int64_t>();
        return read_column(target, bytes, lines, rows, context, [=](auto text, auto size, auto at) {
            return ShortNumber::read_integer(text, size, values[at]);
        });
    }
    if (type.kind == TypeKind::kInt) {
        std::int32_t* const values = column.data<std::int32_t>();
        return read_column(target, bytes, lines, rows, context, [=](auto text, auto size, auto at) {
            std::int64_t value = 0;
            const bool is_read = ShortNumber::read_integer(text, size, value);
            values[at] = static_cast<std::int32_t>(value);
            return is_read && values[at] == value;
        });
    }
    if (type.kind == TypeKind::kDouble) {
        double* const values = column.data<double>();
        return read_column(target, bytes, lines, rows, context, [=](auto text, auto size, auto at) {
            return ShortNumber::read_double(text, size, values[at]);
        });
    }
    if (type.is_character() && is_ascii_) {
        StringRef* const values = column.data<StringRef>();
        return read_column(target, bytes, lines, rows, context, [=](auto text, auto size, auto at) {
            values[at] = StringRef({text, size});
            return true;
        });
    }
    return read_column(target, bytes, lines, rows, context, [](auto, auto, auto) { return false; });
}

}  // namespace thalweg
