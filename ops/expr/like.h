#pragma once

#include "state/base/status.h"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

// A pattern of LIKE: '%' stands for any text, '_' for one character (code point). There is no
// escape character unless one is given; it may stand before '%', '_' and itself.
//
// Shape
//   The pattern is a list of segments with a '%' between each two. The first is anchored to the
//   start and the last to the end; those between are searched from left to right, each at its first
//   place, which is always enough. Patterns that are one text with '%' at one end, both or neither
//   are compared as such.
// Immutable; any thread.
class LikePattern {
  public:
    [[nodiscard]] static Result<std::shared_ptr<const LikePattern>> make(std::string_view pattern,
                                                                         std::string_view escape);

    [[nodiscard]] bool matches(std::string_view text) const noexcept {
        switch (shape_) {
            case Shape::kExact: return text == word_;
            case Shape::kPrefix: return text.starts_with(word_);
            case Shape::kSuffix: return text.ends_with(word_);
            case Shape::kContains: return text.find(word_) != std::string_view::npos;
            case Shape::kSegments: break;
        }
        return matches_segments(text);
    }

  private:
    enum class Shape { kExact, kPrefix, kSuffix, kContains, kSegments };

    // `skip` characters of any kind, then `text`.
    struct Piece {
        std::size_t skip = 0;
        std::string text;
    };

    struct Segment {
        std::vector<Piece> pieces;
        std::size_t character_count = 0;

        [[nodiscard]] bool is_plain() const noexcept;
    };

    [[nodiscard]] bool matches_segments(std::string_view text) const noexcept;
    [[nodiscard]] static std::size_t end_of(const Segment& segment,
                                            std::string_view text,
                                            std::size_t from) noexcept;
    [[nodiscard]] static std::size_t find(const Segment& segment,
                                          std::string_view text,
                                          std::size_t from) noexcept;
    void choose_shape();

    Shape shape_ = Shape::kSegments;
    std::string word_;
    std::vector<Segment> segments_;
};

}  // namespace thalweg
