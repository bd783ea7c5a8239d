#pragma once

#include "engine/sink/outbox.h"
#include "state/store/disk.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace thalweg {

// One file that grows by epochs. Its position is its length: an epoch is written behind it, and
// again at the same place after a crash.
//
// What lies behind the position is therefore what is published there, of this epoch and perhaps of
// later ones, up to any byte; or the file is not as we left it, and nothing is overwritten. Only
// zeros are taken for ours, too: a power cut may leave holes in what was not durable yet. Bytes
// that are left behind an epoch are for the next one, or close(), to judge.
//
// A fresh start empties the file. Recovery never cuts it.
class FileOutbox final : public OutboxTarget {
  public:
    // The disk outlives the outbox.
    FileOutbox(Disk& disk, std::string name) : disk_(&disk), name_(std::move(name)) {}

    [[nodiscard]] Result<void> recover(std::string_view position) override;
    [[nodiscard]] Result<void> start_fresh() override;
    [[nodiscard]] Result<void> take_over() override;
    [[nodiscard]] std::string position() const override;
    [[nodiscard]] Result<void> publish(std::uint64_t epoch,
                                       std::int64_t now_ns,
                                       const OutboxBytes& bytes) override;
    [[nodiscard]] Result<void> close() override;

  private:
    [[nodiscard]] Result<void> open_or_create();

    Disk* disk_;
    std::string name_;
    std::unique_ptr<DiskFile> file_;
    std::uint64_t length_ = 0;
    bool is_old_ = false;  // It may have what was there before the query.
};

}  // namespace thalweg
