#pragma once

#include "state/base/status.h"
#include "state/store/disk.h"
#include "state/store/file_header.h"
#include "state/store/journal_segment.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

// A section of a snapshot that was copied without its journals: numbers up to the one in it (u64)
// are of journals that do not belong to it.
inline constexpr std::string_view kCopiedKind = "copied";

// A segment as it was found in a directory.
struct FoundSegment {
    Generation number = 0;
    SegmentOwner owner;
    std::uint64_t size = 0;
    std::string problem;             // Not empty: it is damaged, and whose it is cannot be said.
    bool is_empty = false;           // It has one group, without entries.
    bool was_never_durable = false;  // Not even its first group.
};

// The journal segments of a state directory, of all sources: journal-N, N in twenty digits.
//
// Numbers   One row for all; a number is used once (I4). take_number() and number_max() may be
//           called by any thread.
// Chains    The segments of one instance of a source, in the order of their numbers. Within a life
//           of the process each names the one before it and how many groups it has, so that one
//           that is missing, or short, is noticed. The first of a life names none: what of the
//           life before it was not durable may have gone.
// Threads   create(): the thread that writes the segment. remove_through(): one. All else: one,
//           before any agent runs.
// Failure   Results. An error of the disk is final; only kFull may pass.
class JournalFiles {
  public:
    // Looks at all segments there are. Borrows the disk. `store` says which store, and who writes.
    [[nodiscard]] static Result<std::unique_ptr<JournalFiles>> open(Disk& disk,
                                                                    const FileHeader& store);

    [[nodiscard]] const std::vector<FoundSegment>& found() const noexcept { return found_; }

    [[nodiscard]] Generation take_number() noexcept {
        return number_max_.fetch_add(1, std::memory_order_relaxed) + 1;  // Relaxed: a count.
    }

    // Of those taken and those found.
    [[nodiscard]] Generation number_max() const noexcept {
        return number_max_.load(std::memory_order_relaxed);  // Relaxed: a count.
    }

    // Numbers up to this one have been used, whatever became of their files.
    void reserve(Generation number) noexcept;

    // The state was copied here without its journals: of segments up to `number` none is its own,
    // and none needs to be there.
    void forget_through(Generation number);

    // How many instances of the source have left segments: one above the greatest.
    [[nodiscard]] std::uint32_t instance_count(std::string_view source) const;

    // What an instance has to read again: its segments from `first` on, which must be there; or
    // those above `floor`, where nothing is known of it. In order.
    [[nodiscard]] Result<std::vector<Generation>> chain_from(std::string_view source,
                                                             std::uint32_t instance,
                                                             Generation first) const;
    [[nodiscard]] Result<std::vector<Generation>> chain_above(std::string_view source,
                                                              std::uint32_t instance,
                                                              Generation floor) const;

    [[nodiscard]] Result<SegmentReader> read(Generation number) const;

    // A new file; its name is durable after sync_names().
    [[nodiscard]] Result<std::unique_ptr<SegmentWriter>> create(Generation number,
                                                                const SegmentOwner& owner);

    [[nodiscard]] Result<void> sync_names() { return disk_->sync_directory(); }

    // Deletes the segments up to this number.
    [[nodiscard]] Result<void> remove_through(Generation number);

  private:
    JournalFiles(Disk& disk, FileHeader store) : disk_(&disk), store_(std::move(store)) {}

    [[nodiscard]] Result<std::vector<Generation>> chain(std::string_view source,
                                                        std::uint32_t instance,
                                                        Generation from) const;

    Disk* disk_;
    FileHeader store_;
    std::vector<FoundSegment> found_;  // By number.
    bool is_copy_ = false;
    std::atomic<Generation> number_max_{0};
};

// The segments of a directory by number, each looked at; `store_id` is the store's.
[[nodiscard]] Result<std::vector<FoundSegment>> find_segments(const Disk& disk,
                                                              const StoreId& store_id);

}  // namespace thalweg
