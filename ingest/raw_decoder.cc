#include "ingest/raw_decoder.h"

#include "ingest/framer.h"
#include "ingest/row_appender.h"
#include "ingest/text_cell.h"
#include "state/text/format_options.h"

#include <array>

namespace thalweg {

namespace {

class RawDecoder final : public Decoder {
  public:
    RawDecoder(const FormatSpec& spec, bool is_text)
        : append_plan_(spec), is_text_(is_text), framer_(spec, 0) {
        for (std::size_t i = 0; i < spec.wanted.size(); ++i) {
            if (spec.wanted[i].metadata == Metadata::kNone) columns_.push_back(i);
        }
    }

    DecodeResult decode(const Piece& piece, Batch& batch, Outlet& outlet) override {
        RowAppender rows(append_plan_, piece, batch, outlet);
        std::string_view rest = piece.bytes;
        while (!rows.is_full()) {
            const Framer::Frame frame = framer_.next(rest, piece.is_end);
            if (frame.kind == Framer::Kind::kMore) break;
            rest.remove_prefix(frame.consumed);
            if (frame.kind == Framer::Kind::kRejected) rows.reject(frame);
            if (frame.kind == Framer::Kind::kRecord) take(frame.record, rows);
        }
        return rows.finish(piece.bytes.size() - rest.size());
    }

    [[nodiscard]] bool lost_framing() const override { return framer_.lost_framing(); }

    [[nodiscard]] std::uint64_t skipped_bytes() const override { return framer_.skipped_bytes(); }

  private:
    void take(std::string_view record, RowAppender& rows) {
        if (is_text_ && !is_utf8(record)) {
            rows.reject(RejectReason::kMalformed, "text that is not UTF-8", record);
            return;
        }
        for (const std::size_t column : columns_)
            write_string(record, rows.column(column), rows.row());
        rows.accept(record);
    }

    AppendPlan append_plan_;
    bool is_text_;
    std::vector<std::size_t> columns_;
    Framer framer_;
};

}  // namespace

Result<std::unique_ptr<Decoder>> make_raw_decoder(const FormatSpec& spec) {
    static constexpr std::array<std::string_view, 2> kOptions = {"charset", "ignore-parse-errors"};
    static constexpr std::array<std::string_view, 2> kCharsets = {"UTF-8", "UTF8"};
    TRY(const FormatOptions options, FormatOptions::check(spec.format, spec.options, kOptions));
    TRY([[maybe_unused]] const std::string_view charset, options.choice("charset", kCharsets));
    TRY([[maybe_unused]] const bool ignore, options.boolean("ignore-parse-errors", true));
    if (spec.declared.size() != 1) {
        return fail(Code::kInvalid,
                    "format 'raw' needs exactly one physical column, not " +
                        std::to_string(spec.declared.size()));
    }
    const Type& type = spec.declared.front().type;
    if (!type.is_character() && !type.is_binary()) {
        return fail(Code::kUnsupported,
                    "format 'raw' reads a STRING or BYTES column, not " + type.to_string());
    }
    return std::make_unique<RawDecoder>(spec, type.is_character());
}

}  // namespace thalweg
