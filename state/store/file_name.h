#pragma once

#include "state/store/file_header.h"

#include <optional>
#include <string>
#include <string_view>

// The names of the files of a store.
//
//     STORE                            says that the directory is a store, and which
//     LOCK                             locked while a process uses it; holds its pid
//     snapshot-00000000000000000017    generation 17: complete, since it has this name
//     snapshot-00000000000000000018.tmp      being written, or left by a process that died
//     journal-00000000000000000019     a segment of a journal (state/store/journal_segment.h)
//
// Other numbered files, word-NUMBER with twenty digits, count where numbers are chosen: a number is
// never used again, whoever used it.

namespace thalweg {

inline constexpr std::string_view kStoreFile = "STORE";
inline constexpr std::string_view kLockFile = "LOCK";
inline constexpr std::string_view kTemporarySuffix = ".tmp";

struct NumberedName {
    Generation generation = 0;
    bool is_snapshot = false;
    bool is_temporary = false;
};

[[nodiscard]] std::string snapshot_name(Generation generation);

[[nodiscard]] std::string segment_name(Generation number);

// The name of a file until it is complete.
[[nodiscard]] std::string temporary(std::string_view name);

// What a name says, if it is a numbered one.
[[nodiscard]] std::optional<NumberedName> parse_name(std::string_view name);

// Whether a store may have made this file.
[[nodiscard]] bool is_store_name(std::string_view name);

}  // namespace thalweg
