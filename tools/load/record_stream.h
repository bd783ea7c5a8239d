#pragma once

#include "tools/load/chunk.h"
#include "tools/load/file_records.h"
#include "tools/load/generator.h"

#include <utility>
#include <variant>

namespace thalweg::load {

// What one connection sends: records of a file, or generated ones. Threads: one at a time.
class RecordStream {
  public:
    explicit RecordStream(Generator generator) : records_(std::move(generator)) {}

    explicit RecordStream(FileRecords records) : records_(std::move(records)) {}

    void start_at(std::int64_t unix_ns) noexcept {
        if (auto* generator = std::get_if<Generator>(&records_)) generator->start_at(unix_ns);
    }

    // The next records; none at the end of the file.
    [[nodiscard]] Chunk take(TakeLimit limit, std::int64_t now_ns) {
        if (auto* generator = std::get_if<Generator>(&records_)) {
            return generator->take(limit, now_ns);
        }
        return std::get_if<FileRecords>(&records_)->take(limit);
    }

    // Of every record; 0 when they differ.
    [[nodiscard]] std::size_t fixed_bytes() const noexcept {
        return std::visit([](const auto& records) { return records.fixed_bytes(); }, records_);
    }

  private:
    std::variant<Generator, FileRecords> records_;
};

}  // namespace thalweg::load
