#include "ingest/row_appender.h"

#include <algorithm>

namespace thalweg {

namespace {

constexpr std::size_t kRejectedBytesMax = 256;

template <class Predicate>
bool any_type(const Type& type, Predicate predicate) {
    if (predicate(type)) return true;
    if (type.fields == nullptr) return false;
    return std::any_of(type.fields->begin(), type.fields->end(), [&](const Field& field) {
        return any_type(field.type, predicate);
    });
}

// Copies the long strings of rows [first, end) to where they may stay. Those below a list lie at
// the element positions that this call added, from the list's mark on.
void own_strings(
    Column& column, std::size_t first, std::size_t end, const std::size_t*& mark, Arena& arena) {
    if (column.physical() == Physical::kString) {
        StringRef* const strings = column.data<StringRef>();
        for (std::size_t row = first; row < end; ++row) {
            if (strings[row].is_inline()) continue;
            if (column.is_null(row)) {
                strings[row] = {};
            } else {
                strings[row] = StringRef(arena.copy(strings[row].view()));
            }
        }
    }
    if (column.physical() == Physical::kList) {
        first = *mark++;
        end = column.child_rows();
    }
    for (std::size_t i = 0; i < column.child_count(); ++i)
        own_strings(column.child(i), first, end, mark, arena);
}

template <class Visit>
void for_each_list(Column& column, Visit visit) {
    if (column.physical() == Physical::kList) visit(column);
    for (std::size_t i = 0; i < column.child_count(); ++i)
        for_each_list(column.child(i), visit);
}

}  // namespace

AppendPlan::AppendPlan(const FormatSpec& spec) {
    for (std::size_t i = 0; i < spec.wanted.size(); ++i) {
        const WantedColumn& wanted = spec.wanted[i];
        const bool is_record_metadata =
            wanted.metadata == Metadata::kSequence || wanted.metadata == Metadata::kRaw;
        if (wanted.metadata != Metadata::kNone && wanted.metadata != Metadata::kRowKind)
            (is_record_metadata ? of_record : of_piece).push_back({i, wanted.metadata});
        const auto is_string = [](const Type& type) {
            return type.is_character() || type.is_binary();
        };
        const auto is_list = [](const Type& type) { return type.physical() == Physical::kList; };
        const bool has_lists = any_type(wanted.type, is_list);
        if (has_lists) lists.push_back(i);
        if (has_lists || any_type(wanted.type, is_string)) borrowers.push_back(i);
    }
}

RowAppender::RowAppender(const AppendPlan& plan, const Piece& piece, Batch& rows, Outlet& outlet)
    : plan_(plan),
      piece_(piece),
      rows_(rows),
      outlet_(outlet),
      first_row_(rows.size()),
      end_row_(rows.size() + std::min(rows.room(), piece.rows_max)),
      row_(rows.size()) {
    if (plan_.lists.empty()) return;
    mark_lists();
    first_marks_ = list_marks_;
}

void RowAppender::mark_lists() {
    list_marks_.clear();
    for (const std::size_t index : plan_.lists) {
        for_each_list(rows_.column(index),
                      [&](const Column& list) { list_marks_.push_back(list.child_rows()); });
    }
}

void RowAppender::reject(RejectReason reason, std::string_view detail, std::string_view record) {
    std::size_t mark = 0;
    for (const std::size_t index : plan_.lists) {
        for_each_list(rows_.column(index),
                      [&](Column& list) { list.set_child_rows(list_marks_[mark++]); });
    }
    ++result_.records;
    ++result_.rejected;
    const auto position = static_cast<std::uint64_t>(record.data() - piece_.bytes.data());
    outlet_.reject({.reason = reason,
                    .detail = detail,
                    .bytes = record.substr(0, kRejectedBytesMax),
                    .peer = piece_.peer,
                    .offset = piece_.offset + position});
}

void RowAppender::write_record_metadata(std::string_view record) {
    for (const AppendPlan::MetadataColumn& entry : plan_.of_record) {
        Column& target = rows_.column(entry.column);
        target.set_valid(row_);
        if (entry.metadata == Metadata::kRaw) {
            target.data<StringRef>()[row_] = StringRef(record);
        } else {
            target.data<std::int64_t>()[row_] =
                piece_.sequence + static_cast<std::int64_t>(result_.records);
        }
    }
}

void RowAppender::write_piece_metadata() {
    const std::size_t count = row_ - first_row_;
    for (const AppendPlan::MetadataColumn& entry : plan_.of_piece) {
        Column& target = rows_.column(entry.column);
        for (std::size_t row = first_row_; row < row_ && target.has_nulls(); ++row)
            target.set_valid(row);
        if (entry.metadata == Metadata::kPeerAddress) {
            std::fill_n(target.data<StringRef>() + first_row_, count, StringRef(piece_.peer));
            continue;
        }
        std::int64_t value = piece_.receive_time_ns;
        if (entry.metadata == Metadata::kConnectionId) value = piece_.connection_id;
        if (entry.metadata == Metadata::kDroppedBefore) value = piece_.dropped_before;
        std::fill_n(target.data<std::int64_t>() + first_row_, count, value);
    }
}

DecodeResult RowAppender::finish(std::size_t consumed) {
    write_piece_metadata();
    const std::size_t* mark = first_marks_.data();
    for (const std::size_t index : plan_.borrowers)
        own_strings(rows_.column(index), first_row_, row_, mark, rows_.arena());
    rows_.set_size(row_);
    result_.consumed = consumed;
    return result_;
}

void set_null_deep(Column& column, std::size_t row) {
    column.set_null(row);
    if (column.physical() == Physical::kList) column.data<ListRef>()[row] = {};
    if (column.physical() != Physical::kRow) return;
    for (std::size_t i = 0; i < column.child_count(); ++i)
        set_null_deep(column.child(i), row);
}

}  // namespace thalweg
