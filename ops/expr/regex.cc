#include "ops/expr/regex.h"

#include "ops/expr/text_loops.h"
#include "state/text/utf8.h"

#include <array>
#include <cstddef>
#include <utility>

namespace thalweg {
namespace {

using std::string_view_literals::operator""sv;

// Far above what people write, far below what a hostile pattern could ask for.
constexpr std::int64_t kRegexBytesMax = 16 << 20;

constexpr std::array kClasses = {
    std::pair{"Alpha"sv, "[:alpha:]"sv},
    std::pair{"Digit"sv, "[:digit:]"sv},
    std::pair{"Alnum"sv, "[:alnum:]"sv},
    std::pair{"Upper"sv, "[:upper:]"sv},
    std::pair{"Lower"sv, "[:lower:]"sv},
    std::pair{"Punct"sv, "[:punct:]"sv},
    std::pair{"Graph"sv, "[:graph:]"sv},
    std::pair{"Print"sv, "[:print:]"sv},
    std::pair{"Blank"sv, "[:blank:]"sv},
    std::pair{"Cntrl"sv, "[:cntrl:]"sv},
    std::pair{"XDigit"sv, "[:xdigit:]"sv},
    std::pair{"Space"sv, "\\t-\\r "sv},
    std::pair{"ASCII"sv, "[:ascii:]"sv},
};

tl::unexpected<Error> bad_regex(std::string_view pattern, std::string_view why) {
    return fail(Code::kInvalid,
                "the regular expression '" + std::string(pattern) +
                    "' cannot be used: " + std::string(why));
}

Result<std::shared_ptr<const RE2>> compile(std::string_view pattern,
                                           const std::string& translated) {
    RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(kRegexBytesMax);
    auto regex = std::make_shared<const RE2>(translated, options);
    if (!regex->ok()) return bad_regex(pattern, regex->error());
    return std::shared_ptr<const RE2>(std::move(regex));
}

// Rewrites a pattern from Java's spelling to RE2's, one construct at a time.
class Translator {
  public:
    explicit Translator(std::string_view pattern) : pattern_(pattern) {}

    Result<std::string> run() {
        while (at_ < pattern_.size() && why_.empty()) {
            if (pattern_[at_] == '\\') {
                escape();
            } else if (class_depth_ > 0) {
                in_class();
            } else {
                outside();
            }
        }
        if (!why_.empty()) return bad_regex(pattern_, why_);
        return std::move(out_);
    }

  private:
    [[nodiscard]] std::string_view rest() const { return pattern_.substr(at_); }

    void copy(std::size_t count) {
        out_ += rest().substr(0, count);
        at_ += count;
    }

    void outside() {
        if (rest().starts_with('[')) {
            copy(rest().starts_with("[^") ? 2 : 1);
            // A bracket that comes first stands for itself.
            if (rest().starts_with(']')) copy(1);
            class_depth_ = 1;
        } else if (rest().starts_with("(?<") && !rest().starts_with("(?<=") &&
                   !rest().starts_with("(?<!")) {
            out_ += "(?P<";
            at_ += 3;
        } else if (rest().starts_with("(?")) {
            check_flags();
            copy(2);
        } else {
            copy(1);
        }
    }

    void check_flags() {
        for (const char c : rest().substr(2)) {
            if (c == 'x' || c == 'd' || c == 'u' || c == 'U') {
                why_ = std::string("the flag '") + c + "' is not supported";
                return;
            }
            if (c != 'i' && c != 'm' && c != 's' && c != '-') return;
        }
    }

    void in_class() {
        if (rest().starts_with("&&")) {
            why_ = "an intersection (&&) inside [] is not supported";
        } else if (rest().starts_with('[')) {
            why_ = "a [ inside [] is not supported: write \\[ for the character";
        } else {
            if (rest().starts_with(']')) class_depth_ = 0;
            copy(1);
        }
    }

    void escape() {
        const char next = at_ + 1 < pattern_.size() ? pattern_[at_ + 1] : '\0';
        if (next == 'Q') {
            const std::size_t end = rest().find("\\E");
            quote(rest().substr(2, end == std::string_view::npos ? end : end - 2));
            at_ = end == std::string_view::npos ? pattern_.size() : at_ + end + 2;
        } else if (next == 's' || next == 'S') {
            space(next == 'S');
        } else if (next == 'u') {
            out_ += "\\x{" + std::string(rest().substr(2, 4)) + "}";
            at_ = std::min(pattern_.size(), at_ + 6);
        } else if (next == 'e') {
            out_ += "\\x1b";
            at_ += 2;
        } else if (next == 'p' || next == 'P') {
            property();
        } else {
            // Not the whole escape where it is longer, but the part that could be misread here.
            copy(std::min<std::size_t>(2, rest().size()));
        }
    }

    void quote(std::string_view text) { out_ += RE2::QuoteMeta({text.data(), text.size()}); }

    void space(bool negated) {
        at_ += 2;
        if (class_depth_ == 0) {
            out_ += negated ? "[^\\t-\\r ]" : "[\\t-\\r ]";
        } else {
            out_ += negated ? "\\S" : "\\t-\\r ";
        }
    }

    void property() {
        const bool negated = pattern_[at_ + 1] == 'P';
        for (const auto& [name, posix] : kClasses) {
            const std::string spelled = "{" + std::string(name) + "}";
            if (!rest().substr(2).starts_with(spelled)) continue;
            at_ += 2 + spelled.size();
            if (class_depth_ == 0) {
                out_ += (negated ? "[^" : "[") + std::string(posix) + "]";
            } else if (negated) {
                why_ = "\\P" + spelled + " inside [] is not supported";
            } else {
                out_ += posix;
            }
            return;
        }
        copy(2);
        // \p{IsL} and \p{L} are one to Java.
        if (rest().starts_with("{Is")) {
            out_ += '{';
            at_ += 3;
        }
    }

