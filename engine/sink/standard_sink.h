#pragma once

#include "engine/sink/sink.h"

#include <memory>

namespace thalweg {

// 'stdout': records in a format on standard output.
[[nodiscard]] Result<std::unique_ptr<Sink>> make_stdout_sink(const SinkSpec& spec);

// 'print': Flink's lines, "+I[1, Ann]", on standard output or, with 'standard-error', on that.
[[nodiscard]] Result<std::unique_ptr<Sink>> make_print_sink(const SinkSpec& spec);

// 'table': what a bare SELECT shows. No user names it.
[[nodiscard]] Result<std::unique_ptr<Sink>> make_table_sink(const SinkSpec& spec);

}  // namespace thalweg
