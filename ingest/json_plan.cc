#include "ingest/json_plan.h"

#include "state/base/assertion.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <span>

namespace thalweg {

namespace {

// Why JSON cannot carry the type, or nothing.
std::optional<std::string> objection_to(const Type& type) {
    if (type.is_interval() || type.kind == TypeKind::kNull)
        return "format 'json' cannot read the type " + type.to_string();
    if (type.kind == TypeKind::kMap && !type.fields->front().type.is_character())
        return "format 'json' reads maps with CHAR, VARCHAR or STRING keys only, not " +
               type.to_string();
    if (type.fields == nullptr) return std::nullopt;
    for (const Field& field : *type.fields) {
        std::optional<std::string> objection = objection_to(field.type);
        if (objection) return objection;
    }
    return std::nullopt;
}

JsonNode& child_named(JsonNode& node, const std::string& name) {
    for (JsonNode& child : node.children) {
        if (child.name == name) return child;
    }
    node.children.push_back({.name = name, .column = JsonNode::kNoColumn, .children = {}});
    return node.children.back();
}

// The steps from a wanted ROW column down to what `path` leads to.
std::vector<std::size_t> field_steps(const Type& from, std::span<const std::string> path) {
    std::vector<std::size_t> steps;
    const Type* type = &from;
    for (const std::string& name : path) {
        ASSERT(type->kind == TypeKind::kRow);
        const auto field = std::find_if(type->fields->begin(),
                                        type->fields->end(),
                                        [&](const Field& f) { return f.name == name; });
        ASSERT(field != type->fields->end());
        steps.push_back(static_cast<std::size_t>(field - type->fields->begin()));
        type = &field->type;
    }
    return steps;
}

class Builder {
  public:
    Builder(const FormatSpec& spec, JsonPlan& plan) : spec_(spec), plan_(plan) {}

    void add(std::size_t column) {
        const WantedColumn& wanted = spec_.wanted[column];
        JsonNode* node = &plan_.root;
        for (std::size_t i = 0; i < wanted.path.size(); ++i) {
            node = &child_named(*node, wanted.path[i]);
            if (node->column == JsonNode::kNoColumn) continue;
            const auto from = static_cast<std::size_t>(node->column);
            plan_.derived.push_back(
                {column,
                 from,
                 field_steps(spec_.wanted[from].type,
                             std::span<const std::string>(wanted.path).subspan(i + 1))});
            return;
        }
        node->column = static_cast<std::int32_t>(column);
    }

    // With json.fail-on-missing-field every declared column must be there, read or not.
    void add_presence() {
        for (const Field& field : spec_.declared)
            static_cast<void>(child_named(plan_.root, field.name));
    }

    void number_leaves(JsonNode& node) {
        node.first_leaf = plan_.leaves.size();
        for (JsonNode& child : node.children)
            number_leaves(child);
        if (node.is_leaf() && &node != &plan_.root) {
            JsonPlan::Leaf leaf{node.column, true};
            if (node.column != JsonNode::kNoColumn) {
                const WantedColumn& wanted = spec_.wanted[static_cast<std::size_t>(node.column)];
                leaf.nullable = wanted.type.nullable;
                leaf.may_be_missing = wanted.metadata == Metadata::kRowKind;
            }
            plan_.leaves.push_back(leaf);
        }
        node.leaf_end = plan_.leaves.size();
    }

  private:
    const FormatSpec& spec_;
    JsonPlan& plan_;
};

}  // namespace

const JsonNode* JsonPlan::find(const JsonNode& node,
                               std::string_view key,
                               std::size_t& hint) noexcept {
    const std::size_t count = node.children.size();
    for (std::size_t i = 0; i < count; ++i) {
        if (hint >= count) hint = 0;
        const JsonNode& child = node.children[hint++];
        if (child.name == key) return &child;
    }
    return nullptr;
}

Result<JsonPlan> make_json_plan(const FormatSpec& spec, bool fail_on_missing) {
    JsonPlan plan;
    plan.fail_on_missing = fail_on_missing;
    Builder builder(spec, plan);
    // Short paths first, so that whole ROWs are there before their fields.
    std::vector<std::size_t> order(spec.wanted.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        const std::size_t a_depth = spec.wanted[a].path.size();
        const std::size_t b_depth = spec.wanted[b].path.size();
        return a_depth != b_depth ? a_depth < b_depth : a < b;
    });
    for (const std::size_t column : order) {
        const WantedColumn& wanted = spec.wanted[column];
        if (wanted.metadata != Metadata::kNone && wanted.metadata != Metadata::kRowKind) continue;
        if (std::optional<std::string> objection = objection_to(wanted.type))
            return fail(Code::kUnsupported, *std::move(objection));
        builder.add(column);
    }
    if (fail_on_missing) builder.add_presence();
    builder.number_leaves(plan.root);
    return plan;
}

}  // namespace thalweg
