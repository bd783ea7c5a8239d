#include "state/store/file_name.h"

#include <charconv>

namespace thalweg {
namespace {

constexpr std::string_view kSnapshotPrefix = "snapshot-";
constexpr std::string_view kSegmentPrefix = "journal-";
constexpr std::size_t kDigits = 20;  // Of the largest number of 64 bits.

std::string numbered(std::string_view prefix, Generation number) {
    const std::string digits = std::to_string(number);
    return std::string(prefix) + std::string(kDigits - digits.size(), '0') + digits;
}

}  // namespace

std::string snapshot_name(Generation generation) {
    return numbered(kSnapshotPrefix, generation);
}

std::string segment_name(Generation number) {
    return numbered(kSegmentPrefix, number);
}

std::string temporary(std::string_view name) {
    return std::string(name) + std::string(kTemporarySuffix);
}

std::optional<NumberedName> parse_name(std::string_view name) {
    NumberedName result;
    result.is_temporary = name.ends_with(kTemporarySuffix);
    if (result.is_temporary) name.remove_suffix(kTemporarySuffix.size());
    if (name.size() <= kDigits) return std::nullopt;
    const std::string_view prefix = name.substr(0, name.size() - kDigits);
    const std::string_view digits = name.substr(prefix.size());
    if (!prefix.ends_with('-')) return std::nullopt;
    if (digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
    const char* const end = digits.data() + digits.size();
    if (std::from_chars(digits.data(), end, result.generation).ec != std::errc{}) {
        return std::nullopt;
    }
    result.is_snapshot = prefix == kSnapshotPrefix;
    return result;
}

bool is_store_name(std::string_view name) {
    if (parse_name(name)) return true;
    if (name.ends_with(kTemporarySuffix)) name.remove_suffix(kTemporarySuffix.size());
    return name == kStoreFile || name == kLockFile;
}

}  // namespace thalweg
