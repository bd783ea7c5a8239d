#include "state/store/crc32c.h"

#include "state/base/random.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace thalweg {
namespace {

std::uint32_t checksum(std::string_view text) {
    return crc32c(0, std::as_bytes(std::span(text)));
}

TEST_CASE("crc32c: the examples of RFC 3720, and the customary one") {
    std::vector<std::byte> bytes(32);
    CHECK_EQ(crc32c(0, bytes), 0x8a9136aaU);
    for (std::byte& byte : bytes)
        byte = std::byte{0xff};
    CHECK_EQ(crc32c(0, bytes), 0x62a8ab43U);
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = std::byte(i);
    CHECK_EQ(crc32c(0, bytes), 0x46dd794eU);
    for (std::size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = std::byte(31 - i);
    CHECK_EQ(crc32c(0, bytes), 0x113fdb5cU);
    CHECK_EQ(checksum("123456789"), 0xe3069283U);
    CHECK_EQ(checksum(""), 0U);
}

TEST_CASE("crc32c: equals the table at every length, alignment and split") {
    Random random(1);
    std::vector<std::byte> bytes(70'000);
    for (std::byte& byte : bytes)
        byte = std::byte(random());
    const auto agrees = [&](std::size_t from, std::size_t size, std::uint32_t start) {
        const std::span part = std::span(bytes).subspan(from, size);
        return crc32c(start, part) == crc32c_by_table(start, part);
    };
    for (std::size_t size = 0; size < 2'400; ++size) {
        CAPTURE(size);
        REQUIRE(agrees(size % 9, size, static_cast<std::uint32_t>(random())));
    }
    // Around where the long streams begin and end.
    for (const std::size_t size : {12'287UL,
                                   12'288UL,
                                   12'289UL,
                                   13'056UL,
                                   24'575UL,
                                   24'576UL,
                                   65'535UL,
                                   65'536UL,
                                   69'990UL}) {
        CAPTURE(size);
        REQUIRE(agrees(3, size, 0));
    }
    const std::uint32_t whole = crc32c(0, bytes);
    for (int i = 0; i < 100; ++i) {
        const std::size_t cut = random.below(bytes.size() + 1);
        const std::uint32_t head = crc32c(0, std::span(bytes).first(cut));
        REQUIRE_EQ(crc32c(head, std::span(bytes).subspan(cut)), whole);
    }
}

}  // namespace
}  // namespace thalweg
