#pragma once

#include <string>
#include <string_view>

namespace thalweg {

// Appends `text` as a JSON string, quotes included. Quotes, backslashes and control characters are
// escaped, the short way where there is one; a byte that is not UTF-8 becomes U+FFFD; all else is
// copied. Text that needs none of this is copied in blocks of 16 bytes.
void append_json_string(std::string& out, std::string_view text);

}  // namespace thalweg
