#pragma once

#include "state/base/status.h"
#include "state/store/disk.h"
#include "state/store/file_header.h"
#include "state/store/snapshot_reader.h"

#include <cstdint>
#include <string>
#include <vector>

// What lies in a state directory, found by reading alone: for recovery, which decides on it, and
// for those who want to know. Needs no lock, but tells the truth only while nobody writes.

namespace thalweg {

enum class Verdict : std::uint8_t {
    kIntact,  // Every byte was checked.
    kDamaged,
    kUnsupported,  // A later program wrote it.
    kNotExamined,
};

struct GenerationReport {
    Generation generation = 0;
    Verdict verdict = Verdict::kNotExamined;
    std::string problem;     // What is wrong: the file, the byte, the reason.
    std::uint64_t size = 0;  // Of the file; 0 if it was not examined or cannot be read.
    std::size_t section_count = 0;
};

struct StoreReport {
    FileHeader header;                          // Of the file STORE.
    std::vector<GenerationReport> generations;  // The complete ones, the newest first.
    std::vector<std::string> leftovers;         // Files that were being written.
    Generation number_max = 0;                  // Over all files, whatever they are; I4.
};

enum class Examine : std::uint8_t {
    kNone,    // Names alone.
    kNewest,  // Down to the first that is intact.
    kAll,
};

// Fails where there is no store, or not enough of one to say more; damage of a generation is in the
// report. kIo: the disk did not answer.
[[nodiscard]] Result<StoreReport> inspect_store(const Disk& disk, Examine examine);

// Sorts the files of a directory into a report, without opening any.
[[nodiscard]] StoreReport report_of(const std::vector<std::string>& names);

// Opens a generation, whose file must say that it is this one, and of this store.
[[nodiscard]] Result<SnapshotReader> open_generation(const Disk& disk,
                                                     const StoreId& store_id,
                                                     Generation generation);

}  // namespace thalweg
