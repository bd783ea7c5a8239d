#pragma once

#include "state/store/disk.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg::test {

// What was asked of a disk last: where a crash has happened.
enum class DiskDeed : std::uint8_t {
    kNone,
    kRead,
    kWrite,
    kSync,
    kRename,
    kSyncDirectory,
    kUnlink
};

struct DiskWatch {
    DiskDeed last = DiskDeed::kNone;  // Since another disk was asked.
    bool has_new_name = false;        // Renamed, and the directory not synced since.
    std::uint64_t errors = 0;         // Given back, other than "full".
    std::uint64_t refusals = 0;       // "Full".
};

// A disk seen through: notes what is asked of it, and what it says. One for each life of the
// process.
//
// With `renames_late` a rename and the sync of the directory behind it happen only when something
// else is asked of the disk: as if a store told of a commit before it was one.
class WatchedDisk final : public Disk {
  public:
    // `other` is the watch of the other disks of the process.
    WatchedDisk(Disk& disk, DiskWatch& watch, DiskWatch& other, bool renames_late = false)
        : disk_(&disk), watch_(&watch), other_(&other), renames_late_(renames_late) {}

    Result<std::unique_ptr<DiskFile>> create(std::string_view name) override;
    Result<std::unique_ptr<DiskFile>> open(std::string_view name) const override;
    Result<std::unique_ptr<DiskFile>> open_to_write(std::string_view name) override;
    Result<void> rename(std::string_view source, std::string_view target) override;
    Result<void> unlink(std::string_view name) override;
    Result<void> sync_directory() override;
    Result<std::vector<std::string>> list() const override;
    Result<std::unique_ptr<DiskLock>> lock(std::string_view name, std::string_view owner) override;
    Result<FileSystem> file_system() const override;

    [[nodiscard]] const std::string& path() const override { return disk_->path(); }

  private:
    class File;

    template <class Answer>
    [[nodiscard]] Answer noted(Answer answer) const;

    void begin(DiskDeed deed) const {
        watch_->last = deed;
        other_->last = DiskDeed::kNone;
    }

    [[nodiscard]] Result<void> catch_up();

    Disk* disk_;
    DiskWatch* watch_;
    DiskWatch* other_;
    bool renames_late_;
    std::string late_source_;  // Empty: nothing is late.
    std::string late_target_;
};

}  // namespace thalweg::test
