// Writing and reading a snapshot in memory: what checksums and framing cost, beside a plain copy of
// the same bytes. One section of 64 MiB (tiny: 256 KiB), appended in pieces as operators do.

#include "bench/bench.h"
#include "state/base/random.h"
#include "state/store/snapshot_reader.h"
#include "state/store/snapshot_writer.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

namespace thalweg {
namespace {

constexpr std::size_t kPieceBytes = 4096;

// Memory in the place of a file; the bytes outlive it.
class MemoryFile final : public DiskFile {
  public:
    explicit MemoryFile(std::vector<std::byte>& bytes) : bytes_(&bytes) {}

    Result<std::size_t> write(std::uint64_t offset, std::span<const std::byte> data) override {
        std::memcpy(bytes_->data() + offset, data.data(), data.size());
        return data.size();
    }

    Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> target) const override {
        std::memcpy(target.data(), bytes_->data() + offset, target.size());
        return target.size();
    }

    Result<std::uint64_t> size() const override { return bytes_->size(); }

    Result<void> truncate(std::uint64_t size) override {
        bytes_->resize(size);
        return {};
    }

    Result<void> sync() override { return {}; }

    [[nodiscard]] const std::string& path() const override { return path_; }

  private:
    std::vector<std::byte>* bytes_;
    std::string path_ = "memory";
};

std::vector<std::byte> random_bytes() {
    Random random(1);
    std::vector<std::byte> bytes(static_cast<std::size_t>(bench_size(64 << 20, 256 << 10)));
    for (std::byte& byte : bytes)
        byte = std::byte(random());
    return bytes;
}

std::uint64_t write_snapshot(const std::vector<std::byte>& content, DiskFile& file) {
    SnapshotWriter writer(file, {.store_id = {}, .generation = 1, .created_by = "bench"});
    bool ok = writer.begin_section({.kind = "operator", .owner = "w"}).has_value();
    for (std::size_t at = 0; at < content.size(); at += kPieceBytes)
        ok = writer.append(std::span(content).subspan(at, kPieceBytes)).has_value() && ok;
    ok = writer.end_section().has_value() && writer.finish().has_value() && ok;
    require_equal(ok ? 1 : 0, 1, "written");
    return writer.position();
}

void write(benchmark::State& state) {
    const std::vector<std::byte> content = random_bytes();
    std::vector<std::byte> bytes(content.size() + content.size() / 16 + 4096);
    MemoryFile file(bytes);
    std::uint64_t size = 0;
    for (auto _ : state)
        size = write_snapshot(content, file);
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(content.size()));
    state.counters["overhead"] =
        static_cast<double>(size) / static_cast<double>(content.size()) - 1;
}

void read(benchmark::State& state) {
    const std::vector<std::byte> content = random_bytes();
    std::vector<std::byte> bytes(content.size() + content.size() / 16 + 4096);
    MemoryFile file(bytes);
    bytes.resize(write_snapshot(content, file));
    for (auto _ : state) {
        const auto reader = SnapshotReader::open(std::make_unique<MemoryFile>(bytes));
        require_equal(reader && reader->verify() ? 1 : 0, 1, "intact");
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(content.size()));
}

void copy(benchmark::State& state) {
    const std::vector<std::byte> content = random_bytes();
    std::vector<std::byte> bytes(content.size());
    for (auto _ : state) {
        for (std::size_t at = 0; at < content.size(); at += kPieceBytes)
            std::memcpy(bytes.data() + at, content.data() + at, kPieceBytes);
        benchmark::ClobberMemory();
    }
    require_equal(bytes == content ? 1 : 0, 1, "copied");
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(content.size()));
}

BENCHMARK(write)->Unit(benchmark::kMillisecond);
BENCHMARK(read)->Unit(benchmark::kMillisecond);
BENCHMARK(copy)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace thalweg

BENCHMARK_MAIN();
