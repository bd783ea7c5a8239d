#pragma once

#include "ingest/csv_record.h"
#include "ingest/format.h"
#include "ingest/outlet.h"
#include "ingest/row_appender.h"
#include "ingest/text_cell.h"
#include "state/base/status.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace thalweg {

// Why a record is not a row; an empty detail: it is one.
struct CsvFault {
    RejectReason reason = RejectReason::kMalformed;
    std::string_view detail;  // Static text.

    [[nodiscard]] bool is_none() const noexcept { return detail.empty(); }
};

// Turns the fields of a record into the cells of a row: by position, wanted columns only.
class CsvRow {
  public:
    // Fails for a type that CSV cannot carry.
    [[nodiscard]] static Result<CsvRow> make(const FormatSpec& spec,
                                             const CsvDialect& dialect,
                                             bool allows_missing);

    // A wanted column and where its value stands.
    struct Target {
        std::size_t column;               // In the batch.
        std::size_t field;                // In the record.
        std::optional<std::size_t> part;  // Of a ROW: the field of it that is wanted.
        bool is_nested;
    };

    [[nodiscard]] CsvFault write(const CsvFields& fields,
                                 RowAppender& rows,
                                 const TextContext& context) const;

    // One cell of a flat target, from a field without quotes.
    [[nodiscard]] CsvFault write_cell(std::string_view text,
                                      Column& column,
                                      std::size_t row,
                                      const TextContext& context) const {
        return write_scalar({text, false}, column, row, context);
    }

    [[nodiscard]] std::span<const Target> targets() const noexcept { return targets_; }

    // Whether every target is a whole field with one value.
    [[nodiscard]] bool is_flat() const noexcept;

  private:
    CsvRow(const CsvDialect& dialect, std::size_t declared, bool allows_missing)
        : dialect_(dialect), declared_(declared), allows_missing_(allows_missing) {}

    CsvFault write_field(const Target& target,
                         const CsvField& field,
                         Column& column,
                         std::size_t row,
                         const TextContext& context) const;
    CsvFault write_null(Column& column, std::size_t row) const;
    CsvFault write_scalar(const CsvField& field,
                          Column& column,
                          std::size_t row,
                          const TextContext& context) const;
    CsvFault write_nested(std::string_view text,
                          Column& column,
                          std::size_t row,
                          const TextContext& context) const;

    CsvDialect dialect_;
    std::size_t declared_;
    bool allows_missing_;
    std::vector<Target> targets_;
};

}  // namespace thalweg
