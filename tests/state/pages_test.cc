#include "state/pages.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>

namespace thalweg {
namespace {

// Writes a mark every 509 bytes, a prime, up to `size`.
void mark(Pages& pages, std::size_t from, std::size_t to) {
    for (std::size_t at = (from + 508) / 509 * 509; at < to; at += 509)
        pages.data()[at] = std::byte(at % 251 + 1);
}

bool is_marked(const Pages& pages, std::size_t from, std::size_t to) {
    for (std::size_t at = (from + 508) / 509 * 509; at < to; at += 509)
        if (pages.data()[at] != std::byte(at % 251 + 1)) return false;
    return true;
}

bool is_zero(const Pages& pages, std::size_t from, std::size_t to) {
    const std::span bytes(pages.data() + from, to - from);
    return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

TEST_CASE("pages: growing keeps the content and adds zeros, small, large and across") {
    Pages pages;
    CHECK_EQ(pages.memory_bytes(0), 0);
    std::size_t before = 0;
    for (const std::size_t bytes :
         {1UL, 64UL, 5'000UL, 900'000UL, 1'100'000UL, 3'000'000UL, 9'000'000UL}) {
        CAPTURE(bytes);
        pages.grow(bytes);
        const std::size_t size = pages.size();
        REQUIRE(size >= bytes);
        CHECK_EQ(reinterpret_cast<std::uintptr_t>(pages.data()) % Pages::kAlignmentBytes, 0);
        CHECK(is_marked(pages, 0, before));
        CHECK(is_zero(pages, before, size));
        mark(pages, before, size);
        before = size;
    }
    pages.grow(10);
    CHECK_EQ(pages.size(), before);

    Pages moved = std::move(pages);
    CHECK(is_marked(moved, 0, before));
    moved.renew(2'000'000);
    CHECK(is_zero(moved, 0, moved.size()));
    CHECK_EQ(moved.memory_bytes(1), Pages::kHugePageBytes);
    moved.release();
    CHECK_EQ(moved.size(), 0);
}

}  // namespace
}  // namespace thalweg
