#include "ingest/json_decoder.h"

#include "ingest/framer.h"
#include "ingest/json_plan.h"
#include "ingest/json_row.h"
#include "ingest/json_scanner.h"
#include "ingest/json_walker.h"
#include "ingest/row_appender.h"
#include "state/text/format_options.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace thalweg {

namespace {

constexpr std::array<std::string_view, 5> kOptions = {"fail-on-missing-field",
                                                      "ignore-parse-errors",
                                                      "timestamp-format.standard",
                                                      "map-null-key.mode",
                                                      "encode.decimal-as-plain-number"};

constexpr std::array<std::pair<std::string_view, RowKind>, 4> kRowKinds = {
    {{"+I", RowKind::kInsert},
     {"-U", RowKind::kUpdateBefore},
     {"+U", RowKind::kUpdateAfter},
     {"-D", RowKind::kDelete}}};

class JsonDecoder final : public Decoder {
  public:
    JsonDecoder(const FormatSpec& spec, JsonPlan plan, DecodePath path)
        : append_plan_(spec),
          plan_(std::move(plan)),
          zone_(spec.zone),
          framer_(spec, 0),
          row_(plan_, {zone_.get(), &scratch_}),
          scanner_(plan_),
          scans_(path == DecodePath::kFast && scanner_.is_useful() && append_plan_.lists.empty()),
          scans_lines_(scans_ && spec.framing == Framing::kNewline && spec.delimiter == '\n') {
        for (std::size_t i = 0; i < spec.wanted.size(); ++i) {
            if (spec.wanted[i].metadata == Metadata::kRowKind) row_kind_column_ = i;
        }
    }

    DecodeResult decode(const Piece& piece, Batch& batch, Outlet& outlet) override {
        scratch_.reset();
        RowAppender rows(append_plan_, piece, batch, outlet);
        std::string_view rest = piece.bytes;
        while (!rows.is_full()) {
            if (scans_lines_ && patience_ > 0 && !framer_.is_skipping()) {
                const std::size_t scanned = scan_line(rest, rows);
                rest.remove_prefix(scanned);
                if (scanned > 0) continue;
            }
            const Framer::Frame frame = framer_.next(rest, piece.is_end);
            if (frame.kind == Framer::Kind::kMore) break;
            rest.remove_prefix(frame.consumed);
            if (frame.kind == Framer::Kind::kRejected) rows.reject(frame);
            if (frame.kind == Framer::Kind::kRecord) read_record(frame.record, rows);
        }
        return rows.finish(piece.bytes.size() - rest.size());
    }

    [[nodiscard]] bool lost_framing() const override { return framer_.lost_framing(); }

    [[nodiscard]] std::uint64_t skipped_bytes() const override { return framer_.skipped_bytes(); }

  private:
    // How many records the scanner may give up before it is no longer asked, and after how many
    // walked ones it is asked again.
    static constexpr std::int32_t kPatience = 8;
    static constexpr std::int32_t kPause = 256;

    // Takes the next line in one pass that also finds its end. Returns its bytes, or 0: do it the
    // long way.
    std::size_t scan_line(std::string_view rest, RowAppender& rows) {
        if (rest.empty()) return 0;
        const char* const first = rest.data();
        const char* const limit = first + rest.size();
        const char* const end = scanner_.read(first, limit, row_, rows);
        if (end == nullptr || end >= limit) return 0;
        const auto size = static_cast<std::size_t>(end - first);
        const bool has_return = *end == '\r' && end + 1 < limit;
        const char* const newline = end + (has_return ? 1 : 0);
        if (*newline != '\n') return 0;
        if (size + (has_return ? 1U : 0U) > framer_.frame_bytes_max()) return 0;
        accept({first, size}, rows);
        patience_ = kPatience;
        return static_cast<std::size_t>(newline + 1 - first);
    }

    void read_record(std::string_view record, RowAppender& rows) {
        if (trim_blanks(record).empty()) return;
        if (scans_ && !scans_lines_ && patience_ > 0) {
            const char* const end = record.data() + record.size();
            if (scanner_.read(record.data(), end, row_, rows) == end) {
                accept(record, rows);
                patience_ = kPatience;
                return;
            }
        }
        if (scans_ && --patience_ <= -kPause) patience_ = 1;
        const JsonFault fault = walker_.read(record, row_, rows);
        if (fault.is_none()) {
            accept(record, rows);
        } else {
            rows.reject(fault.reason, fault.detail, record);
        }
    }

    // The row is complete, but for its kind.
    void accept(std::string_view record, RowAppender& rows) {
        if (row_kind_column_) {
            const std::optional<RowKind> kind = row_kind(rows);
            if (!kind) {
                rows.reject(RejectReason::kWrongType, "a row kind: +I, -U, +U or -D", record);
                return;
            }
            rows.batch().make_kinds()[rows.row()] = *kind;
        }
        rows.accept(record);
    }

    [[nodiscard]] std::optional<RowKind> row_kind(RowAppender& rows) const {
        const Column& column = rows.column(*row_kind_column_);
        if (column.is_null(rows.row())) return RowKind::kInsert;
        const std::string_view text = column.data<StringRef>()[rows.row()].view();
        for (const auto& [name, kind] : kRowKinds) {
            if (text == name) return kind;
        }
        return std::nullopt;
    }

    AppendPlan append_plan_;
    JsonPlan plan_;
    TimeZonePtr zone_;
    Framer framer_;
    Arena scratch_;
    JsonRow row_;
    JsonScanner scanner_;
    JsonWalker walker_;
    bool scans_;
    bool scans_lines_;
    std::int32_t patience_ = kPatience;
    std::optional<std::size_t> row_kind_column_;
};

}  // namespace

Result<std::unique_ptr<Decoder>> make_json_decoder(const FormatSpec& spec, DecodePath path) {
    static constexpr std::array<std::string_view, 2> kStandards = {"SQL", "ISO-8601"};
    static constexpr std::array<std::string_view, 3> kNullKeyModes = {"FAIL", "DROP", "LITERAL"};
    TRY(const FormatOptions options, FormatOptions::check(spec.format, spec.options, kOptions));
    TRY(const bool fail_on_missing, options.boolean("fail-on-missing-field", false));
    TRY(const bool ignore_errors, options.boolean("ignore-parse-errors", true));
    if (fail_on_missing && ignore_errors && options.has("ignore-parse-errors")) {
        return fail(Code::kInvalid,
                    "options 'json.fail-on-missing-field' and 'json.ignore-parse-errors' cannot "
                    "both be true");
    }
    TRY([[maybe_unused]] const std::string_view standard,
        options.choice("timestamp-format.standard", kStandards));
    TRY([[maybe_unused]] const std::string_view mode,
        options.choice("map-null-key.mode", kNullKeyModes));
    TRY([[maybe_unused]] const bool plain, options.boolean("encode.decimal-as-plain-number", true));
    TRY(JsonPlan plan, make_json_plan(spec, fail_on_missing));
    return std::make_unique<JsonDecoder>(spec, std::move(plan), path);
}

}  // namespace thalweg
