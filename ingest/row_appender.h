#pragma once

#include "ingest/decoder.h"
#include "ingest/format.h"
#include "ingest/framer.h"
#include "ingest/outlet.h"
#include "state/arena.h"
#include "state/batch.h"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace thalweg {

// What every decoder does around its records, worked out once for a FormatSpec.
struct AppendPlan {
    explicit AppendPlan(const FormatSpec& spec);

    struct MetadataColumn {
        std::size_t column;
        Metadata metadata;
    };

    std::vector<MetadataColumn> of_piece;   // The same for all records of a piece.
    std::vector<MetadataColumn> of_record;  // kSequence, kRaw.
    std::vector<std::size_t> lists;         // Columns with a list anywhere in them.
    std::vector<std::size_t> borrowers;     // Those, and columns with a string anywhere in them.
};

// The rows of one call of Decoder::decode(): where the next row goes, what is rejected, and the
// metadata columns.
//
// A decoder writes the cells of row() into the batch's columns, then calls accept() or reject().
// Strings are written as references into the piece or into a scratch arena that lives as long as
// the call; finish() copies those of accepted rows into the batch's arena (AppendPlan::borrowers; a
// decoder that copies them itself takes its columns out of there). So a client that sends nothing
// but bad records does not make the batch grow: list elements of a rejected row are taken back too.
class RowAppender {
  public:
    RowAppender(const AppendPlan& plan, const Piece& piece, Batch& rows, Outlet& outlet);

    [[nodiscard]] bool is_full() const noexcept { return row_ == end_row_; }

    // The index of the row being written.
    [[nodiscard]] std::size_t row() const noexcept { return row_; }

    [[nodiscard]] std::size_t room() const noexcept { return end_row_ - row_; }

    [[nodiscard]] Column& column(std::size_t index) { return rows_.column(index); }

    [[nodiscard]] Batch& batch() noexcept { return rows_; }

    [[nodiscard]] const Piece& piece() const noexcept { return piece_; }

    // The row is complete, made from `record`, a part of the piece.
    void accept(std::string_view record) {
        if (!plan_.of_record.empty()) write_record_metadata(record);
        if (!plan_.lists.empty()) mark_lists();
        ++row_;
        ++result_.records;
    }

    // `count` rows at once, for formats whose records have one size. Not with of_record metadata.
    void accept_many(std::size_t count) noexcept {
        row_ += count;
        result_.records += count;
    }

    // `record` is no row. It must be a part of the piece.
    void reject(RejectReason reason, std::string_view detail, std::string_view record);

    // Passes on a frame that is no record.
    void reject(const Framer::Frame& frame) {
        reject(frame.reason, detail_of(frame.reason), frame.record);
    }

    // Ends the call.
    [[nodiscard]] DecodeResult finish(std::size_t consumed);

  private:
    void write_record_metadata(std::string_view record);
    void write_piece_metadata();
    void mark_lists();

    const AppendPlan& plan_;
    const Piece& piece_;
    Batch& rows_;
    Outlet& outlet_;
    std::size_t first_row_;
    std::size_t end_row_;
    std::size_t row_;
    DecodeResult result_;
    std::vector<std::size_t> list_marks_;  // child_rows() of every list, in order of a walk.
    std::vector<std::size_t> first_marks_;
};

// Makes a cell NULL, fields of rows included, so that whoever reads a field of a NULL row sees
// NULL.
void set_null_deep(Column& column, std::size_t row);

}  // namespace thalweg
