// Rows from anywhere: a schema, then rows of it. No crash, no more memory than the bytes are worth,
// and what is accepted can be written again and read again.

#include "state/batch_codec.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace thalweg {
namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

struct MemorySink final : StateSink {
    std::vector<std::byte> bytes;

    Result<void> append(std::span<const std::byte> piece) override {
        bytes.insert(bytes.end(), piece.begin(), piece.end());
        return {};
    }
};

std::vector<std::byte> encoded(const Schema& schema, const Batch& batch) {
    MemorySink sink;
    StateWriter writer(sink);
    write_schema(writer, schema);
    write_rows(writer, batch.view());
    require(writer.finish().has_value());
    return std::move(sink.bytes);
}

void run(std::span<const std::byte> bytes) {
    constexpr std::size_t kColumnsMax = 256;  // A batch takes some KiB for each.
    StateReader reader(bytes);
    const auto schema = std::make_shared<const Schema>(read_schema(reader));
    if (!reader.ok() || schema->size() > kColumnsMax) return;
    Batch batch(schema);
    read_rows(reader, batch);
    require(reader.ok() || batch.empty());
    if (!reader.ok()) return;
    const std::vector<std::byte> first = encoded(*schema, batch);
    StateReader again(first);
    require(read_schema(again) == *schema);
    Batch back(schema);
    read_rows(again, back);
    require(again.ok() && again.at_end() && back.size() == batch.size());
    require(encoded(*schema, back) == first);
}

}  // namespace
}  // namespace thalweg

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    thalweg::run(std::as_bytes(std::span(data, size)));
    return 0;
}
