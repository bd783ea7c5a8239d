#include "state/base/random.h"
#include "state/store/state_reader.h"
#include "state/store/state_writer.h"
#include "tests/store/hex_text.h"

#include <doctest/doctest.h>

#include <bit>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace thalweg {
namespace {

using test::from_hex;
using test::hex;

class Collected final : public StateSink {
  public:
    Result<void> append(std::span<const std::byte> piece) override {
        bytes.insert(bytes.end(), piece.begin(), piece.end());
        return {};
    }

    std::vector<std::byte> bytes;
};

// Hands out bytes in pieces of one size.
class Pieces final : public StateSource {
  public:
    Pieces(std::span<const std::byte> bytes, std::size_t size) : left_(bytes), size_(size) {}

    Result<std::span<const std::byte>> next() override {
        const std::span piece = left_.first(std::min(size_, left_.size()));
        left_ = left_.subspan(piece.size());
        return piece;
    }

    std::string name() const override { return "pieces"; }

  private:
    std::span<const std::byte> left_;
    std::size_t size_;
};

std::vector<std::byte> encoded(const std::function<void(StateWriter&)>& write) {
    Collected sink;
    StateWriter writer(sink);
    write(writer);
    REQUIRE(writer.finish().has_value());
    CHECK_EQ(writer.position(), sink.bytes.size());
    return sink.bytes;
}

TEST_CASE("state_codec: the bytes of every value are these") {
    struct Case {
        std::function<void(StateWriter&)> write;
        std::string_view bytes;
    };

    const std::vector<Case> cases = {
        {[](StateWriter& w) { w.u8(0xab); }, "ab"},
        {[](StateWriter& w) { w.u16(0x1234); }, "3412"},
        {[](StateWriter& w) { w.u32(0x12345678); }, "78563412"},
        {[](StateWriter& w) { w.u64(1); }, "0100000000000000"},
        {[](StateWriter& w) { w.i64(-2); }, "feffffffffffffff"},
        {[](StateWriter& w) { w.i128(-1); }, "ffffffffffffffffffffffffffffffff"},
        {[](StateWriter& w) { w.i128(Int128{1} << 64U); }, "00000000000000000100000000000000"},
        {[](StateWriter& w) { w.f32(1.5F); }, "0000c03f"},
        {[](StateWriter& w) { w.f64(-0.0); }, "0000000000000080"},
        {[](StateWriter& w) { w.boolean(true); }, "01"},
        {[](StateWriter& w) { w.boolean(false); }, "00"},
        {[](StateWriter& w) { w.varint(0); }, "00"},
        {[](StateWriter& w) { w.varint(127); }, "7f"},
        {[](StateWriter& w) { w.varint(128); }, "8001"},
        {[](StateWriter& w) { w.varint(300); }, "ac02"},
        {[](StateWriter& w) { w.varint(~std::uint64_t{0}); }, "ffffffffffffffffff01"},
        {[](StateWriter& w) { w.varint_signed(0); }, "00"},
        {[](StateWriter& w) { w.varint_signed(-1); }, "01"},
        {[](StateWriter& w) { w.varint_signed(1); }, "02"},
        {[](StateWriter& w) { w.varint_signed(std::numeric_limits<std::int64_t>::min()); },
         "ffffffffffffffffff01"},
        {[](StateWriter& w) { w.text(""); }, "00"},
        {[](StateWriter& w) { w.text("ab"); }, "026162"},
        {[](StateWriter& w) { w.raw(std::as_bytes(std::span("x", 1))); }, "78"},
    };
    for (const Case& c : cases)
        CHECK_EQ(hex(encoded(c.write)), c.bytes);
}

TEST_CASE("state_codec: what is not an encoding is refused, and says where") {
    struct Case {
        std::string_view bytes;
        std::function<void(StateReader&)> read;
        std::string_view message;
    };

    const auto varint = [](StateReader& r) { static_cast<void>(r.varint()); };
    const auto text = [](StateReader& r) { static_cast<void>(r.text(3)); };
    const std::string_view cut = "the bytes end in the middle of a value";
    const std::string_view longer = "a varint that is longer than a number";
    const std::vector<Case> cases = {
        {"", [](StateReader& r) { static_cast<void>(r.u8()); }, "byte 0: "},
        {"0102", [](StateReader& r) { static_cast<void>(r.u32()); }, cut},
        {"02", [](StateReader& r) { static_cast<void>(r.boolean()); }, "neither 0 nor 1"},
        {"80", varint, cut},
        {"8000", varint, longer},
        {"ffffffffffffffffff02", varint, longer},
        {"ffffffffffffffffffff01", varint, longer},
        {"04",
         [](StateReader& r) { static_cast<void>(r.count(3)); },
         "a count of 4, where at most 3"},
        {"0461626364", text, "a count of 4"},
        {"036162", text, "the bytes end in the middle of a text"},
    };
    for (const Case& c : cases) {
        CAPTURE(c.bytes);
        const std::vector<std::byte> bytes = from_hex(c.bytes);
        for (const std::size_t size : {1UL, 100UL}) {
            Pieces pieces(bytes, size);
            StateReader reader(pieces);
            c.read(reader);
            CHECK_FALSE(reader.ok());
            const Result<void> finished = reader.finish();
            REQUIRE_FALSE(finished.has_value());
            CHECK_EQ(finished.error().code, Code::kCorrupt);
            CHECK_NE(finished.error().message.find(c.message), std::string::npos);
            CHECK_NE(finished.error().message.find("pieces: "), std::string::npos);
            CHECK_EQ(reader.u64(), 0);  // And stays so.
            CHECK_EQ(reader.text(10), "");
        }
    }
}

// A sequence of values drawn from a seed, written or compared.
struct Sequence {
    std::uint64_t seed;

