#include "tests/support/watched_disk.h"

#include "state/store/file_name.h"

#include <utility>

namespace thalweg::test {

class WatchedDisk::File final : public DiskFile {
  public:
    File(const WatchedDisk& disk, std::unique_ptr<DiskFile> file)
        : disk_(&disk), file_(std::move(file)) {}

    Result<std::size_t> write(std::uint64_t offset, std::span<const std::byte> bytes) override {
        disk_->begin(DiskDeed::kWrite);
        return disk_->noted(file_->write(offset, bytes));
    }

    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> target) const override {
        disk_->begin(DiskDeed::kRead);
        return disk_->noted(file_->read(offset, target));
    }

    Result<std::uint64_t> size() const override {
        disk_->begin(DiskDeed::kRead);
        return disk_->noted(file_->size());
    }

    Result<void> truncate(std::uint64_t size) override {
        disk_->begin(DiskDeed::kWrite);
        return disk_->noted(file_->truncate(size));
    }

    Result<void> sync() override {
        disk_->begin(DiskDeed::kSync);
        return disk_->noted(file_->sync());
    }

    [[nodiscard]] const std::string& path() const override { return file_->path(); }

  private:
    const WatchedDisk* disk_;
    std::unique_ptr<DiskFile> file_;
};

template <class Answer>
Answer WatchedDisk::noted(Answer answer) const {
    if (!answer) ++(answer.error().code == Code::kFull ? watch_->refusals : watch_->errors);
    return answer;
}

Result<void> WatchedDisk::catch_up() {
    if (late_source_.empty()) return {};
    TRY_VOID(noted(disk_->rename(std::exchange(late_source_, ""), late_target_)));
    return noted(disk_->sync_directory());
}

Result<std::unique_ptr<DiskFile>> WatchedDisk::create(std::string_view name) {
    TRY_VOID(catch_up());
    begin(DiskDeed::kWrite);
    TRY(auto file, noted(disk_->create(name)));
    return std::make_unique<File>(*this, std::move(file));
}

Result<std::unique_ptr<DiskFile>> WatchedDisk::open(std::string_view name) const {
    begin(DiskDeed::kRead);
    TRY(auto file, noted(disk_->open(name)));
    return std::make_unique<File>(*this, std::move(file));
}

Result<std::unique_ptr<DiskFile>> WatchedDisk::open_to_write(std::string_view name) {
    TRY_VOID(catch_up());
    begin(DiskDeed::kRead);
    TRY(auto file, noted(disk_->open_to_write(name)));
    return std::make_unique<File>(*this, std::move(file));
}

Result<void> WatchedDisk::rename(std::string_view source, std::string_view target) {
    TRY_VOID(catch_up());
    begin(DiskDeed::kRename);
    if (renames_late_ && parse_name(target)) {
        late_source_ = source;
        late_target_ = target;
        return {};
    }
    TRY_VOID(noted(disk_->rename(source, target)));
    watch_->has_new_name = true;
    return {};
}

Result<void> WatchedDisk::unlink(std::string_view name) {
    TRY_VOID(catch_up());
    begin(DiskDeed::kUnlink);
    return noted(disk_->unlink(name));
}

Result<void> WatchedDisk::sync_directory() {
    if (!late_source_.empty()) return {};
    begin(DiskDeed::kSyncDirectory);
    Result<void> synced = noted(disk_->sync_directory());
    if (synced) watch_->has_new_name = false;
    return synced;
}

Result<std::vector<std::string>> WatchedDisk::list() const {
    begin(DiskDeed::kRead);
    return noted(disk_->list());
}

Result<std::unique_ptr<DiskLock>> WatchedDisk::lock(std::string_view name, std::string_view owner) {
    begin(DiskDeed::kRead);
    return noted(disk_->lock(name, owner));
}

Result<FileSystem> WatchedDisk::file_system() const {
    return disk_->file_system();
}

}  // namespace thalweg::test
