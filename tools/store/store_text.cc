#include "tools/store/store_text.h"

#include "state/store/file_name.h"
#include "state/store/store_report.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <tuple>

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
