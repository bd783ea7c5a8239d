#include "engine/plan/changelog.h"
#include "engine/plan/physical.h"
#include "engine/plan/physical_text.h"
#include "engine/plan/state_size.h"
#include "ops/interval_join.h"
#include "ops/row_layout.h"
#include "ops/stream_join.h"
#include "ops/temporal_join.h"

#include <utility>

// Joins for all time: two exchanges by the keys, and one operator behind them.

namespace thalweg::plan {

namespace {

std::string_view name_of(JoinKind kind) {
    switch (kind) {
        case JoinKind::kInner: return "join";
        case JoinKind::kLeft: return "left join";
        case JoinKind::kRight: return "right join";
        case JoinKind::kFull: return "full join";
        case JoinKind::kSemi: return "semi join";
        case JoinKind::kAnti: break;
    }
    return "anti join";
}

std::string text_of(const StreamJoin& node) {
    const std::vector<std::string> names = names_of_sides(*node.left, *node.right);
    std::vector<std::string> equalities;
    for (const JoinKey& key : node.keys) {
        equalities.push_back(names[key.left] +
                             (key.null_is_equal ? " IS NOT DISTINCT FROM " : " = ") +
                             names[node.left->columns.size() + key.right]);
    }
    std::string text(name_of(node.kind));
    if (node.as_of) {
        text += " as of " + names[node.as_of->left] + " with versions by " +
                names[node.left->columns.size() + node.as_of->right];
    } else if (!node.bounds) {
        text += " for all time";
    } else {
        const TimeBounds& bounds = *node.bounds;
        text += " by " + names[bounds.left] + " less " +
                names[node.left->columns.size() + bounds.right] + " of " +
                std::to_string(bounds.lower_ns) + " to " + std::to_string(bounds.upper_ns) + " ns";
    }
    if (!equalities.empty()) text += " on " + join_texts(equalities);
    if (node.residual != nullptr) text += " if " + to_string(*node.residual, names);
    return text;
}

std::string lifetimes_text(const StreamJoinSpec& spec) {
    const std::string left = lifetime_text(spec.ttls_ns[0]);
    const std::string right = lifetime_text(spec.ttls_ns[1]);
    return left == right ? left : "left " + left + ", right " + right;
}

std::string identity_of(const StreamJoinSpec& spec) {
    const bool left = spec.ttls_ns[0] != 0;
    const bool right = spec.ttls_ns[1] != 0;
    if (left == right) return ttl_identity(left);
    return ttl_identity(true) + (left ? " on the left" : " on the right");
}

std::string state_text(const StreamJoinSpec& spec, const StreamJoin& node) {
    std::string text = "    state: the rows of both sides, ";
    text += node.bounds  ? std::string("while they may have partners; about")
            : node.as_of ? "left until their time, right the versions that may be asked for, of "
                           "each key at least one, " +
                               lifetime_text(spec.ttls_ns[1]) + "; about"
                         : lifetimes_text(spec) + "; about";
    for (const SchemaPtr& side : {spec.left, spec.right}) {
        constexpr std::size_t kEntryBytes = 32;
        text += side == spec.left ? " " : " and ";
        text += std::to_string(RowLayout(side).fixed_bytes() + kEntryBytes);
    }
    return text + " bytes a row and long texts";
}

IntervalJoinSpec interval_spec(const StreamJoinSpec& join, const TimeBounds& bounds) {
    return {
        join, bounds.left, bounds.right, bounds.lower_ns, bounds.upper_ns, bounds.is_event_time};
}

}  // namespace

// Interval joins forget by the watermark, and so does the left of one as of a time.
std::array<std::int64_t, 2> PhysicalPlanner::ttls_of(const StreamJoin& node) {
    std::array<std::int64_t, 2> ttls_ns{};
    for (std::size_t side = 0; side < 2; ++side) {
        if (!node.bounds && (!node.as_of || side == 1)) {
            ttls_ns[side] = node.ttls_ns[side].value_or(options_.state_ttl_ns);
        } else if (node.ttls_ns[side]) {
            warnings_.push_back(
                "STATE_TTL has no effect on an interval join or the left of a temporal join");
        }
    }
    return ttls_ns;
}

PhysicalPlanner::Stream PhysicalPlanner::compile_stream_join(const Rel& rel,
                                                             const StreamJoin& node) {
    const Stream left = compile(node.left);
    const Stream right = compile(node.right);
    StreamJoinSpec spec;
    spec.kind = node.kind;
    spec.left = schema_of(*node.left);
    spec.right = schema_of(*node.right);
    spec.keys = node.keys;
    spec.residual = node.residual;
    spec.loses_rows = {!changing_operator(*node.left).empty(),
                       !changing_operator(*node.right).empty()};
    spec.seed = options_.seed;
    spec.ttls_ns = ttls_of(node);
    const std::size_t stage = new_stage(Place::kShard, "join");
    topology_.stages[stage].port_count = 2;
    std::vector<std::size_t> left_keys;
    std::vector<std::size_t> right_keys;
    for (const JoinKey& key : node.keys) {
        left_keys.push_back(key.left);
        right_keys.push_back(key.right);
    }
    exchange(left, spec.left, left_keys, stage, 0);
    exchange(right, spec.right, right_keys, stage, 1);
    if (node.as_of || (node.bounds && node.bounds->is_event_time)) add_each_millisecond();
    const std::string line = text_of(node);
    Stream output;
    output.stage = stage;
    output.lineage = lineage_of({left.lineage, right.lineage}, line);
    append_stateful(
        stage,
        [spec, bounds = node.bounds, as_of = node.as_of] {
            if (as_of) return make_temporal_join({spec, as_of->left, as_of->right});
            return bounds ? make_interval_join(interval_spec(spec, *bounds))
                          : make_stream_join(spec);
        },
        line,
        "join " + output.lineage + " " + line + identity_of(spec),
        rel);
    const bool only_gains = changing_operator(rel).empty();
    notes_[stage].lines.push_back(std::string("    gives ") +
                                  (only_gains ? "insertions" : "insertions and deletions"));
    notes_[stage].lines.push_back(state_text(spec, node));
    // Only where every row has its left key is the output partitioned by it.
    const bool has_left = node.kind != JoinKind::kRight && node.kind != JoinKind::kFull;
    if (has_left) output.partition = left_keys;
    return output;
}

}  // namespace thalweg::plan
