#pragma once

#include "state/base/status.h"

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace thalweg {

// The options of one format, of a source or a sink, checked and read. Messages name the option as
// the user wrote it, with the format's prefix.
class FormatOptions {
  public:
    using Values = std::map<std::string, std::string>;

    // `values` by names without the prefix. Fails for one that is not in `known`, with the near
    // miss.
    [[nodiscard]] static Result<FormatOptions> check(std::string_view format,
                                                     Values values,
                                                     std::span<const std::string_view> known);

    // Those of a WITH clause whose names begin with the format's and a point.
    [[nodiscard]] static Result<FormatOptions> check_prefixed(
        std::string_view format, const Values& values, std::span<const std::string_view> known);

    [[nodiscard]] bool has(std::string_view name) const;
    [[nodiscard]] std::string text(std::string_view name, std::string_view otherwise) const;
    [[nodiscard]] Result<bool> boolean(std::string_view name, bool otherwise) const;

    // One character; "\t" and "\n" written with a backslash are meant as such.
    [[nodiscard]] Result<char> character(std::string_view name, char otherwise) const;

    // One of `allowed`, in any case; the first when the option is not given.
    [[nodiscard]] Result<std::string_view> choice(std::string_view name,
                                                  std::span<const std::string_view> allowed) const;

  private:
    FormatOptions(std::string_view format, Values values)
        : format_(format), values_(std::move(values)) {}

    [[nodiscard]] tl::unexpected<Error> bad(std::string_view name, std::string_view expected) const;

    std::string format_;
    Values values_;
};

}  // namespace thalweg
