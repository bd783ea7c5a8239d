#include "ingest/csv_decoder.h"

#include "ingest/csv_block.h"
#include "ingest/csv_cursor.h"
#include "ingest/csv_record.h"
#include "ingest/csv_row.h"
#include "ingest/framer.h"
#include "ingest/row_appender.h"
#include "state/text/format_options.h"

#include <array>
#include <cstring>
#include <utility>

namespace thalweg {

namespace {

constexpr std::array<std::string_view, 8> kOptions = {"field-delimiter",
                                                      "quote-character",
                                                      "disable-quote-character",
                                                      "escape-character",
                                                      "null-literal",
                                                      "allow-comments",
                                                      "array-element-delimiter",
                                                      "ignore-parse-errors"};

constexpr std::string_view kBadQuote = "something behind a closing quote";
constexpr std::string_view kOpenQuote = "a quote that is never closed";

// Lines are found here and not by the Framer, since a quoted field may hold line ends. Everything
// else about them is as there: the limit, and how what is too long is skipped.
class CsvDecoder final : public Decoder {
  public:
    CsvDecoder(const FormatSpec& spec, const CsvDialect& dialect, CsvRow row, DecodePath path)
        : append_plan_(spec),
          dialect_(dialect),
          row_(std::move(row)),
          zone_(spec.zone),
          context_{zone_.get(), &scratch_},
          framer_(spec, 0),
          fields_(spec.declared.size()),
          cursor_(dialect.delimiter, dialect.quote.value_or(dialect.delimiter)),
          block_(spec, dialect_, append_plan_, row_),
          has_lines_(spec.framing == Framing::kNewline),
          are_lines_records_(spec.are_lines_records),
          scans_(path == DecodePath::kFast && !dialect.escape),
          takes_blocks_(scans_ && block_.is_useful()) {}

    DecodeResult decode(const Piece& piece, Batch& batch, Outlet& outlet) override {
        scratch_.reset();
        RowAppender rows(append_plan_, piece, batch, outlet);
        std::string_view rest = piece.bytes;
        if (has_lines_) {
            take_lines(rest, piece.is_end, rows);
        } else {
            take_frames(rest, piece.is_end, rows);
        }
        return rows.finish(piece.bytes.size() - rest.size());
    }

    [[nodiscard]] bool lost_framing() const override { return framer_.lost_framing(); }

    [[nodiscard]] std::uint64_t skipped_bytes() const override {
        return has_lines_ ? skipped_bytes_ : framer_.skipped_bytes();
    }

  private:
    void take_lines(std::string_view& rest, bool is_end, RowAppender& rows) {
        const char* const limit = rest.data() + rest.size();
        bool is_sought = false;  // Whether the cursor stands at the front of `rest`.
        while (!rows.is_full() && !rest.empty()) {
            std::size_t consumed = 0;
            if (skipped_bytes_ > 0) {
                consumed = skip_line(rest, 0, is_end);
            } else if (takes_blocks_) {
                consumed = block_.take(rest, framer_.frame_bytes_max(), rows, context_);
                if (consumed > 0) is_sought = false;
            }
            if (consumed == 0 && scans_) {
                if (!is_sought) cursor_.seek(rest.data(), limit);
                consumed = scan_line(rest, rows);
                is_sought = consumed > 0;
            }
            if (consumed == 0) consumed = read_line(rest, is_end, rows);
            if (consumed == 0) break;
            rest.remove_prefix(consumed);
        }
        if (is_end && rest.empty()) skipped_bytes_ = 0;
    }

    // Takes a line without quotes that is whole. Returns its bytes, or 0: do it the long way.
    std::size_t scan_line(std::string_view rest, RowAppender& rows) {
        const char* first = rest.data();
        fields_.clear();
        if (dialect_.allows_comments && *first == '#') return 0;
        for (;;) {
            const char* const at = cursor_.next();
            if (at == nullptr) return 0;
            if (*at == dialect_.delimiter) {
                fields_.add({first, static_cast<std::size_t>(at - first)}, false);
                first = at + 1;
                continue;
            }
            if (*at != '\n') return 0;
            const auto size = static_cast<std::size_t>(at - rest.data());
            if (size > framer_.frame_bytes_max()) return 0;
            std::string_view last(first, static_cast<std::size_t>(at - first));
            if (last.ends_with('\r')) last.remove_suffix(1);
            fields_.add(last, false);
            take_fields(rest.substr(0, size), rows);
            return size + 1;
        }
    }

    // Takes any line; 0: it is not whole.
    std::size_t read_line(std::string_view rest, bool is_end, RowAppender& rows) {
        if (dialect_.allows_comments && rest.front() == '#') return skip_line(rest, 0, is_end);
        const std::size_t line_end = are_lines_records_ ? rest.find('\n') : std::string_view::npos;
        if (line_end != std::string_view::npos) {
            rest = rest.substr(0, line_end + 1);
            is_end = true;
        }
        const CsvRecord record = read_csv_record(rest, dialect_, true, fields_, scratch_);
        const std::size_t bytes_max = framer_.frame_bytes_max();
        if (record.size > bytes_max) {
            rows.reject(RejectReason::kTooLong,
                        detail_of(RejectReason::kTooLong),
                        rest.substr(0, bytes_max));
            // Whether quotes are open means nothing any more: on to the next line end.
            return skip_line(rest, bytes_max + 1, is_end);
        }
        const bool is_open = record.size == rest.size();
        if (is_open && !is_end) return 0;
        take_record(rest.substr(0, record.size), record.end, rows);
        return record.size + (is_open ? 0 : 1);
    }

