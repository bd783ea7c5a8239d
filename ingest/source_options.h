#pragma once

#include "ingest/format.h"
#include "ingest/source.h"
#include "state/base/status.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace thalweg {

// The WITH options of one source table: names made uniform, each known, values read by type.
//
// Names     Flink's old ones ('connector.type', 'format.type', 'connector.path') stand for the new.
//           Options that begin with the format's name are the decoder's: of_format(). A name in
//           `known` that ends in '*' stands for all that begin like it.
// Failure   In one line: the table, the option as written, what was expected, and the near miss.
class SourceOptions {
  public:
    [[nodiscard]] static Result<SourceOptions> read(const SourceSpec& spec,
                                                    std::span<const std::string_view> known);

    [[nodiscard]] const std::string& table() const noexcept { return table_; }

    [[nodiscard]] const std::string& format() const noexcept { return format_; }

    // The format's options, without its prefix.
    [[nodiscard]] const std::map<std::string, std::string>& of_format() const noexcept {
        return of_format_;
    }

    [[nodiscard]] const std::map<std::string, std::string>& all() const noexcept {
        return options_;
    }

    [[nodiscard]] bool has(std::string_view name) const;
    [[nodiscard]] std::string text(std::string_view name, std::string_view otherwise) const;
    [[nodiscard]] Result<std::string> required(std::string_view name) const;
    [[nodiscard]] Result<std::int64_t> duration_ns(std::string_view name,
                                                   std::int64_t otherwise) const;
    [[nodiscard]] Result<std::size_t> size_bytes(std::string_view name,
                                                 std::size_t otherwise) const;

    // A whole number of at least `smallest`.
    [[nodiscard]] Result<std::int64_t> number(std::string_view name,
                                              std::int64_t otherwise,
                                              std::int64_t smallest) const;

    // The index of the value in `allowed`, in any case; 0 when the option is not given.
    [[nodiscard]] Result<std::size_t> choice(std::string_view name,
                                             std::span<const std::string_view> allowed) const;

    // "table 't': option 'mode' must be WHAT, not 'x'".
    [[nodiscard]] tl::unexpected<Error> bad(std::string_view name, std::string_view what) const;

  private:
    std::string table_;
    std::string connector_;
    std::string format_;
    std::map<std::string, std::string> options_;
    std::map<std::string, std::string> of_format_;
};

}  // namespace thalweg
