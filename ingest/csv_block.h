#pragma once

#include "ingest/csv_record.h"
#include "ingest/csv_row.h"
#include "ingest/format.h"
#include "ingest/row_appender.h"
#include "ingest/text_cell.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace thalweg {

// Reads many CSV lines at once: where their delimiters and line ends are first, 64 bytes of
// comparing at a time, then column after column, each by a loop that knows its type.
//
// Contract  take() takes lines that are plain: whole, without quotes, with as many fields as the
//           table declares, each of which fits its column. It stops at the first that is not,
//           which CsvRecord then reads; it takes no line otherwise than that would.
// Cost      A record of 35 bytes, three of four columns wanted, and a count and sums by key of it:
//           48 to 51 ns line by line, 23 so (`thalweg bench csv`).
// Threads   One at a time; what is remembered changes nothing but speed.
class CsvBlock {
  public:
    // `row` must outlive it.
    CsvBlock(const FormatSpec& spec,
             const CsvDialect& dialect,
             const AppendPlan& plan,
             const CsvRow& row);

    // Whether lines of this table can be taken at all.
    [[nodiscard]] bool is_useful() const noexcept { return rows_max_ != 0; }

    // Takes lines at the front of `rest`, each of at most `line_bytes_max`, and returns their
    // bytes; 0: the next line is for others.
    [[nodiscard]] std::size_t take(std::string_view rest,
                                   std::size_t line_bytes_max,
                                   RowAppender& rows,
                                   const TextContext& context);

  private:
    // How many lines the others get after one that was not plain, at most: data that is quoted
    // throughout must not be looked at twice.
    static constexpr std::size_t kPauseMax = 64;

    void find_specials(std::string_view rest, std::size_t wanted);
    [[nodiscard]] std::size_t count_plain(std::string_view rest,
                                          std::size_t lines_max,
                                          std::size_t line_bytes_max) const;

    template <class Read>
    std::size_t read_column(const CsvRow::Target& target,
                            const char* bytes,
                            std::size_t lines,
                            RowAppender& rows,
                            const TextContext& context,
                            const Read& read) const;
    std::size_t read_target(const CsvRow::Target& target,
                            const char* bytes,
                            std::size_t lines,
                            RowAppender& rows,
                            const TextContext& context) const;

    const CsvRow& row_;
    char delimiter_;
    char quote_;  // The delimiter where there is none.
    std::size_t declared_;
    std::size_t rows_max_ = 0;  // Of one call; 0: not useful.
    std::size_t rows_next_ = 0;
    std::size_t pause_ = 1;
    std::size_t pause_left_ = 0;
    std::vector<std::uint32_t> ends_;  // Behind a first one that is -1.
    std::size_t end_count_ = 0;
    bool is_ascii_ = true;
};

}  // namespace thalweg
