#include "tools/store/store_copy.h"

#include "state/store/store_report.h"

namespace thalweg {

namespace {

Result<void> copy_sections(const SnapshotReader& source, SnapshotWriter& target) {
    for (std::size_t i = 0; i < source.sections().size(); ++i) {
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

}  // namespace

Result<Generation> copy_newest(const Disk& source, Disk& target, const StoreOptions& options) {
    TRY(const StoreReport report, inspect_store(source, Examine::kNone));
    if (report.generations.empty())
        return fail(Code::kCorrupt, source.path() + " has no generation to copy");
    TRY(const SnapshotReader reader,
        open_generation(source, report.header.store_id, report.generations.front().generation));
    TRY(Store store, Store::open(target, options));
    TRY(SnapshotWriter* const writer, store.begin());
    if (Result<void> copied = copy_sections(reader, *writer); !copied) {
        store.abandon();
        return tl::make_unexpected(std::move(copied).error());
    }
    TRY(const Generation generation, store.commit());
    TRY_VOID(store.retire());
    return generation;
}

}  // namespace thalweg
