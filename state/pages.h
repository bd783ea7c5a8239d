#pragma once

#include <cstddef>
#include <utility>

namespace thalweg {

// One contiguous block of zeroed bytes that can grow: what tables keep their arrays in.
//
// Shape
//   Below kMapBytesMin a block of the allocator, aligned to a cache line, copied when it grows.
//   From there on a mapping aligned to a huge page that grows by moving its page tables, so growing
//   neither copies nor needs twice the memory. A page costs memory when it is first written, so a
//   mapping may be made far larger than what is used of it.
//
// Lifetime  Addresses are good until grow(), renew() or release().
// Threads   One at a time.
// Failure   Out of memory ends the process.
class Pages {
  public:
    static constexpr std::size_t kAlignmentBytes = 64;
    static constexpr std::size_t kHugePageBytes = std::size_t{2} << 20U;
    static constexpr std::size_t kMapBytesMin = std::size_t{1} << 20U;

    Pages() = default;
    Pages(const Pages&) = delete;
    Pages& operator=(const Pages&) = delete;

    Pages(Pages&& other) noexcept
        : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

    Pages& operator=(Pages&& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        return *this;
    }

    ~Pages() { release(); }

    // Makes room for at least `bytes`; keeps the content, the bytes added are zero.
    void grow(std::size_t bytes);

    // Makes room for at least `bytes`, all zero. The old block is gone before the new one is taken.
    void renew(std::size_t bytes);

    void release() noexcept;

    [[nodiscard]] std::byte* data() noexcept { return data_; }

    [[nodiscard]] const std::byte* data() const noexcept { return data_; }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }

    // Bytes of the machine's memory held, if no more than the first `written` were ever written.
    [[nodiscard]] std::size_t memory_bytes(std::size_t written) const noexcept;

  private:
    [[nodiscard]] bool is_mapped() const noexcept { return size_ >= kMapBytesMin; }

    void grow_mapping(std::size_t bytes);

    std::byte* data_ = nullptr;
    std::size_t size_ = 0;
};

}  // namespace thalweg
