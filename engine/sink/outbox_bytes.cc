#include "engine/sink/outbox_bytes.h"

#include "state/text/number.h"

#include <algorithm>
#include <span>

namespace thalweg {

namespace {

constexpr std::size_t kCompareBytes = 64 * 1024;

// The first byte of `ours` that is not that of `theirs`, which may be shorter; or the size of
// `theirs`.
std::size_t first_difference(std::span<const std::byte> theirs,
                             std::span<const std::byte> ours,
                             Holes holes) {
    std::size_t i = 0;
    while (i < theirs.size() &&
           (theirs[i] == ours[i] || (holes == Holes::kPass && theirs[i] == std::byte{0})))
        ++i;
    return i;
}

}  // namespace

Result<std::uint64_t> write_behind(DiskFile& file, std::uint64_t offset, const OutboxBytes& bytes) {
    std::uint64_t written = 0;
    const auto write = [&](std::span<const std::byte> piece) -> Result<void> {
        TRY_VOID(write_fully(file, offset + written, piece));
        written += piece.size();
        return {};
    };
    TRY_VOID(bytes(write));
    return written;
}

Result<std::uint64_t> size_of(const OutboxBytes& bytes) {
    std::uint64_t size = 0;
    const auto count = [&](std::span<const std::byte> piece) -> Result<void> {
        size += piece.size();
        return {};
    };
    TRY_VOID(bytes(count));
    return size;
}

Result<Comparison> compare_behind(const DiskFile& file,
                                  std::uint64_t offset,
                                  const OutboxBytes& bytes,
                                  Holes holes) {
    Comparison result;
    TRY(result.file_size, file.size());
    std::vector<std::byte> buffer(kCompareBytes);
    std::uint64_t at = offset;
    const auto compare = [&](std::span<const std::byte> piece) -> Result<void> {
        while (!piece.empty() && !result.differs_at) {
            const std::size_t size = std::min(piece.size(), buffer.size());
            TRY(const std::size_t got, read_fully(file, at, std::span(buffer).first(size)));
            const std::size_t same =
                first_difference(std::span(buffer).first(got), piece.first(size), holes);
            if (same < got) result.differs_at = at + same;
            at += size;
            piece = piece.subspan(size);
        }
        return {};
    };
    TRY_VOID(bytes(compare));
    result.bytes_end = at;
    return result;
}

Result<bool> has_name(const Disk& disk, std::string_view name) {
    TRY(const std::vector<std::string> names, disk.list());
    return std::ranges::find(names, name) != names.end();
}

Result<std::vector<std::uint64_t>> parse_position(std::string_view text,
                                                  std::string_view word,
                                                  std::size_t count) {
    const auto bad = [&] {
        return fail(Code::kInvalid,
                    "results were published at '" + std::string(text) +
                        "', and this sink is no such thing: it was another one when the state was "
                        "saved");
    };
    if (!text.starts_with(word)) return bad();
    std::string_view rest = text.substr(word.size());
    std::vector<std::uint64_t> numbers;
    while (rest.starts_with(' ')) {
        rest.remove_prefix(1);
        const std::string_view digits = rest.substr(0, rest.find(' '));
        const auto number = parse_int64(digits);
        if (!number || *number < 0) return bad();
        numbers.push_back(static_cast<std::uint64_t>(*number));
        rest.remove_prefix(digits.size());
    }
    if (!rest.empty() || numbers.size() != count) return bad();
    return numbers;
}

tl::unexpected<Error> lost_results(const std::string& path,
                                   std::uint64_t size,
                                   std::uint64_t length) {
    return fail(Code::kInvalid,
                path + " has " + std::to_string(size) + " bytes, and " + std::to_string(length) +
                    " were published into it: it was cut, removed or replaced; bring the file "
                    "back, or start anew with an empty state directory");
}

tl::unexpected<Error> foreign_bytes(const std::string& path,
                                    std::uint64_t differs_at,
                                    std::uint64_t length) {
    return fail(Code::kInvalid,
                path + ": byte " + std::to_string(differs_at) +
                    " is not of the results that belong there: somebody else has written to the "
                    "file, or the state is older than it; cut it where the results go on "
                    "(truncate -s " +
                    std::to_string(length) +
                    "), or move it away and start anew with an empty state directory");
}

}  // namespace thalweg
