#pragma once

#include <cstddef>
#include <cstdint>

namespace thalweg::load {

// Whole records, back to back as they go onto the wire. Borrowed from the source of records until
// it is asked for the next.
struct Chunk {
    const char* data = nullptr;
    std::size_t bytes = 0;
    std::uint64_t records = 0;
};

// What may be taken at once: so many records and, if more than one, so many bytes.
struct TakeLimit {
    std::uint64_t records = 0;
    std::size_t bytes = 0;
};

}  // namespace thalweg::load
