#include "state/store/disk.h"

namespace thalweg {

Result<void> write_fully(DiskFile& file, std::uint64_t offset, std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        TRY(const std::size_t written, file.write(offset, bytes));
        if (written == 0) return fail(Code::kIo, "write " + file.path() + ": nothing was taken");
        bytes = bytes.subspan(written);
        offset += written;
    }
    return {};
}

Result<std::size_t> read_fully(const DiskFile& file,
                               std::uint64_t offset,
                               std::span<std::byte> target) {
    std::size_t total = 0;
    while (total < target.size()) {
        TRY(const std::size_t got, file.read(offset + total, target.subspan(total)));
        if (got == 0) break;
        total += got;
    }
    return total;
}

}  // namespace thalweg
