#include "engine/sink/encoder.h"

#include "engine/sink/csv_encoder.h"
#include "engine/sink/json_encoder.h"
#include "engine/sink/raw_struct_encoder.h"
#include "state/text/suggest.h"

#include <array>

namespace thalweg {

RecordFraming default_framing(const std::string& format) noexcept {
    return format == "raw-struct" ? RecordFraming::kNone : RecordFraming::kNewline;
}

Result<std::unique_ptr<Encoder>> make_encoder(const SinkSpec& spec, RecordFraming framing) {
    static constexpr std::array<std::string_view, 4> kFormats = {
        "json", "csv", "raw-struct", "changelog-json"};
    if (spec.format == "json" || spec.format == "changelog-json")
        return make_json_encoder(spec, framing);
    if (spec.format == "csv") return make_csv_encoder(spec, framing);
    if (spec.format == "raw-struct") return make_raw_struct_encoder(spec, framing);
    return fail(Code::kInvalid,
                "unknown format '" + spec.format + "'" + suggestion_for(spec.format, kFormats) +
                    "; a sink writes json, csv, raw-struct or changelog-json");
}

}  // namespace thalweg
