#include "ingest/raw_struct_decoder.h"

#include "ingest/framer.h"
#include "ingest/row_appender.h"
#include "ingest/row_transposer.h"
#include "state/raw_layout.h"
#include "state/text/format_options.h"

#include <algorithm>
#include <array>

namespace thalweg {

namespace {

// The transposer copies the texts of the rows; only those around them are left to be copied.
AppendPlan append_plan(const FormatSpec& spec) {
    AppendPlan plan(spec);
    std::erase_if(plan.borrowers, [&](std::size_t column) {
        return spec.wanted[column].metadata == Metadata::kNone;
    });
    return plan;
}

// Fields that may wait and cannot be wrong, and the records that they are still to be read from.
class LateFields final : public OwedCells {
  public:
    LateFields(const std::vector<RawField>& fields, std::size_t row_bytes)
        : has_any_(!fields.empty()),
          has_texts_(std::any_of(
              fields.begin(),
              fields.end(),
              [](const RawField& field) { return field.type.physical() == Physical::kString; })),
          transposer_(fields, row_bytes) {}

    // Whether the fields of the next batch shall wait. Of those that did last, so many may have
    // been asked for that it was cheaper to take all along: then not, but for a batch now and then.
    // Texts cost so much that they always wait.
    [[nodiscard]] bool shall_wait() noexcept {
        constexpr std::size_t kManyOf = 4;
        constexpr std::size_t kBatchesNot = 63;
        if (asked_rows_ * kManyOf > rows_ && !has_texts_) batches_not_ = kBatchesNot;
        rows_ = asked_rows_ = 0;
        if (batches_not_ == 0) return has_any_;
        --batches_not_;
        return false;
    }

    // The rows of the batch are those of `records`.
    void wait(const char* records, std::size_t count, Batch& batch) {
        records_ = records;
        rows_ = count;
        batch_ = &batch;
        batch.owe(*this);
    }

    void fill(Selection rows) override {
        asked_rows_ += rows.size();
        transposer_.write_some(records_, rows, *batch_);
    }

  private:
    bool has_any_;
    bool has_texts_;
    RowTransposer transposer_;
    const char* records_ = nullptr;
    std::size_t rows_ = 0;  // Of the batch that waits or did,
    Batch* batch_ = nullptr;
    std::size_t asked_rows_ = 0;  // and of them those that were asked for.
    std::size_t batches_not_ = 0;
};

// The fields that may wait, or the others.
std::vector<RawField> those(const FormatSpec& spec, std::vector<RawField> fields, bool that_wait) {
    std::erase_if(fields, [&](const RawField& field) {
        const bool waits = spec.wanted[field.column].may_wait && RowTransposer::any_bytes(field);
        return waits != that_wait;
    });
    return fields;
}

class RawStructDecoder final : public Decoder {
  public:
    RawStructDecoder(const FormatSpec& spec, std::vector<RawField> fields, std::size_t row_bytes)
        : append_plan_(append_plan(spec)),
          late_(those(spec, fields, true), row_bytes),
          prompt_(those(spec, fields, false), row_bytes),
          transposer_(std::move(fields), row_bytes),
          row_bytes_(row_bytes),
          framer_(spec, row_bytes) {}

    DecodeResult decode(const Piece& piece, Batch& batch, Outlet& outlet) override {
        RowAppender rows(append_plan_, piece, batch, outlet);
        std::string_view rest = piece.bytes;
        if (framer_.framing() == Framing::kLengthPrefixed) {
            take_frames(rest, piece.is_end, rows);
        } else {
            take_rows(rest, rows);
            const bool is_end = piece.is_end || framer_.framing() == Framing::kDatagram;
            if (is_end && !rows.is_full() && !rest.empty()) {
                rows.reject(RejectReason::kTruncated, detail_of(RejectReason::kTruncated), rest);
                rest = {};
            }
        }
        return rows.finish(piece.bytes.size() - rest.size());
    }

    [[nodiscard]] bool lost_framing() const override { return framer_.lost_framing(); }

    [[nodiscard]] std::uint64_t skipped_bytes() const override { return framer_.skipped_bytes(); }

