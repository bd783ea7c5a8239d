#pragma once

#include "state/base/time.h"
#include "state/batch.h"

#include <cstdint>
#include <type_traits>

namespace thalweg {

enum class ItemKind : std::uint8_t { kData, kWatermark, kIdle, kBarrier, kEnd };

// What travels between agents, in rings and in the mailbox of the merge agent: a batch on loan, or
// a word about time, or a barrier between two epochs. It names the channel it comes through.
//
// kData owns its batch until it is processed and sent home to `producer`; its watermark is the step
// it was emitted in (StageOutput::emit).
struct EdgeItem {
    Batch* batch = nullptr;
    Watermark watermark;
    std::uint32_t channel = 0;   // Of the target's port.
    std::uint16_t producer = 0;  // Index of the agent.
    std::uint8_t port = 0;       // Of the target stage.
    ItemKind kind = ItemKind::kData;
};

static_assert(std::is_trivially_copyable_v<EdgeItem>);
static_assert(sizeof(EdgeItem) == 24);

}  // namespace thalweg
