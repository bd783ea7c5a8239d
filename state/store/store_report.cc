#include "state/store/store_report.h"

#include "state/store/file_name.h"

#include <algorithm>
#include <functional>

namespace thalweg {
namespace {

Result<FileHeader> read_store_file(const Disk& disk) {
    TRY(const auto file, disk.open(kStoreFile));
    TRY(const ReadHeader read, read_file_header(*file, kStoreMagic));
    TRY(const std::uint64_t size, file->size());
    if (size != read.bytes) return damaged(*file, read.bytes, "more than its header");
    if (read.header.generation != 0) return damaged(*file, 0, "a generation in the file of all");
    return read.header;
}

// Reads the whole generation. An error is the disk's; damage is in the report.
Result<void> examine_generation(const Disk& disk,
                                const StoreId& store_id,
                                GenerationReport& report) {
    const auto judge = [&]() -> Result<void> {
        TRY(const SnapshotReader reader, open_generation(disk, store_id, report.generation));
        report.size = reader.size();
        report.section_count = reader.sections().size();
        return reader.verify();
    };
    Result<void> judged = judge();
    if (judged) {
        report.verdict = Verdict::kIntact;
        return {};
    }
    if (judged.error().code != Code::kCorrupt && judged.error().code != Code::kUnsupported) {
        return judged;
    }
    const bool newer = judged.error().code == Code::kUnsupported;
    report.verdict = newer ? Verdict::kUnsupported : Verdict::kDamaged;
    report.problem = judged.error().message;
    return {};
}

}  // namespace

StoreReport report_of(const std::vector<std::string>& names) {
    StoreReport report;
    for (const std::string& name : names) {
        const std::optional<NumberedName> parsed = parse_name(name);
        if (name == temporary(kStoreFile)) report.leftovers.push_back(name);
        if (!parsed) continue;
        report.number_max = std::max(report.number_max, parsed->generation);
        if (!parsed->is_snapshot) continue;
        if (parsed->is_temporary) {
            report.leftovers.push_back(name);
        } else {
            report.generations.emplace_back().generation = parsed->generation;
        }
    }
    std::ranges::sort(report.generations, std::greater{}, &GenerationReport::generation);
    return report;
}

Result<StoreReport> inspect_store(const Disk& disk, Examine examine) {
    TRY(const std::vector<std::string> names, disk.list());
    if (std::ranges::find(names, kStoreFile) == names.end()) {
        return fail(Code::kInvalid, disk.path() + " is no state directory: it has no file STORE");
    }
    StoreReport report = report_of(names);
    TRY(report.header, read_store_file(disk));
    if (examine == Examine::kNone) return report;
    for (GenerationReport& generation : report.generations) {
        TRY_VOID(examine_generation(disk, report.header.store_id, generation));
        if (generation.verdict == Verdict::kIntact && examine == Examine::kNewest) break;
    }
    return report;
}

Result<SnapshotReader> open_generation(const Disk& disk,
                                       const StoreId& store_id,
                                       Generation generation) {
    TRY(auto file, disk.open(snapshot_name(generation)));
    TRY(SnapshotReader reader, SnapshotReader::open(std::move(file)));
    const FileHeader& header = reader.header();
    if (header.store_id != store_id) {
        return damaged(reader.file(), 16, "it belongs to another store, " + header.store_id.text());
    }
    if (header.generation != generation) {
        return damaged(
            reader.file(),
            32,
            "it is generation " + std::to_string(header.generation) + " under this name");
    }
    return reader;
}

}  // namespace thalweg
