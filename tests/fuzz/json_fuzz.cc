// JSON records from anywhere: no crash, and simdjson, the scanner and every split agree.

#include "ingest/json_decoder.h"
#include "tests/fuzz/decoding_fuzz.h"

namespace thalweg {
namespace {

void run(const std::uint8_t* data, std::size_t size) {
    FuzzInput input(data, size);
    const std::uint8_t options = input.choice();
    const std::uint8_t seed = input.choice();
    FormatSpec spec;
    spec.format = "json";
    spec.frame_bytes_max = 32 + std::size_t{input.choice()} * 4;
    spec.declared = {{"ts", Type::timestamp(3)},
                     {"key", Type::bigint()},
                     {"name", Type::string()},
                     {"value", Type::double_precision()},
                     {"small", Type::of(TypeKind::kTinyint)},
                     {"flag", Type::boolean()},
                     {"price", Type::decimal(10, 2)}};
    if ((options & 1U) != 0) spec.declared[1].type = Type::bigint().not_null();
    if ((options & 2U) != 0) {
        const Type row = Type::row({{"x", Type::integer()}, {"y", Type::string()}});
        spec.declared.push_back({"row", row});
        spec.declared.push_back({"list", Type::array(Type::array(Type::string()))});
        spec.declared.push_back({"map", Type::map(Type::string(), row)});
    }
    want_all(spec);
    if ((options & 4U) != 0) spec.wanted.resize(3);
    if ((options & 6U) == 2) spec.wanted.push_back({{"row", "y"}, Type::string(), Metadata::kNone});
    if ((options & 8U) != 0) spec.framing = Framing::kLengthPrefixed;
    if ((options & 16U) != 0) spec.options["fail-on-missing-field"] = "true";
    if ((options & 32U) != 0) spec.wanted.push_back({{}, Type::bytes(), Metadata::kRaw});
    if ((options & 64U) != 0) {
        spec.format = "changelog-json";
        spec.wanted.push_back(row_kind_column(spec.format));
    }
    require_agreement(
        spec, input.rest(), seed, [&](DecodePath path) { return *make_json_decoder(spec, path); });
}

}  // namespace
}  // namespace thalweg

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    thalweg::run(data, size);
    return 0;
}
