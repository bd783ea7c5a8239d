#include "state/store/journal_files.h"

#include "state/store/file_name.h"
#include "state/store/store_report.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace thalweg {

namespace {

Result<FoundSegment> look_at(const Disk& disk, const StoreId& store_id, Generation number) {
    FoundSegment found;
    found.number = number;
    TRY(auto file, disk.open(segment_name(number)));
    TRY(found.size, file->size());
    auto reader = SegmentReader::open(std::move(file), store_id, number);
    if (!reader && reader.error().code == Code::kIo) return tl::make_unexpected(reader.error());
    if (!reader) {
        found.problem = reader.error().message;
    } else if (!*reader) {
        found.was_never_durable = true;
    } else {
        found.owner = (*reader)->owner();
        found.is_empty = (*reader)->payload().empty() && (*reader)->is_at_end();
    }
    return found;
}

// Makes a segment anew, under its name. What there is of it may lie in the memory of the system
// alone, its name too, and after a sync that failed in another life no later one would bring it to
// the disk, nor may the file be used.
Result<void> write_again(Disk& disk, const std::string& name) {
    constexpr std::size_t kPieceBytes = std::size_t{1} << 20U;
    TRY(const auto source, disk.open(name));
    TRY(const auto target, disk.create(temporary(name)));
    std::vector<std::byte> piece(kPieceBytes);
    for (std::uint64_t at = 0;;) {
        TRY(const std::size_t got, read_fully(*source, at, piece));
        if (got == 0) break;
        TRY_VOID(write_fully(*target, at, std::span(piece).first(got)));
        at += got;
    }
    TRY_VOID(target->sync());
    return disk.rename(temporary(name), name);
}

// Copies that a crash has left unfinished.
Result<void> remove_copies(Disk& disk) {
    TRY(const std::vector<std::string> names, disk.list());
    for (const std::string& name : names) {
        const std::optional<NumberedName> parsed = parse_name(name);
        if (!parsed || !parsed->is_temporary) continue;
        if (name == temporary(segment_name(parsed->generation))) TRY_VOID(disk.unlink(name));
    }
    return {};
}

// Before anything is told of what is done again, or journalled behind it: the segments that no
// other one speaks for are made durable (I3).
Result<void> settle(Disk& disk, const std::vector<FoundSegment>& segments) {
    bool is_any = false;
    for (const FoundSegment& segment : segments) {
        const bool is_spoken_for = std::ranges::any_of(segments, [&](const FoundSegment& other) {
            return other.problem.empty() && other.owner.previous == segment.number;
        });
        if (!segment.problem.empty() || segment.was_never_durable || is_spoken_for) continue;
        TRY_VOID(write_again(disk, segment_name(segment.number)));
        is_any = true;
    }
    return is_any ? disk.sync_directory() : Result<void>();
}

std::string chain_text(std::string_view source, std::uint32_t instance) {
    return "the journal of table '" + std::string(source) + "', ingest thread " +
           std::to_string(instance);
}

}  // namespace

Result<std::vector<FoundSegment>> find_segments(const Disk& disk, const StoreId& store_id) {
    TRY(const std::vector<std::string> names, disk.list());
    std::vector<FoundSegment> segments;
    for (const std::string& name : names) {
        const std::optional<NumberedName> parsed = parse_name(name);
        if (!parsed || name != segment_name(parsed->generation)) continue;
        TRY(FoundSegment segment, look_at(disk, store_id, parsed->generation));
        segments.push_back(std::move(segment));
    }
    return segments;
}

Result<std::unique_ptr<JournalFiles>> JournalFiles::open(Disk& disk, const FileHeader& store) {
    TRY_VOID(remove_copies(disk));
    TRY(const std::vector<std::string> names, disk.list());
    std::unique_ptr<JournalFiles> files(new JournalFiles(disk, store));
    files->reserve(report_of(names).number_max);
    TRY(files->found_, find_segments(disk, store.store_id));
    TRY_VOID(settle(disk, files->found_));
    return files;
}

