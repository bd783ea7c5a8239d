#include "tools/store/store_text.h"

#include "state/store/file_name.h"
#include "state/store/journal_files.h"
#include "state/store/store_report.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

namespace thalweg {

namespace {

// 1234567 as "1,234,567".
std::string grouped(std::uint64_t number) {
    std::string text = std::to_string(number);
    for (std::size_t i = text.size(); i > 3; i -= 3)
        text.insert(i - 3, 1, ',');
    return text;
}

std::string padded(std::string text, std::size_t width) {
    text.resize(std::max(width, text.size()), ' ');
    return text;
}

std::string to_the_right(const std::string& text, std::size_t width) {
    return std::string(width - std::min(width, text.size()), ' ') + text;
}

std::string counted(std::uint64_t count, const std::string& noun) {
    return grouped(count) + " " + noun + (count == 1 ? "" : "s");
}

// The sections of one owner and kind, from all agents.
struct Share {
    std::uint64_t pieces = 0;
    std::uint64_t bytes = 0;
};

void list_sections(const SnapshotReader& reader, std::string& out) {
    std::map<std::tuple<std::string, std::string>, Share> shares;
    for (const SectionEntry& entry : reader.sections()) {
        Share& share = shares[{entry.label.kind, entry.label.owner}];
        ++share.pieces;
        share.bytes += entry.length;
    }
    for (const auto& [name, share] : shares) {
        const auto& [kind, owner] = name;
        out += "  " + padded(kind, 14) + to_the_right(grouped(share.bytes), 15) + " bytes in " +
               counted(share.pieces, "piece") + (owner.empty() ? "" : "  ") + owner + "\n";
    }
}

std::string heading(const StoreReport& report, const Disk& disk) {
    return disk.path() + ": store " + report.header.store_id.text() + ", created by " +
           report.header.created_by + "\n";
}

std::string describe(const FoundSegment& segment) {
    if (!segment.problem.empty()) return segment.problem;
    if (segment.was_never_durable) return "was not begun";
    return grouped(segment.size) + " bytes, of table '" + segment.owner.source +
           "', ingest thread " + std::to_string(segment.owner.instance);
}

// Reads all groups. Damage is in the text; an error is the disk's.
Result<bool> verify_segment(const Disk& disk,
                            const StoreId& store_id,
                            const FoundSegment& segment,
                            std::string& out) {
    if (!segment.problem.empty() || segment.was_never_durable) {
        out += describe(segment) + "\n";
        return segment.problem.empty();
    }
    TRY(auto file, disk.open(segment_name(segment.number)));
    TRY(std::optional<SegmentReader> reader,
        SegmentReader::open(std::move(file), store_id, segment.number));
    for (bool has_next = reader.has_value(); has_next;) {
        const Result<bool> next = reader->next();
        if (!next && next.error().code == Code::kIo) return tl::make_unexpected(next.error());
        if (!next) {
            out += next.error().message + "\n";
            return false;
        }
        has_next = *next;
    }
    const std::uint64_t groups = reader ? reader->groups_read() : 0;
    out += "intact, " + describe(segment) + ", " + counted(groups, "group");
    if (reader && reader->torn_bytes() != 0)
        out += ", and " + grouped(reader->torn_bytes()) + " bytes that were not finished";
    out += "\n";
    return true;
}

}  // namespace

Result<std::string> list_store(const Disk& disk, const TimeOf& time_of) {
    TRY(const StoreReport report, inspect_store(disk, Examine::kNone));
    std::string out = heading(report, disk);
    bool is_newest = true;
    for (const GenerationReport& generation : report.generations) {
        const std::string name = snapshot_name(generation.generation);
        out += "generation " + std::to_string(generation.generation) + ", " + time_of(name) + ", ";
        const Result<SnapshotReader> reader =
            open_generation(disk, report.header.store_id, generation.generation);
        if (!reader) {
            if (reader.error().code == Code::kIo) return tl::make_unexpected(reader.error());
            out += reader.error().message + "\n";
            continue;
        }
        out += grouped(reader->size()) + " bytes, " +
               counted(reader->sections().size(), "section") + ", created by " +
               reader->header().created_by + "\n";
        if (is_newest) list_sections(*reader, out);
        is_newest = false;
    }
    for (const std::string& name : report.leftovers)
        out += name + ", " + time_of(name) + ", was not finished\n";
    TRY(const std::vector<FoundSegment> segments, find_segments(disk, report.header.store_id));
    for (const FoundSegment& segment : segments) {
        const std::string name = segment_name(segment.number);
        out += name + ", " + time_of(name) + ", " + describe(segment) + "\n";
    }
    return out;
}

Result<Verified> verify_store(const Disk& disk) {
    TRY(const StoreReport report, inspect_store(disk, Examine::kAll));
    Verified result;
    result.text = heading(report, disk);
    for (const GenerationReport& generation : report.generations) {
        result.text += "generation " + std::to_string(generation.generation) + ": ";
        if (generation.verdict == Verdict::kIntact) {
            result.text += "intact, " + grouped(generation.size) + " bytes, " +
                           counted(generation.section_count, "section") + "\n";
            continue;
        }
        result.is_intact = false;
        result.text += generation.problem + "\n";
    }
    if (report.generations.empty()) {
        result.is_intact = false;
        result.text += "no generation, and a store has one from its first moment\n";
    }
    TRY(const std::vector<FoundSegment> segments, find_segments(disk, report.header.store_id));
    for (const FoundSegment& segment : segments) {
        result.text += segment_name(segment.number) + ": ";
        TRY(const bool is_intact,
            verify_segment(disk, report.header.store_id, segment, result.text));
        result.is_intact = result.is_intact && is_intact;
    }
    return result;
}

Result<void> dump_store(const Disk& disk, const DumpOptions& options, const PutText& put) {
    const Examine examine = options.generation ? Examine::kNone : Examine::kNewest;
    TRY(const StoreReport report, inspect_store(disk, examine));
    std::optional<Generation> generation = options.generation;
    if (!generation) {
        const auto intact =
            std::ranges::find(report.generations, Verdict::kIntact, &GenerationReport::verdict);
        if (intact == report.generations.end())
            return fail(Code::kCorrupt, disk.path() + ": no generation is intact");
        generation = intact->generation;
    }
    TRY(const SnapshotReader reader, open_generation(disk, report.header.store_id, *generation));
    put("generation " + std::to_string(*generation) + ", created by " + reader.header().created_by +
        "\n");
    for (std::size_t i = 0; i < reader.sections().size(); ++i) {
        if (reader.sections()[i].label.name().find(options.section) == std::string::npos) continue;
        TRY_VOID(dump_section(reader, i, put));
    }
    return {};
}

}  // namespace thalweg
