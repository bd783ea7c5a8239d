#include "engine/run/sink_output.h"

namespace thalweg {

bool SinkOutput::ready() {
    if (outbox_ != nullptr && !outbox_->is_ready()) return false;
    return seal_.is_lifted(sink_) && sink_.ready();
}

void SinkOutput::barrier() {
    sink_.flush();
    seal_.is_closed = true;
    if (outbox_ != nullptr) outbox_->seal();
    if (numbers_ != nullptr) numbers_->seal();
}

void SinkOutput::emit(const BatchView& given, Watermark) {
    if (control_.failed()) return;
    const BatchView rows = numbers_ == nullptr ? given : numbers_->number(given);
    for (const std::size_t column : spec_.required) {
        if (has_null(rows, column)) {
            refuse_null(column);
            return;
        }
    }
    const Result<void> written = sink_.write(rows);
    if (!written) control_.fail(written.error().message);
}

bool SinkOutput::has_null(const BatchView& rows, std::size_t column) {
    const Column& cells = *rows.columns[column];
    bool found = false;
    if (!cells.has_nulls()) return found;
    rows.selection.for_each([&](std::size_t row) { found |= cells.is_null(row); });
    return found;
}

void SinkOutput::refuse_null(std::size_t column) {
    control_.fail("table " + spec_.name + ": column '" + (*spec_.schema)[column].name +
                  "' is NOT NULL and a row has NULL there; SET "
                  "'table.exec.sink.not-null-enforcer' = 'DROP' leaves such rows out");
}

}  // namespace thalweg
