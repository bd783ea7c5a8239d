#include "tools/store/store_copy.h"

#include "state/store/file_name.h"
#include "state/store/journal_files.h"
#include "state/store/store_report.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace thalweg {

namespace {

Result<void> copy_sections(const SnapshotReader& source, SnapshotWriter& target) {
    for (std::size_t i = 0; i < source.sections().size(); ++i) {
        if (source.sections()[i].label.kind == kCopiedKind) continue;
        TRY_VOID(target.begin_section(source.sections()[i].label));
        BlockStream stream = source.stream(i);
        for (;;) {
            TRY(const std::span<const std::byte> piece, stream.next());
            if (piece.empty()) break;
            TRY_VOID(target.append(piece));
        }
        TRY_VOID(target.end_section());
    }
    return {};
}

Result<bool> has_journal(const Disk& disk) {
    TRY(const std::vector<std::string> names, disk.list());
    return std::ranges::any_of(names, [](const std::string& name) {
        const std::optional<NumberedName> parsed = parse_name(name);
        return parsed && name == segment_name(parsed->generation);
    });
}

// A copy has the state alone: journals that are here are not its own.
Result<void> write_copied(Generation number_max, SnapshotWriter& target) {
    TRY_VOID(target.begin_section({std::string(kCopiedKind), "", 1, 0, true}));
    TRY_VOID(target.append(std::as_bytes(std::span(&number_max, 1))));
    return target.end_section();
}

Result<void> copy_all(const SnapshotReader& reader,
                      bool has_journal,
                      Generation number_max,
                      SnapshotWriter& writer) {
    TRY_VOID(copy_sections(reader, writer));
    return has_journal ? write_copied(number_max, writer) : Result<void>();
}

}  // namespace

Result<Generation> copy_newest(const Disk& source, Disk& target, const StoreOptions& options) {
    TRY(const StoreReport report, inspect_store(source, Examine::kNone));
    if (report.generations.empty())
        return fail(Code::kCorrupt, source.path() + " has no generation to copy");
    TRY(const SnapshotReader reader,
        open_generation(source, report.header.store_id, report.generations.front().generation));
    TRY(Store store, Store::open(target, options));
    TRY(const bool source_has_journal, has_journal(source));
    TRY(const bool target_has_journal, has_journal(target));
    TRY(SnapshotWriter* const writer, store.begin());
    if (Result<void> copied = copy_all(
            reader, source_has_journal || target_has_journal, store.found().number_max, *writer);
        !copied) {
        store.abandon();
        return tl::make_unexpected(std::move(copied).error());
    }
    TRY(const Generation generation, store.commit());
    TRY_VOID(store.retire());
    return generation;
}

}  // namespace thalweg
