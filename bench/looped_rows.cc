#include "bench/looped_rows.h"

#include "ingest/decoder.h"
#include "state/base/assertion.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace thalweg::bench {

LoopedRows::LoopedRows(std::shared_ptr<const Trace> trace) : trace_(std::move(trace)) {
    ASSERT(!trace_->bytes.empty());
    ASSERT(trace_->bytes.size() % trace_->row_bytes == 0);
}

void LoopedRows::restart(std::size_t records) {
    bytes_ = trace_->bytes;
    bytes_.resize(trace_->bytes.size() + kDecodePadding);
    end_ = std::uint64_t{records} * trace_->row_bytes;
    moved_until_ = trace_->bytes.size();  // The first round is the trace as it is.
}

std::string_view LoopedRows::piece(std::uint64_t position) {
    DEBUG_ASSERT(position % trace_->row_bytes == 0);
    if (position >= end_) return {};
    const std::uint64_t round_bytes = trace_->bytes.size();
    const std::uint64_t offset = position % round_bytes;
    const std::uint64_t size = std::min(
        {std::uint64_t{kPieceRows * trace_->row_bytes}, round_bytes - offset, end_ - position});
    if (position + size > moved_until_) {
        const std::uint64_t known = std::max(moved_until_, position) - position;
        move_on(offset + known, offset + size);
        moved_until_ = position + size;
    }
    return {bytes_.data() + offset, size};
}

void LoopedRows::move_on(std::size_t first_byte, std::size_t end_byte) noexcept {
    const std::int64_t span = trace_->span;
    const std::size_t stride = trace_->row_bytes;
    for (char* row = bytes_.data() + first_byte; row != bytes_.data() + end_byte; row += stride) {
        std::int64_t time = 0;
        std::memcpy(&time, row, sizeof time);
        time += span;
        std::memcpy(row, &time, sizeof time);
    }
}

}  // namespace thalweg::bench
