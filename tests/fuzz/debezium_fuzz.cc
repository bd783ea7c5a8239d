// Debezium's events from anywhere: no crash, every split agrees, an update is two rows or none.

#include "ingest/debezium_decoder.h"
#include "tests/fuzz/decoding_fuzz.h"

namespace thalweg {
namespace {

void run(const std::uint8_t* data, std::size_t size) {
    FuzzInput input(data, size);
    const std::uint8_t options = input.choice();
    const std::uint8_t seed = input.choice();
    FormatSpec spec;
    spec.format = "debezium-json";
    spec.frame_bytes_max = 64 + std::size_t{input.choice()} * 4;
    spec.declared = {{"id", Type::bigint()}, {"name", Type::string()}, {"at", Type::timestamp(3)}};
    if ((options & 1U) != 0) spec.declared[0].type = Type::bigint().not_null();
    if ((options & 2U) != 0) spec.declared.push_back({"list", Type::array(Type::string())});
    want_all(spec);
    spec.wanted.push_back(row_kind_column(spec.format));
    if ((options & 4U) != 0) spec.options["schema-include"] = "true";
    if ((options & 8U) != 0) spec.framing = Framing::kLengthPrefixed;
    require_agreement(
        spec, input.rest(), seed, [&](DecodePath) { return *make_debezium_decoder(spec); });
}

}  // namespace
}  // namespace thalweg

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    thalweg::run(data, size);
    return 0;
}
