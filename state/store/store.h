#pragma once

#include "state/base/status.h"
#include "state/store/disk.h"
#include "state/store/file_header.h"
#include "state/store/file_name.h"
#include "state/store/snapshot_reader.h"
#include "state/store/snapshot_writer.h"
#include "state/store/store_report.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace thalweg {

struct StoreOptions {
    StoreId fresh_id = {};            // Of a store that is made now; from a source of secrets.
    std::string created_by = {};      // The program and its version, for messages.
    std::string owner = {};           // Who holds the lock: "process 4711".
    bool create = true;               // An empty directory becomes a store.
    bool accept_loss = false;         // Go back to an older generation if the newest is damaged.
    bool accept_file_system = false;  // Memory and other machines' disks will do.
};

// A directory with the state of a query: generations of it, each a snapshot, of which the newest is
// the truth.
//
// Commit
//   begin() makes snapshot-N.tmp; its writer is filled; commit() then syncs the file, gives it its
//   name, and syncs the directory. When commit() has returned the generation is durable, and only
//   then may anybody be told about what is in it (acknowledgements, results). retire() deletes what
//   is older than the generation before it, after everybody has been told.
//
// Recovery
//   open() syncs the directory before it believes what it sees: a rename that a killed process left
//   in memory must not be lost after somebody has acted on it. The newest generation is read whole.
//   If it is damaged, something that was acknowledged may be gone, and open() refuses, unless
//   accept_loss. A file that is still being written was never acknowledged, and is of no interest.
//   A fresh store has a generation without sections, so that a STORE without any generation is one
//   that lost its files. A sync that failed in an earlier life may have left names in memory alone,
//   where no later sync finds them: so before anything recovered leaves the process, a generation
//   is committed, and the first commit writes STORE anew as well.
//   A generation whose file is missing altogether leaves no trace here: whoever was told about it
//   knows its number, and must compare (I8).
//
// Invariants (docs/FORMATS.md has the files)
//   I3  Nothing is recovered from before the directory is synced.
//   I4  Generation numbers are never reused: the next is above those of all files there were at
//       open(), and leftovers are deleted only once a higher number has been taken.
//   I5  An error of writing, syncing or renaming is final: every call returns it from then on, and
//       the file is not touched again. The process should end. Only a disk that is full may be
//       tried again, with a new generation.
//   I6  A generation is deleted when two newer ones are there, the last of them durable.
//
// Threads   One at a time; readers of a generation are free of it.
// Failure   Results. open() says what was found, on which file, and what to do about it.
class Store {
  public:
    [[nodiscard]] static Result<Store> open(Disk& disk, const StoreOptions& options);

    // Of the file STORE.
    [[nodiscard]] const FileHeader& header() const noexcept { return found_.header; }

    // Where it lies, and who writes it: for others who keep files there.
    [[nodiscard]] Disk& disk() const noexcept { return *disk_; }

    [[nodiscard]] const std::string& created_by() const noexcept { return created_by_; }

    // What open() found.
    [[nodiscard]] const StoreReport& found() const noexcept { return found_; }

    // The newest durable generation, and the first one that was recovered from.
    [[nodiscard]] Generation current() const noexcept { return current_; }

    [[nodiscard]] Result<SnapshotReader> read_current() const;

    // Starts the next generation. The writer is good until commit() or abandon().
    [[nodiscard]] Result<SnapshotWriter*> begin();

    // The generation that was begun.
    [[nodiscard]] Generation pending() const noexcept { return pending_->generation; }

    // Makes it durable and current. kFull: the old one still is, and another may be begun.
    [[nodiscard]] Result<Generation> commit();

    // Gives it up. Its bytes are freed by the next begin().
    void abandon();

    // Deletes the generations before the one before the current.
    [[nodiscard]] Result<void> retire();

  private:
    struct Pending {
        Pending(std::unique_ptr<DiskFile> target, const FileHeader& header)
            : generation(header.generation), file(std::move(target)), writer(*file, header) {}

        Generation generation;
        std::unique_ptr<DiskFile> file;
        SnapshotWriter writer;
    };

    Store(Disk& disk, std::unique_ptr<DiskLock> lock, std::string created_by)
        : disk_(&disk), lock_(std::move(lock)), created_by_(std::move(created_by)) {}

    [[nodiscard]] Result<void> create(const StoreOptions& options,
                                      const std::vector<std::string>& names);

    [[nodiscard]] Result<void> recover(const StoreOptions& options);

    [[nodiscard]] Result<void> write_store_file();

    // Those that there are, in whatever version, or those of a new store.
    [[nodiscard]] Result<std::vector<std::byte>> store_file_bytes() const;

    [[nodiscard]] Result<void> make_durable();

    [[nodiscard]] Result<void> sweep_leftovers();

    [[nodiscard]] Result<void> status() const;

    // Remembers an error that is final.
    Result<void> note(Result<void> result);

    Disk* disk_;
    std::unique_ptr<DiskLock> lock_;
    std::string created_by_;
    StoreReport found_;
    bool is_store_file_durable_ = false;  // Known to be, since this process wrote it.
    bool is_new_ = false;                 // Being made: STORE comes after the first generation.
    Generation number_max_ = 0;
    Generation current_ = 0;
    Generation previous_ = 0;              // The one to go back to; 0: none.
    std::vector<Generation> generations_;  // Complete files.
    std::vector<std::string> leftovers_;   // Incomplete ones.
    std::unique_ptr<Pending> pending_;
    std::optional<Error> failure_;
};

}  // namespace thalweg
