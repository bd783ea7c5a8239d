#pragma once

#include "ingest/source_options.h"
#include "state/arena.h"
#include "state/base/int128.h"
#include "state/base/random.h"
#include "state/base/status.h"
#include "state/column.h"
#include "state/type.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace thalweg {

// What one column of a datagen table holds, as its options say.
struct DatagenField {
    Type type;
    bool is_sequence = false;
    double null_rate = 0;  // 0 for never to 1 for always.
    std::size_t length = 0;
    std::int64_t max_past_ns = 0;
    Int128 smallest = 0;  // Of whole numbers and unscaled decimals; of a sequence, its start.
    Int128 largest = 0;   // Included.
    double low = 0;       // Of FLOAT and DOUBLE.
    double high = 0;

    // Reads 'fields.NAME.*'. Fails for a bad value, or a type that cannot be generated.
    [[nodiscard]] static Result<DatagenField> read(const SourceOptions& options,
                                                   const std::string& name,
                                                   const Type& type);
};

// Generates the values of one column. The same seed gives the same values, whatever the other
// columns are.
class DatagenColumn {
  public:
    DatagenColumn(DatagenField field, std::uint64_t seed)
        : field_(std::move(field)), random_(seed) {}

    // The rows to fill: [first, first + count) of the batch; row i of them is row `index` + i *
    // `stride` of the table.
    struct Rows {
        std::size_t first = 0;
        std::size_t count = 0;
        std::uint64_t index = 0;
        std::uint64_t stride = 1;
        std::int64_t now_ns = 0;
    };

    void fill(const Rows& rows, Column& column, Arena& arena);

  private:
    template <class T, class Value>
    void each(const Rows& rows, Column& column, const Value& value);

    [[nodiscard]] Int128 next_integer(std::uint64_t index);
    [[nodiscard]] std::int64_t next_instant(std::int64_t now_ns);
    [[nodiscard]] StringRef next_text(std::uint64_t index, Arena& arena);

    DatagenField field_;
    Random random_;
};

}  // namespace thalweg
