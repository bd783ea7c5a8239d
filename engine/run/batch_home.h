#pragma once

#include "engine/run/mailbox.h"
#include "state/batch.h"
#include "state/schema.h"

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace thalweg {

// Where the batches of one agent live when they are not travelling: a pool for each schema it
// sends, and the mailbox by which they come back, so that in the steady state nothing is allocated.
//
// Threads  send() any; all else the agent's.
// Failure  A batch that finds the mailbox full is freed: coming home is a matter of speed.
class BatchHome {
  public:
    explicit BatchHome(std::size_t mailbox_capacity) : returning_(mailbox_capacity) {}

    // The pool of a schema, made when asked for first; keeps up to `free_max` more batches. The
    // reference stays good.
    [[nodiscard]] BatchPool& pool(const SchemaPtr& schema, std::size_t free_max) {
        for (const std::unique_ptr<BatchPool>& pool : pools_) {
            if (pool->schema() == schema) return *pool;
        }
        pools_.push_back(std::make_unique<BatchPool>(schema, free_max));
        return *pools_.back();
    }

    void send(std::unique_ptr<Batch> batch) {
        if (!returning_.try_push(std::move(batch))) batch.reset();
    }

    // Takes back what has come; returns how many.
    std::size_t collect() {
        return returning_.drain(returning_.capacity(), [this](std::unique_ptr<Batch>&& batch) {
            for (const std::unique_ptr<BatchPool>& pool : pools_) {
                if (pool->schema() != batch->schema()) continue;
                pool->give_back(std::move(batch));
                return;
            }
        });
    }

  private:
    Mailbox<std::unique_ptr<Batch>> returning_;
    std::vector<std::unique_ptr<BatchPool>> pools_;
};

}  // namespace thalweg
