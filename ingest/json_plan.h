#pragma once

#include "ingest/format.h"
#include "state/base/status.h"
#include "state/type.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

// What a query wants of a JSON record, as a tree of names.
//
// Shape     The root stands for the record. A node is a leaf (its value goes into a column, or only
//           its presence matters: column == kNoColumn) or has children (its value must be an
//           object). Leaves are numbered depth first, so the leaves below a node are a range. A
//           wanted column whose path leads through or to another wanted column is `derived`: copied
//           from that column once the record is read, since a value can be read only once.
struct JsonNode {
    static constexpr std::int32_t kNoColumn = -1;

    std::string name;
    std::int32_t column = kNoColumn;
    std::size_t first_leaf = 0;
    std::size_t leaf_end = 0;
    std::vector<JsonNode> children;

    [[nodiscard]] bool is_leaf() const noexcept { return children.empty(); }
};

struct JsonPlan {
    struct Leaf {
        std::int32_t column;
        bool nullable;
        bool may_be_missing = false;  // Also where what is missing fails a record.
    };

    struct Derived {
        std::size_t column;
        std::size_t from_column;
        std::vector<std::size_t> fields;  // Indexes of children, outermost first.
    };

    JsonNode root;
    std::vector<Leaf> leaves;
    std::vector<Derived> derived;
    bool fail_on_missing = false;

    // The child of `node` named `key`, or nullptr. `hint` is where to look first, and moves on:
    // fields mostly come in the same order.
    [[nodiscard]] static const JsonNode* find(const JsonNode& node,
                                              std::string_view key,
                                              std::size_t& hint) noexcept;
};

// Fails for a type that JSON cannot carry.
[[nodiscard]] Result<JsonPlan> make_json_plan(const FormatSpec& spec, bool fail_on_missing);

}  // namespace thalweg