    std::string_view pattern_;
    std::size_t at_ = 0;
    int class_depth_ = 0;
    std::string out_;
    std::string why_;
};

// Appends one character that stands for itself.
void append_quoted(std::string& out, std::string_view character) {
    out += RE2::QuoteMeta({character.data(), character.size()});
}

// The group that "${name}" at the front of `text` means, and how long that is.
Result<std::pair<int, std::size_t>> named_group(std::string_view text, const RE2& regex) {
    const std::size_t end = text.find('}');
    const std::string name(text.substr(2, end == std::string_view::npos ? end : end - 2));
    const auto& groups = regex.NamedCapturingGroups();
    const auto found = groups.find(name);
    if (end == std::string_view::npos || found == groups.end())
        return fail(Code::kInvalid, "the replacement names a group that is not there: ${" + name);
    return std::pair{found->second, end + 1};
}

// The same for "$1" and "$12": as many digits as make a group that exists.
Result<std::pair<int, std::size_t>> numbered_group(std::string_view text, const RE2& regex) {
    const auto digit = [&](std::size_t index) {
        return index < text.size() && text[index] >= '0' && text[index] <= '9' ? text[index] - '0'
                                                                               : -1;
    };
    const int group = digit(1);
    if (group < 0 || group > regex.NumberOfCapturingGroups()) {
        return fail(Code::kInvalid,
                    "the replacement '" + std::string(text) +
                        "' names a group that is not there: write \\$ for the character");
    }
    std::pair<int, std::size_t> result{group, 2};
    while (digit(result.second) >= 0) {
        const int longer = result.first * 10 + digit(result.second);
        if (longer > regex.NumberOfCapturingGroups()) break;
        result = {longer, result.second + 1};
    }
    return result;
}

}  // namespace

Result<std::shared_ptr<const RE2>> make_regex(std::string_view pattern) {
    TRY(const std::string translated, Translator(pattern).run());
    return compile(pattern, translated);
}

Result<std::shared_ptr<const RE2>> make_similar(std::string_view pattern, std::string_view escape) {
    if (!escape.empty() && utf8_length(escape) != 1) {
        return fail(
            Code::kInvalid,
            "SIMILAR TO takes one character after ESCAPE, not '" + std::string(escape) + "'");
    }
    std::string out = "(?s)\\A(?:";
    bool in_class = false;
    for (std::size_t at = 0; at < pattern.size();) {
        const std::size_t bytes = utf8_decode(pattern.substr(at)).bytes;
        const std::string_view character = pattern.substr(at, bytes);
        at += bytes;
        if (!escape.empty() && character == escape) {
            if (at == pattern.size()) return bad_regex(pattern, "nothing follows the escape");
            const std::size_t next = utf8_decode(pattern.substr(at)).bytes;
            append_quoted(out, pattern.substr(at, next));
            at += next;
        } else if (in_class) {
            if (character == "[" && !pattern.substr(at).starts_with(':'))
                return bad_regex(pattern, "a [ inside []");
            if (character == "[") {
                const std::size_t end = pattern.find(":]", at);
                if (end == std::string_view::npos) return bad_regex(pattern, "no :] after [:");
                out += pattern.substr(at - 1, end + 3 - at);
                at = end + 2;
                continue;
            }
            if (character == "]") in_class = false;
            if (character == "\\") out += '\\';
            out += character;
        } else if (character == "[") {
            in_class = true;
            out += character;
        } else if (character == "%") {
            out += ".*";
        } else if (character == "_") {
            out += '.';
        } else if (character.size() == 1 && "|*+?{}(),"sv.find(character) != "|"sv.npos) {
            out += character;
        } else if (character.size() == 1 && character[0] >= '0' && character[0] <= '9') {
            out += character;  // Maybe inside {}, where a quoted digit is no digit.
        } else {
            append_quoted(out, character);
        }
    }
    return compile(pattern, out + ")\\z");
}

Result<Replacement> Replacement::make(std::string_view text, const RE2& regex) {
    Replacement replacement;
    replacement.pieces_.emplace_back();
    for (std::size_t at = 0; at < text.size();) {
        if (text[at] == '\\') {
            if (at + 1 == text.size())
                return fail(Code::kInvalid, "the replacement ends in a backslash");
            replacement.pieces_.back().text += text[at + 1];
            at += 2;
        } else if (text[at] == '$') {
            const std::string_view rest = text.substr(at);
            const bool is_named = rest.starts_with("${");
            TRY(const auto group,
                is_named ? named_group(rest, regex) : numbered_group(rest, regex));
            replacement.pieces_.back().group = group.first;
            replacement.pieces_.emplace_back();
            at += group.second;
        } else {
            replacement.pieces_.back().text += text[at++];
        }
    }
    return replacement;
}

void Replacement::replace_all(std::string& out, std::string_view text, const RE2& regex) const {
    std::vector<re2::StringPiece> groups(static_cast<std::size_t>(regex.NumberOfCapturingGroups()) +
                                         1);
    std::size_t copied = 0;
    for_each_match(text, regex, groups, [&] {
        if (out.size() > kTextBytesMax) return;  // It is refused as it is.
        const std::size_t begin = static_cast<std::size_t>(groups[0].data() - text.data());
        out += text.substr(copied, begin - copied);
        for (const Piece& part : pieces_) {
            out += part.text;
            if (part.group < 0) continue;
            const re2::StringPiece group = groups[static_cast<std::size_t>(part.group)];
            if (group.data() != nullptr) out.append(group.data(), group.size());
        }
        copied = begin + groups[0].size();
    });
    out += text.substr(copied);
}

}  // namespace thalweg
