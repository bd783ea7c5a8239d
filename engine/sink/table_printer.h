#pragma once

#include "state/batch.h"

#include <cstddef>
#include <string>
#include <vector>

namespace thalweg {

// The table that a bare SELECT shows as its rows come.
//
//    window_start            | client    |  share
//   -------------------------+-----------+-------
//    2015-05-17 10:00:00.000 | 10.0.0.17 |   0.25
//
// The heading comes once, before the first row. Columns are as wide as what was shown so far and
// what the batch at hand needs: they grow, never shrink, and rows that are printed stay as they
// are. Numbers stand right, NULL is NULL, control characters are escaped. With changes, the first
// column is the operation: +I, -U, +U, -D.
//
// Threads  One at a time.
class TablePrinter {
  public:
    TablePrinter(SchemaPtr schema, bool has_changes);

    // Appends the lines for all selected rows.
    void print(const BatchView& rows, std::string& out);

  private:
    void measure();
    void append_heading(std::string& out) const;
    void append_line(std::string& out, std::size_t first_cell, bool is_heading) const;

    SchemaPtr schema_;
    bool has_changes_;
    bool has_heading_ = false;
    std::vector<std::string> names_;
    std::vector<bool> stands_right_;
    std::vector<std::size_t> widths_;  // In characters.
    std::vector<std::string> cells_;   // Of one batch, row by row.
};

}  // namespace thalweg
