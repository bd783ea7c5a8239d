// Framing of any bytes: every split gives the same records, and the records of lines, with what is
// rejected, are those that a search for the delimiter finds.

#include "ingest/decoder.h"
#include "ingest/raw_decoder.h"
#include "tests/fuzz/decoding_fuzz.h"

namespace thalweg {
namespace {

// The lines that are not too long, by the plainest means.
std::vector<std::string> lines_of(std::string_view stream, std::size_t bytes_max) {
    std::vector<std::string> lines;
    while (!stream.empty()) {
        const std::size_t end = stream.find('\n');
        std::string_view line = stream.substr(0, end);
        stream.remove_prefix(end == std::string_view::npos ? stream.size() : end + 1);
        if (line.size() > bytes_max) continue;
        if (line.ends_with('\r')) line.remove_suffix(1);
        lines.emplace_back(line);
    }
    return lines;
}

void run(const std::uint8_t* data, std::size_t size) {
    FuzzInput input(data, size);
    const std::uint8_t options = input.choice();
    const std::uint8_t seed = input.choice();
    FormatSpec spec;
    spec.format = "raw";
    spec.framing = (options & 1U) != 0 ? Framing::kLengthPrefixed : Framing::kNewline;
    spec.frame_bytes_max = 1 + (options >> 2U);
    spec.declared = {{"record", Type::bytes()}};
    want_all(spec);
    require_agreement(
        spec, input.rest(), seed, [&](DecodePath) { return *make_raw_decoder(spec); });
    if (spec.framing != Framing::kNewline) return;
    const Decoded found = decode_whole(**make_raw_decoder(spec), schema_of(spec), input.rest());
    const std::vector<std::string> expected = lines_of(input.rest(), spec.frame_bytes_max);
    require(found.rows.size() == expected.size(), "the number of lines differs");
    for (std::size_t i = 0; i < expected.size(); ++i)
        require(std::get<std::string>(found.rows[i][0].data) == expected[i], "a line differs");
}

}  // namespace
}  // namespace thalweg

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    thalweg::run(data, size);
    return 0;
}
