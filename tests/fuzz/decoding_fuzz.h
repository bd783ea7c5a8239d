#pragma once

// What the fuzz targets of the decoders share: a header of the input chooses the options, the rest
// is the stream, and every way of decoding it must agree.

#include "ingest/decode_path.h"
#include "tests/support/decoding.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>

namespace thalweg {

// Takes bytes off the front of the input for choices; zeros when there are none left.
class FuzzInput {
  public:
    FuzzInput(const std::uint8_t* data, std::size_t size)
        : rest_(reinterpret_cast<const char*>(data), size) {}

    std::uint8_t choice() {
        if (rest_.empty()) return 0;
        const auto byte = static_cast<std::uint8_t>(rest_.front());
        rest_.remove_prefix(1);
        return byte;
    }

    [[nodiscard]] std::string_view rest() const { return rest_; }

  private:
    std::string_view rest_;
};

inline void require(bool holds, const char* what) {
    if (holds) return;
    std::fprintf(stderr, "fuzzing: %s\n", what);
    std::abort();
}

// Both implementations and two ways of splitting the stream.
template <class Make>
void require_agreement(const FormatSpec& spec,
                       std::string_view stream,
                       std::uint64_t seed,
                       Make make) {
    const SchemaPtr schema = schema_of(spec);
    const Decoded whole = decode_whole(*make(DecodePath::kFast), schema, stream);
    require(whole.records == whole.rows.size() + whole.rejects.size(), "records are not balanced");
    require(same(whole, decode_whole(*make(DecodePath::kPlain), schema, stream)),
            "the fast and the plain path differ");
    for (const std::uint64_t split : {seed, seed + 1}) {
        require(same(whole, decode_split(*make(DecodePath::kFast), schema, stream, split)),
                "splits differ on the fast path");
    }
    require(same(whole, decode_split(*make(DecodePath::kPlain), schema, stream, seed)),
            "splits differ on the plain path");
}

}  // namespace thalweg
