// Framing by itself: each kind, at its limits, and over any split.

#include "ingest/framer.h"

#include "ingest/decoder.h"
#include "tests/support/decoding.h"

#include <doctest/doctest.h>

#include <string>

namespace thalweg {
namespace {

FormatSpec raw_spec(Framing framing, std::size_t frame_bytes_max) {
    FormatSpec spec;
    spec.format = "raw";
    spec.declared = {{"line", Type::bytes()}};
    spec.framing = framing;
    spec.frame_bytes_max = frame_bytes_max;
    want_all(spec);
    return spec;
}

Decoded decode(const FormatSpec& spec, std::string_view bytes) {
    const SchemaPtr schema = schema_of(spec);
    const Decoded whole = decode_whole(**make_decoder(spec), schema, bytes);
    for (std::uint64_t seed = 0; seed < 20 && spec.framing != Framing::kDatagram; ++seed) {
        CAPTURE(seed);
        CHECK(whole == decode_split(**make_decoder(spec), schema, bytes, seed));
    }
    return whole;
}

std::vector<std::string> lines_of(const Decoded& decoded) {
    std::vector<std::string> lines;
    for (const Value::List& row : decoded.rows)
        lines.push_back(std::get<std::string>(row[0].data));
    return lines;
}

using Lines = std::vector<std::string>;

TEST_CASE("framer: lines") {
    const FormatSpec spec = raw_spec(Framing::kNewline, 5);
    CHECK(lines_of(decode(spec, "")) == Lines{});
    CHECK(lines_of(decode(spec, "a\nb")) == Lines{"a", "b"});
    CHECK(lines_of(decode(spec, "a\r\n\nb\r\n")) == Lines{"a", "", "b"});
    const Decoded decoded = decode(spec, "12345\n123456\nab\n1234567890123456789\ncd\n1234567");
    CHECK(lines_of(decoded) == Lines{"12345", "ab", "cd"});
    REQUIRE_EQ(decoded.rejects.size(), 3);
    CHECK_EQ(decoded.rejects[1].offset, 16);
    for (const Reject& reject : decoded.rejects)
        CHECK_EQ(int(reject.reason), int(RejectReason::kTooLong));
}

TEST_CASE("framer: another delimiter") {
    FormatSpec spec = raw_spec(Framing::kNewline, 100);
    spec.delimiter = '|';
    CHECK(lines_of(decode(spec, "a\r|b\n|")) == Lines{"a\r", "b\n"});
}

TEST_CASE("framer: length prefixes, and how they lose the framing") {
    const FormatSpec spec = raw_spec(Framing::kLengthPrefixed, 8);
    const std::string two("\2\0\0\0ab\10\0\0\0cdefghij", 18);
    CHECK(lines_of(decode(spec, two)) == Lines{"ab", "cdefghij"});
    const Decoded zero = decode(spec, two + std::string("\0\0\0\0", 4) + two);
    CHECK_EQ(zero.rows.size(), 2);
    CHECK(zero.lost);
    REQUIRE_EQ(zero.rejects.size(), 1);
    CHECK_EQ(int(zero.rejects[0].reason), int(RejectReason::kMalformed));
    const Decoded huge = decode(spec, two + std::string("\11\0\0\0", 4) + two);
    CHECK(huge.lost);
    CHECK_EQ(int(huge.rejects.at(0).reason), int(RejectReason::kTooLong));
    const Decoded cut = decode(spec, two.substr(0, 15));
    CHECK_EQ(cut.rows.size(), 1);
    CHECK_EQ(int(cut.rejects.at(0).reason), int(RejectReason::kTruncated));
    CHECK_FALSE(cut.lost);
}

TEST_CASE("framer: a datagram is a record") {
    const FormatSpec spec = raw_spec(Framing::kDatagram, 6);
    CHECK(lines_of(decode(spec, "a\nb")) == Lines{"a\nb"});
    CHECK_EQ(decode(spec, "1234567").rejects.size(), 1);
}

TEST_CASE("raw: text must be UTF-8") {
    FormatSpec spec = raw_spec(Framing::kNewline, 100);
    spec.declared = {{"line", Type::string()}};
    spec.wanted.clear();
    want_all(spec);
    const Decoded decoded = decode(spec, "gr\xc3\xbc\xc3\x9f\n\xff\nok\n");
    CHECK(lines_of(decoded) == Lines{"gr\xc3\xbc\xc3\x9f", "ok"});
    CHECK_EQ(int(decoded.rejects.at(0).reason), int(RejectReason::kMalformed));
    spec.declared.push_back({"more", Type::string()});
    CHECK_FALSE(make_decoder(spec));
}

}  // namespace
}  // namespace thalweg
