#include "engine/run/epoch/saved_state.h"

#include <algorithm>
#include <memory>
#include <string_view>
#include <utility>

namespace thalweg {

namespace {

constexpr std::size_t kUidBytesMax = 200;

bool contains(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

// The same aggregate may be in a file twice.
std::string unique_uid(std::string uid, std::vector<std::string>& taken) {
    if (uid.size() > kUidBytesMax) uid.resize(kUidBytesMax);
    std::string unique = uid;
    for (std::size_t number = 2; contains(taken, unique); ++number)
        unique = uid + "#" + std::to_string(number);
    taken.push_back(unique);
    return unique;
}

void compare_names(std::string_view kind,
                   const std::vector<std::string>& saved,
                   const std::vector<std::string>& query,
                   StateComparison& comparison) {
    for (const std::string& name : saved) {
        std::vector<std::string>& list = contains(query, name) ? comparison.kept : comparison.lost;
        list.push_back(std::string(kind) + name);
    }
    for (const std::string& name : query) {
        if (!contains(saved, name)) comparison.empty.push_back(std::string(kind) + name);
    }
}

}  // namespace

std::vector<std::vector<SavedOp>> saved_ops(const Topology& topology) {
    std::vector<std::vector<SavedOp>> stages;
    std::vector<std::string> taken;
    for (const Stage& stage : topology.stages) {
        std::vector<SavedOp>& ops = stages.emplace_back();
        for (std::size_t i = 0; i < stage.ops.size(); ++i) {
            if (stage.ops[i].identity().empty()) continue;
            std::vector<StateTable> tables = stage.ops[i]({})->state_tables();
            if (!tables.empty())
                ops.push_back({i, unique_uid(stage.ops[i].identity(), taken), std::move(tables)});
        }
    }
    return stages;
}

std::string table_owner(const std::string& uid, const StateTable& table) {
    return uid + "/" + table.name;
}

Manifest manifest_of(const Topology& topology) {
    Manifest manifest;
    for (const std::vector<SavedOp>& stage : saved_ops(topology)) {
        for (const SavedOp& op : stage) {
            for (const StateTable& table : op.tables)
                manifest.operators.push_back(table_owner(op.uid, table));
        }
    }
    for (const SourceStage& source : topology.sources)
        manifest.sources.push_back(source.source.name);
    return manifest;
}

StateComparison compare_state(const Manifest& saved, const Manifest& query) {
    StateComparison comparison;
    compare_names("state of ", saved.operators, query.operators, comparison);
    compare_names("positions of table ", saved.sources, query.sources, comparison);
    compare_names("results for table ", saved.outboxes, query.outboxes, comparison);
    return comparison;
}

}  // namespace thalweg