void JournalFiles::reserve(Generation number) noexcept {
    if (number > number_max()) number_max_.store(number, std::memory_order_relaxed);  // Relaxed.
}

void JournalFiles::forget_through(Generation number) {
    is_copy_ = true;
    reserve(number);
    std::erase_if(found_, [number](const FoundSegment& each) { return each.number <= number; });
}

std::uint32_t JournalFiles::instance_count(std::string_view source) const {
    std::uint32_t count = 0;
    for (const FoundSegment& segment : found_) {
        const bool is_readable = segment.problem.empty() && !segment.was_never_durable;
        if (is_readable && segment.owner.source == source)
            count = std::max(count, segment.owner.instance + 1);
    }
    return count;
}

// Those from a number on that belong together, none missing in between.
Result<std::vector<Generation>> JournalFiles::chain(std::string_view source,
                                                    std::uint32_t instance,
                                                    Generation from) const {
    std::vector<Generation> numbers;
    for (const FoundSegment& segment : found_) {
        if (segment.number < from || segment.was_never_durable) continue;
        if (!segment.problem.empty()) return fail(Code::kCorrupt, segment.problem);
        if (segment.owner.source != source || segment.owner.instance != instance) continue;
        const Generation previous = segment.owner.previous;
        if (!numbers.empty() && previous != 0 && previous != numbers.back())
            return fail(Code::kCorrupt,
                        disk_->path() + ": " + chain_text(source, instance) + " goes on in " +
                            segment_name(segment.number) + " from " + segment_name(previous) +
                            ", which is not there whole; put it back, or name another directory "
                            "to begin anew");
        numbers.push_back(segment.number);
    }
    return numbers;
}

Result<std::vector<Generation>> JournalFiles::chain_from(std::string_view source,
                                                         std::uint32_t instance,
                                                         Generation first) const {
    if (is_copy_) return chain_above(source, instance, first);
    TRY(std::vector<Generation> numbers, chain(source, instance, first));
    if (!numbers.empty() && numbers.front() == first) return numbers;
    return fail(Code::kCorrupt,
                disk_->path() + ": " + chain_text(source, instance) + " begins in " +
                    segment_name(first) +
                    ", which is not there whole; put it back, or name another directory to begin "
                    "anew");
}

Result<std::vector<Generation>> JournalFiles::chain_above(std::string_view source,
                                                          std::uint32_t instance,
                                                          Generation floor) const {
    TRY(std::vector<Generation> numbers, chain(source, instance, floor + 1));
    if (numbers.empty()) return numbers;
    const auto first = std::ranges::find(found_, numbers.front(), &FoundSegment::number);
    if (first->owner.previous == 0) return numbers;
    return fail(Code::kCorrupt,
                disk_->path() + ": " + chain_text(source, instance) + " goes on in " +
                    segment_name(first->number) + " from " + segment_name(first->owner.previous) +
                    ", which is not there whole; put it back, or name another directory to begin "
                    "anew");
}

Result<SegmentReader> JournalFiles::read(Generation number) const {
    TRY(auto file, disk_->open(segment_name(number)));
    TRY(std::optional<SegmentReader> reader,
        SegmentReader::open(std::move(file), store_.store_id, number));
    if (reader) return *std::move(reader);
    return fail(Code::kCorrupt,
                disk_->path() + "/" + segment_name(number) + ": its first group cannot be read");
}

Result<std::unique_ptr<SegmentWriter>> JournalFiles::create(Generation number,
                                                            const SegmentOwner& owner) {
    FileHeader header = store_;
    header.generation = number;
    TRY(auto file, disk_->create(segment_name(number)));
    return std::make_unique<SegmentWriter>(std::move(file), std::move(header), owner);
}

Result<void> JournalFiles::remove_through(Generation number) {
    TRY(const std::vector<std::string> names, disk_->list());
    for (const std::string& name : names) {
        const std::optional<NumberedName> parsed = parse_name(name);
        if (!parsed || parsed->generation > number) continue;
        if (name == segment_name(parsed->generation)) TRY_VOID(disk_->unlink(name));
    }
    return {};
}

}  // namespace thalweg
