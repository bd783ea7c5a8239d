// CRC32C by the processor's instruction against the table it is defined by. 32 bytes is what begins
// a block's checksum; 64 KiB is a block; 1 MiB no longer fits into the first cache.

#include "bench/bench.h"
#include "state/base/random.h"
#include "state/store/crc32c.h"

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace thalweg {
namespace {

std::vector<std::byte> random_bytes(std::size_t size) {
    Random random(1);
    std::vector<std::byte> bytes(size);
    for (std::byte& byte : bytes)
        byte = std::byte(random());
    return bytes;
}

using Checksum = std::uint32_t (*)(std::uint32_t, std::span<const std::byte>) noexcept;

template <Checksum kChecksum>
void checksum(benchmark::State& state) {
    const auto size = static_cast<std::size_t>(state.range(0));
    const std::vector<std::byte> bytes = random_bytes(size);
    require_equal(kChecksum(0, bytes), crc32c_by_table(0, bytes), "checksum");
    std::uint32_t crc = 0;
    for (auto _ : state) {
        // Each begins with the one before: how long one takes, not how many fit side by side.
        crc = kChecksum(crc, bytes);
        benchmark::DoNotOptimize(crc);
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}

BENCHMARK(checksum<crc32c>)->Arg(8)->Arg(32)->Arg(1024)->Arg(65'536)->Arg(1'048'576);
BENCHMARK(checksum<crc32c_by_table>)->Arg(32)->Arg(65'536);

}  // namespace
}  // namespace thalweg

BENCHMARK_MAIN();
