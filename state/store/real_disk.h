#pragma once

#include "state/store/disk.h"

#include <memory>
#include <string>

// A directory of Linux.
//
// The directory is opened once; all files are reached from there (openat), so that neither a
// renamed parent nor a changed working directory moves the store. Files are never followed through
// a symbolic link, are not inherited by children, and belong to their owner alone (0600, a new
// directory 0700). The lock is one of the open file description (F_OFD_SETLK): closing another file
// of the same name does not lose it, and it ends with the process.

namespace thalweg {

// Opens the directory `path`; one that is missing is made if `create` says so, durably, in a parent
// that must exist.
[[nodiscard]] Result<std::unique_ptr<Disk>> open_real_disk(const std::string& path, bool create);

// The same for files that are there to be read by others, the results of a query: with the modes
// that the umask leaves (0666, 0777), through links; and the parents of the directory are made,
// too.
[[nodiscard]] Result<std::unique_ptr<Disk>> open_shared_disk(const std::string& path, bool create);

}  // namespace thalweg
