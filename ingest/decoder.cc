#include "ingest/decoder.h"

#include "ingest/csv_decoder.h"
#include "ingest/debezium_decoder.h"
#include "ingest/json_decoder.h"
#include "ingest/raw_decoder.h"
#include "ingest/raw_struct_decoder.h"
#include "state/text/suggest.h"

#include <array>

namespace thalweg {

Result<std::unique_ptr<Decoder>> make_decoder(const FormatSpec& spec) {
    static constexpr std::array<std::string_view, 6> kFormats = {
        "json", "csv", "raw-struct", "raw", "changelog-json", "debezium-json"};
    if (spec.format == "json" || spec.format == "changelog-json") return make_json_decoder(spec);
    if (spec.format == "debezium-json") return make_debezium_decoder(spec);
    if (spec.format == "csv") return make_csv_decoder(spec);
    if (spec.format == "raw-struct") return make_raw_struct_decoder(spec);
    if (spec.format == "raw") return make_raw_decoder(spec);
    return fail(Code::kInvalid,
                "unknown format '" + spec.format + "'" + suggestion_for(spec.format, kFormats) +
                    "; a source reads json, csv, raw-struct, raw, changelog-json or "
                    "debezium-json");
}

}  // namespace thalweg
