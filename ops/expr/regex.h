#pragma once

#include "state/base/status.h"
#include "state/text/utf8.h"

#include <re2/re2.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

// Regular expressions in Java's spelling on RE2, which finds a match in linear time: each of them,
// so that all matches of a text may take the square of its length.
//
// What RE2 cannot do (look-around, back references, possessive quantifiers) is an error, and so is
// what it would silently read in another way: intersections and unions inside [], the flags x, d, u
// and U. Translated: \p{Alpha} and its kin, \s (which has the vertical tab in Java), \uXXXX,
// (?<name>...). Two differences remain: '.' excludes the line feed only, and '$' is the very end,
// not the place before a last line feed too.
[[nodiscard]] Result<std::shared_ptr<const RE2>> make_regex(std::string_view pattern);

// A pattern of SIMILAR TO, which must match the whole text: '%', '_', [...], and | * + ? {} () as
// in regular expressions; all other characters, '.' too, stand for themselves.
[[nodiscard]] Result<std::shared_ptr<const RE2>> make_similar(std::string_view pattern,
                                                              std::string_view escape);

// Calls visit() for each match, its groups in `groups` (at least one; no more than the regex has,
// and the whole). Matches are found as Java finds them: from the end of the last one, also empty
// ones.
template <class Visit>
void for_each_match(std::string_view text,
                    const RE2& regex,
                    std::span<re2::StringPiece> groups,
                    Visit visit) {
    const re2::StringPiece piece(text.data(), text.size());
    const int group_count = static_cast<int>(groups.size());
    std::size_t from = 0;
    while (from <= text.size() &&
           regex.Match(piece, from, text.size(), RE2::UNANCHORED, groups.data(), group_count)) {
        visit();
        from = static_cast<std::size_t>(groups[0].data() - text.data()) + groups[0].size();
        // An empty match is found once: the next one begins a character later.
        if (groups[0].empty())
            from += from < text.size() ? utf8_decode(text.substr(from)).bytes : 1;
    }
}

// What replaces a match, in Java's spelling: $1, ${name}, and a backslash that takes the next
// character as it is.
class Replacement {
  public:
    [[nodiscard]] static Result<Replacement> make(std::string_view text, const RE2& regex);

    // Appends `text` with every match of the regex replaced.
    void replace_all(std::string& out, std::string_view text, const RE2& regex) const;

  private:
    // Text, and then a group, or no group.
    struct Piece {
        std::string text;
        int group = -1;
    };

    std::vector<Piece> pieces_;
};

}  // namespace thalweg
