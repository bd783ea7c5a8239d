// Fixed-width rows of any bytes: no crash, every split agrees, and a batch at a time agrees with a
// row at a time (which is how rows are taken when each has metadata of its own).

#include "ingest/raw_struct_decoder.h"
#include "tests/fuzz/decoding_fuzz.h"

namespace thalweg {
namespace {

void run(const std::uint8_t* data, std::size_t size) {
    FuzzInput input(data, size);
    const std::uint8_t options = input.choice();
    const std::uint8_t seed = input.choice();
    FormatSpec spec;
    spec.format = "raw-struct";
    spec.framing = (options & 1U) != 0 ? Framing::kLengthPrefixed : Framing::kFixed;
    Type name = Type::of(TypeKind::kChar);
    name.precision = 1 + (options >> 4U);
    spec.declared = {{"key", Type::bigint()}, {"name", name}, {"flag", Type::boolean()}};
    if ((options & 2U) != 0) {
        spec.declared.push_back({"ts", Type::timestamp(3)});
        spec.declared.push_back({"at", Type::of(TypeKind::kTime)});
        spec.declared.push_back({"price", Type::decimal(20, 2)});
        spec.declared.push_back({"value", Type::real()});
        spec.declared.push_back({"small", Type::of(TypeKind::kSmallint)});
    }
    want_all(spec);
    FormatSpec row_spec = spec;
    row_spec.wanted.push_back({{}, Type::bigint(), Metadata::kSequence});
    require_agreement(
        spec, input.rest(), seed, [&](DecodePath) { return *make_raw_struct_decoder(spec); });
    const Decoded batches =
        decode_whole(**make_raw_struct_decoder(spec), schema_of(spec), input.rest());
    Decoded rows =
        decode_whole(**make_raw_struct_decoder(row_spec), schema_of(row_spec), input.rest());
    for (Value::List& row : rows.rows)
        row.pop_back();
    require(same(batches, rows), "rows and batches differ");
}

}  // namespace
}  // namespace thalweg

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    thalweg::run(data, size);
    return 0;
}
