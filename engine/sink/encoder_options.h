#pragma once

#include "engine/sink/encoder.h"

#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace thalweg {

// The options of a sink's format: those of the WITH clause that begin with its name and a point.
class EncoderOptions {
  public:
    // Fails for an option of the format that is not in `known`, with the near miss.
    [[nodiscard]] static Result<EncoderOptions> check(const SinkSpec& spec,
                                                      std::span<const std::string_view> known);

    [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }

    [[nodiscard]] std::string text(std::string_view name, std::string_view otherwise) const;
    [[nodiscard]] Result<bool> boolean(std::string_view name, bool otherwise) const;
    [[nodiscard]] Result<char> character(std::string_view name, char otherwise) const;
    [[nodiscard]] Result<std::string_view> choice(std::string_view name,
                                                  std::span<const std::string_view> allowed) const;

  private:
    explicit EncoderOptions(const SinkSpec& spec) : spec_(&spec) {}

    [[nodiscard]] const std::string* find(std::string_view name) const;
    [[nodiscard]] tl::unexpected<Error> bad(std::string_view name, std::string_view expected) const;

    const SinkSpec* spec_;  // Outlives the options.
};

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
