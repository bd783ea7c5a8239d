#pragma once

#include "ingest/json_row.h"

#include <memory>
#include <string_view>

namespace thalweg {

// Reads one JSON record of any shape into a row, with simdjson's on-demand API: escapes, nested
// rows, arrays, maps, and every record that JsonScanner passes on.
//
// Cost      About 135 ns for a flat record of 70 bytes, where JsonScanner takes 42 (decode_bench).
// Checks    The record is UTF-8 and an object, followed by blanks only. What is read is checked in
//           full; of what is skipped, the nesting and the strings.
// Threads   One at a time.
class JsonWalker {
  public:
    JsonWalker();
    JsonWalker(const JsonWalker&) = delete;
    JsonWalker& operator=(const JsonWalker&) = delete;
    ~JsonWalker();

    // `record` is followed by kDecodePadding readable bytes. Writes the cells of rows.row().
    [[nodiscard]] JsonFault read(std::string_view record, JsonRow& row, RowAppender& rows);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace thalweg