    // The bytes up to the line end that comes at or behind `from`.
    std::size_t skip_line(std::string_view rest, std::size_t from, bool is_end) {
        const std::size_t at = rest.find('\n', from);
        const bool goes_on = at == std::string_view::npos && !is_end;
        skipped_bytes_ = goes_on ? skipped_bytes_ + rest.size() : 0;
        return at == std::string_view::npos ? rest.size() : at + 1;
    }

    void take_frames(std::string_view& rest, bool is_end, RowAppender& rows) {
        while (!rows.is_full()) {
            const Framer::Frame frame = framer_.next(rest, is_end);
            if (frame.kind == Framer::Kind::kMore) return;
            rest.remove_prefix(frame.consumed);
            if (frame.kind == Framer::Kind::kRejected) rows.reject(frame);
            if (frame.kind != Framer::Kind::kRecord) continue;
            std::string_view record = frame.record;
            if (record.ends_with('\n')) record.remove_suffix(1);
            if (dialect_.allows_comments && record.starts_with('#')) continue;
            const CsvEnd end = read_csv_record(record, dialect_, false, fields_, scratch_).end;
            take_record(record, end, rows);
        }
    }

    void take_record(std::string_view record, CsvEnd end, RowAppender& rows) {
        if (end == CsvEnd::kMalformed) {
            rows.reject(RejectReason::kMalformed, kBadQuote, record);
        } else if (end == CsvEnd::kOpenQuote) {
            rows.reject(RejectReason::kTruncated, kOpenQuote, record);
        } else {
            take_fields(record, rows);
        }
    }

    void take_fields(std::string_view record, RowAppender& rows) {
        const CsvField& first = fields_.fields.front();
        if (fields_.count == 1 && first.text.empty() && !first.is_quoted) return;
        const CsvFault fault = row_.write(fields_, rows, context_);
        if (fault.is_none()) {
            rows.accept(record);
        } else {
            rows.reject(fault.reason, fault.detail, record);
        }
    }

    AppendPlan append_plan_;
    CsvDialect dialect_;
    CsvRow row_;
    TimeZonePtr zone_;
    Arena scratch_;
    TextContext context_;
    Framer framer_;
    CsvFields fields_;
    CsvCursor cursor_;
    CsvBlock block_;
    bool has_lines_;
    bool are_lines_records_;
    bool scans_;
    bool takes_blocks_;
    std::uint64_t skipped_bytes_ = 0;  // Of a line that is too long, or a comment.
};

Result<CsvDialect> read_dialect(const FormatOptions& options) {
    CsvDialect dialect;
    TRY(dialect.delimiter, options.character("field-delimiter", ','));
    TRY(const bool has_no_quote, options.boolean("disable-quote-character", false));
    TRY(const char quote, options.character("quote-character", '"'));
    if (has_no_quote && options.has("quote-character")) {
        return fail(Code::kInvalid,
                    "options 'csv.quote-character' and 'csv.disable-quote-character' exclude each "
                    "other");
    }
    dialect.quote = quote;
    if (has_no_quote) dialect.quote.reset();
    if (options.has("escape-character")) {
        TRY(const char escape, options.character("escape-character", '\\'));
        dialect.escape = escape;
    }
    if (options.has("null-literal")) dialect.null_literal = options.text("null-literal", "");
    TRY(dialect.allows_comments, options.boolean("allow-comments", false));
    TRY(dialect.array_delimiter, options.character("array-element-delimiter", ';'));
    const bool quote_is_delimiter = dialect.quote && *dialect.quote == dialect.delimiter;
    if (quote_is_delimiter || dialect.delimiter == '\n' || quote == '\n') {
        return fail(Code::kInvalid,
                    "options 'csv.field-delimiter' and 'csv.quote-character' must be two different "
                    "characters and not the line end");
    }
    return dialect;
}

}  // namespace

Result<std::unique_ptr<Decoder>> make_csv_decoder(const FormatSpec& spec, DecodePath path) {
    TRY(const FormatOptions options, FormatOptions::check(spec.format, spec.options, kOptions));
    TRY(const CsvDialect dialect, read_dialect(options));
    TRY([[maybe_unused]] const bool ignore, options.boolean("ignore-parse-errors", true));
    if (spec.declared.empty())
        return fail(Code::kInvalid, "format 'csv' needs at least one column");
    if (spec.framing == Framing::kNewline && spec.delimiter != '\n')
        return fail(Code::kUnsupported, "format 'csv' reads records that end with '\\n' only");
    TRY(CsvRow row, CsvRow::make(spec, dialect, spec.ignore_parse_errors));
    return std::make_unique<CsvDecoder>(spec, dialect, std::move(row), path);
}

}  // namespace thalweg
