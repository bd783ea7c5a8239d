#pragma once

#include "state/text/time_zone.h"
#include "state/type.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

// What surrounds a record of a column that is not in the record itself.
enum class Metadata : std::uint8_t {
    kNone,
    kPeerAddress,    // peer_address STRING: "127.0.0.1:40312", a file's path
    kReceiveTime,    // receive_time TIMESTAMP_LTZ(9)
    kConnectionId,   // connection_id BIGINT
    kSequence,       // sequence BIGINT: 0, 1, ... within the split
    kDroppedBefore,  // dropped_before BIGINT: by the kernel, on this socket, so far (udp)
    kRaw,            // raw BYTES: the record as it came
    kRowKind,        // No column of a table: how the record names its row kind, a STRING
};

enum class Framing : std::uint8_t {
    kNewline,  // Records end with '\n' (a '\r' before it is dropped); the last one may lack it.
    kLengthPrefixed,  // u32 little-endian length, then as many bytes.
    kFixed,           // Every record has the same number of bytes (raw-struct).
    kDatagram,        // The piece of bytes given is one record.
};

// One column that the query reads.
struct WantedColumn {
    std::vector<std::string> path;  // The declared column's name, then fields of nested ROWs.
    Type type;                      // Of what the path leads to.
    Metadata metadata = Metadata::kNone;
    bool may_wait = false;  // Asked for by rows alone that pass a condition on the others.
};

// How bytes become rows: a table's format, and what of it the query needs.
struct FormatSpec {
    std::string format;  // json, csv, raw-struct, raw, changelog-json, debezium-json
    std::map<std::string, std::string> options;  // Without the format's prefix.
    std::vector<Field> declared;                 // The physical columns, in declared order.
    std::vector<WantedColumn> wanted;            // The columns of the batches, in order.
    Framing framing = Framing::kNewline;
    char delimiter = '\n';  // Of kNewline.
    std::size_t frame_bytes_max = 64 * 1024;
    bool are_lines_records = false;   // Of csv: a line end ends the record, also inside quotes.
    bool ignore_parse_errors = true;  // Else the first rejected record fails the query.
    TimeZonePtr zone = TimeZone::utc();
};

// Whether records of the format say what kind of row they are: then `wanted` has the column that
// row_kind_column() returns, and batches have row kinds.
[[nodiscard]] inline bool has_row_kinds(std::string_view format) noexcept {
    return format == "changelog-json" || format == "debezium-json";
}

// How many rows one record may make. A decoder of two stops where there is room for one only.
[[nodiscard]] inline std::size_t rows_of_record_max(std::string_view format) noexcept {
    return format == "debezium-json" ? 2 : 1;
}

[[nodiscard]] inline WantedColumn row_kind_column(std::string_view format) {
    return {{format == "debezium-json" ? "op" : "__op"}, Type::string(), Metadata::kRowKind};
}

}  // namespace thalweg
