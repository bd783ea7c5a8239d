// The frames of the producer protocol: the examples of docs/PROTOCOL.md, byte by byte, and what is
// no frame.

#include "ingest/producer_frame.h"

#include "ingest/record_cutter.h"
#include "state/base/random.h"

#include <doctest/doctest.h>

#include <cctype>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>

namespace thalweg {
namespace {

constexpr std::size_t kPayloadMax = 1'000;

// The examples of the document: a line `NAME hex hex ...` in the block that says `vectors`.
std::map<std::string, std::string> read_vectors() {
    std::ifstream in(THALWEG_SOURCE_DIR "/docs/PROTOCOL.md");
    const std::string text(std::istreambuf_iterator<char>(in), {});
    const std::string fence = "```vectors\n";
    const std::size_t begin = text.find(fence);
    std::map<std::string, std::string> vectors;
    if (begin == std::string::npos) return vectors;
    std::string_view rest(text);
    rest = rest.substr(begin + fence.size());
    rest = rest.substr(0, rest.find("```"));
    std::string name;
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        const std::size_t digits = line.find(' ');
        if (digits != 0) name = line.substr(0, digits);
        std::string& bytes = vectors[name];
        int high = -1;
        for (const char c : line.substr(std::min(digits, line.size()))) {
            if (std::isxdigit(static_cast<unsigned char>(c)) == 0) continue;
            const int value = c <= '9' ? c - '0' : c - 'a' + 10;
            if (high >= 0) bytes += static_cast<char>(high * 16 + value);
            high = high >= 0 ? -1 : value;
        }
    }
    return vectors;
}

SessionId example_session() {
    SessionId id;
    for (std::size_t i = 0; i < id.bytes.size(); ++i)
        id.bytes[i] = static_cast<std::uint8_t>(i);
    return id;
}

SessionId example_server() {
    SessionId id;
    for (std::size_t i = 0; i < id.bytes.size(); ++i)
        id.bytes[i] = static_cast<std::uint8_t>(0xf0 + i);
    return id;
}

template <class Message>
std::string frame_of(const Message& message) {
    std::string bytes;
    append_frame(bytes, message);
    return bytes;
}

std::string number_frame(FrameType type, std::uint64_t number) {
    std::string bytes;
    append_number_frame(bytes, type, number);
    return bytes;
}

const Hello kHello{
    .session = example_session(), .session_epoch = 3, .last_acked = 1'000, .token = {}};
const Welcome kWelcome{.payload_bytes_max = 262'144,
                       .record_bytes_max = 65'536,
                       .server = example_server(),
                       .incarnation = 9,
                       .durable_seq = 1'000,
                       .accepted_seq = 1'002,
                       .credit_bytes = 1'048'576};
const Refuse kRefuse{RefuseCode::kDataLoss, 0, "lost"};
const RecordBatch kBatch{1'001, 2, "{\"n\":1}\n{\"n\":2}\n"};

std::string hex(std::string_view bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (const char c : bytes) {
        text += kDigits[static_cast<unsigned char>(c) >> 4U];
        text += kDigits[static_cast<unsigned char>(c) & 15U];
    }
    return text;
}

TEST_CASE("producer_frame: the examples of the document are what is written") {
    const std::map<std::string, std::string> vectors = read_vectors();
    const std::map<std::string, std::string> written = {
        {"HELLO", frame_of(kHello)},
        {"WELCOME", frame_of(kWelcome)},
        {"REFUSE", frame_of(kRefuse)},
        {"BATCH", frame_of(kBatch)},
        {"ACK", frame_of(Ack{1'000, 1'002, 1'048'576})},
        {"END", number_frame(FrameType::kEnd, 1'002)},
        {"NACK", number_frame(FrameType::kNack, 1'003)},
        {"PING", number_frame(FrameType::kPing, 42)},
        {"PONG", number_frame(FrameType::kPong, 42)},
        {"GOAWAY", number_frame(FrameType::kGoAway, 5'000)},
    };
    CHECK_EQ(vectors.size(), written.size());
    for (const auto& [name, bytes] : written) {
        CAPTURE(name);
        CHECK_MESSAGE(vectors.contains(name), hex(bytes));
        if (vectors.contains(name)) CHECK_EQ(hex(vectors.at(name)), hex(bytes));
    }
}

TEST_CASE("producer_frame: what is written is read, and every beginning of it is not whole yet") {
    const std::string bytes = frame_of(kHello) + frame_of(kBatch);
    const Frame hello = next_frame(bytes, kPayloadMax);
    REQUIRE_EQ(hello.kind, Frame::Kind::kFrame);
    CHECK_EQ(read_hello(hello.body), kHello);
    const std::string_view rest = std::string_view(bytes).substr(hello.consumed);
    const Frame batch = next_frame(rest, kPayloadMax);
    REQUIRE_EQ(batch.kind, Frame::Kind::kFrame);
    CHECK_EQ(batch.consumed, rest.size());
    CHECK_EQ(read_batch(batch.body), kBatch);
    for (std::size_t size = 0; size < rest.size(); ++size)
        CHECK_EQ(next_frame(rest.substr(0, size), kPayloadMax).kind, Frame::Kind::kMore);
    const std::string others = frame_of(kWelcome) + frame_of(kRefuse) + frame_of(Ack{1, 2, 3}) +
                               number_frame(FrameType::kNack, UINT64_MAX);
    std::string_view left = others;
    const auto body = [&] {
        const Frame frame = next_frame(left, 0);
        REQUIRE_EQ(frame.kind, Frame::Kind::kFrame);
        left.remove_prefix(frame.consumed);
        return frame.body;
    };
    CHECK_EQ(read_welcome(body()), kWelcome);
    CHECK_EQ(read_refuse(body()), kRefuse);
    CHECK_EQ(read_ack(body()), Ack{1, 2, 3});
    CHECK_EQ(read_number(body()), UINT64_MAX);
}

TEST_CASE("producer_frame: no flipped bit goes unseen") {
    const std::string bytes = frame_of(kBatch);
    for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
        std::string damaged = bytes;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
        CHECK_NE(next_frame(damaged, kPayloadMax).kind, Frame::Kind::kFrame);
    }
}

TEST_CASE("producer_frame: lengths are believed up to the limit of their type") {
    const std::string payload(kPayloadMax, 'x');
    const std::string large = frame_of(RecordBatch{1, 1, payload});
    CHECK_EQ(next_frame(large, kPayloadMax).kind, Frame::Kind::kFrame);
    CHECK_EQ(next_frame(large, kPayloadMax - 1).kind, Frame::Kind::kMalformed);
    CHECK_EQ(next_frame(large.substr(0, kFrameHeaderBytes), kPayloadMax - 1).kind,
             Frame::Kind::kMalformed);
    const std::string header("\x01\x08\0\0\0\0\0\0\x08\0\0\0", kFrameHeaderBytes);
    CHECK_EQ(next_frame(header, 1'000'000).kind, Frame::Kind::kMalformed);  // PING of 2,049 bytes.
}

TEST_CASE("producer_frame: bodies that break a rule") {
    const auto body_of = [](const std::string& frame) { return frame.substr(kFrameHeaderBytes); };
    const std::string hello = body_of(frame_of(kHello));
    CHECK(read_hello(hello).has_value());
    CHECK_FALSE(read_hello(hello + 'x').has_value());
    CHECK_FALSE(read_hello(hello.substr(0, hello.size() - 1)).has_value());
    CHECK_FALSE(read_hello("X" + hello.substr(1)).has_value());
    CHECK_FALSE(read_hello("").has_value());
    // Another version may say more; it must still be answered.
    std::string later = hello + "more";
    later[8] = 2;
    CHECK_EQ(read_hello(later)->version, 2);
    const std::string welcome = body_of(frame_of(kWelcome));
    CHECK_FALSE(read_welcome(welcome + 'x').has_value());
    CHECK_FALSE(
        read_welcome(body_of(frame_of(Welcome{.durable_seq = 2, .accepted_seq = 1}))).has_value());
    CHECK_FALSE(read_ack(body_of(frame_of(Ack{2, 1, 0}))).has_value());
    CHECK_FALSE(read_batch(body_of(frame_of(RecordBatch{1, 0, "x"}))).has_value());
    CHECK_FALSE(read_batch(body_of(frame_of(RecordBatch{0, 1, "x"}))).has_value());
    CHECK_FALSE(read_batch(body_of(frame_of(RecordBatch{UINT64_MAX, 2, "x"}))).has_value());
    CHECK(read_batch(body_of(frame_of(RecordBatch{UINT64_MAX, 1, "x"}))).has_value());
    CHECK_FALSE(read_number("1234567").has_value());
    CHECK_FALSE(read_number("123456789").has_value());
}

TEST_CASE("producer_frame: session ids as text") {
    const SessionId id = example_session();
    CHECK_EQ(id.to_hex(), "000102030405060708090a0b0c0d0e0f");
    CHECK_EQ(SessionId::from_hex(id.to_hex()), id);
    CHECK_EQ(SessionId::from_hex("000102030405060708090A0B0C0D0E0F"), id);
    for (const char* text :
         {"", "00", "000102030405060708090a0b0c0d0e0g", "000102030405060708090a0b0c0d0e0f0"})
        CHECK_FALSE(SessionId::from_hex(text).has_value());
}

TEST_CASE("record_cutter: records are counted and cut by their framing alone") {
    FormatSpec spec;
    spec.frame_bytes_max = 3;
    const RecordCutter lines(spec, 0);
    CHECK_EQ(lines.count(""), 0);
    CHECK_EQ(lines.count("\n"), 1);
    CHECK_EQ(lines.count("too long\n\nb\n"), 3);
    CHECK_EQ(lines.count("a\nb"), std::nullopt);
    CHECK_EQ(lines.size_of("a\n\nb\n", 2), 3);
    spec.framing = Framing::kFixed;
    const RecordCutter fixed(spec, 3);
    CHECK_EQ(fixed.count("abcabc"), 2);
    CHECK_EQ(fixed.count("abca"), std::nullopt);
    CHECK_EQ(fixed.size_of("abcabc", 1), 3);
    CHECK_EQ(fixed.record_bytes_max(), 3);
    spec.framing = Framing::kLengthPrefixed;
    const RecordCutter prefixed(spec, 0);
    const std::string two("\x01\0\0\0a\x03\0\0\0abc", 12);
    CHECK_EQ(prefixed.count(two), 2);
    CHECK_EQ(prefixed.size_of(two, 1), 5);
    for (std::size_t size = 1; size < two.size(); ++size) {
        CHECK_EQ(prefixed.count(std::string_view(two).substr(0, size)),
                 size == 5 ? std::optional<std::uint64_t>(1) : std::nullopt);
    }
    CHECK_EQ(prefixed.count(std::string_view("\x04\0\0\0abcd", 8)), std::nullopt);
    CHECK_EQ(prefixed.count(std::string_view("\0\0\0\0", 4)), std::nullopt);
}

}  // namespace
}  // namespace thalweg