    template <class Visit>
    void each(Visit visit) const {
        Random random(seed);
        const std::uint64_t count = 1 + random.below(60);
        for (std::uint64_t i = 0; i < count; ++i) {
            const std::uint64_t kind = random.below(12);
            const std::uint64_t value = random() >> random.below(64);
            visit(kind, value);
        }
    }

    static std::string text_of(std::uint64_t value) {
        return std::string(value % 700, static_cast<char>('a' + value % 26));
    }

    void write(StateWriter& writer) const {
        each([&](std::uint64_t kind, std::uint64_t value) {
            switch (kind) {
                case 0: writer.u8(static_cast<std::uint8_t>(value)); break;
                case 1: writer.u16(static_cast<std::uint16_t>(value)); break;
                case 2: writer.u32(static_cast<std::uint32_t>(value)); break;
                case 3: writer.u64(value); break;
                case 4: writer.i64(static_cast<std::int64_t>(value)); break;
                case 5: writer.i128(Int128{static_cast<std::int64_t>(value)} * 1'000'003); break;
                case 6: writer.f32(std::bit_cast<float>(static_cast<std::uint32_t>(value))); break;
                case 7: writer.f64(std::bit_cast<double>(value)); break;
                case 8: writer.boolean(value % 2 == 1); break;
                case 9: writer.varint(value); break;
                case 10: writer.varint_signed(static_cast<std::int64_t>(~value)); break;
                default: writer.text(text_of(value)); break;
            }
        });
    }

    // Whether `reader` gives the same values.
    bool read(StateReader& reader) const {
        bool same = true;
        each([&](std::uint64_t kind, std::uint64_t value) {
            switch (kind) {
                case 0: same &= reader.u8() == static_cast<std::uint8_t>(value); break;
                case 1: same &= reader.u16() == static_cast<std::uint16_t>(value); break;
                case 2: same &= reader.u32() == static_cast<std::uint32_t>(value); break;
                case 3: same &= reader.u64() == value; break;
                case 4: same &= reader.i64() == static_cast<std::int64_t>(value); break;
                case 5:
                    same &= reader.i128() == Int128{static_cast<std::int64_t>(value)} * 1'000'003;
                    break;
                case 6:
                    same &= std::bit_cast<std::uint32_t>(reader.f32()) ==
                            static_cast<std::uint32_t>(value);
                    break;
                case 7: same &= std::bit_cast<std::uint64_t>(reader.f64()) == value; break;
                case 8: same &= reader.boolean() == (value % 2 == 1); break;
                case 9: same &= reader.varint() == value; break;
                case 10: same &= reader.varint_signed() == static_cast<std::int64_t>(~value); break;
                default: same &= reader.text(700) == text_of(value); break;
            }
        });
        return same;
    }
};

TEST_CASE("state_codec: any sequence comes back, in pieces of any size, and never from a part") {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        CAPTURE(seed);
        const Sequence sequence{seed};
        const std::vector<std::byte> bytes =
            encoded([&](StateWriter& writer) { sequence.write(writer); });
        for (const std::size_t size : {1UL, 2UL, 7UL, 64UL, 1'000'000UL}) {
            Pieces pieces(bytes, size);
            StateReader reader(pieces);
            REQUIRE(sequence.read(reader));
            REQUIRE(reader.at_end());
            REQUIRE(reader.finish().has_value());
            REQUIRE_EQ(reader.position(), bytes.size());
        }
        for (std::size_t cut = 0; cut < bytes.size(); cut += 1 + cut / 16) {
            StateReader reader{std::span(bytes).first(cut)};
            static_cast<void>(sequence.read(reader));
            REQUIRE_FALSE(reader.finish().has_value());
            REQUIRE(reader.position() <= cut);
        }
    }
}

TEST_CASE("state_codec: an error of the sink is kept until it is asked for") {
    class Broken final : public StateSink {
      public:
        Result<void> append(std::span<const std::byte>) override {
            ++calls;
            return fail(Code::kFull, "no room");
        }

        int calls = 0;
    };

    Broken sink;
    StateWriter writer(sink);
    for (int i = 0; i < 10'000; ++i)
        writer.u64(1);
    const Result<void> finished = writer.finish();
    REQUIRE_FALSE(finished.has_value());
    CHECK_EQ(finished.error().message, "no room");
    CHECK_EQ(sink.calls, 1);
}

}  // namespace
}  // namespace thalweg
