#include "engine/sink/part_outbox.h"

#include "engine/sink/outbox_bytes.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace thalweg {

namespace {

constexpr std::size_t kCopyBytes = 256 * 1024;

}  // namespace

Result<void> PartOutbox::start_fresh() {
    TRY(const std::vector<std::string> names, disk_->list());
    for (const std::string& name : names) {
        if (const auto number = parse_part_name(name)) part_ = std::max(part_, *number + 1);
    }
    return {};
}

Result<void> PartOutbox::recover(std::string_view position) {
    TRY(const auto numbers, parse_position(position, "part", 3));
    part_ = numbers[0];
    length_ = numbers[1];
    began_ns_ = static_cast<std::int64_t>(numbers[2]);
    // A name that a killed process left in memory must not go once somebody has relied on it.
    TRY_VOID(disk_->sync_directory());
    TRY_VOID(remove_stale());
    TRY(const bool is_complete, has_name(*disk_, part_name(part_)));
    if (is_complete) {
        TRY(complete_, disk_->open(part_name(part_)));
        return {};
    }
    if (length_ == 0) return {};
    const std::string name = open_part_name(part_);
    TRY(const bool is_open, has_name(*disk_, name));
    if (!is_open) return lost_results(disk_->path() + "/" + name, 0, length_);
    TRY(file_, disk_->open_to_write(name));
    TRY(const std::uint64_t size, file_->size());
    if (size < length_) return lost_results(file_->path(), size, length_);
    if (size > length_) TRY_VOID(file_->truncate(length_));
    return file_->sync();  // Also when it looks right: a killed process may have cut it in memory.
}

// What a power cut may have kept beside parts that are complete and behind the position.
Result<void> PartOutbox::remove_stale() {
    TRY(const std::vector<std::string> names, disk_->list());
    for (const std::string& name : names) {
        const auto number = parse_hidden_part_name(name);
        if (number && *number < part_) TRY_VOID(disk_->unlink(name));
    }
    return {};
}

std::string PartOutbox::position() const {
    return "part " + std::to_string(part_) + " " + std::to_string(length_) + " " +
           std::to_string(began_ns_);
}

Result<void> PartOutbox::publish(std::uint64_t /*epoch*/,
                                 std::int64_t now_ns,
                                 const OutboxBytes& bytes) {
    TRY(const std::uint64_t size, size_of(bytes));
    if (length_ == 0 && size == 0) return {};
    if (file_ == nullptr && complete_ == nullptr) TRY_VOID(begin_part(now_ns));
    if (complete_ != nullptr) return compare(bytes);
    TRY_VOID(write_behind(*file_, length_, bytes));
    if (size > 0) TRY_VOID(file_->sync());
    began_ns_ = std::min(began_ns_, now_ns);  // A clock may be set back.
    const bool is_over =
        length_ + size >= rolling_.bytes || now_ns - began_ns_ >= rolling_.interval_ns;
    if (is_over) return finish_part();
    if (std::exchange(has_new_name_, false)) TRY_VOID(disk_->sync_directory());
    length_ += size;
    return {};
}

// The part's number may be that of a complete part, if the epoch is published again.
Result<void> PartOutbox::begin_part(std::int64_t now_ns) {
    TRY(const std::vector<std::string> names, disk_->list());
    const auto has = [&](const std::string& name) {
        return std::ranges::binary_search(names, name);
    };
    began_ns_ = now_ns;
    if (has(part_name(part_))) {
        TRY(complete_, disk_->open(part_name(part_)));
        return {};
    }
    const std::string name = open_part_name(part_);
    const bool is_left_over = has(name);
    if (is_left_over) TRY_VOID(disk_->unlink(name));  // It may be a name in memory alone.
    TRY(file_, disk_->create(name));
    has_new_name_ = true;
    return {};
}

Result<void> PartOutbox::finish_part() {
    TRY_VOID(disk_->rename(open_part_name(part_), part_name(part_)));
    TRY_VOID(disk_->sync_directory());
    file_ = nullptr;
    has_new_name_ = false;
    next_part();
    return {};
}

// The epoch is in a part that is complete, which may go on behind it with the next one.
Result<void> PartOutbox::compare(const OutboxBytes& bytes) {
    TRY(const Comparison found, compare_behind(*complete_, length_, bytes, Holes::kDiffer));
    if (found.differs_at) return foreign_part(*found.differs_at);
    if (found.file_size < found.bytes_end)
        return lost_results(complete_->path(), found.file_size, found.bytes_end);
    if (found.file_size == found.bytes_end) TRY_VOID(renew_name());
    length_ = found.bytes_end;
    if (found.file_size > found.bytes_end) return {};
    complete_ = nullptr;
    next_part();
    return {};
}

// The process that gave it its name may have died of the sync of the directory: then the name is in
// memory alone, and no later sync finds it. So a copy takes its place, under a name of its own
// until then: that of the part in progress may still stand for the original on the disk.
Result<void> PartOutbox::renew_name() {
    const std::string name = renewed_part_name(part_);
    TRY(const bool is_left_over, has_name(*disk_, name));
    if (is_left_over) TRY_VOID(disk_->unlink(name));
    TRY(const std::unique_ptr<DiskFile> copy, disk_->create(name));
    std::vector<std::byte> piece(kCopyBytes);
    for (std::uint64_t offset = 0;;) {
        TRY(const std::size_t count, read_fully(*complete_, offset, piece));
        if (count == 0) break;
        TRY_VOID(write_fully(*copy, offset, std::span(piece).first(count)));
        offset += count;
    }
    TRY_VOID(copy->sync());
    TRY_VOID(disk_->rename(name, part_name(part_)));
    return disk_->sync_directory();
}

tl::unexpected<Error> PartOutbox::foreign_part(std::uint64_t differs_at) const {
    return fail(Code::kInvalid,
                complete_->path() + ": byte " + std::to_string(differs_at) +
                    " is not of the results that belong there: somebody else writes to the "
                    "directory, or the state is older than it; move the file away if it is not of "
                    "this query, or start anew with an empty state directory");
}

void PartOutbox::next_part() {
    ++part_;
    length_ = 0;
    began_ns_ = 0;
}

Result<void> PartOutbox::close() {
    if (complete_ != nullptr) return foreign_part(length_);
    return length_ == 0 ? Result<void>() : finish_part();
}

}  // namespace thalweg
