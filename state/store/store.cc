#include "state/store/store.h"

#include "state/base/assertion.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace thalweg {
namespace {

Result<void> refuse_file_system(const Disk& disk) {
    TRY(const FileSystem found, disk.file_system());
    if (found.survives_power && found.is_local) return {};
    const char* const why = found.survives_power
                                ? ", another machine's disk, whose locks and syncs may not hold"
                                : ", which is memory: a power cut would take the state with it";
    return fail(
        Code::kInvalid,
        disk.path() + " is on " + found.name + why +
            "; choose a directory on a local disk, or accept this one (--accept-file-system)");
}

bool contains(const std::vector<std::string>& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

// Before anything is written: whose directory is this?
Result<void> refuse_foreign(const Disk& disk, const StoreOptions& options) {
    TRY(const std::vector<std::string> names, disk.list());
    if (contains(names, kStoreFile)) return {};
    for (const std::string& name : names) {
        if (is_store_name(name) || name == "lost+found") continue;
        return fail(Code::kInvalid,
                    disk.path() + " is no state directory: it has no file STORE, but a file " +
                        name + "; name a state directory or an empty one");
    }
    if (options.create) return {};
    return fail(Code::kInvalid, disk.path() + " is no state directory: it has no file STORE");
}

Result<std::unique_ptr<DiskLock>> lock_store(Disk& disk, std::string_view owner) {
    auto lock = disk.lock(kLockFile, owner);
    if (lock) return lock;
    const bool held = lock.error().code == Code::kInvalid;
    lock.error().message += held ? "; a state directory has one user at a time: stop that one, or "
                                   "name another directory"
                                 : "; a state directory must be writable for the process";
    return lock;
}

// A store without its file STORE: was it never finished, or is this half of a copy?
Result<void> refuse_half_copied(const Disk& disk, const StoreReport& report) {
    for (const GenerationReport& generation : report.generations) {
        TRY(auto file, disk.open(snapshot_name(generation.generation)));
        const Result<SnapshotReader> reader = SnapshotReader::open(std::move(file));
        if (!reader && reader.error().code == Code::kIo) return tl::make_unexpected(reader.error());
        if (reader && reader->sections().empty()) continue;
        return fail(Code::kCorrupt,
                    disk.path() + " has " + snapshot_name(generation.generation) +
                        " but no file STORE: it is part of a state directory; copy all of it, or "
                        "name an empty directory to begin anew");
    }
    return {};
}

Result<void> refuse_damage(const Disk& disk,
                           const StoreReport& report,
                           const StoreOptions& options) {
    if (report.generations.empty()) {
        return fail(Code::kCorrupt,
                    disk.path() +
                        " has a file STORE but no snapshot, and a store has one from its "
                        "first moment: put the missing files back, or name an empty "
                        "directory to begin anew");
    }
    const GenerationReport& newest = report.generations.front();
    if (newest.verdict == Verdict::kIntact) return {};
    if (newest.verdict == Verdict::kUnsupported) return fail(Code::kUnsupported, newest.problem);
    const auto intact =
        std::ranges::find(report.generations, Verdict::kIntact, &GenerationReport::verdict);
    if (intact == report.generations.end()) {
        return fail(Code::kCorrupt,
                    newest.problem +
                        "; no other generation is intact: put back a copy of the files, "
                        "or name an empty directory to begin anew");
    }
    if (options.accept_loss) return {};
    return fail(Code::kCorrupt,
                newest.problem + "; generation " + std::to_string(intact->generation) +
                    " is intact, but all that was acknowledged after it would be lost: put back a "
                    "copy of the file, or accept the loss (--accept-loss)");
}

}  // namespace

Result<Store> Store::open(Disk& disk, const StoreOptions& options) {
    if (!options.accept_file_system) TRY_VOID(refuse_file_system(disk));
    TRY_VOID(refuse_foreign(disk, options));
    TRY(auto lock, lock_store(disk, options.owner));
    Store store(disk, std::move(lock), options.created_by);
    TRY_VOID(disk.sync_directory());  // I3.
    TRY(const std::vector<std::string> names, disk.list());
    if (!contains(names, kStoreFile)) TRY_VOID(store.create(options, names));
    TRY_VOID(store.recover(options));
    return store;
}

// First a generation with nothing in it, then STORE: whoever sees STORE finds a generation.
Result<void> Store::create(const StoreOptions& options, const std::vector<std::string>& names) {
    const StoreReport report = report_of(names);
    TRY_VOID(refuse_half_copied(*disk_, report));
    found_.header = {.store_id = options.fresh_id, .generation = 0, .created_by = created_by_};
    number_max_ = report.number_max;
    leftovers_ = report.leftovers;
    is_new_ = true;
    TRY_VOID(begin());
    TRY_VOID(commit());
    TRY_VOID(write_store_file());
    is_new_ = false;
    return {};
}

Result<void> Store::write_store_file() {
    const std::string name = temporary(kStoreFile);
    TRY(const std::vector<std::byte> bytes, store_file_bytes());
    TRY(const auto file, disk_->create(name));
    leftovers_.push_back(name);
    TRY_VOID(write_fully(*file, 0, bytes));
    TRY_VOID(file->sync());
    TRY_VOID(disk_->rename(name, kStoreFile));
    leftovers_.pop_back();
    TRY_VOID(disk_->sync_directory());
    is_store_file_durable_ = true;
    return {};
}

Result<std::vector<std::byte>> Store::store_file_bytes() const {
    if (is_new_) return encode(kStoreMagic, found_.header);
    TRY(const auto file, disk_->open(kStoreFile));
    TRY(const ReadHeader read, read_file_header(*file, kStoreMagic));
    std::vector<std::byte> bytes(read.bytes);
    TRY(const std::size_t got, read_fully(*file, 0, bytes));
    if (got != bytes.size()) return damaged(*file, got, "the file has become shorter");
    return bytes;
}

Result<void> Store::recover(const StoreOptions& options) {
    TRY(found_, inspect_store(*disk_, Examine::kNewest));
    TRY_VOID(refuse_damage(*disk_, found_, options));
    const auto intact =
        std::ranges::find(found_.generations, Verdict::kIntact, &GenerationReport::verdict);
    ASSERT(intact != found_.generations.end());
    current_ = intact->generation;
    previous_ = 0;
    number_max_ = found_.number_max;
    leftovers_ = found_.leftovers;
    generations_.clear();
    for (const GenerationReport& generation : found_.generations)
        generations_.push_back(generation.generation);
    return {};
}

Result<void> Store::status() const {
    if (failure_) return tl::make_unexpected(*failure_);
    return {};
}

Result<void> Store::note(Result<void> result) {
    if (!result && result.error().code != Code::kFull) failure_ = result.error();
    return result;
}

Result<SnapshotReader> Store::read_current() const {
    return open_generation(*disk_, found_.header.store_id, current_);
}

Result<SnapshotWriter*> Store::begin() {
    TRY_VOID(status());
    ASSERT(!pending_);
    if (number_max_ == std::numeric_limits<Generation>::max()) {
        return fail(Code::kInvalid, disk_->path() + " has a file with the last number there is");
    }
    const Generation generation = ++number_max_;
    Result<std::unique_ptr<DiskFile>> file = disk_->create(temporary(snapshot_name(generation)));
    if (!file) return tl::make_unexpected(note(tl::make_unexpected(file.error())).error());
    TRY_VOID(note(sweep_leftovers()));
    pending_ = std::make_unique<Pending>(*std::move(file),
                                         FileHeader{.store_id = found_.header.store_id,
                                                    .generation = generation,
                                                    .created_by = created_by_});
    return &pending_->writer;
}

// After a higher number has been taken; I4.
Result<void> Store::sweep_leftovers() {
    for (; !leftovers_.empty(); leftovers_.pop_back())
        TRY_VOID(disk_->unlink(leftovers_.back()));
    return {};
}

Result<Generation> Store::commit() {
    TRY_VOID(status());
    ASSERT(pending_);
    const Result<void> done = note(make_durable());
    if (!done) {
        abandon();
        return tl::make_unexpected(done.error());
    }
    previous_ = current_;
    current_ = pending_->generation;
    generations_.push_back(current_);
    pending_.reset();
    return current_;
}

Result<void> Store::make_durable() {
    const std::string name = snapshot_name(pending_->generation);
    TRY_VOID(pending_->writer.finish());
    TRY_VOID(pending_->file->sync());
    if (!is_store_file_durable_ && !is_new_) TRY_VOID(write_store_file());
    TRY_VOID(disk_->rename(temporary(name), name));
    return disk_->sync_directory();
}

void Store::abandon() {
    ASSERT(pending_);
    const std::optional<Error>& failure = pending_->writer.failure();
    if (failure && failure->code != Code::kFull && !failure_) failure_ = failure;
    leftovers_.push_back(temporary(snapshot_name(pending_->generation)));
    pending_.reset();
}

Result<void> Store::retire() {
    TRY_VOID(status());
    ASSERT(previous_ < current_);
    while (true) {
        const auto old = std::ranges::min_element(generations_);
        if (old == generations_.end() || *old >= previous_) return {};
        TRY_VOID(note(disk_->unlink(snapshot_name(*old))));
        generations_.erase(old);
    }
}

}  // namespace thalweg
