#pragma once

#include "engine/run/epoch/part_sender.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace thalweg {

// The results of one sink on their way to the coordinator, where they wait until they are durable.
//
// Threads  The merge agent's.
class OutboxSender {
  public:
    OutboxSender(EpochDesk& desk, PartSender& sender, std::string name)
        : desk_(&desk), sender_(&sender), name_(std::move(name)) {}

    // Whether results may be given: those that wait already are bounded. What is in front of a
    // barrier that was asked for always may: only behind it others can go.
    [[nodiscard]] bool is_ready() const noexcept {
        return desk_->outbox_bytes() < EpochDesk::kOutboxBytesMax || desk_->requested() >= epoch_;
    }

    void give(std::string_view bytes) {
        if (bytes.empty()) return;
        if (part_ == nullptr) {
            part_ = std::make_unique<EpochPart>();
            part_->epoch = epoch_;
            part_->label = {std::string(kOutboxKind), name_, 1, 0, true};
        }
        const auto* const first = reinterpret_cast<const std::byte*>(bytes.data());
        part_->bytes.insert(part_->bytes.end(), first, first + bytes.size());
        desk_->add_outbox(bytes.size());
        if (part_->bytes.size() >= kPartBytes) sender_->send(std::move(part_));
    }

    // A barrier: what was given belongs to the epoch that ends here.
    void seal() {
        if (part_ != nullptr) sender_->send(std::move(part_));
        ++epoch_;
    }

  private:
    EpochDesk* desk_;
    PartSender* sender_;
    std::string name_;
    std::uint64_t epoch_ = 1;  // Of what is given now.
    EpochPartPtr part_;
};

}  // namespace thalweg
