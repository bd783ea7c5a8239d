#pragma once

#include "engine/sink/encoder.h"

#include <cstdint>
#include <cstring>
#include <string>

namespace thalweg {

// The framing of a record whose size is known only once it is written: begin() before it, end()
// behind it.
class FrameWriter {
  public:
    explicit FrameWriter(RecordFraming framing) : framing_(framing) {}

    void begin(std::string& out) {
        if (framing_ == RecordFraming::kLengthPrefixed) out.append(sizeof(std::uint32_t), '\0');
        first_ = out.size();
    }

    void end(std::string& out) const {
        if (framing_ == RecordFraming::kNewline) out += '\n';
        if (framing_ != RecordFraming::kLengthPrefixed) return;
        const auto length = static_cast<std::uint32_t>(out.size() - first_);
        std::memcpy(out.data() + first_ - sizeof length, &length, sizeof length);
    }

    // Takes the unfinished record back.
    void undo(std::string& out) const {
        const bool has_prefix = framing_ == RecordFraming::kLengthPrefixed;
        out.resize(first_ - (has_prefix ? sizeof(std::uint32_t) : 0));
    }

  private:
    RecordFraming framing_;
    std::size_t first_ = 0;
};

}  // namespace thalweg
