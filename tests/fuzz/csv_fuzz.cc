// CSV from anywhere: no crash, and the vector scan, the character loop and every split agree.

#include "ingest/csv_decoder.h"
#include "tests/fuzz/decoding_fuzz.h"

namespace thalweg {
namespace {

void run(const std::uint8_t* data, std::size_t size) {
    FuzzInput input(data, size);
    const std::uint8_t options = input.choice();
    const std::uint8_t seed = input.choice();
    FormatSpec spec;
    spec.format = "csv";
    spec.frame_bytes_max = 16 + std::size_t{input.choice()} * 2;
    spec.declared = {{"key", Type::bigint()},
                     {"name", Type::string()},
                     {"value", Type::double_precision()},
                     {"ts", Type::timestamp(3)},
                     {"list", Type::array(Type::integer())}};
    want_all(spec);
    if ((options & 1U) != 0) spec.options["escape-character"] = "\\";
    if ((options & 2U) != 0) spec.options["null-literal"] = "NULL";
    if ((options & 4U) != 0) spec.options["allow-comments"] = "true";
    if ((options & 8U) != 0) spec.framing = Framing::kLengthPrefixed;
    if ((options & 16U) != 0) spec.ignore_parse_errors = false;
    if ((options & 32U) != 0) spec.wanted.push_back({{}, Type::bytes(), Metadata::kRaw});
    if ((options & 64U) != 0) spec.options["field-delimiter"] = ";";
    if ((options & 128U) != 0) spec.options["disable-quote-character"] = "true";
    require_agreement(
        spec, input.rest(), seed, [&](DecodePath path) { return *make_csv_decoder(spec, path); });
}

}  // namespace
}  // namespace thalweg

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    thalweg::run(data, size);
    return 0;
}
