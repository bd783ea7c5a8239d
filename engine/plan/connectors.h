#pragma once

#include "engine/plan/catalog.h"
#include "engine/sink/sink.h"
#include "ingest/source.h"

#include <string>

// Table definitions as what ingest and sinks take: options by name, the format's split off.

namespace thalweg::plan {

// Without FormatSpec::wanted, which the plan decides.
[[nodiscard]] SourceSpec source_spec(const TableDefinition& table, const TimeZonePtr& zone);
[[nodiscard]] SinkSpec sink_spec(const TableDefinition& table, const TimeZonePtr& zone);

// The checks of the connectors themselves; SqlError at the table's option or name.
void check(const TableDefinition& table, const SourceSpec& spec);
void check(const TableDefinition& table, const SinkSpec& spec);

// SqlError if the file that `sink` writes, and would empty first, is one that `source` reads.
void check_overwriting(const TableDefinition& sink, const TableDefinition& source);

// "tcp, json", for EXPLAIN.
[[nodiscard]] std::string describe(const SourceSpec& spec);
[[nodiscard]] std::string describe(const SinkSpec& spec);

}  // namespace thalweg::plan