  private:
    void take_rows(std::string_view& rest, RowAppender& rows) {
        while (!rows.is_full() && rest.size() >= row_bytes_) {
            const std::size_t count = std::min(rows.room(), rest.size() / row_bytes_);
            if (!append_plan_.of_record.empty() || !take(rest.data(), count, rows)) {
                for (std::size_t i = 0; i < count; ++i)
                    take_one(rest.substr(i * row_bytes_, row_bytes_), rows);
            }
            rest.remove_prefix(count * row_bytes_);
        }
    }

    void take_frames(std::string_view& rest, bool is_end, RowAppender& rows) {
        while (!rows.is_full()) {
            const Framer::Frame frame = framer_.next(rest, is_end);
            if (frame.kind == Framer::Kind::kMore) return;
            rest.remove_prefix(frame.consumed);
            if (frame.kind == Framer::Kind::kRejected) {
                rows.reject(frame);
            } else if (frame.record.size() != row_bytes_) {
                rows.reject(RejectReason::kMalformed, "a frame of another size", frame.record);
            } else {
                take_one(frame.record, rows);
            }
        }
    }

    // All that fit in, or all there are: no more come to the rows of a piece that stays.
    bool take(const char* records, std::size_t count, RowAppender& rows) {
        const bool waits = rows.row() == 0 && rows.piece().stays && late_.shall_wait();
        const RowTransposer& transposer = waits ? prompt_ : transposer_;
        if (!transposer.write(records, count, rows.batch(), rows.row())) return false;
        if (waits) late_.wait(records, count, rows.batch());
        rows.accept_many(count);
        return true;
    }

    // The slow way, for pieces with a bad value in them and for metadata of each record.
    void take_one(std::string_view record, RowAppender& rows) {
        if (transposer_.write(record.data(), 1, rows.batch(), rows.row())) {
            rows.accept(record);
        } else {
            rows.reject(RejectReason::kWrongType, "a value its column's type cannot have", record);
        }
    }

    AppendPlan append_plan_;
    LateFields late_;
    RowTransposer prompt_;  // Of the fields that do not wait.
    RowTransposer transposer_;
    std::size_t row_bytes_;
    Framer framer_;
};

}  // namespace

Result<std::size_t> raw_struct_bytes(const std::vector<Field>& columns) {
    std::size_t bytes = 0;
    for (const Field& field : columns) {
        const RawLayout layout = raw_layout_of(field.type);
        if (layout.bytes == 0) return fail(Code::kUnsupported, raw_layout_error(field));
        bytes += layout.bytes;
    }
    if (bytes == 0) return fail(Code::kInvalid, "format 'raw-struct' needs at least one column");
    return bytes;
}

Result<std::unique_ptr<Decoder>> make_raw_struct_decoder(const FormatSpec& spec) {
    static constexpr std::array<std::string_view, 1> kOptions = {"ignore-parse-errors"};
    TRY(const FormatOptions options, FormatOptions::check(spec.format, spec.options, kOptions));
    TRY([[maybe_unused]] const bool ignore, options.boolean("ignore-parse-errors", true));
    TRY(const std::size_t row_bytes, raw_struct_bytes(spec.declared));
    if (spec.framing == Framing::kNewline) {
        return fail(Code::kInvalid,
                    "format 'raw-struct' needs framing 'fixed', 'datagram' or 'length-prefixed': "
                    "its rows may hold any byte");
    }
    if (row_bytes > spec.frame_bytes_max) {
        return fail(Code::kInvalid,
                    "a row of " + std::to_string(row_bytes) +
                        " bytes is longer than 'max-frame-bytes', " +
                        std::to_string(spec.frame_bytes_max));
    }
    std::vector<RawField> fields;
    for (std::size_t i = 0; i < spec.wanted.size(); ++i) {
        if (spec.wanted[i].metadata != Metadata::kNone) continue;
        std::size_t offset = 0;
        for (const Field& field : spec.declared) {
            const RawLayout layout = raw_layout_of(field.type);
            if (field.name == spec.wanted[i].path.front())
                fields.push_back({i, offset, field.type, layout});
            offset += layout.bytes;
        }
    }
    return std::make_unique<RawStructDecoder>(spec, std::move(fields), row_bytes);
}

}  // namespace thalweg
