#pragma once

#include "state/store/disk.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace thalweg::test {

// A file that is nothing but bytes in memory; takes and gives everything at once. `bytes` is there
// to be looked at and broken.
class MemoryFile final : public DiskFile {
  public:
    MemoryFile() = default;

    explicit MemoryFile(std::vector<std::byte> content) : bytes(std::move(content)) {}

    Result<std::size_t> write(std::uint64_t offset, std::span<const std::byte> data) override {
        if (bytes.size() < offset + data.size()) bytes.resize(offset + data.size());
        if (!data.empty()) std::memcpy(bytes.data() + offset, data.data(), data.size());
        return data.size();
    }

    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> target) const override {
        if (offset >= bytes.size()) return 0;
        const std::size_t size = std::min<std::size_t>(target.size(), bytes.size() - offset);
        if (size > 0) std::memcpy(target.data(), bytes.data() + offset, size);
        return size;
    }

    Result<std::uint64_t> size() const override { return bytes.size(); }

    Result<void> truncate(std::uint64_t size) override {
        bytes.resize(size);
        return {};
    }

    Result<void> sync() override { return {}; }

    [[nodiscard]] const std::string& path() const override { return path_; }

    std::vector<std::byte> bytes;

  private:
    std::string path_ = "memory";
};

}  // namespace thalweg::test
