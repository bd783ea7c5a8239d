#pragma once

#include "state/arena.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {

// How a table's CSV is written.
struct CsvDialect {
    char delimiter = ',';
    std::optional<char> quote = '"';
    std::optional<char> escape;
    std::optional<std::string> null_literal;
    char array_delimiter = ';';
    bool allows_comments = false;
};

struct CsvField {
    std::string_view text;  // Unescaped.
    bool is_quoted = false;
};

// A record's fields, up to as many as the table declares; `count` counts those beyond too.
struct CsvFields {
    explicit CsvFields(std::size_t declared) : fields(declared + 1) {}

    void clear() noexcept { count = 0; }

    void add(std::string_view text, bool is_quoted) {
        if (count < fields.size()) fields[count] = {text, is_quoted};
        ++count;
    }

    std::size_t count = 0;
    std::vector<CsvField> fields;
};

enum class CsvEnd : std::uint8_t {
    kRecord,     // Whole, and well formed.
    kMalformed,  // Whole, but something stands behind a closing quote.
    kOpen,       // The bytes end inside the record, outside quotes.
    kOpenQuote,  // The bytes end inside quotes.
};

struct CsvRecord {
    CsvEnd end = CsvEnd::kOpen;
    std::size_t size = 0;  // Up to the '\n' that ends it, or of all bytes.
};

// Reads the record at the front of `bytes` character by character: RFC 4180, with an escape
// character if the dialect has one. Quotes count only at the beginning of a field; a '\n' inside
// them belongs to the field. A '\r' before the last '\n' is dropped. With `ends_at_newline` false a
// '\n' outside quotes is a character like any other. Unescaped text goes to `scratch`.
//
//   record = field *( delimiter field )
//   field  = *( any but delimiter, '\n' ) / quote *( any but quote / quote quote ) quote *blank
[[nodiscard]] CsvRecord read_csv_record(std::string_view bytes,
                                        const CsvDialect& dialect,
                                        bool ends_at_newline,
                                        CsvFields& fields,
                                        Arena& scratch);

}  // namespace thalweg
