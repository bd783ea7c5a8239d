#pragma once

#include "engine/sink/encoder.h"
#include "engine/sink/sink.h"
#include "state/base/status.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace thalweg {

// The connector options of a sink, read and checked. Messages name the option and its value.

// Fails for an option that is neither in `known`, nor 'connector', 'format', nor the format's own.
[[nodiscard]] Result<void> check_known(const SinkSpec& spec,
                                       std::span<const std::string_view> known);

// nullptr when not given.
[[nodiscard]] const std::string* find_option(const SinkSpec& spec, std::string_view key);

[[nodiscard]] Result<std::string> required_option(const SinkSpec& spec, std::string_view key);

[[nodiscard]] Result<std::uint64_t> size_option(const SinkSpec& spec,
                                                std::string_view key,
                                                std::uint64_t otherwise);
[[nodiscard]] Result<std::int64_t> duration_option(const SinkSpec& spec,
                                                   std::string_view key,
                                                   std::int64_t otherwise_ns);
[[nodiscard]] Result<bool> boolean_option(const SinkSpec& spec,
                                          std::string_view key,
                                          bool otherwise);

// One of `allowed`; the first when not given.
[[nodiscard]] Result<std::string_view> choice_option(const SinkSpec& spec,
                                                     std::string_view key,
                                                     std::span<const std::string_view> allowed);

// 'framing': newline, length-prefixed or fixed; the format's own when not given.
[[nodiscard]] Result<RecordFraming> framing_option(const SinkSpec& spec);

}  // namespace thalweg
