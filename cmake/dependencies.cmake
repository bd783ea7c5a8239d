# Every library the project stands on, in one place. All are Debian 12 packages; README.md says what
# each is for, tools/setup installs them.

find_program(CCACHE ccache)
if(CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CCACHE})
endif()

find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(Boost 1.81 CONFIG REQUIRED)
find_package(simdjson 3.0 REQUIRED)
find_package(FastFloat REQUIRED)
find_package(OpenSSL 3.0 REQUIRED COMPONENTS Crypto)
find_package(date REQUIRED)
find_package(CLI11 REQUIRED)
find_package(doctest 2.4 REQUIRED)
find_package(rapidcheck REQUIRED)
find_package(benchmark 1.7 REQUIRED)
pkg_check_modules(RE2 REQUIRED IMPORTED_TARGET re2)

find_path(CONCURRENTQUEUE_INCLUDE_DIR concurrentqueue.h
  PATH_SUFFIXES concurrentqueue concurrentqueue/moodycamel moodycamel REQUIRED)
add_library(thalweg_moodycamel INTERFACE)
target_include_directories(thalweg_moodycamel SYSTEM INTERFACE ${CONCURRENTQUEUE_INCLUDE_DIR})

find_path(EXPECTED_INCLUDE_DIR tl/expected.hpp REQUIRED)

# mimalloc replaces malloc by being linked; sanitizers bring allocators of their own.
if(NOT SANITIZE)
  find_package(mimalloc 2.0 REQUIRED)
endif()
