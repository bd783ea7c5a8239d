#include "ingest/decoder.h"

#include "ingest/json_decoder.h"
#include "state/text/suggest.h"

#include <array>

namespace thalweg {

Result<std::unique_ptr<Decoder>> make_decoder(const FormatSpec& spec) {
    static constexpr std::array<std::string_view, 4> kFormats = {
        "json", "csv", "raw-struct", "raw"};
    if (spec.format == "json") return make_json_decoder(spec);
    return fail(Code::kInvalid,
                "unknown format '" + spec.format + "'" + suggestion_for(spec.format, kFormats) +
                    "; a source reads json, csv, raw-struct or raw");
}

}  // namespace thalweg
