#pragma once

#include "state/base/status.h"

#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#ifndef SIMDJSON_THREADS_ENABLED
#error "simdjson's classes have another layout without it: all who include this must have it"
#endif

namespace thalweg {

// Paths into JSON text, as JSON_VALUE and its kin take them.
//
//   path     = [ "lax" | "strict" ] "$" { step }         strict if it does not say
//   step     = "." name | ["."] "[" selector "]" | "." "*" | ".." name
//   selector = index | from ":" to | "*" | quoted name   index below 0: from the end
//
// "*", slices and ".." may find many values: what they find is a list. Filters ("?(...)") and
// functions ("length()") are errors. Of members with equal keys ".name" means the last.
class JsonPath {
  public:
    // The most values of one document that a path may look at. Two ".." see the same values again
    // and again: without an end, a small text of the right form would take all memory and time.
    static constexpr std::size_t kLooksMax = std::size_t{1} << 22U;

    // What a path leads to in one document: nothing, one value, or a list of them.
    struct Found {
        bool is_list = false;
        bool is_beyond = false;  // Of kLooksMax: the path was given up.
        std::vector<simdjson::dom::element> values = {};

        [[nodiscard]] bool is_missing() const { return !is_list && values.empty(); }
    };

    [[nodiscard]] static Result<std::shared_ptr<const JsonPath>> make(std::string_view text);

    [[nodiscard]] bool is_lax() const noexcept { return is_lax_; }

    [[nodiscard]] Found find(simdjson::dom::element root) const;

  private:
    enum class StepKind : std::uint8_t { kMember, kElement, kSlice, kAll, kDeep };

    struct Step {
        StepKind kind = StepKind::kAll;
        std::string name = {};                 // Of kMember and kDeep.
        std::int64_t first = 0;                // The index of kElement.
        std::optional<std::int64_t> end = {};  // Of kSlice: the one behind the last.
    };

    struct Reader;
    struct Walker;

    std::vector<Step> steps_;
    bool is_lax_ = false;
};

}  // namespace thalweg
