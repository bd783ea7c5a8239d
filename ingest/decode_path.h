#pragma once

#include <cstdint>

namespace thalweg {

// Which of two implementations of the same thing decodes. kFast is what runs; kPlain is what it is
// compared with in tests and fuzzing.
enum class DecodePath : std::uint8_t { kFast, kPlain };

}  // namespace thalweg
