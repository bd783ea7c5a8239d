#pragma once

#include "engine/sink/outbox.h"
#include "engine/sink/part_name.h"
#include "state/store/disk.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace thalweg {

// A directory of parts: .part-00000007.inprogress grows by epochs and is renamed to part-00000007
// when it is complete. Its position is the number of the part, its length, and when it began.
//
// The rolling policy is looked at after each epoch: none is divided among two parts.
//
// Readers of names without a dot see complete parts appear, one after the other, and nothing else.
// So a part in progress may be cut to the position in recovery, whatever lies behind; and a part
// that is complete although the position is not behind it was completed by epochs that are
// published again: it must have just their bytes, and stays as it is for readers; a copy takes its
// place, since its name may be on no disk.
//
// Numbers of a fresh start go on behind the largest in the directory.
class PartOutbox final : public OutboxTarget {
  public:
    // The disk outlives the outbox.
    PartOutbox(Disk& disk, RollingPolicy rolling) : disk_(&disk), rolling_(rolling) {}

    [[nodiscard]] Result<void> recover(std::string_view position) override;
    [[nodiscard]] Result<void> start_fresh() override;

    [[nodiscard]] Result<void> take_over() override { return {}; }

    [[nodiscard]] std::string position() const override;
    [[nodiscard]] Result<void> publish(std::uint64_t epoch,
                                       std::int64_t now_ns,
                                       const OutboxBytes& bytes) override;
    [[nodiscard]] Result<void> close() override;

  private:
    [[nodiscard]] Result<void> remove_stale();
    [[nodiscard]] Result<void> begin_part(std::int64_t now_ns);
    [[nodiscard]] Result<void> finish_part();
    [[nodiscard]] Result<void> compare(const OutboxBytes& bytes);
    [[nodiscard]] Result<void> renew_name();
    [[nodiscard]] tl::unexpected<Error> foreign_part(std::uint64_t differs_at) const;
    void next_part();

    Disk* disk_;
    RollingPolicy rolling_;
    std::uint64_t part_ = 0;
    std::uint64_t length_ = 0;   // 0: the part has not begun.
    std::int64_t began_ns_ = 0;  // When its first epoch was published.
    std::unique_ptr<DiskFile> file_;
    std::unique_ptr<DiskFile> complete_;  // The part, if it was found complete.
    bool has_new_name_ = false;           // That no sync of the directory has seen.
};

}  // namespace thalweg
