#pragma once

#include "state/base/status.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace thalweg::bench {

// Recorded or made rows in the form of `raw-struct`, in order of time. The first 8 bytes of each
// are its time in seconds.
struct Trace {
    std::string bytes;
    std::size_t row_bytes = 0;
    std::int64_t span = 0;  // Seconds from the first row to the first of the next round.

    [[nodiscard]] std::size_t rows() const noexcept { return bytes.size() / row_bytes; }

    // A row of the endless repetition of the trace, as it should be: for oracles.
    template <class Row>
    [[nodiscard]] Row row(std::size_t index) const {
        Row row;
        std::memcpy(&row, bytes.data() + index % rows() * row_bytes, sizeof row);
        row.ts += static_cast<std::int64_t>(index / rows()) * span;
        return row;
    }
};

// The trace that these rows are. `span` 0: until one second after the last row.
template <class Row>
[[nodiscard]] std::shared_ptr<const Trace> trace_of(std::span<const Row> rows,
                                                    std::int64_t span = 0) {
    static_assert(std::is_trivially_copyable_v<Row>);
    auto trace = std::make_shared<Trace>();
    trace->row_bytes = sizeof(Row);
    trace->bytes.assign(reinterpret_cast<const char*>(rows.data()), rows.size_bytes());
    trace->span = span != 0 ? span : rows.back().ts - rows.front().ts + 1;
    return trace;
}

// A line of a trace file, cut where there is white space.
class TraceLine {
  public:
    explicit TraceLine(std::string_view line) : rest_(line) {}

    // The next field, which must be there and be a number.
    [[nodiscard]] std::int64_t integer();
    [[nodiscard]] float real();

    // The next field: a time such as 2012-02-22T16:46:28.9670320+00:00, in seconds since 1970.
    [[nodiscard]] std::int64_t time();

    [[nodiscard]] bool is_good() const noexcept { return is_good_; }

  private:
    [[nodiscard]] std::string_view field();

    std::string_view rest_;
    bool is_good_ = true;
};

// Calls `add` for each line of the file of that name in `folder`; "" stands for the excerpts that
// come with the source.
class TraceFile {
  public:
    [[nodiscard]] static Result<TraceFile> open(const std::string& folder, std::string_view name);

    // Fails at the first line that `parse` finds no row in.
    template <class Row>
    [[nodiscard]] Result<std::shared_ptr<const Trace>> read(Row (*parse)(TraceLine& line)) const {
        std::vector<Row> rows;
        for (std::string_view rest = text_; !rest.empty();) {
            TraceLine line(next_line(rest));
            rows.push_back(parse(line));
            if (!line.is_good()) return bad_line(rows.size());
            if (rows.size() > 1 && rows.back().ts < rows[rows.size() - 2].ts)
                return bad_line(rows.size());
        }
        if (rows.empty()) return bad_line(1);
        return trace_of<Row>(rows);
    }

  private:
    TraceFile(std::string path, std::string text)
        : path_(std::move(path)), text_(std::move(text)) {}

    [[nodiscard]] static std::string_view next_line(std::string_view& rest);
    [[nodiscard]] tl::unexpected<Error> bad_line(std::size_t line) const;

    std::string path_;
    std::string text_;
};

}  // namespace thalweg::bench
