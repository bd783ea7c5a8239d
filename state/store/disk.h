#pragma once

#include "state/base/status.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

// One directory of a file system, as far as the store needs it: the seam between what must be right
// when the power fails and the machine that fails. RealDisk is Linux; the tests bring a simulated
// one (tests/store/sim_disk.h) that loses, tears and refuses.
//
// Durability, which is all that may be relied on
//   Bytes are durable once a sync() after their write has returned without an error. Names (files
//   created, renamed, unlinked) are durable once a sync_directory() after them has; until then any
//   number of the last ones may be undone by a power cut. A process that is killed loses neither.
//
// Threads
//   Disk: any thread, also several at once. DiskFile, writes and syncs: one thread at a time;
//   read() and size(): any, also several at once on the same file.
//
// Failure
//   Errors are values, and name the operation, the file and what the system said. kFull: there is
//   no room, which may pass. kIo: everything else. After a sync that failed nobody knows what is on
//   the disk, and a second one may succeed without having written anything: the file must not be
//   used again. Full, short writes and short reads are normal; write_fully() and read_fully()
//   finish them.

namespace thalweg {

// An open file; closed when it goes.
class DiskFile {
  public:
    DiskFile() = default;
    DiskFile(const DiskFile&) = delete;
    DiskFile& operator=(const DiskFile&) = delete;
    virtual ~DiskFile() = default;

    // Returns how many bytes were written, at least one, perhaps not all.
    [[nodiscard]] virtual Result<std::size_t> write(std::uint64_t offset,
                                                    std::span<const std::byte> bytes) = 0;

    // Returns how many bytes were read; none at the end of the file.
    [[nodiscard]] virtual Result<std::size_t> read(std::uint64_t offset,
                                                   std::span<std::byte> target) const = 0;

    [[nodiscard]] virtual Result<std::uint64_t> size() const = 0;

    // Cuts the file, which has at least `size` bytes; durable like a write.
    [[nodiscard]] virtual Result<void> truncate(std::uint64_t size) = 0;

    [[nodiscard]] virtual Result<void> sync() = 0;

    // The file as messages name it, directory included.
    [[nodiscard]] virtual const std::string& path() const = 0;
};

// The right to be the only process that uses a directory; given back when it goes, and by the
// system when the process dies.
class DiskLock {
  public:
    DiskLock() = default;
    DiskLock(const DiskLock&) = delete;
    DiskLock& operator=(const DiskLock&) = delete;
    virtual ~DiskLock() = default;
};

struct FileSystem {
    std::string name;            // As people call it: "ext4", "tmpfs".
    bool survives_power = true;  // Not memory.
    bool is_local = true;        // Not somebody else's machine, whose locks and syncs may be lies.
};

class Disk {
  public:
    Disk() = default;
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;
    virtual ~Disk() = default;

    // Makes an empty file that was not there, for reading and writing.
    [[nodiscard]] virtual Result<std::unique_ptr<DiskFile>> create(std::string_view name) = 0;

    // For reading.
    [[nodiscard]] virtual Result<std::unique_ptr<DiskFile>> open(std::string_view name) const = 0;

    // One that is there, for reading and writing.
    [[nodiscard]] virtual Result<std::unique_ptr<DiskFile>> open_to_write(
        std::string_view name) = 0;

    // `target` is replaced if it is there.
    [[nodiscard]] virtual Result<void> rename(std::string_view source, std::string_view target) = 0;

    [[nodiscard]] virtual Result<void> unlink(std::string_view name) = 0;

    [[nodiscard]] virtual Result<void> sync_directory() = 0;

    // All names but . and .., sorted.
    [[nodiscard]] virtual Result<std::vector<std::string>> list() const = 0;

    // Locks the file `name`, made if it is not there, and writes `owner` into it for those who come
    // too late: their error shows it.
    [[nodiscard]] virtual Result<std::unique_ptr<DiskLock>> lock(std::string_view name,
                                                                 std::string_view owner) = 0;

    [[nodiscard]] virtual Result<FileSystem> file_system() const = 0;

    // The directory, as messages name it.
    [[nodiscard]] virtual const std::string& path() const = 0;
};

[[nodiscard]] Result<void> write_fully(DiskFile& file,
                                       std::uint64_t offset,
                                       std::span<const std::byte> bytes);

// Reads until `target` is full or the file ends; returns how many bytes there were.
[[nodiscard]] Result<std::size_t> read_fully(const DiskFile& file,
                                             std::uint64_t offset,
                                             std::span<std::byte> target);

}  // namespace thalweg
