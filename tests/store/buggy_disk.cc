#include "tests/store/buggy_disk.h"

#include "state/store/file_name.h"

#include <algorithm>
#include <utility>

namespace thalweg::test {

class BuggyDisk::File final : public DiskFile {
  public:
    File(BuggyDisk& disk, std::unique_ptr<DiskFile> file) : disk_(&disk), file_(std::move(file)) {}

    Result<std::size_t> write(std::uint64_t offset, std::span<const std::byte> bytes) override {
        return file_->write(offset, bytes);
    }

    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> target) const override {
        return file_->read(offset, target);
    }

    Result<std::uint64_t> size() const override { return file_->size(); }

    Result<void> truncate(std::uint64_t size) override { return file_->truncate(size); }

    Result<void> sync() override {
        if (disk_->bug_ == Bug::kNoFileSync) return {};
        if (disk_->bug_ == Bug::kRenameBeforeSync) {
            disk_->unsynced_ = file_.get();
            return {};
        }
        Result<void> synced = file_->sync();
        return disk_->bug_ == Bug::kIgnoreSyncError ? Result<void>() : synced;
    }

    [[nodiscard]] const std::string& path() const override { return file_->path(); }

  private:
    BuggyDisk* disk_;
    std::unique_ptr<DiskFile> file_;
};

// Of the snapshots.
Result<void> BuggyDisk::remove_all(bool temporary) {
    TRY(const std::vector<std::string> names, disk_->list());
    for (const std::string& name : names) {
        const std::optional<NumberedName> parsed = parse_name(name);
        if (!parsed || parsed->is_temporary != temporary) continue;
        TRY_VOID(disk_->unlink(name));
    }
    return {};
}

Result<std::unique_ptr<DiskFile>> BuggyDisk::create(std::string_view name) {
    if (bug_ == Bug::kReuseNumber) TRY_VOID(remove_all(true));
    if (bug_ == Bug::kRetireEarly && has_created_) TRY_VOID(remove_all(false));
    has_created_ = true;
    TRY(auto file, disk_->create(name));
    return std::make_unique<File>(*this, std::move(file));
}

Result<std::unique_ptr<DiskFile>> BuggyDisk::open_to_write(std::string_view name) {
    TRY(auto file, disk_->open_to_write(name));
    return std::make_unique<File>(*this, std::move(file));
}

Result<void> BuggyDisk::rename(std::string_view source, std::string_view target) {
    TRY_VOID(disk_->rename(source, target));
    return unsynced_ == nullptr ? Result<void>() : std::exchange(unsynced_, nullptr)->sync();
}

Result<void> BuggyDisk::sync_directory() {
    if (bug_ == Bug::kNoDirectorySync) return {};
    if (bug_ == Bug::kTrustCache && !has_created_) return {};
    return disk_->sync_directory();
}

Result<std::vector<std::string>> BuggyDisk::list() const {
    auto names = disk_->list();
    if (bug_ != Bug::kReuseNumber || !names) return names;
    std::erase_if(*names, [](const std::string& name) {
        return parse_name(name) && name.ends_with(kTemporarySuffix);
    });
    return names;
}

}  // namespace thalweg::test
