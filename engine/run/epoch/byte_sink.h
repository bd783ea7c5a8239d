#pragma once

#include "state/store/state_writer.h"

#include <cstddef>
#include <span>
#include <vector>

namespace thalweg {

// Memory that a StateWriter writes into; it takes everything.
class ByteSink final : public StateSink {
  public:
    explicit ByteSink(std::vector<std::byte>& bytes) : bytes_(bytes) {}

    [[nodiscard]] Result<void> append(std::span<const std::byte> bytes) override {
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
        return {};
    }

  private:
    std::vector<std::byte>& bytes_;
};

}  // namespace thalweg
