#include "ops/sliding_tables.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

namespace thalweg {

namespace {

using Part = SlidingSums::Part;
using Origin = SlidingSums::Origin;

SlidingLog::Record record_at(const std::byte* at) {
    SlidingLog::Record record{};
    std::memcpy(&record, at, sizeof record);
    return record;
}

}  // namespace

SlidingTables::SlidingTables(const WindowAggregateSpec& spec,
                             const AggregateLayout& layout,
                             SlidingGroups& groups)
    : layout_(&layout),
      groups_(&groups),
      stride_(sizeof(SlidingLog::Record) + layout.payload_bytes()),
      is_event_time_(spec.window.is_event_time) {
    std::vector<Field> fields;
    for (const Type& type : spec.key_types)
        fields.push_back({"key" + std::to_string(fields.size()), type});
    layout.append_partial_fields(fields);
    part_column_ = fields.size();
    fields.push_back({"part", Type::integer().not_null()});
    fields.push_back({"end", Type::bigint().not_null()});
    if (!is_event_time_) fields.push_back({"clock", Type::bigint().not_null()});
    tables_.push_back(
        {"sums", make_schema(std::move(fields)), StateRoute::kByKey, route_keys(spec)});
    tables_.push_back({"positions",
                       make_schema({{"position", Type::bigint().not_null()}}),
                       StateRoute::kAll,
                       {}});
}

void SlidingTables::write(SlidingLog::Run records, const SlidingSums& sums, StateOut& out) {
    Batch& batch = out.open(kSums, records.count);
    const std::size_t first = batch.size();
    write_keys(records, batch);
    const std::byte* const payloads = records.first + sizeof(SlidingLog::Record);
    layout_->save({payloads, stride_, records.count}, batch, first, groups_->key().size());
    auto* const parts = batch.column(part_column_).data<std::int32_t>() + first;
    auto* const ends = batch.column(part_column_ + 1).data<std::int64_t>() + first;
    for (std::size_t i = 0; i < records.count; ++i) {
        const Origin origin = sums.origin_of(record_at(records.first + i * stride_));
        parts[i] = static_cast<std::int32_t>(origin.part);
        ends[i] = origin.end;
    }
    if (!is_event_time_) {
        auto* const clocks = batch.column(part_column_ + 2).data<std::int64_t>() + first;
        std::fill_n(clocks, records.count, clock_.nanos);
    }
    batch.set_size(first + records.count);
}

void SlidingTables::write_keys(SlidingLog::Run records, Batch& batch) {
    const GroupKey& key = groups_->key();
    if (key.size() == 0) return;
    std::vector<Column*> columns;
    for (std::size_t i = 0; i < key.size(); ++i)
        columns.push_back(&batch.column(i));
    const std::size_t key_bytes = key.is_text() ? sizeof(StringRef) : key.key_bytes();
    keys_.resize(records.count * key_bytes / 8);
    auto* const keys = reinterpret_cast<std::byte*>(keys_.data());
    const std::byte* record = records.first;
    for (std::size_t i = 0; i < records.count; ++i, record += stride_)
        copy_words(keys + i * key_bytes, groups_->key_of(record_at(record).group), key_bytes);
    key.decode(keys, key_bytes, records.count, columns, batch.size(), batch.arena());
}

void SlidingTables::write_position(std::uint64_t position, StateOut& out) {
    Batch& batch = out.open(kPositions, 1);
    batch.column(0).data<std::int64_t>()[batch.size()] = static_cast<std::int64_t>(position);
    batch.set_size(batch.size() + 1);
}

std::string_view SlidingTables::read(const BatchView& rows, SlidingSums& sums, Watermark& clock) {
    const std::size_t bytes = layout_->payload_bytes();
    states_.resize(rows.size() * bytes / 8);
    auto* const states = reinterpret_cast<std::byte*>(states_.data());
    layout_->load(rows, groups_->key().size(), rows.selection, states);
    groups_read_.resize(rows.size());
    groups_->locate(rows.columns.first(groups_->key().size()), rows.selection, groups_read_);
    const auto* const parts = rows[part_column_].data<std::int32_t>();
    const auto* const ends = rows[part_column_ + 1].data<std::int64_t>();
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::size_t row = rows.selection[i];
        if (parts[row] < 0 || parts[row] > static_cast<std::int32_t>(Part::kBackSum))
            return "a sum is of no known part";
        const Origin origin{ends[row], static_cast<Part>(parts[row])};
        if (is_event_time_) {
            if (!sums.may_be(origin, clock)) return "a sum does not go with the watermark";
        } else {
            clock.nanos = std::max(clock.nanos, rows[part_column_ + 2].data<std::int64_t>()[row]);
        }
        sums.load(groups_read_[i], origin, states + i * bytes);
    }
    return {};
}

std::uint64_t SlidingTables::read_position(const BatchView& rows, std::uint64_t position) {
    const auto* const positions = rows[0].data<std::int64_t>();
    rows.selection.for_each([&](std::size_t row) {
        position = std::max(position, static_cast<std::uint64_t>(positions[row]));
    });
    return position;
}

}  // namespace thalweg
