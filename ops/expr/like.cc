#include "ops/expr/like.h"

#include "state/text/utf8.h"

namespace thalweg {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

}  // namespace

bool LikePattern::Segment::is_plain() const noexcept {
    return pieces.size() == 1 && pieces[0].skip == 0;
}

Result<std::shared_ptr<const LikePattern>> LikePattern::make(std::string_view pattern,
                                                             std::string_view escape) {
    if (!escape.empty() && utf8_length(escape) != 1) {
        return fail(Code::kInvalid,
                    "LIKE takes one character after ESCAPE, not '" + std::string(escape) + "'");
    }
    auto like = std::make_shared<LikePattern>();
    like->segments_.push_back({{Piece{}}, 0});
    for (std::size_t at = 0; at < pattern.size();) {
        Segment& segment = like->segments_.back();
        std::size_t bytes = utf8_decode(pattern.substr(at)).bytes;
        std::string_view character = pattern.substr(at, bytes);
        at += bytes;
        if (!escape.empty() && character == escape) {
            if (at < pattern.size()) bytes = utf8_decode(pattern.substr(at)).bytes;
            character = pattern.substr(at, bytes);
            if (character != "%" && character != "_" && character != escape) {
                return fail(Code::kInvalid,
                            "in the LIKE pattern '" + std::string(pattern) +
                                "' the escape character '" + std::string(escape) +
                                "' must stand before '%', '_' or itself");
            }
            at += bytes;
        } else if (character == "%") {
            like->segments_.push_back({{Piece{}}, 0});
            continue;
        } else if (character == "_") {
            if (!segment.pieces.back().text.empty()) segment.pieces.push_back({});
            ++segment.pieces.back().skip;
            ++segment.character_count;
            continue;
        }
        segment.pieces.back().text += character;
        ++segment.character_count;
    }
    like->choose_shape();
    return std::shared_ptr<const LikePattern>(std::move(like));
}

void LikePattern::choose_shape() {
    const auto is_empty = [](const Segment& segment) { return segment.character_count == 0; };
    if (segments_.size() > 3) return;
    for (const Segment& segment : segments_)
        if (!segment.is_plain()) return;
    const auto take = [&](Shape shape, std::size_t index) {
        shape_ = shape;
        word_ = segments_[index].pieces[0].text;
    };
    if (segments_.size() == 1) {
        take(Shape::kExact, 0);
    } else if (segments_.size() == 2 && is_empty(segments_[1])) {
        take(Shape::kPrefix, 0);
    } else if (segments_.size() == 2 && is_empty(segments_[0])) {
        take(Shape::kSuffix, 1);
    } else if (segments_.size() == 3 && is_empty(segments_[0]) && is_empty(segments_[2])) {
        take(Shape::kContains, 1);
    }
}

// Where the segment ends when it begins at `from`, or kNone.
std::size_t LikePattern::end_of(const Segment& segment,
                                std::string_view text,
                                std::size_t from) noexcept {
    for (const Piece& piece : segment.pieces) {
        for (std::size_t i = 0; i < piece.skip; ++i) {
            if (from == text.size()) return kNone;
            from += utf8_decode(text.substr(from)).bytes;
        }
        if (!text.substr(from).starts_with(piece.text)) return kNone;
        from += piece.text.size();
    }
    return from;
}

// Where the segment ends at its first place from `from` on, or kNone.
std::size_t LikePattern::find(const Segment& segment,
                              std::string_view text,
                              std::size_t from) noexcept {
    if (segment.is_plain()) {
        const std::size_t at = text.find(segment.pieces[0].text, from);
        return at == kNone ? kNone : at + segment.pieces[0].text.size();
    }
    while (true) {
        const std::size_t end = end_of(segment, text, from);
        if (end != kNone || from == text.size()) return end;
        from += utf8_decode(text.substr(from)).bytes;
    }
}

bool LikePattern::matches_segments(std::string_view text) const noexcept {
    std::size_t at = end_of(segments_.front(), text, 0);
    if (at == kNone) return false;
    if (segments_.size() == 1) return at == text.size();
    for (std::size_t i = 1; i + 1 < segments_.size(); ++i) {
        at = find(segments_[i], text, at);
        if (at == kNone) return false;
    }
    const Segment& last = segments_.back();
    const std::string_view rest = text.substr(at);
    if (last.is_plain()) return rest.ends_with(last.pieces[0].text);
    const std::size_t length = utf8_length(rest);
    if (length < last.character_count) return false;
    const std::size_t begin = utf8_offset(rest, length - last.character_count);
    return end_of(last, rest, begin) == rest.size();
}

}  // namespace thalweg
