#include "tests/store/small_store.h"

#include "state/base/assertion.h"
#include "state/store/state_reader.h"
#include "state/store/state_writer.h"

namespace thalweg::test {

StoreOptions store_options(std::uint8_t fresh_id) {
    StoreOptions options;
    options.fresh_id.bytes.fill(fresh_id);
    options.created_by = "test 1";
    options.owner = "process 4711";
    return options;
}

Result<Generation> commit_text(Store& store, std::string_view text) {
    TRY(SnapshotWriter* const snapshot, store.begin());
    const auto write = [&]() -> Result<void> {
        TRY_VOID(snapshot->begin_section({.kind = "operator", .owner = "w"}));
        StateWriter writer(*snapshot);
        writer.text(text);
        TRY_VOID(writer.finish());
        return snapshot->end_section();
    };
    if (Result<void> written = write(); !written) {
        store.abandon();
        return tl::make_unexpected(std::move(written).error());
    }
    TRY(const Generation generation, store.commit());
    TRY_VOID(store.retire());
    return generation;
}

Result<std::string> read_text(const Store& store) {
    TRY(const SnapshotReader reader, store.read_current());
    if (reader.sections().empty()) return std::string();
    BlockStream blocks = reader.stream(0);
    StateReader values(blocks);
    std::string text(values.text(1'000'000));
    if (!values.at_end()) values.reject("more than a text");
    TRY_VOID(values.finish());
    return text;
}

std::string open_text(Disk& disk, const StoreOptions& options) {
    const Result<Store> store = Store::open(disk, options);
    if (!store) return store.error().message;
    const Result<std::string> text = read_text(*store);
    return text ? *text : text.error().message;
}

void make_small_store(SimDisk& disk) {
    Result<Store> store = Store::open(disk, store_options());
    ASSERT(store.has_value());
    ASSERT(commit_text(*store, "older").has_value());
    ASSERT(commit_text(*store, "newest").has_value());
}

}  // namespace thalweg::test
