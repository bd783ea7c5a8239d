#include "engine/run/epoch/result_numbers.h"

#include "engine/run/epoch/byte_sink.h"
#include "state/base/assertion.h"

#include <memory>
#include <utility>

namespace thalweg {

void write_result_count(StateWriter& writer, const ResultCount& count) {
    writer.u64(count.epoch);
    writer.u64(count.sequence);
}

ResultCount read_result_count(StateReader& reader) {
    ResultCount count;
    count.epoch = reader.u64();
    count.sequence = reader.u64();
    return count;
}

ResultNumbers::ResultNumbers(const SinkSpec& spec)
    : name_(spec.name), places_(spec.numbers), columns_(spec.schema->size()) {
    for (const NumberColumn& place : places_)
        numbers_.emplace_back((*spec.schema)[place.index].type);
    for (std::size_t i = 0; i < places_.size(); ++i)
        columns_[places_[i].index] = &numbers_[i];
}

void ResultNumbers::join_epochs(EpochDesk& desk, PartSender& sender) {
    desk_ = &desk;
    sender_ = &sender;
}

BatchView ResultNumbers::number(const BatchView& rows) {
    ASSERT(rows.columns.size() + places_.size() == columns_.size());
    std::size_t given = 0;
    std::size_t next = 0;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        if (next < places_.size() && places_[next].index == i)
            ++next;
        else
            columns_[i] = rows.columns[given++];
    }
    for (std::size_t i = 0; i < places_.size(); ++i) {
        auto* const values = numbers_[i].data<std::int64_t>();
        const bool is_sequence = places_[i].number == ResultNumber::kSequence;
        std::uint64_t value = is_sequence ? count_.sequence : count_.epoch;
        rows.selection.for_each([&](std::size_t row) {
            values[row] = static_cast<std::int64_t>(value);
            value += is_sequence ? 1 : 0;
        });
    }
    count_.sequence += rows.size();
    return {columns_, rows.selection, rows.kinds};
}

void ResultNumbers::seal() {
    if (desk_ == nullptr) return;
    if (desk_->durable() == barriers_) ++count_.epoch;
    auto part = std::make_unique<EpochPart>();
    part->epoch = ++barriers_;
    part->label = {std::string(kNumbersKind), name_, 1, 0, true};
    ByteSink sink(part->bytes);
    StateWriter writer(sink);
    write_result_count(writer, count_);
    const Result<void> written = writer.finish();
    ASSERT(written.has_value());  // To memory.
    sender_->send(std::move(part));
}

}  // namespace thalweg
