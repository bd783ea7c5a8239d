#pragma once

// How much a test tries under which sanitizer.
//
// Suites that start no thread (ops, sql) run under ThreadSanitizer too, ten times slower, where it
// can find little: a few of their seeds are enough there. AddressSanitizer gets all of them.

#include <cstdint>

#if defined(__SANITIZE_THREAD__)
#define THALWEG_THREAD_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define THALWEG_THREAD_SANITIZER 1
#endif
#endif

#if defined(__SANITIZE_ADDRESS__) || defined(THALWEG_THREAD_SANITIZER)
#define THALWEG_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define THALWEG_SANITIZER 1
#endif
#endif

namespace thalweg::test {

#ifdef THALWEG_THREAD_SANITIZER
inline constexpr bool kThreadSanitizer = true;
#else
inline constexpr bool kThreadSanitizer = false;
#endif

#ifdef THALWEG_SANITIZER
inline constexpr bool kSanitizer = true;
#else
inline constexpr bool kSanitizer = false;
#endif

// How many seeds a loop takes that takes `all` of them in an ordinary build: at least 5 of them.
constexpr std::uint64_t seeds(std::uint64_t all) {
    if (!kThreadSanitizer || all <= 5) return all;
    return all / 8 > 5 ? all / 8 : 5;
}

}  // namespace thalweg::test
