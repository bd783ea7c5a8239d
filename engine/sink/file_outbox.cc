#include "engine/sink/file_outbox.h"

#include "engine/sink/outbox_bytes.h"

#include <utility>

namespace thalweg {

Result<void> FileOutbox::open_or_create() {
    TRY(const bool is_there, has_name(*disk_, name_));
    TRY(file_, is_there ? disk_->open_to_write(name_) : disk_->create(name_));
    Result<void> synced = disk_->sync_directory();
    // A name that is in memory alone must not be taken for one by the next process.
    if (!synced && !is_there) static_cast<void>(disk_->unlink(name_));
    return synced;
}

Result<void> FileOutbox::start_fresh() {
    is_old_ = true;
    return open_or_create();
}

Result<void> FileOutbox::take_over() {
    if (!is_old_) return {};
    TRY(const std::uint64_t size, file_->size());
    if (size > 0) TRY_VOID(file_->truncate(0));
    is_old_ = false;
    return file_->sync();  // Also when it looks empty: a killed process may have cut it in memory.
}

Result<void> FileOutbox::recover(std::string_view position) {
    TRY(const auto numbers, parse_position(position, "file", 1));
    length_ = numbers[0];
    if (length_ > 0) {
        TRY(const bool is_there, has_name(*disk_, name_));
        if (!is_there) return lost_results(disk_->path() + "/" + name_, 0, length_);
    }
    TRY_VOID(open_or_create());
    TRY(const std::uint64_t size, file_->size());
    if (size < length_) return lost_results(file_->path(), size, length_);
    return {};
}

std::string FileOutbox::position() const {
    return "file " + std::to_string(length_);
}

Result<void> FileOutbox::publish(std::uint64_t /*epoch*/,
                                 std::int64_t /*now_ns*/,
                                 const OutboxBytes& bytes) {
    TRY(const std::uint64_t size, file_->size());
    if (size < length_) return lost_results(file_->path(), size, length_);
    if (size > length_) {
        TRY(const Comparison found, compare_behind(*file_, length_, bytes, Holes::kPass));
        if (found.differs_at) return foreign_bytes(file_->path(), *found.differs_at, length_);
    }
    TRY(const std::uint64_t written, write_behind(*file_, length_, bytes));
    if (written == 0) return {};
    TRY_VOID(file_->sync());
    length_ += written;
    return {};
}

Result<void> FileOutbox::close() {
    TRY(const std::uint64_t size, file_->size());
    if (size > length_) return foreign_bytes(file_->path(), length_, length_);
    return {};
}

}  // namespace thalweg
