#pragma once

#include "ingest/format.h"
#include "state/base/status.h"

#include <span>
#include <string>
#include <string_view>

namespace thalweg {

// The options of one format, checked and read. Messages name the option as the user wrote it, with
// the format's prefix.
class FormatOptions {
  public:
    // Fails for an option that is not in `known`, with the near miss.
    [[nodiscard]] static Result<FormatOptions> check(const FormatSpec& spec,
                                                     std::span<const std::string_view> known);

    [[nodiscard]] bool has(std::string_view name) const;
    [[nodiscard]] std::string text(std::string_view name, std::string_view otherwise) const;
    [[nodiscard]] Result<bool> boolean(std::string_view name, bool otherwise) const;

    // One character; "\t" and "\n" written with a backslash are meant as such.
    [[nodiscard]] Result<char> character(std::string_view name, char otherwise) const;

    // One of `allowed`, in any case; the first when the option is not given.
    [[nodiscard]] Result<std::string_view> choice(std::string_view name,
                                                  std::span<const std::string_view> allowed) const;

  private:
    explicit FormatOptions(const FormatSpec& spec) : spec_(&spec) {}

    [[nodiscard]] tl::unexpected<Error> bad(std::string_view name, std::string_view expected) const;

    const FormatSpec* spec_;  // Outlives the options.
};

}  // namespace thalweg
