#pragma once

#include "state/store/disk.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg::test {

// What a store could do wrong with a disk. Each is planted between a right store and its disk, so
// that the store itself has no switch for it.
enum class Bug : std::uint8_t {
    kNone,
    kNoFileSync,        // fdatasync is forgotten.
    kNoDirectorySync,   // The directory is never synced.
    kRenameBeforeSync,  // The name comes before the bytes.
    kIgnoreSyncError,   // fdatasync may fail, and nobody asks.
    kTrustCache,        // Recovery believes what it sees; I3.
    kReuseNumber,       // Numbers of files that were never finished are used again; I4.
    kRetireEarly,       // The old generation goes before the new one is there; I6.
};

// A disk as a store with that bug would use it. One for each life of the process.
class BuggyDisk final : public Disk {
  public:
    BuggyDisk(Disk& disk, Bug bug) : disk_(&disk), bug_(bug) {}

    Result<std::unique_ptr<DiskFile>> create(std::string_view name) override;
    Result<void> rename(std::string_view source, std::string_view target) override;
    Result<void> sync_directory() override;
    Result<std::vector<std::string>> list() const override;

    Result<std::unique_ptr<DiskFile>> open(std::string_view name) const override {
        return disk_->open(name);
    }

    Result<std::unique_ptr<DiskFile>> open_to_write(std::string_view name) override;

    Result<void> unlink(std::string_view name) override { return disk_->unlink(name); }

    Result<std::unique_ptr<DiskLock>> lock(std::string_view name, std::string_view owner) override {
        return disk_->lock(name, owner);
    }

    Result<FileSystem> file_system() const override { return disk_->file_system(); }

    [[nodiscard]] const std::string& path() const override { return disk_->path(); }

  private:
    class File;

    Result<void> remove_all(bool temporary);

    Disk* disk_;
    Bug bug_;
    bool has_created_ = false;
    DiskFile* unsynced_ = nullptr;  // Whose sync waits for the rename; open as long.
};

}  // namespace thalweg::test
