#pragma once

#include "state/base/random.h"
#include "state/store/disk.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg::test {

// Thrown from any call of a SimDisk: the process has died there. The disk lives on.
struct SimCrash {};

// What a SimDisk may do; all of it drawn from its seed.
struct SimFaults {
    double short_write = 0;  // A write takes only a part.
    double short_read = 0;
    double sync_error = 0;       // A sync fails, and drops what it had.
    double directory_error = 0;  // The same for a sync of the directory.
    std::uint64_t bytes_max = std::numeric_limits<std::uint64_t>::max();  // Then ENOSPC.
};

// A disk that does to a program what disks do, and a power switch.
//
// Shape
//   A file has two images: the cache, which reads show, and the platter, which is what there is
//   after a power cut; between them lie the writes since the last sync. So has the directory, with
//   operations in the place of writes.
//
//     write()             to the cache, and to the pending writes
//     sync()              pending writes to the platter; or it fails, drops them, and the cache
//     still
//                         shows them, so that nothing looks wrong until the power is cut
//     sync_directory()    the same with names
//     kill()              the process is gone: handles and locks with it; the cache stays
//     cut_power()         of each file's pending writes any subset reaches the platter, each
//     perhaps
//                         torn at any byte; of the directory's operations any number of the first
//
//   Where a file has bytes that no write has brought to the platter, old bytes of files deleted
//   long ago may show through: what a recycled block holds.
//
// Crashes   crash_at(n) throws SimCrash from the n-th call from now on, before it does anything.
//           fail_at(n) makes that one return EIO; a sync drops what it had.
// Misuse    A file whose sync has failed must not be written or synced again: counted.
// Threads   One.
class SimDisk final : public Disk {
  public:
    explicit SimDisk(std::uint64_t seed) : random_(seed) {}

    Result<std::unique_ptr<DiskFile>> create(std::string_view name) override;
    Result<std::unique_ptr<DiskFile>> open(std::string_view name) const override;
    Result<std::unique_ptr<DiskFile>> open_to_write(std::string_view name) override;
    Result<void> rename(std::string_view source, std::string_view target) override;
    Result<void> unlink(std::string_view name) override;
    Result<void> sync_directory() override;
    Result<std::vector<std::string>> list() const override;
    Result<std::unique_ptr<DiskLock>> lock(std::string_view name, std::string_view owner) override;

    Result<FileSystem> file_system() const override { return file_system_; }

    [[nodiscard]] const std::string& path() const override { return path_; }

    // --- The world's side ---

    SimFaults faults;

    void crash_at(std::uint64_t call) { crash_at_ = calls_ + call; }

    void fail_at(std::uint64_t call) { fail_at_ = calls_ + call; }

    // No crash, no error, and room: what a disk is like after somebody has repaired it.
    void heal();

    void kill();

    void cut_power();

    void set_file_system(FileSystem value) { file_system_ = std::move(value); }

    // What a reader sees; files are changed behind everybody's back, on both images.
    [[nodiscard]] std::vector<std::byte> content(std::string_view name) const;
    void replace(std::string_view name, std::vector<std::byte> content);
    void remove(std::string_view name);
    void flip_bit(std::string_view name, std::uint64_t bit);

    [[nodiscard]] std::vector<std::string> names() const;

    [[nodiscard]] std::uint64_t calls() const noexcept { return calls_; }

    // What the calls would have taken: a disk where a sync costs 4 ms.
    [[nodiscard]] std::uint64_t elapsed_ns() const noexcept { return elapsed_ns_; }

    [[nodiscard]] std::uint64_t uses_after_failed_sync() const noexcept { return misuses_; }

  private:
    class File;
    class Lock;

    using Bytes = std::vector<std::byte>;

    struct Write {
        std::uint64_t offset;
        Bytes bytes;
        bool is_cut = false;  // The file ends at `offset`.
    };

    struct Inode {
        Bytes cache;
        Bytes platter;
        std::vector<Write> pending;
        bool sync_failed = false;
    };

    using InodePointer = std::shared_ptr<Inode>;
    using Names = std::map<std::string, InodePointer, std::less<>>;

    // A name begins or ceases to mean an inode; a rename is both at once.
    struct DirectoryStep {
        std::string removed;
        std::string added;
        InodePointer inode;
    };

    // Every call begins here: time, crash, error.
    [[nodiscard]] Result<void> tick(std::string_view operation,
                                    std::string_view name,
                                    std::uint64_t cost_ns) const;

    [[nodiscard]] tl::unexpected<Error> error(Code code,
                                              std::string_view operation,
                                              std::string_view name,
                                              std::string_view what) const;

    static void apply(const DirectoryStep& step, Names& names);
    static void apply(const Write& write, Bytes& image);
    static void write_into(Bytes& image, std::uint64_t offset, std::span<const std::byte> bytes);

    void change(DirectoryStep step);
    void settle(Inode& inode);
    void bury(const InodePointer& inode);
    [[nodiscard]] std::uint64_t used_bytes() const;
    [[nodiscard]] bool chance(double probability) const;

    mutable Random random_;
    std::string path_ = "sim";
    FileSystem file_system_{"sim", true, true};
    Names cache_;
    Names platter_;
    std::vector<DirectoryStep> pending_;
    std::deque<Bytes> graveyard_;
    std::optional<std::string> owner_;  // Of the lock.
    std::uint64_t life_ = 0;            // Handles of earlier lives are dead.
    mutable std::uint64_t calls_ = 0;
    mutable std::uint64_t elapsed_ns_ = 0;
    mutable std::uint64_t crash_at_ = std::numeric_limits<std::uint64_t>::max();
    mutable std::uint64_t fail_at_ = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t misuses_ = 0;
};

}  // namespace thalweg::test
